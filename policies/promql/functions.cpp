#include "policies/promql/functions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace volary::promql {

std::optional<double> extrapolated(std::span<const Sample> samples, std::int64_t from_ms,
                                   std::int64_t to_ms, bool counter, bool per_second) {
  if (samples.size() < 2) return std::nullopt;
  const Sample &first = samples.front(), &last = samples.back();
  double change = last.value - first.value;
  if (counter) {
    double previous = first.value;
    for (const Sample& sample : samples.subspan(1)) {
      if (sample.value < previous) change += previous;
      previous = sample.value;
    }
  }
  double to_start = static_cast<double>(first.ms - from_ms) / 1000;
  const double to_end = static_cast<double>(to_ms - last.ms) / 1000;
  const double sampled = static_cast<double>(last.ms - first.ms) / 1000;
  const double between = sampled / static_cast<double>(samples.size() - 1);
  if (counter && change > 0 && first.value >= 0) {
    // A counter cannot have been below zero: where it would have been at zero, the series is taken
    // to begin.
    const double to_zero = sampled * (first.value / change);
    to_start = std::min(to_start, to_zero);
  }
  const double threshold = between * 1.1;
  double covered = sampled;
  covered += to_start < threshold ? to_start : between / 2;
  covered += to_end < threshold ? to_end : between / 2;
  double factor = covered / sampled;
  if (per_second) factor /= static_cast<double>(to_ms - from_ms) / 1000;
  return change * factor;
}

std::optional<double> instant_change(std::span<const Sample> samples, bool rate) {
  if (samples.size() < 2) return std::nullopt;
  const Sample &last = samples.back(), &before = samples[samples.size() - 2];
  const double change = rate && last.value < before.value ? last.value : last.value - before.value;
  const double seconds = static_cast<double>(last.ms - before.ms) / 1000;
  if (seconds == 0) return std::nullopt;
  return rate ? change / seconds : change;
}

double bucket_quantile(double q, std::vector<Bucket> buckets) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(),
                   inf = std::numeric_limits<double>::infinity();
  if (std::isnan(q)) return nan;
  if (q < 0) return -inf;
  if (q > 1) return inf;
  if (buckets.empty()) return nan;
  std::ranges::sort(buckets, {}, &Bucket::bound);
  if (buckets.back().bound != inf) return nan;
  // Buckets with one bound ("1" and "1.0") are one.
  std::size_t kept = 0;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].bound == buckets[kept].bound) {
      buckets[kept].count += buckets[i].count;
    } else {
      buckets[++kept] = buckets[i];
    }
  }
  buckets.resize(kept + 1);
  // Counts scraped a moment apart may fall: they are lifted to the highest before them.
  for (std::size_t i = 1; i < buckets.size(); ++i)
    buckets[i].count = std::max(buckets[i].count, buckets[i - 1].count);
  if (buckets.size() < 2) return nan;
  const double observations = buckets.back().count;
  if (observations == 0 || std::isnan(observations)) return nan;
  double rank = q * observations;
  std::size_t b = 0;
  while (b + 1 < buckets.size() && !(buckets[b].count >= rank)) ++b;
  if (b + 1 == buckets.size()) return buckets[buckets.size() - 2].bound;
  if (b == 0 && buckets[0].bound <= 0) return buckets[0].bound;
  double start = 0, count = buckets[b].count;
  if (b > 0) {
    start = buckets[b - 1].bound;
    count -= buckets[b - 1].count;
    rank -= buckets[b - 1].count;
  }
  return start + (buckets[b].bound - start) * (rank / count);
}

double over_time(Function function, std::span<const Sample> samples) {
  double value = samples.front().value;
  switch (function) {
    case Function::CountOverTime: return static_cast<double>(samples.size());
    case Function::LastOverTime: return samples.back().value;
    case Function::MinOverTime:
      for (const Sample& sample : samples)
        if (sample.value < value || std::isnan(value)) value = sample.value;
      return value;
    case Function::MaxOverTime:
      for (const Sample& sample : samples)
        if (sample.value > value || std::isnan(value)) value = sample.value;
      return value;
    default: break;
  }
  // Neumaier's compensated sum, as the server's sum_over_time and avg_over_time.
  double sum = 0, compensation = 0;
  for (const Sample& sample : samples) {
    const double next = sum + sample.value;
    if (std::isinf(next)) {
      compensation = 0;
    } else if (std::abs(sum) >= std::abs(sample.value)) {
      compensation += (sum - next) + sample.value;
    } else {
      compensation += (sample.value - next) + sum;
    }
    sum = next;
  }
  if (function == Function::SumOverTime) return sum + compensation;
  const auto count = static_cast<double>(samples.size());
  return sum / count + compensation / count;
}

}  // namespace volary::promql
