#include "cli/interrupt.hpp"

#include <atomic>
#include <csignal>
#include <unistd.h>

#include "cli/session.hpp"

namespace volary::cli {
namespace {

/// Read by the threads of an experiment; lock-free, so a handler may write it.
std::atomic<int> times_asked = 0;
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void on_signal(int /*number*/) {
  if (++times_asked > 1) _exit(static_cast<int>(Exit::Interrupted));
}

void handle(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  // No SA_RESTART: a --speed pause ends when it is interrupted.
  for (const int number : {SIGINT, SIGTERM}) sigaction(number, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  times_asked = 0;
  handle(on_signal);
}
Interrupt::~Interrupt() { handle(SIG_DFL); }

bool Interrupt::asked() { return times_asked > 0; }

}  // namespace volary::cli
