#pragma once

#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "live/routers/provider.hpp"

/// What NGINX and Skipper share: a user's Ingress that is only read, and a second one beside it.
namespace volary::live::ingress {

[[nodiscard]] const Resource& resource();

/// The user's Ingress and the canary one. Both are on the workload cluster, in the Canary's
/// namespace (RT-NGINX-22, RT-SKIPPER-22).
struct Paths {
  ObjectPath apex;    ///< <ref>, never written
  ObjectPath canary;  ///< <ref>-canary
};
/// Errors: Invalid without `spec.ingressRef` or a name in it; its apiVersion and kind are not
/// looked at (RT-NGINX-01, RT-SKIPPER-01).
[[nodiscard]] Result<Paths> paths(const RouteContext& context);

/// Calls `change` with the paths of every rule that has some, and with the place of a path whose
/// backend is the Service named `service`; returns how many there were. Rules without `http` are
/// passed over (RT-NGINX-02 [Q], RT-SKIPPER-04 [Q]: a crash of the reference).
std::size_t for_each_path(nlohmann::json& spec, const std::string& service,
                          const std::function<void(nlohmann::json& paths, std::size_t at)>& change);
void set_service(nlohmann::json& path, const std::string& service);

}  // namespace volary::live::ingress
