#include "engine/tick.hpp"

#include <fmt/format.h>

#include "engine/changes.hpp"
#include "engine/pass.hpp"

namespace volary {

void tick(const Ports& ports, const EngineSettings& settings) {
  auto canary = ports.store.read();  // SM-01
  if (!canary) return;
  Pass{ports, settings, *std::move(canary)}.run();
}

Pass::Pass(const Ports& ports, const EngineSettings& settings, Canary canary)
    : ports_{ports},
      settings_{settings},
      canary_{std::move(canary)},
      as_read_{canary_.status},
      plan_{plan(canary_, settings_)},
      phase_{as_read_.phase},
      checksum_{hook_checksum(as_read_)} {}

void Pass::run() {
  if (canary_.spec.suspend) {  // SM-03
    say(EventId::Suspended,
        fmt::format("Canary {} is suspended, skipping analysis", canary_text()));
    return;
  }
  if (!prepare()) return;        // SM-04 … SM-13
  if (!has_work()) return;       // SM-14
  if (!primary_holds()) return;  // SM-15

  const auto routes = ports_.router.routes(canary_);  // SM-16
  if (routes) {
    now_ = *routes;
  } else if (strict() && routes.error().kind == ErrorKind::Invalid) {
    // Somebody left weights that mean nothing: the release goes on from the primary (INV-69).
    cured("Q-04", fmt::format("{}: all traffic is set to the primary", to_string(routes.error())));
    if (!done(route({}))) return;
  } else {
    say(EventId::Error, to_string(routes.error()));
    return;
  }
  ports_.recorder.weights(now_);

  if (!started()) return;       // SM-17
  if (!unchanged()) return;     // SM-18
  if (!canary_holds()) return;  // SM-19
  // SM-20. Strict mode finishes a promotion that is under way in its order (SM-104, INV-14).
  if (plan_.skip_analysis && !(strict() && promoting())) {
    promote_unchecked();
    return;
  }
  if (!not_called_back()) return;    // SM-21
  if (phase_ == Phase::Promoting) {  // SM-22
    if (done(ports_.workload.update_primary_autoscaler())) shift_back();
    return;
  }
  if (phase_ == Phase::Finalising) {  // SM-23
    finish();
    return;
  }
  if (as_read_.failed_checks >= plan_.threshold) {  // SM-24
    roll_back();
    return;
  }
  if (strict() && !repair_weights()) return;
  if (!analysed()) return;   // SM-25
  adapt_to_kubernetes();     // SM-26
  switch (plan_.strategy) {  // SM-27
    case Strategy::Progressive: step_progressive(); break;
    case Strategy::AbTesting: iterate_ab(); break;
    case Strategy::BlueGreen: iterate_blue_green(); break;
  }
}

bool Pass::in_analysis() const {
  return phase_ == Phase::Progressing || phase_ == Phase::WaitingPromotion;
}

bool Pass::initializing() const {
  return as_read_.phase == Phase::None || as_read_.phase == Phase::Initializing;
}

bool Pass::promoting() const { return phase_ == Phase::Promoting || phase_ == Phase::Finalising; }

std::string Pass::target_text() const {
  return to_string(ObjectName{canary_.name.ns, canary_.spec.target_ref.name});
}

std::string Pass::primary_text() const {
  return to_string(ObjectName{canary_.name.ns, canary_.spec.target_ref.name + "-primary"});
}

Readiness Pass::ready(Role role) {
  const auto view = ports_.workload.view(role);
  if (!view) return {.ready = false, .retriable = true, .reason = to_string(view.error())};
  ReadinessRule rule{
      .threshold =
          role == Role::Primary ? plan_.primary_ready_threshold : plan_.canary_ready_threshold,
      .deadline = plan_.progress_deadline,
      .waiting_since = as_read_.last_transition_time,
      .role = role,
      .compat = settings_.compat,
  };
  if (strict()) {
    // a DaemonSet's deadline runs from the start of the phase, and not at all while nothing
    // is rolled out.
    rule.deadline_counts = in_analysis() || promoting();
    if (as_read_.condition) rule.waiting_since = as_read_.condition->last_update;
  }
  return readiness(*view, rule, ports_.clock.now());
}

bool Pass::answers(Role role) {
  const auto view = ports_.workload.view(role);
  return view && view->available > 0;
}

/// INV-17: no traffic leaves pods that answer for a primary of which none does.
bool Pass::primary_can_take_traffic() {
  if (!strict() || plan_.kubernetes) return true;
  const auto routes = ports_.router.routes(canary_);
  return !routes || routes->canary == 0_pct || answers(Role::Primary) || !answers(Role::Target);
}

bool Pass::prepare() {
  Workload& workload = ports_.workload;
  const bool appmesh = plan_.provider.starts_with("appmesh");
  if (!done(workload.check_target())) return false;                      // SM-04
  if (!done(workload.reconcile_services())) return false;                // SM-05
  if (initializing() && !plan_.skip_analysis) test_providers();          // SM-06
  if (appmesh && !done(ports_.router.reconcile(canary_))) return false;  // SM-07
  if (!primary_exists()) return false;                                   // SM-08a
  if (initializing() && (!plan_.skip_analysis || strict())) {            // SM-08b
    const Readiness primary = ready(Role::Primary);
    if (!primary.ready) {
      say(EventId::PrimaryNotReady,
          fmt::format("{} not ready: {}", primary_text(), primary.reason));
      if (plan_.skip_analysis)  // the gap of SM-100 would be an outage (INV-06)
        cured("SM-100",
              fmt::format("{} keeps serving until {} is ready", target_text(), primary_text()));
      if (primary.retriable) return false;
      if (strict()) {
        // the target is the only healthy copy: nothing is scaled down or rerouted.
        cured("Q-24", fmt::format("{} missed its deadline; {} keeps serving", primary_text(),
                                  target_text()));
      } else {
        roll_back();
      }
      return false;
    }
  }
  if (canary_.spec.autoscaler_ref) {  // SM-09
    if (!done(workload.create_primary_autoscaler_if_missing())) return false;
    if (initializing() && !done(workload.pause_autoscaler())) return false;
  }
  if (!done(workload.reconcile_apex())) return false;  // SM-10
  // SM-11. Strict mode first sees to the routes: what gets traffic is not scaled down (INV-05).
  if (initializing() && !strict() && !done(workload.scale_to_zero())) return false;
  if (!appmesh && !done(ports_.router.reconcile(canary_))) return false;  // SM-12
  if (!initializing()) return true;
  if (strict() && (!routes_begin() || !done(workload.scale_to_zero()))) return false;

  phase_ = Phase::Initialized;  // SM-13
  if (!done(write_sync(canary_, {.phase = Phase::Initialized}))) return false;
  say(EventId::InitDone, fmt::format("Initialization done! {}", canary_text()));
  alert(AlertId::Init,
        fmt::format("New {} detected, initialization completed.", canary_.spec.target_ref.kind),
        true);
  auto stored = ports_.store.read();
  if (!stored) return false;
  canary_ = *std::move(stored);
  as_read_ = canary_.status;
  return true;
}

/// Strict mode does not build a lost primary from a revision that nobody promoted (SM-144, INV-10):
/// the target holds one that passed only at rest, in a promotion, and after a failed one.
bool Pass::primary_exists() {
  if (strict() && !initializing() && (!plan_.skip_analysis || promoting())) {
    const auto primary = ports_.workload.view(Role::Primary);
    if (!primary && primary.error().kind == ErrorKind::NotFound) {
      const auto revision = ports_.workload.fingerprint();
      const bool failed_promotion = phase_ == Phase::Failed && as_read_.canary_weight > 0;
      const bool passed =
          revision &&
          ((!promoting() && *revision == as_read_.last_promoted_spec) ||
           ((promoting() || failed_promotion) && *revision == as_read_.last_applied_spec));
      if (!passed) {
        say(EventId::Error,
            fmt::format("{} is gone, and {} holds another revision than the {} one: set it back to "
                        "have the primary built again",
                        primary_text(), target_text(), promoting() ? "accepted" : "promoted"));
        cured("SM-144", fmt::format("{} is not built from an unpromoted revision", primary_text()));
        return false;
      }
    }
  }
  return done(ports_.workload.create_primary_if_missing());
}

/// Before the target is scaled down for the first time, all traffic is on the primary.
bool Pass::routes_begin() {
  const auto routes = ports_.router.routes(canary_);
  if (!routes || routes == Routes{} || plan_.kubernetes) return true;
  cured("Q-04", fmt::format("the routes said {}/{} before anything was released: set back",
                            routes->primary.percent(), routes->canary.percent()));
  return done(route({}));
}

bool Pass::has_work() {
  switch (phase_) {
    case Phase::Progressing:
    case Phase::Waiting:
    case Phase::WaitingPromotion:
    case Phase::Promoting:
    case Phase::Finalising: return true;
    default: break;
  }
  if (phase_ == Phase::Failed && !strict() && !done(write_sync(canary_, as_read_)))
    return false;  // CHG-06

  const auto revision = ports_.workload.fingerprint();
  if (!revision) {
    say(EventId::Error, to_string(revision.error()));
    return false;
  }
  if (revision_changed(as_read_, *revision)) return true;
  const auto configs = ports_.workload.tracked_configs();  // CHG-04
  if (!configs) {
    say(EventId::Error, to_string(configs.error()));
    return false;
  }
  if (configs_changed(as_read_, *configs)) return true;
  if (strict()) rest();
  if (phase_ == Phase::Failed && strict() && returned_to_promoted(as_read_, *revision)) {
    // instead of rewriting the status on every tick (and forgetting a change with it), strict
    // mode records just the return to the promoted revision, so that the failed one can be tried
    // again later (TL-32).
    (void)done(write(canary_, [&](CanaryStatus& status) { status.last_applied_spec = *revision; }));
  }
  return false;
}

/// At rest all traffic is on the primary (after a failed promotion: on the target); what others
/// changed is set back within a tick (INV-69), as long as the primary answers.
void Pass::rest() {
  if (plan_.kubernetes || phase_ == Phase::Terminating) return;
  const auto routes = ports_.router.routes(canary_);
  // Nothing to compare with: reconcile has said what is wrong, unless the weights mean nothing.
  if (!routes && routes.error().kind != ErrorKind::Invalid) return;
  const bool promotion_failed = phase_ == Phase::Failed && as_read_.canary_weight == 100;
  const Routes wanted = promotion_failed ? Routes{.primary = 0_pct, .canary = 100_pct} : Routes{};
  if (routes == wanted || !ready(promotion_failed ? Role::Target : Role::Primary).ready) return;
  cured("Q-04", routes ? fmt::format("the routes said {}/{} while nothing is released: set back",
                                     routes->primary.percent(), routes->canary.percent())
                       : to_string(routes.error()) + ": set back");
  if (done(route(wanted))) ports_.recorder.weights(wanted);
}

bool Pass::primary_holds() {
  if (plan_.skip_analysis && !(strict() && promoting())) return true;  // SM-103
  const Readiness primary = ready(Role::Primary);
  if (primary.ready) return true;
  say(EventId::PrimaryNotReady, fmt::format("{} not ready: {}", primary_text(), primary.reason));
  if (primary.retriable) return false;
  if (promoting()) {
    fail_promotion(primary.reason);
    return false;
  }
  if (strict()) {
    // Q-03, INV-17: a rollback would move traffic from pods that answer to a primary that does not.
    if (!in_analysis() || !primary_can_take_traffic()) {
      cured("Q-03",
            fmt::format("{} missed its deadline: nothing is rolled back onto it", primary_text()));
      return false;
    }
    alert(AlertId::Deadline, fmt::format("{} missed its progress deadline: {}", primary_text(),
                                         primary.reason));
  }
  roll_back();
  return false;
}

bool Pass::started() {
  switch (phase_) {
    case Phase::Progressing:
    case Phase::WaitingPromotion:
    case Phase::Promoting:
    case Phase::Finalising: return true;
    default: break;
  }
  auto fresh = ports_.store.read();
  if (!fresh) return false;
  if (rollout_gate(*fresh) == Gate::Closed) return false;

  say_in(Phase::Progressing, EventId::NewRevision,
         fmt::format("New revision detected! Scaling up {}", target_text()));
  alert(AlertId::NewRevision, fmt::format("New revision detected, starting canary analysis."),
        true);
  if (strict() && now_ != Routes{} && !plan_.kubernetes && primary_can_take_traffic()) {
    // after a failed promotion the routes still point at the target; the analysis starts from
    // the primary, which SM-15 found ready.
    cured("Q-33", "all traffic returns to the primary before the new revision is analysed");
    if (!done(route({}))) return false;
  }
  if (canary_.spec.autoscaler_ref && !done(ports_.workload.resume_autoscaler())) return false;
  if (!done(ports_.workload.scale_up())) return false;
  // A failing write is only logged; the next tick repeats the whole step.
  (void)write_sync(strict() ? canary_ : *fresh, {.phase = Phase::Progressing});
  return false;
}

bool Pass::unchanged() {
  if (!in_analysis()) return true;
  const auto revision = ports_.workload.fingerprint();
  const bool returned = strict() && revision && returned_to_promoted(as_read_, *revision);
  if (returned && !plan_.skip_analysis) {
    // what is being analysed is no longer what runs: never promote it (INV-10).
    cured("Q-01", fmt::format("{} was set back to the promoted revision: the analysis ends",
                              target_text()));
    roll_back();
    return false;
  }
  bool changed = returned || (revision && revision_changed(as_read_, *revision));
  if (!changed) {
    const auto configs = ports_.workload.tracked_configs();
    changed = configs && configs_changed(as_read_, *configs);
  }
  if (!changed) return true;
  say(EventId::Restart,
      fmt::format("New revision detected! Restarting analysis for {}", target_text()));
  CanaryStatus restarted{.phase = Phase::Progressing};
  if (!primary_can_take_traffic()) {  // with skipAnalysis nobody waited for the primary (SM-103)
    cured("SM-103",
          fmt::format("{} keeps its traffic: {} does not answer", target_text(), primary_text()));
    restarted.canary_weight = as_read_.canary_weight;
  } else if (!done(route({}))) {
    return false;
  }
  (void)done(write_sync(canary_, restarted));
  return false;
}

/// A rollback or a skipped promotion whose last write was refused leaves the target at zero.
bool Pass::target_at_zero() {
  const auto view = ports_.workload.view(Role::Target);
  if (!view) return false;
  return view->kind == WorkloadView::Kind::DaemonSet
             ? view->observed_generation >= view->generation && view->desired == 0
             : view->spec_replicas == 0;
}

bool Pass::canary_holds() {
  const Readiness canary = ready(Role::Target);
  if (canary.ready) return true;
  const bool at_zero = strict() && target_at_zero();
  // Nothing to wait for: the ending that scaled it down goes on (SM-23, SM-24).
  if (at_zero && (promoting() || as_read_.failed_checks >= plan_.threshold)) return true;
  say(EventId::CanaryNotReady, fmt::format("{} not ready: {}", target_text(), canary.reason));
  if (at_zero) {
    cured("Q-21", fmt::format("{} is at zero: it is started again", target_text()));
    if (!done(ports_.workload.scale_up())) return false;
  }
  if (canary.retriable) return false;
  if (strict())
    alert(AlertId::Deadline,
          fmt::format("{} missed its progress deadline: {}", target_text(), canary.reason));
  roll_back();
  return false;
}

bool Pass::not_called_back() {
  if (!in_analysis()) return true;
  for (const Webhook& hook : canary_.spec.analysis.webhooks) {  // HOOK-50
    if (hook.type != HookType::Rollback) continue;
    if (!call_hook(hook, phase_)) {
      say(EventId::RollbackHookNo,
          fmt::format("Rollback hook {} not signaling a rollback", hook.name), {}, hook.name);
      continue;
    }
    say(EventId::RollbackHookYes, fmt::format("Rollback check {} passed", hook.name), {},
        hook.name);
    say(EventId::RollbackManual,
        fmt::format("Rolling back {} manual webhook invoked", canary_text()));
    alert(AlertId::RollbackManual, "Rolling back manual webhook invoked");
    roll_back();
    return false;
  }
  return true;
}

/// SM-34, Q-04: weights that others changed are set back to where the release stands (INV-69).
/// Where that fails the tick ends: no step starts from a weight that nobody analysed.
bool Pass::repair_weights() {
  if (plan_.strategy != Strategy::Progressive || plan_.kubernetes) return true;
  const Weight stands{as_read_.canary_weight};
  if (now_.canary == stands && now_.primary == 100_pct - stands) return true;
  const Routes wanted{
      .primary = 100_pct - stands, .canary = stands, .mirrored = now_.mirrored && stands == 0_pct};
  cured("Q-04", fmt::format("the routes said {}/{} while the release stands at {}/{}: set back",
                            now_.primary.percent(), now_.canary.percent(), wanted.primary.percent(),
                            wanted.canary.percent()));
  if (!done(route(wanted))) return false;
  now_ = wanted;
  ports_.recorder.weights(now_);
  return true;
}

bool Pass::analysed() {
  const bool mirrored = canary_.spec.analysis.mirror && now_.mirrored;
  if (now_.canary == 0_pct && as_read_.iterations == 0 && !mirrored) {
    say(EventId::Start, fmt::format("Starting canary analysis for {}", target_text()));
    if (strict() && canary_.spec.analysis.mirror && !plan_.mirror &&
        plan_.strategy == Strategy::Progressive)
      cured("Q-05",
            fmt::format(
                "provider {} cannot mirror before the first step: the mirror step is left out",
                plan_.provider));
    if (pre_rollout_passes()) return true;
  } else if (analysis_passes()) {
    return true;
  }
  (void)done(write_failed_check());
  return false;
}

void Pass::adapt_to_kubernetes() {
  if (!plan_.kubernetes) return;
  if (!canary_.spec.analysis.match.empty()) {
    say(EventId::K8sNoAb, "A/B testing is not supported when using the kubernetes provider");
    canary_.spec.analysis.match.clear();
  }
  if (plan_.iterations < 1) {
    say(EventId::K8sNoWeights,
        "Progressive traffic is not supported when using the kubernetes provider");
    say(EventId::K8sIterations, "Setting canaryAnalysis.iterations: 10");
    plan_.iterations = 10;
  }
  plan_.strategy = Strategy::BlueGreen;
}

}  // namespace volary
