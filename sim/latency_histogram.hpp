#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>

namespace volary::sim {

/// Request durations in milliseconds, log-linear with 32 steps an octave: quantiles within 3 % of
/// one step, 0.2 % mean.
class LatencyHistogram {
 public:
  void record(double ms) { ++counts_[slot(ms)]; }

  /// The q-quantile of what was recorded after `before` was copied from this; nothing when that is
  /// nothing.
  [[nodiscard]] std::optional<double> quantile_since(const LatencyHistogram& before,
                                                     double q) const {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < slots; ++i) total += counts_[i] - before.counts_[i];
    if (total == 0) return std::nullopt;
    const double rank = q * static_cast<double>(total);
    double seen = 0;
    for (std::size_t i = 0; i < slots; ++i) {
      const auto here = static_cast<double>(counts_[i] - before.counts_[i]);
      if (here > 0 && seen + here >= rank)
        return edge(i) + (edge(i + 1) - edge(i)) * ((rank - seen) / here);
      seen += here;
    }
    return edge(slots);
  }

 private:
  static constexpr int steps_log2 = 5;
  static constexpr std::size_t octaves = 32;  ///< 2^-8 ms … 2^24 ms
  static constexpr std::size_t slots = octaves << steps_log2;
  static constexpr std::uint64_t lowest = (1023ULL - 8) << steps_log2;

  static std::size_t slot(double ms) {
    const std::uint64_t index = std::bit_cast<std::uint64_t>(ms) >> (52 - steps_log2);
    if (!(ms > 0) || index < lowest) return 0;
    return index - lowest >= slots ? slots - 1 : static_cast<std::size_t>(index - lowest);
  }
  static double edge(std::size_t index) {
    return std::bit_cast<double>((static_cast<std::uint64_t>(index) + lowest) << (52 - steps_log2));
  }

  std::array<std::uint32_t, slots> counts_{};
};

/// The bounds, in milliseconds, of Istio's `istio_request_duration_milliseconds_bucket`; +Inf
/// follows.
inline constexpr std::array<double, 19> istio_bounds_ms{
    0.5,  1,    5,     10,    25,    50,     100,    250,     500,    1000,
    2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000};

}  // namespace volary::sim
