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
  // Counts scraped a moment apart may fall: they are lifted to the highest before them. A NaN is
  // neither lifted nor highest.
  double highest = buckets[0].count;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].count > highest) highest = buckets[i].count;
    if (buckets[i].count < highest) buckets[i].count = highest;
  }
  if (buckets.size() < 2) return nan;
  const double observations = buckets.back().count;
  if (observations == 0) return nan;
  double rank = q * observations;
  // By halves, as the server: where counts or rank are NaN, the way there decides.
  const auto found = std::partition_point(buckets.begin(), buckets.end() - 1,
                                          [rank](const Bucket& at) { return !(at.count >= rank); });
  const auto b = static_cast<std::size_t>(found - buckets.begin());
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
  // Neumaier's compensated sum; of an average, over the steps of its running mean.
  const bool mean = function == Function::AvgOverTime;
  double sum = 0, compensation = 0, count = 0;
  for (const Sample& sample : samples) {
    count += 1;
    double step = sample.value;
    if (mean) {
      if (std::isinf(sum) && (std::isfinite(step) || step == sum)) continue;
      step = step / count - sum / count;
    }
    const double next = sum + step;
    compensation += std::abs(sum) >= std::abs(step) ? (sum - next) + step : (step - next) + sum;
    sum = next;
  }
  return std::isinf(sum) ? sum : sum + compensation;
}

}  // namespace volary::promql
