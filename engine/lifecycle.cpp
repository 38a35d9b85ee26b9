#include <fmt/format.h>

#include "engine/pass.hpp"
#include "engine/tick.hpp"

/// How an object enters the table and how it leaves it: what happens outside of its ticks.
namespace volary {

void set_condition(CanaryStatus& status, Phase phase, const std::string& target_kind,
                   Instant now);  // status.cpp

namespace {

/// VAL-10: an empty namespace is the Canary's own.
Result<void> refers_to_own_namespace(const Canary& canary) {
  const auto own = [&](const std::string& ns) { return ns.empty() || ns == canary.name.ns; };
  const auto refused = [&](const std::string& what, const std::string& ns) {
    return fail(ErrorKind::Invalid,
                "canary {}: {} is in namespace {}, and references to others are off",
                to_string(canary.name), what, ns);
  };
  const CanarySpec& spec = canary.spec;
  if (spec.upstream_ref && !own(spec.upstream_ref->ns))
    return refused("upstreamRef " + spec.upstream_ref->name, spec.upstream_ref->ns);
  for (const MetricCheck& check : spec.analysis.metrics)
    if (check.template_ref && !own(check.template_ref->ns))
      return refused("the template of metric " + check.name, check.template_ref->ns);
  for (const AlertRef& alert : spec.analysis.alerts)
    if (!own(alert.provider.ns))
      return refused("the provider of alert " + alert.name, alert.provider.ns);
  return {};
}

}  // namespace

Result<void> admit(const Ports& ports, const EngineSettings& settings) {
  auto read = ports.store.read();
  if (!read) return tl::unexpected(read.error());
  const Canary& canary = *read;
  const CanarySpec& spec = canary.spec;
  const bool knative =
      spec.target_ref.kind == "Service" && spec.target_ref.api_version == "serving.knative.dev/v1";
  if (knative != (spec.provider == "knative"))  // VAL-11
    return fail(ErrorKind::Invalid,
                "canary {}: provider knative and a Knative Service target belong together",
                to_string(canary.name));
  if (knative && spec.autoscaler_ref)  // VAL-12
    return fail(ErrorKind::Invalid, "canary {}: a Knative Service cannot have an autoscalerRef",
                to_string(canary.name));
  if (spec.analysis.session_affinity &&
      spec.analysis.session_affinity->cookie_name ==
          spec.analysis.session_affinity->primary_cookie_name)  // VAL-13
    return fail(ErrorKind::Invalid, "canary {}: cookieName and primaryCookieName are both '{}'",
                to_string(canary.name), spec.analysis.session_affinity->cookie_name);
  if (settings.no_cross_namespace_refs)
    if (auto own = refers_to_own_namespace(canary); !own) return own;

  if (!canary.status.condition) {
    CanaryStatus status = canary.status;
    status.phase = Phase::Initializing;
    status.last_transition_time = ports.clock.now();
    set_condition(status, Phase::Initializing, spec.target_ref.kind, ports.clock.now());
    const auto written = ports.store.write_status(status, canary.version);
    if (!written) return tl::unexpected(written.error());
  }
  if (spec.revert_on_deletion != canary.finalizer && !canary.deleting)  // FIN-02
    return ports.store.set_finalizer(spec.revert_on_deletion);
  return {};
}

Result<void> revert(const Ports& ports, const EngineSettings& settings) {
  auto canary = ports.store.read();
  if (!canary) return tl::unexpected(canary.error());
  return Pass{ports, settings, *std::move(canary)}.revert();
}

/// FIN-10.
Result<void> Pass::revert() {
  using namespace std::chrono_literals;
  Workload& workload = ports_.workload;
  if (phase_ != Phase::Terminated) {  // FIN-22
    if (phase_ != Phase::Terminating) {
      if (auto written = write_phase(canary_, Phase::Terminating); !written) return written;
      say(EventId::Terminating, fmt::format("Terminating canary {}", canary_text()));
      auto stored = ports_.store.read();
      if (!stored) return tl::unexpected(stored.error());
      canary_ = *std::move(stored);
    }
    if (canary_.spec.autoscaler_ref)
      if (auto resumed = workload.resume_autoscaler(); !resumed) return resumed;
    if (auto restored = workload.restore_target(); !restored) return restored;
    // Tries at 0, 3, 9 and 21 s. Each wait is twice as long as the one before; when the next would
    // exceed the interval, the last is spent without a try behind it.
    Readiness canary = ready(Role::Target);
    for (const Duration pause : {Duration{3s}, Duration{6s}, Duration{12s}}) {
      if (canary.ready || !canary.retriable) break;
      workload.wait(pause);
      if (2 * pause > plan_.interval) break;
      canary = ready(Role::Target);
    }
    if (!canary.ready)
      return fail(ErrorKind::Unavailable, "{} is not ready: {}", target_text(), canary.reason);
    if (auto reverted = workload.revert_services(); !reverted) return reverted;
    if (auto finalized = ports_.router.finalize(canary_); !finalized) return finalized;
  }
  if (auto released = ports_.store.set_finalizer(false); !released) return released;
  say(EventId::Terminated, fmt::format("Terminated canary {}", canary_text()));
  return {};
}

}  // namespace volary
