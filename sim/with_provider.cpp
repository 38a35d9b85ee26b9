#include "sim/with_provider.hpp"

namespace volary::sim {

Policy with_provider(Policy policy, const std::string& provider) {
  CanarySpec& spec = policy.canary.spec;
  spec.provider = provider;
  const std::string& target = spec.target_ref.name;
  if ((provider == "nginx" || provider == "skipper") && !spec.ingress_ref)  // RT-NGINX-01
    spec.ingress_ref = ObjectRef{
        .api_version = "networking.k8s.io/v1", .kind = "Ingress", .name = target, .ns = {}};
  if (provider == "apisix" && !spec.route_ref)  // RT-APISIX-01
    spec.route_ref = ObjectRef{
        .api_version = "apisix.apache.org/v2", .kind = "ApisixRoute", .name = target, .ns = {}};
  if (provider.starts_with("gatewayapi:") && spec.service.gateway_refs.empty())  // RT-GWAPI-01
    spec.service.gateway_refs.push_back(
        {.name = "gateway", .group = "gateway.networking.k8s.io", .kind = "Gateway"});
  return policy;
}

Scenario with_provider(Scenario scenario, const std::string& provider) {
  scenario.mesh.provider = provider;
  return scenario;
}

}  // namespace volary::sim
