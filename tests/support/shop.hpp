#pragma once

#include "policies/policy.hpp"
#include "sim/scenario.hpp"

/// A small web shop and an ordinary policy, written by hand: good and bad releases that tests can
/// turn.
namespace volary::sim::test {

using namespace std::chrono_literals;

inline Scenario shop(bool bad) {
  Scenario scenario;
  scenario.name = "shop";
  scenario.duration = 30min;
  scenario.mesh.propagation = {.law = Latency::Law::Lognormal, .p50 = 800ms, .p99 = 4s};
  scenario.telemetry = {
      .scrape_interval = 15s, .delay = 2s, .query_time = 20ms, .hook_time = 200ms};
  scenario.services = {{.name = "checkout",
                        .ns = "shop",
                        .replicas = 3,
                        .startup = {.law = Latency::Law::Lognormal, .p50 = 8s, .p99 = 25s},
                        .concurrency = 16,
                        .latency = {.law = Latency::Law::Lognormal, .p50 = 40ms, .p99 = 200ms},
                        .errors = 0.001}};
  scenario.traffic = {
      {.name = "shoppers", .to = "checkout", .rate = 200, .users = 20'000, .timeout = 2s}};
  scenario.releases = {{.at = 2min, .service = "checkout", .version = "v2", .bad = bad}};
  if (bad) scenario.releases[0].changes = {.errors = 0.05};
  return scenario;
}

inline Policy policy() {
  Policy policy;
  policy.label = "checkout";
  Canary& canary = policy.canary;
  canary.name = {"shop", "checkout"};
  canary.spec.provider = "istio";
  canary.spec.target_ref = {"apps/v1", "Deployment", "checkout"};
  canary.spec.service.port = 80;
  Analysis& analysis = canary.spec.analysis;
  analysis.interval = "1m";
  analysis.threshold = 3;
  analysis.step_weight = 10;
  analysis.max_weight = 50;
  analysis.metrics = {{.name = "request-success-rate",
                       .interval = "1m",
                       .range = ThresholdRange{.min = 99, .max = {}}},
                      {.name = "request-duration",
                       .interval = "1m",
                       .range = ThresholdRange{.min = {}, .max = 500}}};
  return policy;
}

}  // namespace volary::sim::test
