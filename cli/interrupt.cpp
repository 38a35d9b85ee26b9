#include "cli/interrupt.hpp"

#include <csignal>
#include <unistd.h>

#include "cli/session.hpp"

namespace volary::cli {
namespace {

volatile std::sig_atomic_t times_asked = 0;

extern "C" void on_signal(int /*number*/) {
  times_asked = times_asked + 1;
  if (times_asked > 1) _exit(static_cast<int>(Exit::Interrupted));
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
