#include <fmt/format.h>

#include "engine/pass.hpp"
#include "engine/progressive.hpp"

namespace volary {

void Pass::step_progressive() {
  const ProgressiveDecision decision = next_weights(plan_, now_);
  if (std::holds_alternative<Stuck>(decision)) {
    if (strict()) {
      // a step that never comes would hold the release for ever; it counts as a failed check
      // (INV-61).
      cured("Q-06", fmt::format("there is no step above {} %: the check counts as failed",
                                now_.canary.percent()));
      (void)done(write_failed_check());
    }
    return;
  }
  if (strict()) {
    Plan reference = plan_;
    reference.compat = Compat::Flagger;
    if (std::holds_alternative<MoveTraffic>(decision) &&
        reference.next_step(now_.canary) != plan_.next_step(now_.canary))
      cured("Q-06", fmt::format("the next weight above {} % is taken", now_.canary.percent()));
    const Analysis& analysis = canary_.spec.analysis;
    if (std::holds_alternative<AskPromotion>(decision) && analysis.step_weights.empty() &&
        analysis.max_weight > 100)
      cured("Q-35", fmt::format("maxWeight {} is read as 100", analysis.max_weight));
  }
  if (!now_.mirrored && phase_ != Phase::WaitingPromotion && traffic_gate() == Gate::Closed)
    return;                                                      // SM-71
  if (const auto* move = std::get_if<MoveTraffic>(&decision)) {  // SM-72
    if (!done(route(move->routes))) return;
    if (!done(write_weight(move->routes.canary))) return;
    ports_.recorder.weights(move->routes);
    const int w = move->routes.canary.percent();
    say(EventId::Weight, fmt::format("Advance {} canary weight {}", canary_text(), w),
        fmt::format("{}", w));
    return;
  }
  if (promotion_gate() == Gate::Closed) return;  // SM-74
  copy_to_primary();
}

void Pass::copy_to_primary() {
  say(EventId::Copy, fmt::format("Copying {} template spec to {}", target_text(), primary_text()));
  if (!done(ports_.workload.promote())) return;
  (void)done(write_phase(canary_, Phase::Promoting));
}

void Pass::iterate_ab() {
  const int done_so_far = as_read_.iterations;
  if (next_iteration(plan_, done_so_far) == IterationDecision::Iterate) {  // SM-76
    const Routes matched{.primary = 0_pct, .canary = 100_pct, .mirrored = false};
    if (!done(route(matched))) return;
    ports_.recorder.weights(matched);
    if (!done(write_iterations(done_so_far + 1))) return;
    say(EventId::Iteration,
        fmt::format("Advance {} canary iteration {}/{}", canary_text(), done_so_far + 1,
                    plan_.iterations),
        fmt::format("{}/{}", done_so_far + 1, plan_.iterations));
    return;
  }
  if (promotion_gate() == Gate::Closed) return;  // SM-77
  if (next_iteration(plan_, done_so_far) != IterationDecision::Promote) return;
  if (strict() && done_so_far > plan_.iterations)
    cured("Q-11", fmt::format("iterations were lowered to {}: the release goes on to its promotion",
                              plan_.iterations));
  copy_to_primary();
}

void Pass::iterate_blue_green() {
  const int done_so_far = as_read_.iterations;
  const IterationDecision decision = next_iteration(plan_, done_so_far);
  if (decision == IterationDecision::Iterate) {  // SM-79a
    if (plan_.mirror && !plan_.kubernetes && !now_.mirrored)
      (void)done(route({.primary = 100_pct, .canary = 0_pct, .mirrored = true}));
    if (!done(write_iterations(done_so_far + 1))) return;
    say(EventId::Iteration,
        fmt::format("Advance {} canary iteration {}/{}", canary_text(), done_so_far + 1,
                    plan_.iterations),
        fmt::format("{}/{}", done_so_far + 1, plan_.iterations));
    return;
  }
  if (promotion_gate() == Gate::Closed) return;        // SM-79b
  if (decision == IterationDecision::SwitchTraffic) {  // SM-79c
    if (!plan_.kubernetes) {
      say(plan_.mirror ? EventId::RouteCanaryFromMirror : EventId::RouteCanary,
          plan_.mirror ? "Stop traffic mirroring and route all traffic to canary"
                       : "Routing all traffic to canary");
      const Routes all{.primary = 0_pct, .canary = 100_pct, .mirrored = false};
      if (!done(route(all))) return;
      ports_.recorder.weights(all);
    }
    (void)done(write_iterations(plan_.iterations + 1));
    return;
  }
  copy_to_primary();  // SM-79d
}

void Pass::shift_back() {
  if (plan_.kubernetes) {  // SM-90
    (void)done(write_phase(canary_, Phase::Finalising));
    return;
  }
  const BackToPrimary back = next_back(plan_, now_);
  switch (back.kind) {
    case BackToPrimary::Kind::Stays: return;  // SM-93
    case BackToPrimary::Kind::AllAtOnce:      // SM-91
      if (strict() && plan_.step_weight_promotion > 0)
        cured("Q-12", "the canary has no weight to give back: the promotion goes on");
      say(EventId::RoutePrimary, "Routing all traffic to primary");
      if (!done(route(back.routes))) return;
      ports_.recorder.weights(back.routes);
      (void)done(write_phase(canary_, Phase::Finalising));
      return;
    case BackToPrimary::Kind::Step:  // SM-92
      if (!done(route(back.routes))) return;
      ports_.recorder.weights(back.routes);
      say(EventId::PrimaryWeight,
          fmt::format("Advance {} primary weight {}", canary_text(), back.routes.primary.percent()),
          fmt::format("{}", back.routes.primary.percent()));
      if (back.routes.primary == 100_pct) {
        (void)done(write_phase(canary_, Phase::Finalising));
      } else {
        (void)done(write_weight(back.routes.canary));
      }
      return;
  }
}

void Pass::finish() {
  if (strict() && !plan_.kubernetes && now_ != Routes{}) {
    // INV-05: what gets traffic is never scaled down; weights edited by hand go back first.
    cured("Q-04", "all traffic returns to the primary before the canary is scaled down");
    if (!done(route({}))) return;
    ports_.recorder.weights({});
  }
  if (canary_.spec.autoscaler_ref && !done(ports_.workload.pause_autoscaler())) return;
  if (!done(ports_.workload.scale_to_zero())) return;
  if (!done(write_phase(canary_, Phase::Succeeded))) return;
  ports_.recorder.ended(true, "completed");
  post_rollout(Phase::Succeeded, Phase::Succeeded);
  say_in(Phase::Succeeded, EventId::Done,
         fmt::format("Promotion completed! Scaling down {}", target_text()));
  alert(AlertId::Done, "Canary analysis completed successfully, promotion finished.");
}

void Pass::promote_unchecked() {
  if (strict() && !plan_.kubernetes && now_.canary > 0_pct && !ready(Role::Primary).ready) {
    // INV-17: the canary answers and the primary does not: it gets the revision first, and its
    // traffic when it is ready, as in any promotion.
    cured("SM-103",
          fmt::format("{} keeps its traffic until {} is ready", target_text(), primary_text()));
    copy_to_primary();
    return;
  }
  if (!done(route({}))) return;
  ports_.recorder.weights({});
  say(EventId::Copy, fmt::format("Copying {} template spec to {}", target_text(), primary_text()));
  if (!done(ports_.workload.promote())) return;
  if (canary_.spec.autoscaler_ref) {
    if (!done(ports_.workload.update_primary_autoscaler())) return;
    if (!done(ports_.workload.pause_autoscaler())) return;
  }
  if (!done(ports_.workload.scale_to_zero())) return;
  if (!done(write_phase(canary_, Phase::Succeeded))) return;
  ports_.recorder.ended(true, "skipped");
  post_rollout(Phase::Succeeded, Phase::Succeeded);
  say_in(Phase::Succeeded, EventId::DoneSkipped,
         fmt::format("Canary analysis was skipped for {}", target_text()));
  alert(AlertId::DoneSkipped, "Canary analysis was skipped, promotion finished.");
}

void Pass::roll_back() {
  if (!primary_can_take_traffic()) {
    cured("SM-110",
          fmt::format("{} keeps its traffic: {} does not answer", target_text(), primary_text()));
    return;
  }
  const int failed = as_read_.failed_checks;
  if (failed >= plan_.threshold) {
    const std::string text =
        fmt::format("Rolling back {} failed checks threshold reached {}", canary_text(), failed);
    say(EventId::Threshold, text, fmt::format("{}", failed));
    alert(AlertId::Threshold, fmt::format("Failed checks threshold reached {}", failed));
  }
  if (!done(route({}))) return;
  say_in(Phase::Failed, EventId::Failed,
         fmt::format("Canary failed! Scaling down {}", target_text()));
  ports_.recorder.weights({});
  if (canary_.spec.autoscaler_ref && !done(ports_.workload.pause_autoscaler())) return;
  if (!done(ports_.workload.scale_to_zero())) return;
  if (!write_sync(canary_, {.phase = Phase::Failed})) return;  // only logged (SM-110)
  ports_.recorder.ended(false, "completed");
  post_rollout(Phase::Failed, phase_);
}

void Pass::fail_promotion(const std::string& reason) {
  say(EventId::PromotionFailed, fmt::format("Promotion of {} failed: {}", target_text(), reason));
  alert(AlertId::PromotionFailed, reason);
  Routes all{.primary = 0_pct, .canary = 100_pct, .mirrored = false};
  const auto routes = ports_.router.routes(canary_);
  const bool better =
      ready(Role::Target).ready || (answers(Role::Target) && !answers(Role::Primary));
  if (strict() && routes && !better) {
    // INV-17: the canary is no better off: nothing is moved.
    cured("SM-95",
          fmt::format("{} is not ready either: the routes stay as they are", target_text()));
    all = *routes;
  } else if (!done(route(all))) {
    return;
  }
  ports_.recorder.weights(all);
  if (!write_sync(canary_, {.phase = Phase::Failed, .canary_weight = all.canary.percent()})) return;
  ports_.recorder.ended(false, "completed");
  post_rollout(Phase::Failed, phase_);
}

}  // namespace volary
