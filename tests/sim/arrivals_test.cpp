#include <catch2/catch.hpp>

#include "sim/traffic_world.hpp"
#include "tests/support/statistics.hpp"

using namespace volary;
using namespace volary::sim;
using namespace volary::sim::test;
using namespace std::chrono_literals;

// docs/models/traffic.md: arrivals.
namespace {

/// A service that answers at once, so that only arrivals matter.
Scenario quiet(double rate, Profile profile = {}) {
  Scenario scenario;
  scenario.services = {{.name = "web", .replicas = 1, .concurrency = 1'000'000}};
  scenario.traffic = {
      {.name = "users", .to = "web", .rate = rate, .profile = std::move(profile), .users = 100}};
  return scenario;
}

std::uint64_t arrived(const TrafficWorld& world) { return world.conservation().front().arrived; }

/// Requests that arrive in each window of the run.
std::vector<double> counts(const Scenario& scenario, Duration window, int windows,
                           std::uint64_t seed = 1) {
  TrafficWorld world{scenario, seed};
  std::vector<double> all;
  std::uint64_t before = 0;
  for (int i = 1; i <= windows; ++i) {
    world.run_until(Instant{i * window});
    all.push_back(static_cast<double>(arrived(world) - before));
    before = arrived(world);
  }
  return all;
}

}  // namespace

TEST_CASE("arrivals at a constant rate are Poisson: mean, dispersion and the law of the counts") {
  // Three statistics, each beyond 4.42 standard errors with probability 1e-5: a false alarm in
  // 3e-5.
  constexpr double mean = 20;
  constexpr int windows = 20'000;
  const auto seen = counts(quiet(200), 100ms, windows);
  const Moments m = moments(seen);
  CHECK(std::abs(poisson_z(m.mean * windows, mean * windows)) < 4.42);
  // Index of dispersion: (n - 1) variance / mean is chi-square with n - 1 degrees of freedom.
  CHECK(std::abs(chi_square_z((windows - 1) * m.variance / m.mean, windows - 1)) < 4.42);
  // Chi-square of the counts 10 … 32 and what is beyond on both sides.
  std::vector<double> expected(24, 0), observed(24, 0);
  double p = std::exp(-mean);
  for (int k = 0; k < 200; ++k, p *= mean / k) expected[std::clamp(k, 10, 33) - 10] += p * windows;
  for (const double count : seen) ++observed[std::clamp(static_cast<int>(count), 10, 33) - 10];
  double statistic = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(expected[i] > 5);
    statistic += (observed[i] - expected[i]) * (observed[i] - expected[i]) / expected[i];
  }
  CHECK(chi_square_z(statistic, 23) < 4.27);
}

