#include "sim/latency_law.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "sim/latency_histogram.hpp"
#include "sim/random.hpp"
#include "tests/support/statistics.hpp"

using namespace volary;
using namespace volary::sim;
using namespace volary::sim::test;
using namespace std::chrono_literals;

// docs/models/services.md: latencies.

TEST_CASE("a lognormal latency has the p50 and the p99 that were written") {
  // Four counts, each beyond 4.42 standard errors with probability 1e-5: 4e-5.
  const LatencyLaw law{{.law = Latency::Law::Lognormal, .p50 = 40ms, .p99 = 300ms}};
  Stream stream{1, "lognormal"};
  constexpr int n = 400'000;
  const double sigma = std::log(300.0 / 40) / 2.3263478740408408;
  int below_p50 = 0, below_p99 = 0, below_sigma = 0;
  std::vector<double> values;
  for (int i = 0; i < n; ++i) {
    const Duration d = law.draw(open_unit(static_cast<std::uint32_t>(stream() >> 32)));
    below_p50 += d < 40ms;
    below_p99 += d < 300ms;
    below_sigma += seconds(d) < 0.040 * std::exp(sigma);
    values.push_back(seconds(d));
  }
  CHECK(std::abs(binomial_z(below_p50, n, 0.5)) < 4.42);
  CHECK(std::abs(binomial_z(below_p99, n, 0.99)) < 4.42);
  CHECK(std::abs(binomial_z(below_sigma, n, normal_cdf(1))) < 4.42);
  const Moments m = moments(values);
  CHECK(std::abs(z_score(m.mean, 0.040 * std::exp(sigma * sigma / 2), m.standard_error)) < 4.42);
}

TEST_CASE("an exponential latency has its mean and its memory, which is none") {
  // Three statistics at 4.42 standard errors: 3e-5.
  const LatencyLaw law{{.law = Latency::Law::Exponential, .mean = 20ms}};
  Stream stream{2, "exponential"};
  constexpr int n = 400'000;
  double sum = 0;
  int longer = 0, much_longer = 0;
  for (int i = 0; i < n; ++i) {
    const Duration d = law.draw(stream.unit());
    sum += seconds(d);
    longer += d > 20ms;
    much_longer += d > 100ms;
  }
  CHECK(std::abs(z_score(sum / n, 0.020, 0.020 / std::sqrt(n))) < 4.42);
  CHECK(std::abs(binomial_z(longer, n, std::exp(-1))) < 4.42);
  CHECK(std::abs(binomial_z(much_longer, n, std::exp(-5))) < 4.42);
}

TEST_CASE("what is constant is constant, and the extremes stay on the Timeline") {
  CHECK(LatencyLaw{{.p50 = 7ms}}.draw(0.3) == Duration{7ms});
  CHECK(LatencyLaw{{}}.draw(0.3) == Duration::zero());
  CHECK(LatencyLaw{{.law = Latency::Law::Lognormal}}.draw(0.3) == Duration::zero());
  const LatencyLaw wild{{.law = Latency::Law::Lognormal, .p50 = 1ns, .p99 = 24h}};
  CHECK(wild.draw(open_unit(0xffffffffU)) == from_seconds(3e9));
  CHECK(wild.draw(open_unit(0)) == Duration::zero());
}

TEST_CASE("the bucket of a duration is the one that a search finds") {
  const auto searched = [](double ms) {
    return static_cast<std::size_t>(std::ranges::lower_bound(istio_bounds_ms, ms) -
                                    istio_bounds_ms.begin());
  };
  for (const double bound : istio_bounds_ms)
    for (const double ms : {std::nextafter(bound, 0.0), bound, std::nextafter(bound, 1e300)})
      CHECK(istio_bucket(ms) == searched(ms));
  for (std::size_t i = 0; i < LatencySlots::count; ++i)
    CHECK(istio_bucket(LatencySlots::edge(i)) == searched(LatencySlots::edge(i)));
  Stream stream{3, "buckets"};
  for (int i = 0; i < 20'000; ++i) {
    const double ms = std::exp(stream.unit() * 40 - 20);
    CHECK(istio_bucket(ms) == searched(ms));
  }
  CHECK(istio_bucket(0) == 0);
  CHECK(istio_bucket(1e9) == istio_bounds_ms.size());
}

TEST_CASE("quantiles of a histogram are within one of its steps") {
  Stream stream{4, "quantiles"};
  LatencyHistogram before, now;
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) {
    const double ms = std::exp(stream.unit() * 6);
    before.record(ms);
    now.record(ms);
  }
  for (int i = 0; i < 10'000; ++i) {
    values.push_back(std::exp(stream.unit() * 6));
    now.record(values.back());
  }
  std::ranges::sort(values);
  constexpr std::array qs{0.5, 0.95, 0.99};
  const auto found = now.quantiles_since(before, qs);
  for (std::size_t i = 0; i < qs.size(); ++i) {
    REQUIRE(found[i]);
    CHECK(*found[i] == Approx(values[static_cast<std::size_t>(qs[i] * 10'000)]).epsilon(1.0 / 32));
  }
  CHECK_FALSE(now.quantiles_since(now, qs)[0]);
}
