#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "live/kube_api.hpp"
#include "policies/policy.hpp"
#include "sim/scenario.hpp"

/// The objects of a cluster in which a policy is to be flown: what its files say, and what a
/// cluster must have beside them.
namespace volary::sim::cluster {

/// The Canary object. Everything that its document says, also what only routers read; where the
/// policy in hand says otherwise (another provider, another threshold), the policy is right.
/// Errors: Invalid when the document cannot be brought in line with it.
[[nodiscard]] Result<nlohmann::json> canary_manifest(const Policy& policy);

struct Manifest {
  live::ObjectPath path;
  nlohmann::json object;
};
/// Namespaces first; the target at version v1 and at the scenario's replicas; its autoscaler, apex
/// Service, Ingress, route and upstream where the Canary names one, as the files have them or else
/// the least that will do.
[[nodiscard]] std::vector<Manifest> surroundings(const Policy& policy, const Canary& canary,
                                                 const Service& service, const std::string& image);

/// Where the Canary's target is.
[[nodiscard]] live::ObjectPath target_path(const Canary& canary);

}  // namespace volary::sim::cluster
