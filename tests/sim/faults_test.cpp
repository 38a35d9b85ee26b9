#include <catch2/catch.hpp>

#include "sim/run.hpp"
#include "sim/traffic_world.hpp"
#include "tests/support/shop.hpp"
#include "tests/support/statistics.hpp"

using namespace volary;
using namespace volary::sim;
using namespace volary::sim::test;
using namespace std::chrono_literals;

// docs/models/faults.md.
namespace {

Scenario web() {
  Scenario scenario;
  scenario.services = {{.name = "web",
                        .replicas = 3,
                        .startup = {.p50 = 5s},
                        .concurrency = 1000,
                        .latency = {.p50 = 10ms},
                        .errors = 0.05}};
  scenario.traffic = {{.name = "users", .to = "web", .rate = 300}};
  return scenario;
}

struct Felt {
  double requests = 0, failures = 0, median_ms = 0;
};
Felt during(TrafficWorld& world, Instant until) {
  const EdgeCounters before = world.edge(0);
  world.run_until(until);
  const EdgeCounters& now = world.edge(0);
  return {static_cast<double>(now.requests - before.requests),
          static_cast<double>(now.failures - before.failures),
          *now.latency.quantiles_since(before.latency, std::array{0.5})[0]};
}

}  // namespace

TEST_CASE("faults add up while they are on, and leave nothing behind") {
  // Five shares at 4.42 standard errors: 5e-5.
  Scenario scenario = web();
  const auto fault = [](Fault::Kind kind, Duration at, Duration length) {
    return Fault{.kind = kind, .at = at, .duration = length, .target = "web"};
  };
  Fault errors = fault(Fault::Kind::Errors, 60s, 60s), more = fault(Fault::Kind::Errors, 90s, 60s),
        slow = fault(Fault::Kind::SlowDependency, 60s, 60s),
        slower = fault(Fault::Kind::SlowDependency, 90s, 60s);
  errors.errors = 0.1;
  more.errors = 0.2;
  slow.latency = 3;
  slower.latency = 0.7;
  scenario.faults = {errors, more, slow, slower};
  TrafficWorld world{scenario, 1};
  struct Stretch {
    Duration until;
    double errors, factor;
  };
  for (const Stretch& stretch :
       {Stretch{60s, 0.05, 1}, Stretch{90s, 0.15, 3}, Stretch{120s, 0.35, 3 * 0.7},
        Stretch{150s, 0.25, 0.7}, Stretch{210s, 0.05, 1}}) {
    const Felt felt = during(world, Instant{stretch.until});
    INFO("until " << seconds(stretch.until) << " s");
    CHECK(std::abs(binomial_z(felt.failures, felt.requests, stretch.errors)) < 4.42);
    CHECK(felt.median_ms == Approx(10 * stretch.factor).epsilon(1.0 / 32));
  }
  // Long after, every answer is the one that a world without faults gives.
  TrafficWorld quiet{web(), 1};
  quiet.run_until(Instant{210s});
  const Felt after = during(world, Instant{300s}), never = during(quiet, Instant{300s});
  CHECK(after.requests == never.requests);
  CHECK(after.failures == never.failures);
  CHECK(after.median_ms == never.median_ms);
}

TEST_CASE("lost pods fail what they had, and are replaced") {
  Scenario scenario = web();
  scenario.services[0].errors = 0;
  scenario.services[0].latency = {.p50 = 100ms};
  scenario.faults = {{.kind = Fault::Kind::PodsLost, .at = 30s, .target = "web", .count = 2}};
  TrafficWorld world{scenario, 2};
  CHECK(during(world, Instant{30s - 1ns}).failures == 0);
  CHECK(world.ready_pods(0) == 3);
  const Felt felt = during(world, Instant{31s});
  CHECK(world.ready_pods(0) == 1);
  // 300/s · 0.1 s are under way, two thirds of them on the lost pods: 20, Poisson; 4.42 standard
  // errors, 1e-5.
  CHECK(std::abs(poisson_z(felt.failures, 20)) < 4.42);
  CHECK(during(world, Instant{60s}).failures == 0);
  CHECK(world.ready_pods(0) == 3);
}

TEST_CASE("a hook that is down fails the check while it is down, retries and all") {
  Scenario scenario = shop(false);
  Policy rules = policy();
  rules.canary.spec.analysis.webhooks = {
      {.name = "load", .url = "http://load", .type = HookType::Rollout, .retries = 1}};
  scenario.faults = {
      {.kind = Fault::Kind::HookDown, .at = 0s, .duration = 5min + 30s, .target = "load"}};
  const auto run = simulate(scenario, rules, {.seed = 1});
  REQUIRE(run);
  int passed = 0, failed = 0;
  for (const TickRecord& tick : run->ticks)
    for (const HookRecord& hook : tick.hooks) {
      ++(hook.passed ? passed : failed);
      CHECK(hook.passed == (tick.began >= Instant{5min + 30s}));
      if (!hook.passed) CHECK(hook.error.find("after 2 attempt(s)") != std::string::npos);
    }
  CHECK(failed >= 1);
  CHECK(passed >= 3);
  CHECK(run->score.outcome == Outcome::Promoted);  // three failures would have ended it
}
