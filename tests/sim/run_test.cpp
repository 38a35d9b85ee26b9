#include "sim/run.hpp"

#include <catch2/catch.hpp>

#include "tests/support/shop.hpp"

using namespace volary;
using namespace volary::sim;
using volary::sim::test::policy;
using volary::sim::test::shop;
using namespace std::chrono_literals;

namespace {

Run flown(const Scenario& scenario, const Policy& rules, std::uint64_t seed = 1) {
  auto run = simulate(scenario, rules, {.seed = seed});
  INFO((run ? "" : to_string(run.error())));
  REQUIRE(run);
  return *std::move(run);
}

std::string events_of(const Run& run) {
  std::string text;
  for (const TickRecord& tick : run.ticks)
    for (const Event& event : tick.events) text += short_form(event) + " ";
  return text;
}

}  // namespace

TEST_CASE("a good release is promoted, a bad one is rolled back") {
  for (const bool bad : {false, true}) {
    const Run run = flown(shop(bad), policy());
    INFO(events_of(run));
    CHECK(run.score.outcome == (bad ? Outcome::RolledBack : Outcome::Promoted));
    CHECK(run.score.right());
    CHECK(run.requests > 100'000);
    CHECK(run.score.exposed_requests > 1000);
    if (bad) {
      CHECK(run.score.harmed_requests > 50);
      CHECK(run.score.harmed_users > 50);
      CHECK(run.ticks.back().primary_version == "v1");
    } else {
      CHECK(run.ticks.back().primary_version == "v2");
      CHECK(run.ticks.back().target_replicas == 0);
    }
    for (const Conservation& books : run.conservation) CHECK(books.holds());
  }
}

TEST_CASE("one seed, one run: equal digests, and another seed differs") {
  const auto digest = [](std::uint64_t seed) { return flown(shop(true), policy(), seed).digest; };
  CHECK(digest(5) == digest(5));
  CHECK(digest(5) != digest(6));
}

TEST_CASE("evidence carries value, bound, window and the requests behind it") {
  const Run run = flown(shop(false), policy());
  int seen = 0;
  for (const TickRecord& tick : run.ticks) {
    for (const CheckEvidence& check : tick.checks) {
      if (!check.value) continue;
      ++seen;
      CHECK(check.window == Duration{1min});
      REQUIRE(check.samples);
      const int weight = tick.status.canary_weight;
      if (check.name == "request-success-rate" && weight == 50)
        CHECK(*check.samples == Approx(200 * 60 * 0.45).margin(1600));
      CHECK(check.query.find("destination_workload=~\"checkout\"") != std::string::npos);
    }
  }
  CHECK(seen > 8);
}

TEST_CASE("before the canary has been scraped twice there is no data, as live") {
  Scenario scenario = shop(false);
  scenario.telemetry.scrape_interval = 60s;
  Policy rules = policy();
  rules.canary.spec.analysis.interval = "15s";
  const Run run = flown(scenario, rules);
  CHECK(events_of(run).find("EV-NO-VALUES|request-success-rate") != std::string::npos);
}

TEST_CASE("failed gRPC calls are HTTP 200: Istio's builtin success rate does not see them") {
  Scenario scenario = shop(true);
  scenario.services[0].protocol = Protocol::Grpc;
  scenario.traffic[0].protocol = Protocol::Grpc;
  const Run run = flown(scenario, policy());
  CHECK(run.score.outcome == Outcome::Promoted);
  CHECK_FALSE(run.score.right());
  // A query that looks at the gRPC status does.
  Policy aware = policy();
  aware.canary.spec.analysis.metrics = {
      {.name = "grpc-errors",
       .interval = "1m",
       .range = ThresholdRange{.min = {}, .max = 1},
       .query =
           "sum(rate(istio_requests_total{destination_workload=\"{{ target "
           "}}\",grpc_response_status!=\"0\"}[1m])) / "
           "sum(rate(istio_requests_total{destination_workload=\"{{ target }}\"}[1m])) * 100"}};
  CHECK(flown(scenario, aware).score.outcome == Outcome::RolledBack);
}

TEST_CASE(
    "a metric server that does not answer fails checks, a slow one makes the tick longer while "
    "traffic goes on") {
  Scenario down = shop(false);
  down.faults = {{.kind = Fault::Kind::MetricsDown, .at = 4min, .duration = 20min}};
  CHECK(flown(down, policy()).score.outcome == Outcome::RolledBack);

  Scenario slow = shop(false);
  slow.faults = {{.kind = Fault::Kind::MetricsSlow, .at = 0s, .duration = 30min, .delay = 3s}};
  const Run run = flown(slow, policy());
  CHECK(run.score.outcome == Outcome::Promoted);
  Duration longest{};
  for (const TickRecord& tick : run.ticks) longest = std::max(longest, tick.ended - tick.began);
  CHECK(longest >= Duration{6s});
  for (std::size_t i = 1; i < run.ticks.size(); ++i)
    CHECK(run.ticks[i].began - run.ticks[i - 1].began == Duration{1min});
}

TEST_CASE("a closed gate holds the release, an unanswered hook fails the check") {
  Scenario scenario = shop(false);
  scenario.faults = {
      {.kind = Fault::Kind::GateClosed, .at = 0s, .duration = 20min, .target = "go"}};
  Policy rules = policy();
  rules.canary.spec.analysis.webhooks = {
      {.name = "go", .url = "http://gate", .type = HookType::ConfirmPromotion},
      {.name = "load", .url = "http://load", .type = HookType::Rollout}};
  const Run run = flown(scenario, rules);
  CHECK(events_of(run).find("EV-GATE-PROMOTION-CLOSED|go") != std::string::npos);
  CHECK(run.score.outcome == Outcome::Promoted);
  CHECK(*run.score.decided_after > Duration{18min});

  scenario.faults = {{.kind = Fault::Kind::HookSlow,
                      .at = 0s,
                      .duration = 30min,
                      .target = "load",
                      .delay = 1min}};
  CHECK(flown(scenario, rules).score.outcome == Outcome::RolledBack);
}

TEST_CASE("what cannot be bound is refused with a hint") {
  Policy rules = policy();
  rules.canary.spec.target_ref.name = "podinfo";
  const Run bound = flown(shop(false), rules);
  REQUIRE_FALSE(bound.notes.empty());
  CHECK(bound.notes.front().find("bound to service checkout") != std::string::npos);
  CHECK(bound.score.outcome == Outcome::Promoted);

  rules = policy();
  rules.canary.spec.analysis.metrics[0].query = "sum(rate(istio_request_total[1m]))";
  const auto unknown = simulate(shop(false), rules, {});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message ==
        "metric request-success-rate: nothing in this world exports 'istio_request_total'");
  CHECK(unknown.error().hint.find("istio_requests_total") != std::string::npos);
  rules.canary.spec.analysis.metrics[0].query = "topk(3, istio_requests_total)";
  CHECK(simulate(shop(false), rules, {})
            .error()
            .message.find("1:1: function topk is not supported") != std::string::npos);
}

TEST_CASE("every provider's builtin queries find the series that its exporter writes") {
  for (const char* provider :
       {"istio", "linkerd", "appmesh", "appmesh:v1beta2", "contour", "gloo", "nginx", "skipper",
        "traefik", "apisix", "kuma", "osm", "gatewayapi:v1", "smi:v1alpha2"}) {
    INFO(provider);
    Policy rules = policy();
    rules.canary.spec.provider = provider;
    CHECK(flown(shop(false), rules).score.outcome == Outcome::Promoted);
    CHECK(flown(shop(true), rules).score.outcome == Outcome::RolledBack);
  }
  Policy plain = policy();
  plain.canary.spec.provider = "kubernetes";
  plain.canary.spec.analysis.step_weight = 0;
  plain.canary.spec.analysis.iterations = 3;
  plain.canary.spec.analysis.metrics.clear();
  CHECK(flown(shop(false), plain).score.outcome == Outcome::Promoted);
}
