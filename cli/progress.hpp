#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "cli/session.hpp"

namespace volary::cli {

/// A bar with the time left, on standard error, for whatever takes more than two seconds; silent
/// where standard error is not a terminal. It may be told from several threads.
class Progress {
 public:
  Progress(const Session& session, std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Units: the share done, 0–1.
  void at(double done);

 private:
  using Wall = std::chrono::steady_clock;

  const Session& session_;
  std::string what_;
  Wall::time_point began_, shown_{};
  bool drawn_ = false;
  std::mutex mutex_;
};

/// "[=====     ] 52 %, 14 s left": the bar without its place on the screen.
[[nodiscard]] std::string progress_line(const std::string& what, double done,
                                        std::chrono::duration<double> elapsed, bool utf8);

}  // namespace volary::cli
