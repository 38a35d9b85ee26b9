#pragma once

#include "tests/live/route_world.hpp"

/// The Canary of spec/routing/gatewayapi.md and its HTTPRoute.
namespace volary::live::world {

inline ObjectPath http_route(const std::string& version = "v1") {
  return World::path({"gateway.networking.k8s.io", version, "httproutes"}, "podinfo");
}

inline json gateway_example(const std::string& version = "v1") {
  return canary_of("gatewayapi:" + version, R"(
port: 9898
hosts: [www.example.com]
gatewayRefs:
- {group: gateway.networking.k8s.io, kind: Gateway, name: gateway, namespace: istio-ingress}
match:
- uri: {prefix: /api}
timeout: 10s
backendTimeout: 5s
rewrite: {uri: /, type: ReplacePrefixMatch}
headers:
  request: {set: {x-b: "2", x-a: "1"}, remove: [x-debug]}
)",
                   "{interval: 1m, threshold: 5, maxWeight: 50, stepWeight: 10}");
}

inline World gateway(json canary, Compat compat = Compat::Strict,
                     const std::string& version = "v1") {
  return World{std::move(canary), gateway_api_provider(version), compat};
}

/// Rules without what the page leaves out of its lists: the rule's own filters and timeouts.
inline json without_frame(json rules) {
  for (json& rule : rules) {
    rule.erase("timeouts");
    if (!rule.contains("filters")) continue;
    json kept = json::array();
    for (const json& filter : rule["filters"])
      if (filter["type"] != "RequestHeaderModifier" && filter["type"] != "URLRewrite")
        kept.push_back(filter);
    rule["filters"] = kept;
    if (kept.empty()) rule.erase("filters");
  }
  return rules;
}

/// A Canary of its own service, with the gateway that it must have.
inline json gateway_canary(const std::string& service, const std::string& analysis) {
  json canary = canary_of("gatewayapi:v1", service, analysis);
  canary["spec"]["service"]["gatewayRefs"] = json_of_yaml("[{name: gateway}]");
  return canary;
}

}  // namespace volary::live::world
