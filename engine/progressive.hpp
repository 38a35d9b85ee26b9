#pragma once

#include <variant>

#include "engine/plan.hpp"
#include "engine/ports.hpp"

/// The decisions of the three strategies, as pure functions of where the release stands
/// (state-machine.md §7.2–7.4). The pass (rollout.cpp) asks the gates and acts.
namespace volary {

/// the next step is zero or negative.
struct Stuck {
  friend bool operator==(const Stuck&, const Stuck&) = default;
};
struct MoveTraffic {
  Routes routes;
  friend bool operator==(const MoveTraffic&, const MoveTraffic&) = default;
};
struct AskPromotion {
  friend bool operator==(const AskPromotion&, const AskPromotion&) = default;
};
using ProgressiveDecision = std::variant<Stuck, MoveTraffic, AskPromotion>;

/// SM-70, SM-72..74: what follows a passed analysis.
[[nodiscard]] ProgressiveDecision next_weights(const Plan& plan, const Routes& now);

/// SM-76, SM-77, SM-79a..d.
enum class IterationDecision {
  Iterate,        ///< one more checked iteration
  SwitchTraffic,  ///< Blue/Green: all traffic to the canary
  Promote,
  Hang,  ///< A/B with iterations lowered below the count: nothing, for ever (Q-11)
};
[[nodiscard]] IterationDecision next_iteration(const Plan& plan, int iterations_done);

/// SM-91..93: the weights after one tick of `Promoting`.
struct BackToPrimary {
  enum class Kind { AllAtOnce, Step, Stays } kind{};
  Routes routes;
  friend bool operator==(const BackToPrimary&, const BackToPrimary&) = default;
};
[[nodiscard]] BackToPrimary next_back(const Plan& plan, const Routes& now);

}  // namespace volary
