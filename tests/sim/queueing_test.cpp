#include <catch2/catch.hpp>

#include "sim/traffic_world.hpp"
#include "tests/support/statistics.hpp"

using namespace volary;
using namespace volary::sim;
using namespace volary::sim::test;
using namespace std::chrono_literals;

// Whole stations against queueing theory: docs/models/services.md.
namespace {

/// Poisson arrivals, c workers with mean service time 1 s, one queue.
Scenario station(int c, double utilization, Latency work) {
  Scenario scenario;
  scenario.services = {{.name = "station",
                        .replicas = c,
                        .concurrency = 1,
                        .queue = 10'000'000,
                        .shared_queue = true,
                        .latency = work}};
  scenario.traffic = {{.name = "customers", .to = "station", .rate = c * utilization}};
  return scenario;
}
constexpr Latency exponential{.law = Latency::Law::Exponential, .mean = 1s};

/// Erlang C: the mean wait in M/M/c with service rate 1 (Kleinrock 1975, eq. 3.40).
double erlang_c_wait(int c, double utilization) {
  const double offered = c * utilization;
  double term = 1, sum = 1;
  for (int k = 1; k < c; ++k) sum += term *= offered / k;
  const double last = term * offered / c / (1 - utilization);
  return last / (sum + last) / (c * (1 - utilization));
}

/// Mean waits of independent replications of 10,000 s, an empty start of 500 s left out.
Moments waits(const Scenario& scenario, int replications) {
  std::vector<double> means;
  for (int i = 0; i < replications; ++i) {
    TrafficWorld world{scenario, static_cast<std::uint64_t>(1000 + i)};
    world.run_until(Instant{500s});
    const auto before = world.waits("station");
    world.run_until(Instant{10'500s});
    const auto after = world.waits("station");
    means.push_back((after.first - before.first) /
                    static_cast<double>(after.second - before.second));
    for (const Conservation& books : world.conservation()) CHECK(books.holds());
  }
  return moments(means);
}

}  // namespace

TEST_CASE("M/M/4: the simulated mean wait agrees with Erlang C at three loads") {
  // 40 independent replications a load give a t statistic with 39 degrees of freedom; |t| > 3.56
  // has probability 0.1 % under the model, so the three loads together raise a false alarm with
  // probability 0.3 %. The seeds are fixed.
  for (const double utilization : {0.5, 0.8, 0.9}) {
    const Moments simulated = waits(station(4, utilization, exponential), 40);
    const double theory = erlang_c_wait(4, utilization);
    INFO("utilization " << utilization << ": simulated " << simulated.mean << " ± "
                        << simulated.standard_error << ", Erlang C " << theory);
    CHECK(std::abs(z_score(simulated.mean, theory, simulated.standard_error)) < 3.56);
    CHECK(simulated.standard_error / theory < 0.05);  // the test sees something
  }
}

TEST_CASE("M/M/1 and M/M/8 agree with Erlang C, M/D/1 with Pollaczek and Khinchine") {
  // Three t statistics with 19 degrees of freedom, |t| > 3.88: 0.3 % together.
  const auto agrees = [](const Scenario& scenario, double theory) {
    const Moments simulated = waits(scenario, 20);
    INFO("simulated " << simulated.mean << " ± " << simulated.standard_error << ", theory "
                      << theory);
    CHECK(std::abs(z_score(simulated.mean, theory, simulated.standard_error)) < 3.88);
    CHECK(simulated.standard_error / theory < 0.05);
  };
  agrees(station(1, 0.7, exponential), erlang_c_wait(1, 0.7));
  agrees(station(8, 0.9, exponential), erlang_c_wait(8, 0.9));
  // Half of M/M/1's wait: rho / (2 (1 - rho)) (Kleinrock 1975, eq. 5.14).
  agrees(station(1, 0.7, {.p50 = 1s}), 0.7 / (2 * 0.3));
}

TEST_CASE("a full queue refuses, as many as Erlang B says when there is none") {
  // M/M/4/4 at offered load 3: 20.61 % are lost (Kleinrock 1975, eq. 3.43). Losses of neighbours
  // depend on each other, so replications give the error: |t| > 3.88 of 19 degrees, 0.1 %.
  Scenario scenario = station(4, 0.75, exponential);
  scenario.services[0].queue = 0;
  double term = 1, sum = 1;
  for (int k = 1; k <= 4; ++k) sum += term *= 3.0 / k;
  std::vector<double> lost;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    TrafficWorld world{scenario, seed};
    world.run_until(Instant{10'000s});
    lost.push_back(static_cast<double>(world.edge(0).failures) /
                   static_cast<double>(world.edge(0).requests));
  }
  const Moments m = moments(lost);
  INFO(m.mean << " ± " << m.standard_error << ", Erlang B " << term / sum);
  CHECK(std::abs(z_score(m.mean, term / sum, m.standard_error)) < 3.88);
}

TEST_CASE("two choices beat one: waits before pods that have a queue each") {
  // M/M/10 with a queue before each pod and the better of two: there is no closed form for ten, but
  // it lies between one shared queue and ten separate ones (Mitzenmacher 2001).
  Scenario scenario = station(10, 0.8, exponential);
  scenario.services[0].shared_queue = false;
  const Moments simulated = waits(scenario, 5);
  INFO(simulated.mean << " ± " << simulated.standard_error);
  CHECK(simulated.mean > 2 * erlang_c_wait(10, 0.8));
  CHECK(simulated.mean < 0.5 * erlang_c_wait(1, 0.8));
}
