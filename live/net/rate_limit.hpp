#pragma once

#include <chrono>
#include <mutex>
#include <stop_token>

#include "engine/units.hpp"

namespace volary::live {

/// A bucket of tokens that fills at `per_second` up to `burst`; each request takes one. Requests
/// that come while it is empty queue in the order of their arrival. Thread-safe.
/// Source: FLAG-03, FLAG-04, INV-35.
class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;
  /// A rate of 0 limits nothing.
  RateLimit(double per_second, int burst)
      : per_second_{per_second}, burst_{burst}, tokens_{static_cast<double>(burst)} {}

  enum class Turn {
    Now,
    TooLong,  ///< the wait would be longer than `longest`; no token was taken
    Stopped,
  };
  /// Takes a token, waiting for it at most `longest`.
  [[nodiscard]] Turn take(const std::stop_token& stop, Duration longest);
  /// What a request that arrived at `now` would wait; takes the token unless that is longer than
  /// `longest`.
  [[nodiscard]] Duration reserve(Clock::time_point now, Duration longest);

 private:
  std::mutex mutex_;
  double per_second_;
  int burst_;
  double tokens_;  ///< below zero: that many requests are waiting
  Clock::time_point filled_{};
};

}  // namespace volary::live
