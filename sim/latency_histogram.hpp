#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>

namespace volary::sim {

/// The bounds, in milliseconds, of Istio's `istio_request_duration_milliseconds_bucket`; +Inf
/// follows.
inline constexpr std::array<double, 19> istio_bounds_ms{
    0.5,  1,    5,     10,    25,    50,     100,    250,     500,    1000,
    2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000};

/// How durations are divided into slots: log-linear, 32 steps an octave, read off the bits of the
/// double.
struct LatencySlots {
  static constexpr int steps_log2 = 5;
  static constexpr std::size_t octaves = 32;  ///< 2^-8 ms … 2^24 ms
  static constexpr std::size_t count = octaves << steps_log2;
  static constexpr std::uint64_t lowest = (1023ULL - 8) << steps_log2;

  [[nodiscard]] static constexpr std::size_t of(double ms) {
    const std::uint64_t index = std::bit_cast<std::uint64_t>(ms) >> (52 - steps_log2);
    if (!(ms > 0) || index < lowest) return 0;
    return index - lowest >= count ? count - 1 : static_cast<std::size_t>(index - lowest);
  }
  [[nodiscard]] static constexpr double edge(std::size_t index) {
    return std::bit_cast<double>((static_cast<std::uint64_t>(index) + lowest) << (52 - steps_log2));
  }
  /// For each slot, the index of the first of `istio_bounds_ms` that is not below its lower edge.
  static constexpr std::array<std::uint8_t, count> first_bounds() {
    std::array<std::uint8_t, count> first{};
    std::uint8_t bound = 0;
    for (std::size_t i = 0; i < count; ++i) {
      while (bound < istio_bounds_ms.size() && istio_bounds_ms[bound] < edge(i)) ++bound;
      first[i] = bound;
    }
    return first;
  }
};

/// The index of the first of `istio_bounds_ms` that is not below the duration; their number for
/// +Inf. No slot holds more than one bound, so a table and one comparison find it.
[[nodiscard]] inline std::size_t istio_bucket(double ms) {
  static constexpr auto first = LatencySlots::first_bounds();
  const std::size_t bound = first[LatencySlots::of(ms)];
  return bound + (bound < istio_bounds_ms.size() && ms > istio_bounds_ms[bound] ? 1 : 0);
}

/// Request durations in milliseconds: quantiles within 3 % of one step, 0.2 % mean.
class LatencyHistogram {
 public:
  void record(double ms) { ++counts_[LatencySlots::of(ms)]; }

  /// The q-quantiles, in growing order, of what was recorded after `before` was copied from this;
  /// nothing when that is nothing.
  template <std::size_t n>
  [[nodiscard]] std::array<std::optional<double>, n> quantiles_since(
      const LatencyHistogram& before, const std::array<double, n>& qs) const {
    std::array<std::optional<double>, n> found;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i)
      total += counts_[i] - before.counts_[i];  // modulo 2^32, as the counts
    if (total == 0) return found;
    std::size_t next = 0;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size() && next < n; ++i) {
      const std::uint32_t here = counts_[i] - before.counts_[i];
      if (here == 0) continue;
      for (; next < n; ++next) {
        const double rank = qs[next] * static_cast<double>(total);
        if (static_cast<double>(seen + here) < rank) break;
        found[next] = LatencySlots::edge(i) + (LatencySlots::edge(i + 1) - LatencySlots::edge(i)) *
                                                  ((rank - static_cast<double>(seen)) / here);
      }
      seen += here;
    }
    return found;
  }

 private:
  std::array<std::uint32_t, LatencySlots::count> counts_{};
};

}  // namespace volary::sim
