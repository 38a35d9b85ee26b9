#pragma once

#include <optional>
#include <span>
#include <vector>

#include "policies/promql/ast.hpp"

/// The arithmetic of the functions, on plain samples.
namespace volary::promql {

/// rate, increase and delta: with the server's extrapolation to the window's ends and its view of
/// counter resets. Nothing for fewer than two samples.
[[nodiscard]] std::optional<double> extrapolated(std::span<const Sample> samples,
                                                 std::int64_t from_ms, std::int64_t to_ms,
                                                 bool counter, bool per_second);

/// irate and idelta: from the last two samples.
[[nodiscard]] std::optional<double> instant_change(std::span<const Sample> samples, bool rate);

struct Bucket {
  double bound = 0;
  double count = 0;
};
/// histogram_quantile over the cumulative buckets of one histogram, in any order.
[[nodiscard]] double bucket_quantile(double q, std::vector<Bucket> buckets);

[[nodiscard]] double over_time(Function function, std::span<const Sample> samples);

}  // namespace volary::promql
