#include "engine/progressive.hpp"

#include <algorithm>

namespace volary {

ProgressiveDecision next_weights(const Plan& plan, const Routes& now) {
  const int step = plan.next_step(now.canary);  // ANA-23
  if (step <= 0 && (plan.compat == Compat::Flagger || now.canary < plan.max_weight))
    return Stuck{};                                           // SM-70
  if (now.canary >= plan.max_weight) return AskPromotion{};   // SM-74
  const bool at_mirror = plan.mirror && now.canary == 0_pct;  // SM-72
  if (at_mirror && !now.mirrored)
    return MoveTraffic{{.primary = 100_pct, .canary = 0_pct, .mirrored = true}};
  if (at_mirror)
    return MoveTraffic{{.primary = Weight{100 - step}, .canary = Weight{step}, .mirrored = false}};
  return MoveTraffic{{.primary = std::max(0_pct, now.primary - Weight{step}),
                      .canary = std::min(100_pct, now.canary + Weight{step}),
                      .mirrored = now.mirrored}};
}

IterationDecision next_iteration(const Plan& plan, int done) {
  if (plan.iterations > done) return IterationDecision::Iterate;
  if (plan.strategy == Strategy::AbTesting) {
    const bool promotes = plan.compat == Compat::Strict || plan.iterations == done;
    return promotes ? IterationDecision::Promote : IterationDecision::Hang;
  }
  return plan.iterations == done ? IterationDecision::SwitchTraffic : IterationDecision::Promote;
}

BackToPrimary next_back(const Plan& plan, const Routes& now) {
  const int k = plan.step_weight_promotion;
  if (k == 0) return {BackToPrimary::Kind::AllAtOnce, {}};
  if (now.canary == 0_pct) {                                                         // SM-93
    if (plan.compat == Compat::Strict) return {BackToPrimary::Kind::AllAtOnce, {}};
    return {BackToPrimary::Kind::Stays, now};
  }
  const Weight canary = std::max(0_pct, now.canary - Weight{k});
  if (plan.compat == Compat::Flagger)  // SM-93b: a negative step knows no bound
    return {BackToPrimary::Kind::Step,
            {.primary = std::min(100_pct, now.primary + Weight{k}), .canary = canary}};
  // Strict mode takes the primary for the rest, also when somebody left weights that do not add up
  // (INV-01).
  const Weight rest = std::min(100_pct, canary);
  return {BackToPrimary::Kind::Step, {.primary = 100_pct - rest, .canary = rest}};
}

}  // namespace volary
