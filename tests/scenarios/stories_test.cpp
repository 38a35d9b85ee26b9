#include <cmath>

#include <catch2/catch.hpp>

#include "policies/policy.hpp"
#include "scenarios/load.hpp"
#include "sim/run.hpp"
#include "sim/traffic_world.hpp"
#include "tests/support/statistics.hpp"

using namespace volary;
using namespace std::chrono_literals;

// What the heads of shipped scenarios say will happen does happen.
namespace {

sim::Scenario scenario(const std::string& name) {
  auto read = load_scenario(VOLARY_SOURCE_DIR "/scenarios/" + name + ".yaml");
  REQUIRE(read);
  return *std::move(read);
}

Policy policy(const std::string& name) {
  auto read = load_policies({VOLARY_SOURCE_DIR "/policies/" + name + ".yaml"});
  REQUIRE(read);
  return read->front();
}

sim::Run flown(const std::string& name, const Policy& rules) {
  auto run = sim::simulate(scenario(name), rules, {.seed = 1});
  REQUIRE(run);
  return *std::move(run);
}

double attempts_a_request(const sim::Run& run) {
  return static_cast<double>(run.conservation[1].arrived) /
         static_cast<double>(run.conservation[0].arrived);
}

}  // namespace

TEST_CASE("mmc: the mean wait is the 14.9 ms that the scenario's head promises") {
  // 12 replications of 40 minutes: a t statistic with 11 degrees of freedom, |t| > 4.44 has
  // probability 0.1 %. Erlang C by the head's own figures.
  const double theory = 0.596426 / (4 * 50 - 160);
  std::vector<double> means;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    sim::TrafficWorld world{scenario("mmc"), seed};
    world.run_until(Instant{10s});
    const auto before = world.waits("checkout");
    world.run_until(Instant{40min});
    const auto after = world.waits("checkout");
    means.push_back((after.first - before.first) /
                    static_cast<double>(after.second - before.second));
  }
  const sim::test::Moments m = sim::test::moments(means);
  INFO(m.mean << " ± " << m.standard_error << " s, theory " << theory);
  CHECK(std::abs(sim::test::z_score(m.mean, theory, m.standard_error)) < 4.44);
  CHECK(m.standard_error / theory < 0.02);
}

TEST_CASE("retry-storm: a bound on latency stops it, and without one it comes after promotion") {
  const Policy bounded = policy("default-progressive");
  const sim::Run stopped = flown("retry-storm", bounded);
  CHECK(stopped.score.outcome == sim::Outcome::RolledBack);
  CHECK(attempts_a_request(stopped) < 1.02);
  CHECK(stopped.score.failed_requests < 100);

  Policy blind = bounded;
  std::erase_if(blind.canary.spec.analysis.metrics,
                [](const MetricCheck& check) { return check.name == "request-duration"; });
  const sim::Run storm = flown("retry-storm", blind);
  CHECK(storm.score.outcome == sim::Outcome::Promoted);
  CHECK(attempts_a_request(storm) > 1.5);  // over the whole run; four in the storm
  CHECK(storm.score.failed_requests > 3000);
}

TEST_CASE("grpc-blind: the builtin success rate is 100 % while calls fail") {
  const sim::Run run = flown("grpc-blind", policy("default-progressive"));
  CHECK(run.score.outcome == sim::Outcome::Promoted);
  CHECK(run.score.bad_release);
  int seen = 0;
  for (const TickRecord& tick : run.ticks)
    for (const CheckEvidence& check : tick.checks)
      if (check.name == "request-success-rate" && check.value) {
        CHECK(*check.value == 100);
        ++seen;
      }
  CHECK(seen > 3);
  CHECK(run.score.harmed_requests > 1000);
}
