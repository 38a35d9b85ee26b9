#pragma once

namespace volary::cli {

/// While it lives, the first Ctrl-C (or SIGTERM) asks for a clean stop that keeps what is done, and
/// the second ends the process at once. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  [[nodiscard]] static bool asked();
};

}  // namespace volary::cli
