#pragma once

#include <string>

#include "policies/policy.hpp"
#include "sim/scenario.hpp"

namespace volary::sim {

/// The same policy behind another mesh or ingress (`--mesh`). References that the provider's router
/// asks for and that the Canary does not have are filled in: an Ingress or ApisixRoute of the
/// target's name, a Gateway.
[[nodiscard]] Policy with_provider(Policy policy, const std::string& provider);
/// A scenario in that mesh.
[[nodiscard]] Scenario with_provider(Scenario scenario, const std::string& provider);

}  // namespace volary::sim
