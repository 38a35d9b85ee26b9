#pragma once

#include <functional>
#include <optional>

#include "policies/policy.hpp"
#include "sim/report/verdict.hpp"
#include "sim/run.hpp"
#include "sim/scenario.hpp"

namespace volary::sim::report {

/// Flies a release: simulate(), or what a test answers with.
using Fly = std::function<Result<Run>(const Scenario&, const Policy&, const RunOptions&)>;

/// What a release that was rolled back would have come to with threshold 1: flown, never guessed.
/// Nothing for other releases, for a flight that was called off (`options.on_tick`), and where the
/// threshold is 1 already.
[[nodiscard]] std::optional<WithThreshold> with_threshold_one(const Scenario& scenario,
                                                              const Policy& policy, const Run& run,
                                                              RunOptions options, const Fly& fly);

}  // namespace volary::sim::report
