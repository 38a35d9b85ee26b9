#pragma once

#include <stop_token>
#include <thread>

namespace volary::cli {

/// Turns the first SIGINT or SIGTERM into a stop; the second ends the process at once (CTL-04). To
/// be made before any other thread: those inherit that the signals do not reach them.
class StopSignals {
 public:
  explicit StopSignals(std::stop_source& stop);
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

 private:
  std::jthread waiter_;
};

}  // namespace volary::cli
