#include <algorithm>

#include "sim/run.hpp"

namespace volary::sim {

Result<CompatDifference> compat_difference(const Scenario& scenario, const Policy& policy,
                                           const RunOptions& options) {
  RunOptions each = options;
  each.keep_samples = false;
  each.compat = Compat::Flagger;
  const auto flagger = simulate(scenario, policy, each);
  if (!flagger) return tl::unexpected(flagger.error());
  each.compat = Compat::Strict;
  const auto strict = simulate(scenario, policy, each);
  if (!strict) return tl::unexpected(strict.error());

  CompatDifference difference{
      .strict = strict->score.outcome, .flagger = flagger->score.outcome, .quirks = {}};
  for (const TickRecord& tick : strict->ticks)
    for (const Event& event : tick.events)
      if (event.id == EventId::Cured &&
          std::ranges::find(difference.quirks, event.detail) == difference.quirks.end())
        difference.quirks.push_back(event.detail);
  if (difference.strict == difference.flagger || !difference.quirks.empty()) return difference;

  // No rule took another way: then a check was judged differently. The first one says which
  // (MET-22, Q-18, INV-12).
  const std::size_t both = std::min(strict->ticks.size(), flagger->ticks.size());
  for (std::size_t i = 0; i < both && difference.quirks.empty(); ++i) {
    const auto &ours = strict->ticks[i].checks, &theirs = flagger->ticks[i].checks;
    for (std::size_t k = 0; k < std::min(ours.size(), theirs.size()); ++k) {
      if (ours[k].verdict == theirs[k].verdict) continue;
      difference.quirks.push_back(ours[k].name == "request-duration" ? "Q-18" : "INV-12");
      break;
    }
  }
  return difference;
}

}  // namespace volary::sim
