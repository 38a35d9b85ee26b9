#include "sim/report/threshold.hpp"

#include <utility>

namespace volary::sim::report {

std::optional<WithThreshold> with_threshold_one(const Scenario& scenario, const Policy& policy,
                                                const Run& run, RunOptions options,
                                                const Fly& fly) {
  if (run.score.outcome != Outcome::RolledBack || run.plan.threshold <= 1) return std::nullopt;
  Policy stricter = policy;
  stricter.canary.spec.analysis.threshold = 1;
  options.keep_samples = false;
  bool called_off = false;
  options.on_tick = [&called_off, asked = std::move(options.on_tick)](const TickRecord& tick) {
    called_off = asked && !asked(tick);
    return !called_off;
  };
  const auto other = fly(scenario, stricter, options);
  if (!other || called_off) return std::nullopt;
  return WithThreshold{.threshold = 1, .score = other->score};
}

}  // namespace volary::sim::report
