#include <algorithm>

#include <fmt/format.h>

#include "engine/builtin_queries.hpp"
#include "engine/judge.hpp"
#include "engine/pass.hpp"
#include "engine/query_template.hpp"

namespace volary {
namespace {

bool success_rate(const MetricCheck& check) { return check.name == "request-success-rate"; }
bool duration(const MetricCheck& check) { return check.name == "request-duration"; }
bool builtin(const MetricCheck& check) { return success_rate(check) || duration(check); }

}  // namespace

Result<void> Pass::call_hook(const Webhook& hook, Phase phase) {
  return ports_.webhooks.call(
      {.hook = &hook, .canary = canary_.name, .phase = phase, .checksum = checksum_});
}

Pass::Gate Pass::rollout_gate(const Canary& fresh) {
  for (const Webhook& hook : fresh.spec.analysis.webhooks) {
    if (hook.type != HookType::ConfirmRollout) continue;
    if (call_hook(hook, fresh.status.phase)) {
      say(EventId::GateRolloutOpen, fmt::format("Confirm-rollout check {} passed", hook.name), {},
          hook.name);
      continue;
    }
    if (fresh.status.phase != Phase::Waiting) {
      (void)write_phase(fresh, Phase::Waiting);  // a failing write is only logged (HOOK-20)
      say(EventId::GateRolloutClosed,
          fmt::format("Halt {} advancement waiting for approval {}", canary_text(), hook.name), {},
          hook.name);
      if (!hook.mute_alert) alert(AlertId::Wait, "Canary is waiting for approval.");
    }
    return Gate::Closed;
  }
  return Gate::Open;
}

bool Pass::pre_rollout_passes() {
  for (const Webhook& hook : canary_.spec.analysis.webhooks) {
    if (hook.type != HookType::PreRollout) continue;
    const auto called = call_hook(hook, Phase::Progressing);
    ports_.recorder.evidence(
        {.name = hook.name,
         .hook = true,
         .verdict = called ? CheckEvidence::Verdict::Pass : CheckEvidence::Verdict::Error,
         .reason = called ? "" : to_string(called.error())});
    if (!called) {
      say(EventId::PreFail,
          fmt::format("Halt {} advancement pre-rollout check {} failed {}", canary_text(),
                      hook.name, to_string(called.error())),
          {}, hook.name);
      return false;
    }
    say(EventId::PrePass, fmt::format("Pre-rollout check {} passed", hook.name), {}, hook.name);
  }
  return true;
}

Pass::Gate Pass::traffic_gate() {
  for (const Webhook& hook : canary_.spec.analysis.webhooks) {
    if (hook.type != HookType::ConfirmTrafficIncrease) continue;
    if (!call_hook(hook, Phase::Progressing)) {
      say(EventId::GateTrafficClosed,
          fmt::format("Halt {} advancement waiting for traffic increase approval {}", canary_text(),
                      hook.name),
          {}, hook.name);
      if (!hook.mute_alert)
        alert(AlertId::WaitTraffic, "Canary traffic increase is waiting for approval.");
      return Gate::Closed;
    }
    say(EventId::GateTrafficOpen,
        fmt::format("Confirm-traffic-increase check {} passed", hook.name), {}, hook.name);
  }
  return Gate::Open;
}

Pass::Gate Pass::promotion_gate() {
  for (const Webhook& hook : canary_.spec.analysis.webhooks) {
    if (hook.type != HookType::ConfirmPromotion) continue;
    if (call_hook(hook, Phase::Progressing)) {
      say(EventId::GatePromotionOpen, fmt::format("Confirm-promotion check {} passed", hook.name),
          {}, hook.name);
      continue;
    }
    if (phase_ != Phase::WaitingPromotion) {
      (void)write_phase(canary_,
                        Phase::WaitingPromotion);  // a failing write is only logged (SM-80)
      say(EventId::GatePromotionClosed,
          fmt::format("Halt {} advancement waiting for promotion approval {}", canary_text(),
                      hook.name),
          {}, hook.name);
      if (!hook.mute_alert)
        alert(AlertId::WaitPromotion, "Canary promotion is waiting for approval.");
    } else if (!strict()) {  // strict mode polls on every tick without turning the counter
                             // back
      (void)write_iterations(plan_.iterations - 1);
    }
    return Gate::Closed;
  }
  return Gate::Open;
}

void Pass::post_rollout(Phase phase, Phase event_phase) {
  for (const Webhook& hook : canary_.spec.analysis.webhooks) {
    if (hook.type != HookType::PostRollout) continue;
    if (const auto called = call_hook(hook, phase); !called) {
      say_in(event_phase, EventId::PostFail,
             fmt::format("Post-rollout hook {} failed {}", hook.name, to_string(called.error())),
             {}, hook.name);
      return;
    }
    say_in(event_phase, EventId::PostPass, fmt::format("Post-rollout check {} passed", hook.name),
           {}, hook.name);
  }
}

bool Pass::analysis_passes() {
  for (const Webhook& hook : canary_.spec.analysis.webhooks) {  // SM-60
    if (hook.type != HookType::Rollout) continue;
    const auto called = call_hook(hook, Phase::Progressing);
    ports_.recorder.evidence(
        {.name = hook.name,
         .hook = true,
         .verdict = called ? CheckEvidence::Verdict::Pass : CheckEvidence::Verdict::Error,
         .reason = called ? "" : to_string(called.error())});
    if (!called) {
      say(EventId::RolloutHookFail,
          fmt::format("Halt {} advancement external check {} failed {}", canary_text(), hook.name,
                      to_string(called.error())),
          {}, hook.name);
      return false;
    }
  }
  const auto& metrics = canary_.spec.analysis.metrics;
  for (const MetricCheck& check : metrics) {  // SM-61, SM-62: first pass
    if (success_rate(check) && !metric_passes(check, MetricQuery::Kind::BuiltinSuccessRate))
      return false;
    if (duration(check) && !metric_passes(check, MetricQuery::Kind::BuiltinDuration)) return false;
    if (!check.query.empty() && !metric_passes(check, MetricQuery::Kind::Inline)) return false;
  }
  return std::ranges::all_of(metrics,
                             [this](const MetricCheck& check) { return template_passes(check); });
}

bool Pass::metric_passes(const MetricCheck& check, MetricQuery::Kind kind) {
  const QueryFamily family = query_family(canary_, settings_);
  TemplateValues values = template_values(canary_, check, "1m");
  if (family == QueryFamily::Skipper && kind != MetricQuery::Kind::Inline)
    values = skipper_values(std::move(values));
  MetricQuery query{.kind = kind,
                    .metric = check.name,
                    .provider_type = "prometheus",
                    .server = canary_.spec.metrics_server.empty() ? settings_.metrics_server
                                                                  : canary_.spec.metrics_server,
                    .text = {},
                    .interval = values.interval};
  const auto text = render_query(
      kind == MetricQuery::Kind::Inline ? check.query : builtin_query(family, kind), values);
  if (!text && strict()) return verdict(check, query, tl::unexpected(text.error()));
  // the reference sends an in-line query that does not render as an empty one.
  if (text) query.text = collapse_space(*text);
  if (kind != MetricQuery::Kind::Inline)
    if (const auto requests = render_query(requests_query(family), values))
      query.requests = collapse_space(*requests);
  return verdict(check, query, ports_.metrics.query(query));
}

bool Pass::template_passes(const MetricCheck& check) {
  if (!check.template_ref) {
    if (builtin(check) || !check.query.empty()) return true;
    say(EventId::NoQuery,
        fmt::format("metric {} has neither a template nor a query", check.name));  // ANA-47
    ports_.recorder.evidence({.name = check.name,
                              .verdict = CheckEvidence::Verdict::Error,
                              .reason = "neither a templateRef nor a query"});
    return false;
  }
  ObjectName name = *check.template_ref;
  if (name.ns.empty()) name.ns = canary_.name.ns;
  const auto refused = [&](const Error& error) {  // MET-30, MET-31
    say(EventId::QueryError,
        fmt::format("Metric template {} error: {}", to_string(name), to_string(error)), {},
        to_string(name));
    ports_.recorder.evidence(
        {.name = check.name, .verdict = CheckEvidence::Verdict::Error, .reason = to_string(error)});
    return false;
  };
  const auto found = ports_.metrics.find_template(name);
  if (!found) return refused(found.error());
  const TemplateValues values = template_values(canary_, check, strict() ? "1m" : "");
  const auto text = render_query(found->query, values);
  if (!text) return refused(text.error());
  const MetricQuery query{.kind = MetricQuery::Kind::Template,
                          .metric = check.name,
                          .provider_type = found->provider_type,
                          .server = found->address,
                          .text = *text,
                          .interval = values.interval,
                          .metric_template = &*found};
  return verdict(check, query, ports_.metrics.query(query));
}

bool Pass::verdict(const MetricCheck& check, const MetricQuery& query,
                   const Result<Measurement>& answer) {
  const bool is_builtin = query.kind == MetricQuery::Kind::BuiltinSuccessRate ||
                          query.kind == MetricQuery::Kind::BuiltinDuration;
  Judged judged =
      judge(check,
            {.kind = query.kind,
             .duration_in_seconds = query_family(canary_, settings_) == QueryFamily::PlainHttp,
             .compat = settings_.compat},
            answer);
  judged.evidence.query = query.text;
  ports_.recorder.evidence(judged.evidence);
  switch (judged.evidence.verdict) {
    case CheckEvidence::Verdict::Pass: return true;
    case CheckEvidence::Verdict::Breach:
      say(EventId::Breach,
          fmt::format("Halt {} advancement {} {}", canary_text(), check.name, judged.breach), {},
          check.name + "|" + judged.breach);
      return false;
    case CheckEvidence::Verdict::NoValues:
      say(EventId::NoValues,
          is_builtin
              ? fmt::format("Halt advancement no values found for {} metric {} probably {} is not "
                            "receiving "
                            "traffic: {}",
                            plan_.provider, check.name, target_text(), judged.evidence.reason)
              : fmt::format("Halt advancement no values found for custom metric: {}: {}",
                            check.name, judged.evidence.reason),
          {}, check.name);
      return false;
    case CheckEvidence::Verdict::Error:
      say(EventId::QueryError,
          fmt::format("Metric query failed for {}: {}", check.name, judged.evidence.reason), {},
          is_builtin ? "" : check.name);
      return false;
  }
  return false;
}

void Pass::test_providers() {  // MET-50
  for (const MetricCheck& check : canary_.spec.analysis.metrics) {
    Result<void> online{};
    std::string what = check.name;
    if (builtin(check)) {
      online = ports_.metrics.online({.kind = MetricQuery::Kind::BuiltinSuccessRate,
                                      .metric = check.name,
                                      .provider_type = "prometheus",
                                      .server = canary_.spec.metrics_server.empty()
                                                    ? settings_.metrics_server
                                                    : canary_.spec.metrics_server,
                                      .text = "vector(1)",
                                      .interval = {}});
    } else if (check.template_ref) {
      ObjectName name = *check.template_ref;
      if (name.ns.empty()) name.ns = canary_.name.ns;
      what = to_string(name);
      const auto found = ports_.metrics.find_template(name);
      if (!found) {
        online = tl::unexpected(found.error());
      } else {
        online = ports_.metrics.online({.kind = MetricQuery::Kind::Template,
                                        .metric = check.name,
                                        .provider_type = found->provider_type,
                                        .server = found->address,
                                        .text = "vector(1)",
                                        .interval = {},
                                        .metric_template = &*found});
      }
    }
    if (!online) {
      say(EventId::ProvidersDown,
          fmt::format("Metric provider of {} not available: {}", what, to_string(online.error())));
      return;
    }
  }
  say(EventId::ProvidersUp, "all the metrics providers are available!");
}

}  // namespace volary
