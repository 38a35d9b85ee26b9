#include "cli/stop_signals.hpp"

#include <csignal>
#include <unistd.h>

#include "cli/session.hpp"

namespace volary::cli {

StopSignals::StopSignals(std::stop_source& stop) {
  sigset_t both;
  sigemptyset(&both);
  sigaddset(&both, SIGINT);
  sigaddset(&both, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &both, nullptr);
  waiter_ = std::jthread{[both, &stop](const std::stop_token& over) {
    const timespec patience{.tv_sec = 0, .tv_nsec = 500'000'000};
    bool asked = false;
    while (!over.stop_requested()) {
      if (sigtimedwait(&both, nullptr, &patience) < 0) continue;
      if (asked) _exit(static_cast<int>(Exit::Interrupted));
      asked = true;
      stop.request_stop();
    }
  }};
}

StopSignals::~StopSignals() = default;

}  // namespace volary::cli
