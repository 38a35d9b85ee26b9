#include "live/operator/recorder.hpp"

#include <algorithm>

#include "engine/changes.hpp"
#include "live/webhooks.hpp"

namespace volary::live {
namespace {

/// CTL-20: a failed query is an error of ours; most warnings are the release's.
Log::Level level_of(const Event& event) {
  switch (event.id) {
    case EventId::QueryError:
    case EventId::NoQuery:
    case EventId::ProvidersDown: return Log::Level::Error;
    default: return Log::Level::Info;
  }
}

bool has_event_hook(const Canary& canary) {
  const auto& hooks = canary.spec.analysis.webhooks;
  return std::any_of(hooks.begin(), hooks.end(),
                     [](const Webhook& hook) { return hook.type == HookType::Event; });
}

}  // namespace

ClusterRecorder::ClusterRecorder(const ReleaseWorld& world, const ReleaseSettings& settings,
                                 const Canary& canary)
    : world_{world},
      settings_{settings},
      canary_{canary},
      checksum_{hook_checksum(canary.status)},
      target_{canary.spec.target_ref.name} {}

Gauges::LabelList ClusterRecorder::labels() const {
  return {{"name", target_}, {"namespace", canary_.name.ns}};
}

void ClusterRecorder::event(const Event& event) {
  tick.events.push_back(event);
  world_.log.say(level_of(event), "release", event.text, canary_.name);
  const Instant now = world_.clock.now();
  if (auto written = world_.events.write(canary_.name, canary_.uid, event, now); !written) {
    world_.gauges.add("volary_events_lost_total", {});
    world_.log.say(Log::Level::Warn, "events", to_string(written.error()), canary_.name);
  }
  // HOOK-62: the global receiver is for objects that have none of their own.
  if (!settings_.event_webhook.empty() && !has_event_hook(canary_))
    world_.postbox.post(
        global_event(settings_.event_webhook, canary_.name, event.phase, checksum_, event, now));
}

void ClusterRecorder::alert(const Alert& alert) {
  tick.alerts.push_back(alert);
  world_.alerts.send(canary_, alert);
}

void ClusterRecorder::evidence(const CheckEvidence& evidence) {
  tick.checks.push_back(evidence);
  if (evidence.hook || !evidence.value) return;
  Gauges::LabelList with_metric = labels();
  with_metric.insert(with_metric.begin(), {"metric", evidence.name});
  // PM-06: request durations are exported in seconds.
  const double scale = evidence.unit == "ms" ? 1e-3 : 1;
  world_.gauges.set("flagger_canary_metric_analysis", with_metric, *evidence.value * scale);
}

void ClusterRecorder::weights(const Routes& routes) {
  const auto set = [&](const std::string& workload, Weight weight) {
    world_.gauges.set("flagger_canary_weight",
                      {{"namespace", canary_.name.ns}, {"workload", workload}}, weight.percent());
  };
  set(target_ + "-primary", routes.primary);
  set(target_, routes.canary);
}

void ClusterRecorder::ended(bool succeeded, std::string_view status) {
  const Strategy strategy = plan(canary_, settings_.engine).strategy;
  world_.gauges.add(succeeded ? "flagger_canary_successes_total" : "flagger_canary_failures_total",
                    {{"analysis_status", std::string{status}},
                     {"deployment_strategy", std::string{to_string(strategy)}},
                     {"name", target_},
                     {"namespace", canary_.name.ns}});
}

void ClusterRecorder::remark(const std::string& text) {
  event({.id = EventId::Cured, .detail = "routes", .text = text, .phase = canary_.status.phase});
}

void ClusterRecorder::pass_over(const CanaryStatus& status, Duration took) {
  world_.gauges.set("flagger_canary_status", labels(), status_figure(status.phase));
  world_.gauges.add("volary_ticks_total", labels());
  // PM-05 counts the passes that came as far as an analysis.
  if (!tick.checks.empty())
    world_.gauges.observe("flagger_canary_duration_seconds", labels(), seconds(took));
}

}  // namespace volary::live
