#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace volary {

/// The time of a run. It has no now(): the only way to learn the time is to hold a Clock
/// (ports.hpp).
struct Timeline {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<Timeline, duration>;
  static constexpr bool is_steady = true;
};

using Duration = Timeline::duration;
/// A point on the Timeline. In a live run its epoch is Unix time; in a simulated one the run's own
/// start.
using Instant = Timeline::time_point;

/// Seconds as a double, for arithmetic that ends in a number people read.
constexpr double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
/// The nearest Duration to a number of seconds. Precondition: |s| < 292 years.
constexpr Duration from_seconds(double s) {
  return Duration{static_cast<std::int64_t>(s * 1e9 + (s < 0 ? -0.5 : 0.5))};
}

/// "1h0m0s", "1m1.5s", "500ms", "0s": the form durations have in Flagger's texts (CTL-40).
[[nodiscard]] std::string go_duration(Duration d);
/// "31 min 20 s", "6 min", "450 ms": the form people say.
[[nodiscard]] std::string spoken(Duration d);

/// A share to route, in whole percent. The rules saturate where the specification says so (SM-72,
/// SM-92); a weight read from a hand-edited or runaway route (SM-34, SM-93b) is carried as it
/// stands, so the type does not clamp.
class Weight {
 public:
  constexpr Weight() = default;
  constexpr explicit Weight(int percent) : percent_{percent} {}
  [[nodiscard]] constexpr int percent() const { return percent_; }
  friend constexpr auto operator<=>(Weight, Weight) = default;
  friend constexpr Weight operator+(Weight a, Weight b) { return Weight{a.percent_ + b.percent_}; }
  friend constexpr Weight operator-(Weight a, Weight b) { return Weight{a.percent_ - b.percent_}; }

 private:
  int percent_ = 0;
};

namespace detail {
void weight_out_of_range();  // not constexpr: names the mistake in the compiler's message
}

inline namespace literals {
/// 40_pct; 140_pct does not compile.
consteval Weight operator""_pct(unsigned long long value) {
  if (value > 100) detail::weight_out_of_range();
  return Weight{static_cast<int>(value)};
}
}  // namespace literals

}  // namespace volary
