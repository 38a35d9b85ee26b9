#pragma once

#include <cstdint>
#include <stop_token>

#include "engine/units.hpp"

namespace volary::live {

/// Sleeps; false when the stop came first (INV-70).
[[nodiscard]] bool pause_for(const std::stop_token& stop, Duration duration);

/// How long to wait before the next attempt: doubling from `first` to `longest`, each wait drawn
/// from its upper half, so that clients that failed together do not come back together.
/// Source: INV-35, FLT-03.
class Backoff {
 public:
  struct Limits {
    Duration first = std::chrono::milliseconds{100};
    Duration longest = std::chrono::seconds{30};
  };
  /// The letters of the jitter come from `seed`; live callers take `random_seed()`.
  explicit Backoff(std::uint64_t seed) : Backoff{seed, Limits{}} {}
  Backoff(std::uint64_t seed, Limits limits) : limits_{limits}, state_{seed} {}

  /// The next wait. A server that named one (Retry-After) is obeyed up to `longest`, and a little
  /// longer, never shorter.
  [[nodiscard]] Duration next(Duration asked_for = {});
  /// After a success: the next failure waits `first` again.
  void reset() { failures_ = 0; }

 private:
  [[nodiscard]] double unit();

  Limits limits_;
  std::uint64_t state_;
  int failures_ = 0;
};

[[nodiscard]] std::uint64_t random_seed();

}  // namespace volary::live
