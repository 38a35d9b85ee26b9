#include "sim/report/records.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "live/decision_log.hpp"

namespace volary::sim::report {
namespace {

using nlohmann::json;

json number(const std::optional<double>& value) { return value ? json(*value) : json(nullptr); }

json version(const VersionSample& sample) {
  return {{"requests", sample.requests},  {"failures", sample.failures},
          {"p50", number(sample.p50_ms)}, {"p95", number(sample.p95_ms)},
          {"p99", number(sample.p99_ms)}, {"pods", sample.ready_pods},
          {"queued", sample.queued}};
}

}  // namespace

std::string records(const Run& run) {
  std::string lines = live::header_record({.canary = run.canary,
                                           .compat = run.compat,
                                           .plan = run.plan,
                                           .world = "simulated",
                                           .source = run.scenario,
                                           .seed = run.seed});
  for (const TickRecord& tick : run.ticks) lines += live::tick_records(tick);
  for (const Sample& sample : run.samples) {
    lines += json{{"record", "sample"},
                  {"at", seconds(sample.at.time_since_epoch())},
                  {"length", seconds(sample.length)},
                  {"primary", version(sample.primary)},
                  {"canary", version(sample.canary)},
                  {"mirrored", version(sample.mirrored)},
                  {"users",
                   {{"requests", sample.user_requests},
                    {"failures", sample.user_failures},
                    {"p50", number(sample.user_p50_ms)},
                    {"p95", number(sample.user_p95_ms)},
                    {"p99", number(sample.user_p99_ms)}}}}
                 .dump() +
             "\n";
  }
  const Score& score = run.score;
  json books = json::array();
  for (const Conservation& one : run.conservation)
    books.push_back({{"service", one.service},
                     {"arrived", one.arrived},
                     {"answered", one.answered},
                     {"failed", one.failed},
                     {"inFlight", one.in_flight}});
  lines += json{{"record", "verdict"},
                {"scenario", run.scenario},
                {"policy", run.policy},
                {"seed", run.seed},
                {"outcome", to_string(score.outcome)},
                {"badRelease", score.bad_release},
                {"right", score.right()},
                {"decidedAfter",
                 score.decided_after ? json(seconds(*score.decided_after)) : json(nullptr)},
                {"exposedRequests", score.exposed_requests},
                {"harmedRequests", score.harmed_requests},
                {"harmedUsers", score.harmed_users},
                {"users", score.users},
                {"failedRequests", score.failed_requests},
                {"userRequests", score.user_requests},
                {"maxCanaryWeight", score.max_canary_weight},
                {"requests", run.requests},
                {"kernelEvents", run.kernel_events},
                {"conservation", books},
                {"digest", fmt::format("{:016x}", run.digest)}}
               .dump() +
           "\n";
  return lines;
}

}  // namespace volary::sim::report
