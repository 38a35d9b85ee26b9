#include <catch2/catch.hpp>

#include "sim/traffic_world.hpp"
#include "tests/support/statistics.hpp"

using namespace volary;
using namespace volary::sim;
using namespace volary::sim::test;
using namespace std::chrono_literals;

// docs/models/services.md: pods, rollouts, what a version does to them, the autoscaler.
namespace {

Scenario web(int replicas, Changes changes = {}) {
  Scenario scenario;
  scenario.services = {{.name = "web",
                        .replicas = replicas,
                        .startup = {.law = Latency::Law::Lognormal, .p50 = 5s, .p99 = 15s},
                        .concurrency = 1000,
                        .latency = {.p50 = 10ms}}};
  scenario.traffic = {{.name = "users", .to = "web", .rate = 100}};
  scenario.releases = {{.at = 0s, .service = "web", .version = "v2", .changes = changes}};
  return scenario;
}

/// Median of what users waited in so much more time, in units of 10 ms.
double slowdown(TrafficWorld& world, Duration time) {
  const EdgeCounters before = world.edge(0);
  world.run_until(world.now() + time);
  return *world.edge(0).latency.quantiles_since(before.latency, std::array{0.5})[0] / 10;
}

double failing_share(TrafficWorld& world, Duration time) {
  const EdgeCounters before = world.edge(0);
  world.run_until(world.now() + time);
  const EdgeCounters& now = world.edge(0);
  return static_cast<double>(now.failures - before.failures) /
         static_cast<double>(now.requests - before.requests);
}

const Catch::Detail::Approx about(double factor) { return Approx(factor).epsilon(1.0 / 32); }

}  // namespace

TEST_CASE("a rollout keeps within maxSurge and maxUnavailable at every moment") {
  struct Case {
    int replicas;
    const char *surge, *unavailable;
    int most, least_available;  ///< by the Deployment's rules: surge up, unavailable down
  };
  for (const Case& c :
       {Case{4, "25%", "25%", 5, 3}, Case{1, "25%", "25%", 2, 1}, Case{3, "25%", "25%", 4, 3},
        Case{10, "25%", "25%", 13, 8}, Case{10, "30%", "0", 13, 10}, Case{10, "0", "30%", 10, 7},
        Case{10, "0", "1%", 10, 9},  // rounds to 0 beside 0: one, or nothing moves
        Case{10, "0", "0", 10, 9}, Case{5, "2", "1", 7, 4}, Case{7, "100%", "0", 14, 7},
        Case{8, "0", "100%", 8, 0}, Case{6, "1", "0%", 7, 6}, Case{100, "10%", "5%", 110, 95}}) {
    Scenario scenario = web(c.replicas);
    scenario.services[0].max_surge = c.surge;
    scenario.services[0].max_unavailable = c.unavailable;
    TrafficWorld world{scenario, 3};
    const WorkloadId id = world.workload("web", Role::Target);
    world.set_version(id, 1);
    int most = 0, least = c.replicas;
    for (int step = 1; step <= 4000; ++step) {
      world.run_until(Instant{step * 100ms});
      const WorkloadView view = world.view(id);
      most = std::max(most, view.replicas);
      least = std::min(least, view.available);
      if (view.updated == c.replicas && view.replicas == c.replicas &&
          view.available == c.replicas && step > 2)
        break;
    }
    INFO(c.replicas << " pods, surge " << c.surge << ", unavailable " << c.unavailable << ": "
                    << least << " … " << most);
    CHECK(most <= c.most);
    CHECK(least >= c.least_available);
    CHECK((most == c.most || least == c.least_available));  // it uses what it may
    CHECK(world.view(id).progressing_reason == "NewReplicaSetAvailable");
    CHECK(world.view(id).updated == c.replicas);
  }
}

TEST_CASE("scaling keeps what is ready, and zero replicas answer nobody") {
  TrafficWorld world{web(4), 1};
  const WorkloadId id = world.workload("web", Role::Target);
  world.run_until(Instant{10s});
  world.scale(id, 2);
  world.run_until(Instant{11s});
  CHECK(world.ready_pods(id) == 2);
  CHECK(failing_share(world, 10s) == 0);
  world.scale(id, 0);
  world.run_until(world.now() + 1s);
  CHECK(failing_share(world, 10s) == 1);  // 503: there is no endpoint
  world.scale(id, 3);
  world.run_until(world.now() + 60s);
  CHECK(world.ready_pods(id) == 3);
  CHECK(failing_share(world, 10s) == 0);
  for (const Conservation& books : world.conservation()) CHECK(books.holds());

  TrafficWorld empty{web(0), 1};
  CHECK(failing_share(empty, 10s) == 1);
}

