#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "live/kube_objects.hpp"
#include "live/routers/provider.hpp"

/// The ClusterIP Services of a Canary, as pure functions: Services that were read go in, writes
/// come out (perform.hpp makes them). They are generated for every provider, in the Canary's
/// namespace (RT-K8S-45). Source: spec/routing/kubernetes.md.
///
/// A target of kind Service has no generated ones (RT-K8S-01): for a Knative Service nothing is to
/// be done, for a core Service see core_service_copies().
namespace volary::live {

/// What is read of the target workload at the start of a tick (RT-K8S-02).
struct ServiceTarget {
  std::string selector_key;
  std::string selector_value;
  std::vector<nlohmann::json> extra_ports;  ///< RT-K8S-10, as entries of `spec.ports`
  std::vector<std::string> remarks;         ///< ports that strict mode leaves out (RT-K8S-11)
};

/// Errors: Invalid when none of `selector_labels` selects the workload's pods, naming both
/// (RT-K8S-02).
[[nodiscard]] Result<ServiceTarget> service_target(const RouteContext& context,
                                                   const nlohmann::json& workload,
                                                   const std::vector<std::string>& selector_labels);

struct ServicePaths {
  ObjectPath canary, primary, apex;
};
[[nodiscard]] ServicePaths service_paths(const RouteContext& context);

/// RT-K8S-03: initialize: the canary Service, then the primary one. Reads both.
[[nodiscard]] RouteWrites role_services(const RouteContext& context, const ServiceTarget& target,
                                        const Snapshot& snapshot);
/// RT-K8S-03: reconcile: the apex Service selects the primary's pods. Reads the apex.
[[nodiscard]] RouteWrites apex_service(const RouteContext& context, const ServiceTarget& target,
                                       const Snapshot& snapshot);
/// RT-K8S-30..33: a Service that was taken over selects its own pods again. Reads the apex.
/// Errors: NotFound; Invalid when the annotation cannot be read.
[[nodiscard]] Result<RouteWrites> finalize_services(const RouteContext& context,
                                                    const ServiceTarget& target,
                                                    const Snapshot& snapshot);

/// RT-K8S-40, RT-K8S-41, GEN-60, GEN-61: the copies of a core Service that is the target. Reads the
/// target (the apex path), the canary and the primary; what does not differ is not written.
/// Errors: NotFound when the target is missing.
[[nodiscard]] Result<RouteWrites> core_service_copies(const RouteContext& context,
                                                      const Snapshot& snapshot);
/// RT-K8S-41, GEN-62: the primary takes over the target's spec. Reads the target and the primary.
/// Errors: NotFound when one of them is missing.
[[nodiscard]] Result<RouteWrites> promote_core_service(
    const RouteContext& context, const std::vector<std::string>& include_label_prefixes,
    const Snapshot& snapshot);

/// GEN-05: keys that start with one of the prefixes (`*` is every key), never those of the
/// toolkits.
[[nodiscard]] Labels with_prefixes(const Labels& labels, const std::vector<std::string>& prefixes);

}  // namespace volary::live
