#include "live/decision_log.hpp"

#include <nlohmann/json.hpp>

namespace volary::live {
namespace {

using nlohmann::json;

double at(Instant instant) { return seconds(instant.time_since_epoch()); }

std::string line(const json& record) {
  // What is not UTF-8 (a server's error text, say) is replaced rather than thrown over.
  return record.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

json optional_number(const std::optional<double>& value) {
  return value ? json(*value) : json(nullptr);
}

std::string_view word(CheckEvidence::Verdict verdict) {
  switch (verdict) {
    case CheckEvidence::Verdict::Pass: return "pass";
    case CheckEvidence::Verdict::Breach: return "breach";
    case CheckEvidence::Verdict::NoValues: return "no-values";
    case CheckEvidence::Verdict::Error: return "error";
  }
  return "";
}

json routes_of(const std::optional<Routes>& routes) {
  if (!routes) return nullptr;
  return {{"primary", routes->primary.percent()},
          {"canary", routes->canary.percent()},
          {"mirrored", routes->mirrored}};
}

}  // namespace

std::string header_record(const LogHeader& header) {
  json weights = json::array();
  for (const Weight w : header.plan.ramp()) weights.push_back(w.percent());
  return line({{"record", "header"},
               {"version", 1},
               {"canary", header.canary.name},
               {"namespace", header.canary.ns},
               {"world", header.world},
               {"source", header.source},
               {"seed", header.seed},
               {"compat", to_string(header.compat)},
               {"plan",
                {{"provider", header.plan.provider},
                 {"strategy", to_string(header.plan.strategy)},
                 {"interval", seconds(header.plan.interval)},
                 {"threshold", header.plan.threshold},
                 {"iterations", header.plan.iterations},
                 {"maxWeight", header.plan.max_weight.percent()},
                 {"weights", weights}}}});
}

std::string tick_records(const TickRecord& tick) {
  std::string lines =
      line({{"record", "tick"},
            {"tick", tick.number},
            {"began", at(tick.began)},
            {"ended", at(tick.ended)},
            {"phase", to_string(tick.status.phase)},
            {"canaryWeight", tick.status.canary_weight},
            {"iterations", tick.status.iterations},
            {"failedChecks", tick.status.failed_checks},
            {"routes", routes_of(tick.routes)},
            {"target", {{"replicas", tick.target_replicas}, {"version", tick.target_version}}},
            {"primary", {{"replicas", tick.primary_replicas}, {"version", tick.primary_version}}},
            {"lastAppliedSpec", tick.status.last_applied_spec},
            {"lastPromotedSpec", tick.status.last_promoted_spec}});
  for (const HookRecord& hook : tick.hooks) {
    lines += line({{"record", "hook"},
                   {"tick", tick.number},
                   {"hook", hook.hook},
                   {"type", to_string(hook.type)},
                   {"phase", to_string(hook.phase)},
                   {"passed", hook.passed},
                   {"error", hook.error},
                   {"took", seconds(hook.took)}});
  }
  for (const CheckEvidence& check : tick.checks) {
    lines += line({{"record", "check"},
                   {"tick", tick.number},
                   {"check", check.name},
                   {"hook", check.hook},
                   {"verdict", word(check.verdict)},
                   {"value", optional_number(check.value)},
                   {"unit", check.unit},
                   {"min", optional_number(check.min)},
                   {"max", optional_number(check.max)},
                   {"samples", optional_number(check.samples)},
                   {"window", seconds(check.window)},
                   {"query", check.query},
                   {"reason", check.reason}});
  }
  for (const Event& event : tick.events) {
    lines += line({{"record", "event"},
                   {"tick", tick.number},
                   {"event", to_string(event.id)},
                   {"type", event.warning ? "Warning" : "Normal"},
                   {"value", event.value},
                   {"detail", event.detail},
                   {"phase", to_string(event.phase)},
                   {"text", event.text}});
  }
  for (const Alert& alert : tick.alerts) {
    lines += line({{"record", "alert"},
                   {"tick", tick.number},
                   {"alert", to_string(alert.id)},
                   {"severity", to_string(alert.severity)},
                   {"text", alert.text}});
  }
  return lines;
}

}  // namespace volary::live
