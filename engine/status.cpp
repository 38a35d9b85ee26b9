#include <fmt/format.h>

#include "engine/affinity.hpp"
#include "engine/changes.hpp"
#include "engine/pass.hpp"

namespace volary {
namespace {

constexpr int conflict_tries = 5;  // ST-50

/// ST-30..39.
std::string condition_message(Phase phase, const std::string& kind) {
  switch (phase) {
    case Phase::Initialized: return fmt::format("{} initialization completed.", kind);
    case Phase::Waiting:
    case Phase::WaitingPromotion: return "Waiting for approval.";
    case Phase::Progressing: return "New revision detected, progressing canary analysis.";
    case Phase::Promoting: return "Canary analysis completed, starting primary rolling update.";
    case Phase::Finalising: return "Canary analysis completed, routing all traffic to primary.";
    case Phase::Succeeded: return "Canary analysis completed successfully, promotion finished.";
    case Phase::Failed: return fmt::format("Canary analysis failed, {} scaled to zero.", kind);
    default: return fmt::format("New {} detected, starting initialization.", kind);
  }
}

std::string_view condition_status(Phase phase) {
  switch (phase) {
    case Phase::Initialized:
    case Phase::Succeeded: return "True";
    case Phase::Failed: return "False";
    default: return "Unknown";
  }
}

}  // namespace

/// ST-41: the entry is rewritten only when its status or reason changes.
void set_condition(CanaryStatus& status, Phase phase, const std::string& target_kind, Instant now) {
  const std::string_view state = condition_status(phase);
  if (status.condition && status.condition->status == state &&
      status.condition->reason == to_string(phase))
    return;
  const bool same_state = status.condition && status.condition->status == state;
  status.condition = Condition{
      .status = std::string{state},
      .reason = std::string{to_string(phase)},
      .message = condition_message(phase, target_kind),
      .last_update = now,
      .last_transition = same_state ? status.condition->last_transition : now,
  };
}

Result<void> Pass::write(const Canary& base, const Edit& edit) {
  // ST-50. The reference repeats a conflicting write from the stored object and keeps its in-memory
  // copy as it was read; that is visible in the cookies (SA-13), so compat mode does the same.
  Canary current = base;
  for (int attempt = 0; attempt < conflict_tries; ++attempt) {
    if (attempt > 0) {
      auto stored = ports_.store.read();
      if (!stored) return tl::unexpected(stored.error());
      current = *std::move(stored);
      if (strict()) {  // cures the loss: what this tick moved in memory is carried over
        current.status.session_affinity_cookie = canary_.status.session_affinity_cookie;
        current.status.primary_session_affinity_cookie =
            canary_.status.primary_session_affinity_cookie;
        current.status.previous_session_affinity_cookie =
            canary_.status.previous_session_affinity_cookie;
      }
    }
    CanaryStatus wanted = current.status;
    edit(wanted);
    wanted.last_transition_time = ports_.clock.now();  // ST-11
    const auto version = ports_.store.write_status(wanted, current.version);
    if (version) {
      if (strict()) {
        canary_.status = wanted;
        canary_.version = *version;
      }
      return {};
    }
    if (version.error().kind != ErrorKind::Conflict) return tl::unexpected(version.error());
  }
  return fail(ErrorKind::Conflict, "the status of canary {} kept changing under {} writes",
              canary_text(), conflict_tries);
}

Result<void> Pass::write_sync(const Canary& base, CanaryStatus wanted) {
  auto revision = ports_.workload.fingerprint();
  if (!revision) return tl::unexpected(revision.error());
  auto configs = ports_.workload.tracked_configs();
  if (!configs) {
    // an ending must be able to end. Strict mode keeps what was last seen of the configs.
    const bool ending = wanted.phase == Phase::Failed;
    if (!strict() || !ending) return tl::unexpected(configs.error());
    cured("Q-34", fmt::format("the release ends although {}", to_string(configs.error())));
    configs = as_read_.tracked_configs;
  }
  return write(base, [&](CanaryStatus& status) {
    status.phase = wanted.phase;
    status.canary_weight = wanted.canary_weight;
    status.failed_checks = wanted.failed_checks;
    status.iterations = wanted.iterations;
    status.last_applied_spec = *revision;
    status.tracked_configs = *configs;
    if (wanted.phase == Phase::Initialized) status.last_promoted_spec = *revision;
    set_condition(status, wanted.phase, canary_.spec.target_ref.kind, ports_.clock.now());
  });
}

Result<void> Pass::write_phase(const Canary& base, Phase phase) {
  return write(base, [&](CanaryStatus& status) {
    const bool waits = phase == Phase::WaitingPromotion;
    if (phase != Phase::Progressing && phase != Phase::Waiting && phase != Phase::Promoting) {
      // strict mode goes on showing where the release stands while it waits for its
      // promotion.
      if (!(strict() && waits)) {
        status.canary_weight = 0;
        status.iterations = waits ? plan_.iterations - 1 : 0;
      }
    }
    if (phase == Phase::Initialized || phase == Phase::Succeeded)
      status.last_promoted_spec = status.last_applied_spec;
    status.phase = phase;
    set_condition(status, phase, canary_.spec.target_ref.kind, ports_.clock.now());
  });
}

Result<void> Pass::write_failed_check() {
  const int failed = as_read_.failed_checks + 1;
  return write(canary_, [&](CanaryStatus& status) { status.failed_checks = failed; });
}

Result<void> Pass::write_weight(Weight weight) {
  return write(canary_, [&](CanaryStatus& status) { status.canary_weight = weight.percent(); });
}

Result<void> Pass::write_iterations(int iterations) {
  return write(canary_, [&](CanaryStatus& status) { status.iterations = iterations; });
}

Result<void> Pass::route(const Routes& routes) {
  Canary with_cookies = canary_;
  const auto moved = move_cookies(canary_, plan_.provider, routes.canary, with_cookies.status,
                                  ports_.entropy, settings_.compat);
  if (!moved) return moved;
  auto set = ports_.router.set_routes(with_cookies, routes);
  if (set) canary_.status = with_cookies.status;
  return set;
}

void Pass::say_in(Phase phase, EventId id, std::string text, std::string value,
                  std::string detail) {
  // controller.md §6: which of them warn.
  static constexpr EventId warnings[] = {
      EventId::Error,
      EventId::ProvidersDown,
      EventId::PrimaryNotReady,
      EventId::GateRolloutClosed,
      EventId::CanaryNotReady,
      EventId::RollbackHookYes,
      EventId::RollbackManual,
      EventId::PreFail,
      EventId::RolloutHookFail,
      EventId::NoValues,
      EventId::QueryError,
      EventId::NoQuery,
      EventId::Breach,
      EventId::K8sNoAb,
      EventId::K8sNoWeights,
      EventId::K8sIterations,
      EventId::GateTrafficClosed,
      EventId::GatePromotionClosed,
      EventId::Threshold,
      EventId::Failed,
      EventId::PromotionFailed,
      EventId::PostFail,
  };
  Event event{.id = id,
              .value = std::move(value),
              .detail = std::move(detail),
              .text = std::move(text),
              .phase = phase};
  for (const EventId warning : warnings) event.warning = event.warning || warning == id;
  ports_.recorder.event(event);
  // HOOK-60..62
  for (const Webhook& hook : canary_.spec.analysis.webhooks) {
    if (hook.type != HookType::Event) continue;
    (void)ports_.webhooks.call({.hook = &hook,
                                .canary = canary_.name,
                                .phase = phase,
                                .checksum = checksum_,
                                .event = &event});
  }
}

void Pass::say(EventId id, std::string text, std::string value, std::string detail) {
  say_in(phase_, id, std::move(text), std::move(value), std::move(detail));
}

void Pass::cured(const char* quirk, std::string text) {
  say(EventId::Cured, std::move(text), {}, quirk);
}

void Pass::alert(AlertId id, std::string text, bool with_metadata) {
  Severity severity = Severity::Info;  // controller.md §7
  switch (id) {
    case AlertId::Wait:
    case AlertId::WaitTraffic:
    case AlertId::WaitPromotion:
    case AlertId::RollbackManual: severity = Severity::Warn; break;
    case AlertId::Threshold:
    case AlertId::PromotionFailed:
    case AlertId::Deadline: severity = Severity::Error; break;
    default: break;
  }
  ports_.recorder.alert(
      {.id = id, .severity = severity, .text = std::move(text), .with_metadata = with_metadata});
}

bool Pass::done(const Result<void>& result) {
  if (!result) say(EventId::Error, to_string(result.error()));
  return result.has_value();
}

}  // namespace volary
