#include "sim/scripted/ports.hpp"

#include <algorithm>

#include "engine/builtin_queries.hpp"

namespace volary::sim {

std::string ScriptedEntropy::letters(int count) {
  static constexpr std::string_view alphabet =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string text(static_cast<std::size_t>(std::max(0, count)), 'a');
  int number = ++state_.letters_drawn;
  for (auto letter = text.rbegin(); letter != text.rend() && number > 0; ++letter) {
    *letter = alphabet[static_cast<std::size_t>(number) % alphabet.size()];
    number /= static_cast<int>(alphabet.size());
  }
  return text;
}

Result<Canary> ScriptedStore::read() {
  if (state_.gone)
    return fail(ErrorKind::NotFound, "canary {} not found", to_string(state_.canary.name));
  return state_.canary;
}

Result<std::int64_t> ScriptedStore::write_status(const CanaryStatus& status, std::int64_t version) {
  if (state_.gone)
    return fail(ErrorKind::NotFound, "canary {} not found", to_string(state_.canary.name));
  if (auto allowed = state_.may_write(WriteClass::Status); !allowed)
    return tl::unexpected(allowed.error());
  if (version != state_.canary.version)
    return fail(ErrorKind::Conflict, "canary {}: the object has been modified",
                to_string(state_.canary.name));
  state_.canary.status = status;
  return ++state_.canary.version;
}

Result<void> ScriptedStore::set_finalizer(bool present) {
  if (state_.canary.finalizer == present) return {};
  state_.canary.finalizer = present;
  ++state_.canary.version;
  if (state_.canary.deleting && !present) state_.gone = true;
  return {};
}

Result<void> ScriptedRouter::reconcile(const Canary& canary) {
  if (!state_.route.needs_write(canary)) return {};
  if (auto allowed = state_.may_write(WriteClass::Route); !allowed) return allowed;
  state_.route.reconcile(canary);
  return {};
}

Result<Routes> ScriptedRouter::routes(const Canary& canary) { return state_.route.read(canary); }

Result<void> ScriptedRouter::set_routes(const Canary& canary, const Routes& routes) {
  if (state_.family != RouteFamily::Kubernetes)
    if (auto allowed = state_.may_write(WriteClass::Route); !allowed) return allowed;
  return state_.route.write(canary, routes);
}

Result<void> ScriptedRouter::finalize(const Canary&) {
  if (state_.route.exists() && state_.route.finalize_writes())
    if (auto allowed = state_.may_write(WriteClass::Route); !allowed) return allowed;
  return state_.route.finalize();
}

Result<Measurement> ScriptedMetrics::query(const MetricQuery& query) {
  state_.queries.push_back(query.metric);
  std::string answer = state_.all_checks;
  if (const auto said = state_.checks.find(query.metric); said != state_.checks.end()) {
    answer = said->second;
  } else if (query.metric_template) {
    if (const auto named = state_.checks.find(query.metric_template->name.name);
        named != state_.checks.end())
      answer = named->second;
  }
  if (answer == "pass" || answer == "fail")
    answer = answer_within_bounds(state_.canary.spec.analysis, query.metric, answer == "pass");
  auto value = prometheus_answer(answer);
  if (!value) return tl::unexpected(value.error());
  Measurement measured;
  measured.value = *value;
  // A test speaks in the unit of the bound; these providers' own text answers seconds (OBS-07,
  // MET-14).
  if (query.kind == MetricQuery::Kind::BuiltinDuration &&
      query_family(state_.canary, {}) == QueryFamily::PlainHttp)
    measured.value /= 1000;
  measured.newest = state_.now;
  return measured;
}

Result<void> ScriptedMetrics::online(const MetricQuery&) {
  state_.queries.emplace_back("vector(1)");
  const auto value = prometheus_answer(state_.server);
  if (!value) return tl::unexpected(value.error());
  if (*value != 1)
    return fail(ErrorKind::Unavailable, "the test query answered {} instead of 1",
                *value);  // PRV-09
  return {};
}

Result<MetricTemplate> ScriptedMetrics::find_template(const ObjectName& name) {
  for (const MetricTemplate& known : state_.templates)
    if (known.name.name == name.name && (known.name.ns.empty() || known.name.ns == name.ns))
      return known;
  return fail(ErrorKind::NotFound, "metric template {} not found", to_string(name));
}

Result<void> ScriptedWebhooks::call(const HookCall& call) {
  std::string request = call.hook->name + " " + std::string{to_string(call.phase)};
  if (call.event)
    request += " " + short_form(*call.event) + (call.event->warning ? " Warning" : " Normal");
  state_.calls.push_back(std::move(request));

  const auto said = state_.hooks.find(call.hook->name);
  const std::string answer = said != state_.hooks.end()              ? said->second
                             : call.hook->type == HookType::Rollback ? "403"
                                                                     : "200";
  // HOOK-02, HOOK-05.
  if (answer == "200" || answer == "201" || answer == "202") return {};
  if (answer == "timeout")
    return fail(ErrorKind::Timeout, "POST {}: no answer in time", call.hook->url);
  if (answer == "drop")
    return fail(ErrorKind::Unavailable, "POST {}: connection closed without answer",
                call.hook->url);
  return fail(ErrorKind::Unavailable, "POST {}: status {}", call.hook->url, answer);
}

void ScriptedRecorder::event(const Event& event) { state_.events.push_back(short_form(event)); }

void ScriptedRecorder::alert(const Alert& alert) {
  state_.alerts.push_back(std::string{to_string(alert.id)} + ":" +
                          std::string{to_string(alert.severity)});
}

void ScriptedRecorder::evidence(const CheckEvidence& evidence) {
  std::string said;
  if (evidence.value) said = fmt::format("{}{}", *evidence.value, evidence.unit);
  switch (evidence.verdict) {
    case CheckEvidence::Verdict::Pass: said += " passed"; break;
    case CheckEvidence::Verdict::Breach: said += " breached"; break;
    case CheckEvidence::Verdict::NoValues: said += "no values"; break;
    case CheckEvidence::Verdict::Error: said += "error: " + evidence.reason; break;
  }
  state_.evidence.emplace_back(evidence.name, std::move(said));
}

}  // namespace volary::sim
