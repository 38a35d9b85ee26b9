#pragma once

#include <cmath>
#include <string>
#include <utility>

#include "sim/run.hpp"

/// A run written by hand: the bad release of a checkout service, noticed and rolled back. No
/// simulator is needed to see what a report makes of it.
namespace volary::sample {

using namespace std::chrono_literals;

struct Flight {
  sim::Scenario scenario;
  Policy policy;
  sim::Run run;
};

inline Instant at(Duration since_start) { return Instant{since_start}; }

inline CheckEvidence success(double value) {
  return {.name = "request-success-rate",
          .verdict = value >= 99 ? CheckEvidence::Verdict::Pass : CheckEvidence::Verdict::Breach,
          .value = value,
          .unit = "%",
          .min = 99.0,
          .query = "sum(rate(istio_requests_total{response_code!~\"5.*\"}[1m]))",
          .window = 1min,
          .samples = 1180.0};
}
inline CheckEvidence p99(double value) {
  return {.name = "request-duration",
          .verdict = value <= 500 ? CheckEvidence::Verdict::Pass : CheckEvidence::Verdict::Breach,
          .value = value,
          .unit = "ms",
          .max = 500.0,
          .query = "histogram_quantile(0.99, …)",
          .window = 1min,
          .samples = 1180.0};
}
inline CheckEvidence no_data() {
  return {.name = "request-success-rate",
          .verdict = CheckEvidence::Verdict::NoValues,
          .unit = "%",
          .min = 99.0,
          .reason = "no values found"};
}

inline Flight checkout() {
  Flight flight;
  sim::Scenario& scenario = flight.scenario;
  scenario.name = "checkout-errors";
  scenario.story = "Version 2 of checkout fails two requests in a hundred.";
  scenario.source = "kind: Scenario\nmetadata: {name: checkout-errors}\n";
  scenario.duration = 12min;
  scenario.services = {{.name = "checkout"}, {.name = "payments"}};
  scenario.releases = {{.at = 2min,
                        .service = "checkout",
                        .version = "v2",
                        .bad = true,
                        .changes = {.errors = 0.02}}};
  scenario.faults = {{.kind = sim::Fault::Kind::SlowDependency,
                      .at = 5min,
                      .duration = 90s,
                      .target = "payments",
                      .latency = 5}};

  Policy& policy = flight.policy;
  policy.label = "checkout";
  policy.file = "canary.yaml";
  policy.source = "kind: Canary\nmetadata: {name: checkout} # <script>alert(1)</script>\n";
  Canary& canary = policy.canary;
  canary.name = {"prod", "checkout"};
  canary.spec.target_ref = {"apps/v1", "Deployment", "checkout"};
  canary.spec.analysis = {.interval = "1m", .threshold = 2, .step_weight = 10, .max_weight = 50};
  canary.spec.analysis.metrics = {{.name = "request-success-rate",
                                   .interval = "1m",
                                   .range = ThresholdRange{.min = 99.0, .max = {}}},
                                  {.name = "request-duration",
                                   .interval = "1m",
                                   .range = ThresholdRange{.min = {}, .max = 500.0}}};

  sim::Run& run = flight.run;
  run.scenario = scenario.name;
  run.policy = policy.label;
  run.seed = 7;
  run.canary = canary.name;
  run.service = "checkout";
  run.plan = plan(canary, {});
  run.release_at = at(2min);
  run.ended = at(12min);
  run.notes = {"Canary checkout is bound to service checkout"};
  run.digest = 0x0123456789abcdef;

  struct Row {
    Phase phase;
    int weight, failed;
    std::vector<Event> events;
    std::vector<CheckEvidence> checks;
  };
  const auto told = [](EventId id, std::string text, std::string value = {}, bool warning = false) {
    return Event{.id = id, .warning = warning, .value = std::move(value), .text = std::move(text)};
  };
  const std::vector<Row> rows{
      {Phase::Initialized,
       0,
       0,
       {told(EventId::InitDone, "Initialization done! checkout.prod")},
       {}},
      {Phase::Initialized, 0, 0, {}, {}},
      {Phase::Progressing,
       0,
       0,
       {told(EventId::NewRevision, "New revision detected! Scaling up checkout.prod")},
       {}},
      {Phase::Progressing,
       10,
       0,
       {told(EventId::Start, "Starting canary analysis for checkout.prod"),
        told(EventId::Weight, "Advance checkout.prod canary weight 10", "10")},
       {}},
      {Phase::Progressing,
       10,
       1,
       {told(EventId::NoValues, "Halt advancement no values found", {}, true)},
       {no_data()}},
      {Phase::Progressing,
       20,
       1,
       {told(EventId::Weight, "Advance checkout.prod canary weight 20", "20")},
       {success(99.41), p99(312)}},
      {Phase::Progressing,
       20,
       2,
       {told(EventId::Breach, "Halt checkout.prod advancement", {}, true)},
       {success(97.0212)}},
      {Phase::Failed,
       0,
       0,
       {told(EventId::Threshold, "Rolling back checkout.prod failed checks threshold reached 2",
             "2", true),
        told(EventId::Failed, "Canary failed! Scaling down checkout.prod", {}, true)},
       {}},
      {Phase::Failed, 0, 0, {}, {}},
      {Phase::Failed, 0, 0, {}, {}},
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    sim::TickRecord tick{.number = static_cast<int>(i), .began = at(60s * static_cast<int>(i))};
    tick.ended = tick.began + 40ms;
    tick.status.phase = row.phase;
    tick.status.canary_weight = row.weight;
    tick.status.failed_checks = row.failed;
    tick.routes = Routes{.primary = Weight{100 - row.weight}, .canary = Weight{row.weight}};
    tick.primary_replicas = 2;
    tick.target_replicas = row.phase == Phase::Progressing ? 2 : 0;
    tick.target_version = i < 2 ? "v1" : "v2";
    tick.primary_version = "v1";
    tick.events = row.events;
    tick.checks = row.checks;
    run.ticks.push_back(std::move(tick));
  }
  for (int i = 1; i <= 72; ++i) {  // every ten seconds
    const double weight =
        rows[std::min<std::size_t>(static_cast<std::size_t>((i - 1) / 6), rows.size() - 1)].weight;
    const double wave = std::sin(i * 0.7);
    sim::Sample sample{.at = at(10s * i), .length = 10s};
    sample.primary.requests = static_cast<std::uint32_t>((100 - weight) * 20 + 40 * wave);
    sample.primary.failures = static_cast<std::uint32_t>(2 + wave);
    sample.primary.p50_ms = 40 + wave;
    sample.primary.p95_ms = 180 + 6 * wave;
    sample.primary.p99_ms = 300 + 20 * wave;
    sample.primary.ready_pods = 2;
    if (weight > 0) {
      sample.canary.requests = static_cast<std::uint32_t>(weight * 20);
      sample.canary.failures = static_cast<std::uint32_t>(weight * 20 * (0.021 + 0.008 * wave));
      sample.canary.p50_ms = 44 + wave;
      sample.canary.p95_ms = 200 + 9 * wave;
      sample.canary.p99_ms = 340 + 40 * wave;
      sample.canary.ready_pods = 2;
    }
    sample.user_requests = sample.primary.requests + sample.canary.requests;
    sample.user_failures = sample.primary.failures + sample.canary.failures;
    run.samples.push_back(sample);
  }
  run.score = {.outcome = sim::Outcome::RolledBack,
               .bad_release = true,
               .decided_after = 5min,
               .exposed_requests = 7214,
               .harmed_requests = 148,
               .failed_requests = 262,
               .user_requests = 60120,
               .harmed_users = 139,
               .users = 20000,
               .max_canary_weight = 20};
  run.conservation = {
      {.service = "", .arrived = 144000, .answered = 143716, .failed = 284, .in_flight = 0}};
  return flight;
}

}  // namespace volary::sample