TEST_CASE("counts in neighbouring windows do not know of each other") {
  // The lag-1 correlation of n independent values has standard error 1/√n: 1e-5.
  const auto seen = counts(quiet(200), 100ms, 20'000, 7);
  const Moments m = moments(seen);
  double product = 0;
  for (std::size_t i = 1; i < seen.size(); ++i)
    product += (seen[i] - m.mean) * (seen[i - 1] - m.mean);
  const auto n = static_cast<double>(seen.size());
  CHECK(std::abs(product / ((n - 1) * m.variance)) * std::sqrt(n) < 4.42);
}

TEST_CASE("a diurnal profile has its mean, its peak and its ratio") {
  // Every hour's count against the integral of the rate over it: 24 windows at 4.9 standard errors
  // are a false alarm in 2.4e-5.
  Scenario scenario =
      quiet(20, {.kind = Profile::Kind::Diurnal, .peak = 14h, .ratio = 3, .points = {}});
  scenario.starts_at = 8h;
  const auto seen = counts(scenario, 1h, 24);
  double total = 0;
  for (int hour = 0; hour < 24; ++hour) {
    const auto integral = [](double clock) {  // of 1 + cos(2π (t - 14 h) / 24 h) / 2, in hours
      return clock + 0.5 * 24 / (2 * M_PI) * std::sin(2 * M_PI * (clock - 14) / 24);
    };
    const double mean = 20 * 3600 * (integral(8 + hour + 1) - integral(8 + hour));
    INFO("hour " << hour << ": " << seen[static_cast<std::size_t>(hour)] << " of " << mean);
    CHECK(std::abs(poisson_z(seen[static_cast<std::size_t>(hour)], mean)) < 4.9);
    total += seen[static_cast<std::size_t>(hour)];
  }
  CHECK(std::abs(poisson_z(total, 20.0 * 86'400)) < 4.9);
}

TEST_CASE("points are joined by lines, and the ends go on") {
  // Six windows at 4.9 standard errors: 6e-6.
  const Scenario scenario =
      quiet(100, {.kind = Profile::Kind::Points,
                  .points = {{1min, 0.5}, {2min, 2}, {3min, 2}, {4min, 0}, {5min, 0}}});
  const auto seen = counts(scenario, 1min, 6);
  const double means[] = {0.5, 1.25, 2, 1, 0, 0};
  for (std::size_t i = 0; i < 6; ++i) {
    INFO("minute " << i << ": " << seen[i]);
    if (means[i] == 0) {
      CHECK(seen[i] == 0);
    } else {
      CHECK(std::abs(poisson_z(seen[i], 6000 * means[i])) < 4.9);
    }
  }
}

TEST_CASE("a surge begins and ends when it says, up or down, and leaves the rest alone") {
  // Nine windows at 4.9 standard errors: 9e-6.
  for (const double factor : {4.0, 0.25}) {
    Scenario scenario = quiet(100);
    scenario.faults = {{.kind = Fault::Kind::TrafficSurge,
                        .at = 60s,
                        .duration = 60s,
                        .target = "users",
                        .factor = factor}};
    const auto seen = counts(scenario, 30s, 6);
    for (std::size_t i = 0; i < 6; ++i) {
      const bool surging = i == 2 || i == 3;
      INFO("factor " << factor << ", window " << i << ": " << seen[i]);
      CHECK(std::abs(poisson_z(seen[i], 3000 * (surging ? factor : 1))) < 4.9);
    }
  }
  // At one request a minute the next arrival is far ahead: it must not be late for the surge.
  // Forty worlds, 600 requests in the surge's second minute.
  double total = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Scenario slow = quiet(1.0 / 60);
    slow.faults = {{.kind = Fault::Kind::TrafficSurge,
                    .at = 60s,
                    .duration = 10s,
                    .target = "users",
                    .factor = 90}};
    total += counts(slow, 10s, 7, seed).back();
  }
  CHECK(std::abs(poisson_z(total, 40 * 15)) < 4.9);
}

TEST_CASE("no traffic, hardly any, and a hundred thousand a second") {
  const auto none = counts(quiet(0), 1h, 24);
  CHECK(moments(none).mean == 0);
  // Once in 30,000 years: the world comes to its end all the same.
  TrafficWorld rare{quiet(1e-12), 1};
  rare.run_until(Instant{24h * 365});
  CHECK(arrived(rare) == 0);
  const auto many = counts(quiet(100'000), 1s, 2);
  CHECK(std::abs(poisson_z(many[0] + many[1], 200'000)) < 4.9);
}

TEST_CASE("requests come from all users alike") {
  // Every request fails, and 2,000 requests of 1,000 users leave 1000 · (1 - 1/1000)^2000 = 135
  // users without harm; the variance is that of an occupancy problem (Feller 1968, II.11).
  Scenario scenario = quiet(100);
  scenario.traffic[0].users = 1000;
  scenario.services[0].errors = 1;
  TrafficWorld world{scenario, 5};
  world.run_until(Instant{20s});
  const auto n = static_cast<double>(arrived(world));
  const double q1 = std::pow(1 - 1e-3, n), q2 = std::pow(1 - 2e-3, n);
  const double variance = 1000 * q1 + 1000 * 999 * q2 - 1e6 * q1 * q1;
  const double untouched = 1000 - static_cast<double>(world.harmed_users("web", 0));
  CHECK(std::abs(z_score(untouched, 1000 * q1, std::sqrt(variance))) < 4.42);  // 1e-5
}

TEST_CASE("ten million users cost nothing until something happens to them") {
  Scenario scenario = quiet(10);
  scenario.traffic[0].users = 10'000'000;
  for (int i = 0; i < 20; ++i)
    scenario.services.push_back({.name = "other-" + std::to_string(i), .replicas = 1});
  std::vector<std::unique_ptr<TrafficWorld>> worlds;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    worlds.push_back(std::make_unique<TrafficWorld>(scenario, seed));
    worlds.back()->run_until(Instant{10s});
    CHECK(worlds.back()->users() == 10'000'000);
  }
}