TEST_CASE("a warm-up makes new pods slow and faulty, and is over when it says") {
  Scenario scenario =
      web(1, {.errors = 0.1, .warmup = 60s, .warmup_latency = 3, .warmup_errors = 0.4});
  scenario.services[0].startup = {.p50 = 5s};
  scenario.services[0].max_surge = "0";
  TrafficWorld world{scenario, 2};
  CHECK(slowdown(world, 20s) == about(1));
  world.set_version(world.workload("web", Role::Target), 1);
  world.run_until(world.now() + 6s);  // away at once, the new one ready after 5.1 s
  const auto before = world.version_counters("web", 1);
  CHECK(slowdown(world, 50s) == about(3));
  const auto after = world.version_counters("web", 1);
  CHECK(std::abs(binomial_z(static_cast<double>(after.failures - before.failures),
                            static_cast<double>(after.requests - before.requests), 0.5)) <
        4.42);  // 1e-5
  world.run_until(world.now() + 10s);
  CHECK(slowdown(world, 20s) == about(1));
  CHECK(std::abs(z_score(failing_share(world, 100s), 0.1, std::sqrt(0.09 / 10'000))) < 4.42);
}

TEST_CASE("a leak grows from its onset on, minute by minute") {
  Scenario scenario = web(1, {.latency = 2, .leak = 0.5, .onset = 120s});
  scenario.services[0].startup = {.p50 = 1s};
  TrafficWorld world{scenario, 2};
  world.set_version(world.workload("web", Role::Target), 1);
  world.run_until(Instant{2s});
  CHECK(slowdown(world, 100s) == about(1));
  world.run_until(Instant{120s + 1100ms});
  CHECK(slowdown(world, 2s) == Approx(2).epsilon(0.05));
  world.run_until(Instant{360s});
  CHECK(slowdown(world, 2s) == Approx(2 * (1 + 0.5 * 4)).epsilon(0.05));
}

TEST_CASE("a crash loop waits 0, 10, 20, 40 … 300 s before its restarts") {
  Scenario scenario = web(1, {.crash_every = 2s});
  scenario.services[0].startup = {.p50 = 1s};
  scenario.services[0].max_surge = "0";
  TrafficWorld world{scenario, 4};
  world.set_version(world.workload("web", Role::Target), 1);
  bool up = false;
  std::vector<double> gaps;
  double went_down = 0;
  for (int step = 1; step < 40'000; ++step) {
    world.run_until(Instant{step * 50ms});
    const bool now_up = world.ready_pods(0) == 1 && world.view(0).updated == 1;
    if (!now_up && up) went_down = step * 0.05;
    if (now_up && !up && went_down > 0) gaps.push_back(step * 0.05 - went_down);
    up = now_up;
  }
  const double waits[] = {1, 11, 21, 41, 81, 161, 301, 301};
  REQUIRE(gaps.size() >= 8);
  for (std::size_t i = 0; i < 8; ++i) CHECK(gaps[i] == Approx(waits[i]).margin(0.11));
}

TEST_CASE("what a crashing pod was doing fails, and only that") {
  // Crashes are exponential with mean 30 s over three pods that need 1 s to come back at first.
  Scenario scenario = web(3, {.crash_every = 30s});
  scenario.services[0].latency = {.p50 = 200ms};
  TrafficWorld world{scenario, 5};
  world.set_version(world.workload("web", Role::Target), 1);
  world.run_until(Instant{40s});
  for (int i = 0; i < 20; ++i) {
    world.run_until(world.now() + 7s);
    for (const Conservation& books : world.conservation()) CHECK(books.holds());
  }
  // Of 100/s, 20 are under way at any time: some 7 are lost with a pod, and nothing else fails but
  // what finds no pod at all.
  CHECK(world.version_counters("web", 1).failures > 0);
  CHECK(world.version_counters("web", 0).failures == 0);
}

TEST_CASE("requests that wait before a pod that dies are counted for the pod's version") {
  Scenario scenario = web(1);
  scenario.services[0].concurrency = 1;
  scenario.services[0].latency = {.p50 = 10s};
  scenario.services[0].max_unavailable = "0";
  scenario.services[0].startup = {.p50 = 1h};
  scenario.faults = {{.kind = Fault::Kind::PodsLost, .at = 30s, .target = "web", .count = 1}};
  TrafficWorld world{scenario, 6};
  world.run_until(Instant{1s});
  world.set_version(world.workload("web", Role::Target), 1);  // the new pod is still starting
  world.run_until(Instant{30s - 1ms});
  const int waiting = world.queued(0);
  CHECK(waiting > 1000);
  const auto before = world.version_counters("web", 0).failures;
  world.run_until(Instant{30s});
  CHECK(world.version_counters("web", 0).failures - before >= static_cast<unsigned>(waiting));
  CHECK(world.version_counters("web", 1).failures == 0);
}

TEST_CASE("the autoscaler aims at its utilization, and is slow to let go") {
  // 100/s · 0.5 s = 50 workers busy; 10 a pod at 50 % makes 10 pods.
  Scenario scenario = web(2);
  scenario.services[0].concurrency = 10;
  scenario.services[0].queue = 10'000;
  scenario.services[0].latency = {.p50 = 500ms};
  scenario.services[0].max_replicas = 40;
  scenario.services[0].cpu_target = 0.5;
  scenario.services[0].startup = {.p50 = 5s};
  scenario.traffic[0].profile = {.kind = Profile::Kind::Points,
                                 .points = {{0s, 1}, {20min, 1}, {20min + 1s, 0.2}}};
  TrafficWorld world{scenario, 7};
  world.run_until(Instant{15min});
  CHECK(world.ready_pods(0) >= 9);
  CHECK(world.ready_pods(0) <= 13);
  const int before = world.ready_pods(0);
  world.run_until(Instant{24min});
  CHECK(world.ready_pods(0) == before);  // the highest wish of five minutes
  world.run_until(Instant{35min});
  CHECK(world.ready_pods(0) <= 3);  // 10 workers busy: two, or what noise asked for
}

TEST_CASE("two thousand pods roll out within their bounds, in good time") {
  Scenario scenario = web(2000);
  scenario.traffic[0].rate = 20'000;
  TrafficWorld world{scenario, 8};
  world.set_version(0, 1);
  for (int second = 1; second <= 60; ++second) {
    world.run_until(Instant{std::chrono::seconds{second}});
    CHECK(world.view(0).replicas <= 2500);
    CHECK(world.view(0).available >= 1500);
  }
  world.run_until(Instant{120s});
  CHECK(world.view(0).progressing_reason == "NewReplicaSetAvailable");
  CHECK(world.edge(0).failures == 0);
}
