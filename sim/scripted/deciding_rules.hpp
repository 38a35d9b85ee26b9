#pragma once

#include <string>
#include <vector>

#include "sim/scripted/policy_run.hpp"

namespace volary::sim {

/// The rules of the specification that decided a tick, told from its events and, where nothing was
/// said, its phase: where to read why the engine did what it did.
[[nodiscard]] std::vector<std::string> deciding_rules(const SeenTick& seen);

}  // namespace volary::sim
