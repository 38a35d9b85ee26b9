#pragma once

#include "tests/prometheus/server.hpp"

/// The series that both sides are asked about.
namespace volary::test {

/// The first scrape, milliseconds: the start of a block of two hours.
constexpr std::int64_t world_begin = 1'600'005'600'000;
constexpr std::int64_t world_length = 40 * 60'000;
/// The series with stale markers begin here.
constexpr std::int64_t late_begin = world_begin + 4 * 3'600'000;

/// Counters that reset, pause, begin late and end early; gauges with every odd number; histograms
/// of every shape; and what each mesh exports, for a target `web` in the namespace `shop`.
[[nodiscard]] std::vector<Series> make_world(std::uint64_t seed);

/// Counters and gauges that go stale, and some that come back.
[[nodiscard]] std::vector<Series> make_late_world(std::uint64_t seed);

}  // namespace volary::test
