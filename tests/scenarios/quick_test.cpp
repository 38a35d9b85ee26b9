#include "scenarios/quick.hpp"

#include <cmath>

#include <catch2/catch.hpp>

#include "scenarios/load.hpp"

namespace volary {
namespace {

using namespace std::chrono_literals;

Policy policy_of(const std::string& more = "", const std::string& analysis = "stepWeight: 10",
                 const std::string& service = "port: 80") {
  auto policies = read_policies(
      "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: podinfo, namespace: test}\n"
      "spec:\n  provider: nginx\n"
      "  targetRef: {apiVersion: apps/v1, kind: Deployment, name: podinfo}\n"
      "  autoscalerRef: {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, name: "
      "podinfo}\n"
      "  service: {" +
          service +
          "}\n"
          "  analysis: {interval: 1m, threshold: 5, maxWeight: 50, " +
          analysis + "}\n" + more,
      "canary.yaml");
  INFO((policies ? "" : to_string(policies.error())));
  REQUIRE(policies);
  return policies->front();
}

std::vector<sim::Scenario> flown(const Policy& policy, const QuickFlags& flags) {
  const auto worlds = quick_scenarios(policy, flags);
  INFO((worlds ? "" : to_string(worlds.error())));
  REQUIRE(worlds);
  REQUIRE(worlds->size() == 2);
  return *worlds;
}

/// Busy workers over all workers, at the start.
double utilization(const sim::Scenario& scenario) {
  const sim::Service& s = scenario.services[0];
  const double sigma =
      std::log(seconds(s.latency.p99) / seconds(s.latency.p50)) / 2.3263478740408408;
  const double mean = seconds(s.latency.p50) * std::exp(sigma * sigma / 2);
  return scenario.traffic[0].rate * mean / (s.replicas * s.concurrency);
}

void refused(const QuickFlags& flags, const std::string& message) {
  const auto worlds = quick_scenarios(policy_of(), flags);
  REQUIRE_FALSE(worlds);
  CHECK(worlds.error().kind == ErrorKind::Invalid);
  CHECK_THAT(to_string(worlds.error()), Catch::Matchers::Contains(message));
}

}  // namespace

TEST_CASE("flags and a Canary make a good and a bad release in one world") {
  const auto worlds = flown(policy_of(), {.rps = "200", .p99 = "300ms", .errors = "0.1%"});
  const sim::Scenario& good = worlds[0];
  const sim::Scenario& bad = worlds[1];
  CHECK_FALSE(good.releases[0].bad);
  CHECK(good.releases[0].changes == sim::Changes{});
  CHECK(bad.releases[0].bad);
  CHECK(bad.releases[0].changes.errors == 0.02);
  CHECK(good.services == bad.services);
  CHECK(good.traffic == bad.traffic);
  CHECK(good.mesh.provider == "nginx");
  CHECK(good.traffic[0].rate == 200);
  CHECK(good.services[0].name == "podinfo");
  CHECK(good.services[0].ns == "test");
  CHECK(good.services[0].errors == 0.001);
  CHECK(good.services[0].latency.p99 == 300ms);
  CHECK(good.services[0].latency.p50 == 50ms);
  CHECK(good.services[0].replicas == 2);
  CHECK(utilization(good) <= 0.5);
  CHECK(utilization(good) > 0.3);
  CHECK(good.duration >= 20min);
}

TEST_CASE("Deployment and autoscaler of the same files are the world's") {
  const Policy policy = policy_of(R"(---
apiVersion: apps/v1
kind: Deployment
metadata: {name: podinfo, namespace: test}
spec:
  replicas: 7
  progressDeadlineSeconds: 90
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  template: {spec: {containers: [{name: podinfo, image: podinfo}]}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: podinfo, namespace: test}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: podinfo}
  minReplicas: 3
  maxReplicas: 12
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]
)");
  const sim::Service service = flown(policy, {.rps = "3000/m"})[0].services[0];
  CHECK(service.replicas == 3);
  CHECK(service.max_replicas == 12);
  CHECK(service.cpu_target == 0.6);
  CHECK(service.max_surge == "1");
  CHECK(service.max_unavailable == "0");
  CHECK(service.progress_deadline == 90s);
}

TEST_CASE("an A/B test finds users to test on, gRPC is told from the port") {
  const auto worlds =
      flown(policy_of("",
                      "iterations: 10, match: [{headers: {x-canary: {exact: insider}}}, "
                      "{headers: {cookie: {regex: \"^(.*?;)?(canary=always)(;.*)?$\"}}}]",
                      "port: 80, portName: grpc-api"),
            {});
  const auto& segments = worlds[0].traffic[0].segments;
  REQUIRE(segments.size() == 2);
  CHECK(segments[0].headers.at("x-canary") == "insider");
  CHECK(segments[1].headers.at("cookie") == "canary=always");
  CHECK(segments[0].share == 0.05);
  CHECK(worlds[0].services[0].protocol == sim::Protocol::Grpc);
  CHECK(worlds[0].traffic[0].protocol == sim::Protocol::Grpc);
}

TEST_CASE("option --bad takes every change of a release") {
  const auto changes = flown(policy_of(), {.bad = {"errors=+5%,latency=x1.5", "warmup.for=90s",
                                                   "leak=2%/m,crashEvery=5m,onset=3m"}})[1]
                           .releases[0]
                           .changes;
  CHECK(changes.errors == 0.05);
  CHECK(changes.latency == 1.5);
  CHECK(changes.warmup == 90s);
  CHECK(changes.leak == 0.02);
  CHECK(changes.crash_every == 5min);
  CHECK(changes.onset == 3min);
}

TEST_CASE("a wrong flag is named") {
  refused({.rps = "many"}, "--rps: 'many/s' is not a rate such as 200/s");
  refused({.rps = "-5"}, "--rps");
  refused({.rps = "NaN"}, "--rps");
  refused({.p99 = "300"}, "--p99: '300' is not a duration");
  refused({.p50 = "400ms", .p99 = "300ms"}, "--p50: p50 400ms is above p99 300ms");
  refused({.errors = "0.1"}, "--errors: '0.1' is not a share such as 0.5%");
  refused({.bad = {"errors"}}, "--bad: 'errors' is not of the form key=value");
  refused({.bad = {"erors=+2%"}}, "--bad: unknown key 'erors'");
  refused({.bad = {"latency=2"}}, "--bad: latency: '2' is not a factor");
  refused({.bad = {"errors=+0%"}}, "--bad: changes nothing");
  refused({.bad = {"errors=+99.95%"}}, "--bad: with --errors 0.1% this makes 100.05%");
  refused({.bad = {"errors=+1%,errors=+2%"}}, "--bad: 'errors' is said twice");
}

TEST_CASE("what init writes is the world of the flags") {
  const QuickFlags flags{.rps = "200", .p99 = "300ms", .bad = {"latency=x1.3"}};
  const auto text = first_scenario(policy_of(), flags);
  REQUIRE(text);
  INFO(*text);
  const auto read = read_scenario(*text, "init.yaml");
  REQUIRE(read);
  const sim::Scenario bad = flown(policy_of(), flags)[1];
  CHECK(read->services == bad.services);
  CHECK(read->traffic == bad.traffic);
  CHECK(read->releases == bad.releases);
  CHECK(read->duration == bad.duration);
  CHECK_THAT(read->story, Catch::Matchers::Contains("docs/scenarios.md"));
}

}  // namespace volary
