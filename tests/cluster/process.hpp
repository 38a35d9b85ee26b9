#pragma once

#include <chrono>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace volary::test {

/// A program that runs beside a test, and ends with it however the test ends: asked first, then
/// killed; and killed by the kernel when the thread that started it dies, so start it from the main
/// one.
class Process {
 public:
  /// `log` takes what it prints. It runs in the folder it was started from, under the name that
  /// `program` ends with.
  Process(std::string program, std::vector<std::string> arguments, std::string log);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() { stop(); }

  [[nodiscard]] bool running();
  /// SIGTERM, and SIGKILL when that did not end it in time.
  void stop(std::chrono::seconds patience = std::chrono::seconds{10});
  /// SIGKILL: a crash.
  void kill_now();
  /// The last lines of its log, for the message of a failed test.
  [[nodiscard]] std::string last_words() const;
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  void reap(int options);
  std::string log_;
  pid_t pid_ = -1;
};

/// A TCP port of the loopback address that nobody listens on just now.
[[nodiscard]] int free_port();

}  // namespace volary::test
