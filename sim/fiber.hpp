#pragma once

#include <functional>
#include <memory>

namespace volary::sim {

/// A stack of its own for code that reads as if nothing else went on: it is suspended while it
/// waits for simulated time, and traffic, scrapes and edits go on meanwhile (docs/adr/0003).
class Fiber {
 public:
  /// `body` begins with the first `resume`.
  explicit Fiber(std::function<void()> body);
  /// Precondition: the body has not begun, or has ended.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// From outside: runs the body until it suspends or ends.
  void resume();
  /// From inside: returns to whoever resumed.
  void suspend();
  [[nodiscard]] bool ended() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace volary::sim
