#include "sim/traffic_world.hpp"

#include <cmath>

#include <catch2/catch.hpp>

using namespace volary;
using namespace volary::sim;
using namespace std::chrono_literals;

namespace {

Scenario shop() {
  Scenario scenario;
  scenario.services = {{.name = "checkout",
                        .replicas = 3,
                        .startup = {.p50 = 5s},
                        .concurrency = 8,
                        .latency = {.law = Latency::Law::Lognormal, .p50 = 20ms, .p99 = 100ms},
                        .errors = 0.01,
                        .calls = {{.service = "payments", .timeout = 200ms, .retries = 1}}},
                       {.name = "payments",
                        .replicas = 2,
                        .concurrency = 8,
                        .latency = {.law = Latency::Law::Exponential, .mean = 20ms},
                        .errors = 0.02}};
  scenario.traffic = {{.name = "shoppers",
                       .to = "checkout",
                       .rate = 100,
                       .users = 500,
                       .timeout = 400ms,
                       .retries = 1,
                       .backoff = 50ms}};
  scenario.releases = {{.at = 1min,
                        .service = "checkout",
                        .version = "v2",
                        .bad = true,
                        .changes = {.errors = 0.5}}};
  return scenario;
}

void conserved(const TrafficWorld& world) {
  for (const Conservation& books : world.conservation()) {
    INFO("service '" << books.service << "': " << books.arrived << " = " << books.answered << " + "
                     << books.failed << " + " << books.in_flight);
    CHECK(books.holds());
  }
}

}  // namespace

TEST_CASE("no request is lost or counted twice: rollouts, crashes, time-outs, retries, mirrors") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Scenario scenario = shop();
    scenario.releases[0].changes.crash_every = 20s;
    scenario.faults = {{.kind = Fault::Kind::PodsLost, .at = 70s, .target = "payments", .count = 1},
                       {.kind = Fault::Kind::SlowDependency,
                        .at = 90s,
                        .duration = 30s,
                        .target = "payments",
                        .latency = 20},
                       {.kind = Fault::Kind::TrafficSurge,
                        .at = 100s,
                        .duration = 20s,
                        .target = "shoppers",
                        .factor = 6}};
    TrafficWorld world{scenario, seed};
    world.run_until(Instant{30s});
    const WorkloadId primary = world.create_primary("checkout", 3);
    world.run_until(Instant{50s});
    CHECK(world.ready_pods(primary) == 3);
    world.set_route("checkout",
                    {.active = true, .apex = Role::Primary, .routes = {.mirrored = true}});
    const WorkloadId target = world.workload("checkout", Role::Target);
    world.set_version(target, 1);
    for (int second = 60; second <= 180; second += 10) {
      world.run_until(Instant{std::chrono::seconds{second}});
      conserved(world);
      if (second == 80)
        world.set_route("checkout",
                        {.active = true, .apex = Role::Primary, .routes = {50_pct, 50_pct}});
      if (second == 140) world.scale(target, 0);
    }
    CHECK(world.version_counters("checkout", 1).requests > 100);
    CHECK(world.counters(target).mirrored > 100);
  }
}

TEST_CASE("the split follows the weight, and copies never change an answer") {
  Scenario scenario = shop();
  TrafficWorld world{scenario, 7};
  world.create_primary("checkout", 3);
  world.run_until(Instant{60s});
  world.set_version(world.workload("checkout", Role::Target), 1);
  world.run_until(Instant{90s});
  const auto before = world.version_counters("checkout", 1);
  world.set_route("checkout", {.active = true, .apex = Role::Primary, .routes = {80_pct, 20_pct}});
  world.run_until(Instant{390s});
  const auto after = world.version_counters("checkout", 1);
  // About 300 s × 100/s × 20 % = 6000 requests and their retries; half of the answers fail.
  const auto requests = static_cast<double>(after.requests - before.requests);
  CHECK(requests > 5500);
  CHECK(requests < 7500);
  CHECK(static_cast<double>(after.failures - before.failures) / requests ==
        Approx(0.51).margin(0.05));

  const auto failures_at_edge = [&](bool mirrored) {
    TrafficWorld other{scenario, 7};
    other.create_primary("checkout", 3);
    other.run_until(Instant{60s});
    other.set_version(other.workload("checkout", Role::Target), 1);
    other.run_until(Instant{90s});
    other.set_route("checkout",
                    {.active = true, .apex = Role::Primary, .routes = {.mirrored = mirrored}});
    other.run_until(Instant{150s});
    return other.version_counters("checkout", 1).failures;
  };
  CHECK(failures_at_edge(true) ==
        failures_at_edge(false));  // INV-18: no answer to a user came from a copy
}

TEST_CASE("the same request meets the same fate, however it is routed") {
  // Errors are drawn per request: with equal versions, any split leaves the total unchanged while
  // nothing queues.
  Scenario scenario = shop();
  scenario.releases[0].changes = {};
  scenario.services[0].calls.clear();
  scenario.traffic[0].timeout = {};
  const auto failures = [&](int weight) {
    TrafficWorld world{scenario, 11};
    world.create_primary("checkout", 3);
    world.run_until(Instant{60s});
    world.set_version(world.workload("checkout", Role::Target), 1);
    world.set_route(
        "checkout",
        {.active = true, .apex = Role::Primary, .routes = {Weight{100 - weight}, Weight{weight}}});
    world.run_until(Instant{300s});
    return world.edge(0).failures;
  };
  const auto at_ten = failures(10);
  CHECK(at_ten == failures(60));
}

TEST_CASE(
    "a rollout keeps to its surge and its availability, and misses its deadline when pods never "
    "get ready") {
  Scenario scenario = shop();
  scenario.services[0].replicas = 4;
  scenario.services[0].progress_deadline = 60s;
  scenario.traffic[0].rate = 1;
  TrafficWorld world{scenario, 3};
  const WorkloadId target = world.workload("checkout", Role::Target);
  world.set_version(target, 1);
  CHECK(world.view(target).generation > world.view(target).observed_generation);
  for (int step = 0; step < 100; ++step) {
    world.run_until(Instant{step * 500ms});
    const WorkloadView view = world.view(target);
    CHECK(view.replicas <= 5);  // 25 % of 4
    CHECK(view.available >= 3);
  }
  CHECK(world.view(target).progressing_reason == "NewReplicaSetAvailable");

  scenario.releases[0].changes.never_ready = true;
  TrafficWorld stuck{scenario, 3};
  stuck.set_version(target, 1);
  stuck.run_until(Instant{30s});
  CHECK(stuck.view(target).progressing_reason == "ReplicaSetUpdated");
  stuck.run_until(Instant{120s});
  CHECK(stuck.view(target).progressing_reason == "ProgressDeadlineExceeded");
  CHECK(stuck.view(target).available >= 3);
}

TEST_CASE(
    "a route change takes effect after the mesh's propagation delay, in the order of the writes") {
  Scenario scenario = shop();
  scenario.mesh.propagation = {.p50 = 5s};
  TrafficWorld world{scenario, 5};
  world.create_primary("checkout", 3);
  world.run_until(Instant{60s});
  world.set_version(world.workload("checkout", Role::Target), 1);
  world.set_route("checkout", {.active = true, .apex = Role::Primary, .routes = {}});
  world.run_until(Instant{120s});
  world.set_route("checkout", {.active = true, .apex = Role::Primary, .routes = {0_pct, 100_pct}});
  const auto before = world.version_counters("checkout", 1).requests;
  world.run_until(Instant{124s});
  CHECK(world.version_counters("checkout", 1).requests == before);
  world.run_until(Instant{130s});
  CHECK(world.version_counters("checkout", 1).requests > before + 300);
}

TEST_CASE("session affinity: who met the canary stays, so its share grows beyond its weight") {
  Scenario scenario = shop();
  scenario.releases[0].changes = {};
  TrafficWorld world{scenario, 9};
  world.create_primary("checkout", 3);
  world.run_until(Instant{60s});
  world.set_version(world.workload("checkout", Role::Target), 1);
  world.run_until(Instant{90s});
  world.set_route(
      "checkout",
      {.active = true, .apex = Role::Primary, .routes = {90_pct, 10_pct}, .canary_cookie = 1});
  world.run_until(Instant{390s});
  const double requests = static_cast<double>(world.version_counters("checkout", 1).requests);
  CHECK(requests > 0.5 * 300 * 100);  // 60 requests a user: nearly everybody has met it by the end
}

TEST_CASE("two worlds with one seed are equal, another seed differs") {
  const auto events = [](std::uint64_t seed) {
    TrafficWorld world{shop(), seed};
    world.run_until(Instant{60s});
    return std::pair{world.kernel_events(), world.edge(0).failures};
  };
  CHECK(events(1) == events(1));
  CHECK(events(1) != events(2));
}
