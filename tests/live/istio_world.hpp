#pragma once

#include "tests/live/route_world.hpp"

/// The Canary of spec/routing/istio.md and its objects.
namespace volary::live::world {

inline const Resource virtual_services{"networking.istio.io", "v1beta1", "virtualservices"};
inline const Resource destination_rules{"networking.istio.io", "v1beta1", "destinationrules"};
inline const ObjectPath route = World::path(virtual_services, "podinfo");
inline ObjectPath rule(const std::string& name) { return World::path(destination_rules, name); }

inline constexpr const char* analysis =
    "{interval: 1m, threshold: 5, maxWeight: 50, stepWeight: 10}";

inline json example() {
  return canary_of("istio", R"(
port: 9898
portDiscovery: true
gateways: [istio-system/public-gateway, mesh]
hosts: [app.example.com]
match:
- uri: {prefix: /}
rewrite: {uri: /}
timeout: 15s
retries: {attempts: 3, perTryTimeout: 1s, retryOn: "gateway-error,connect-failure"}
headers:
  request: {add: {x-team: web}}
corsPolicy: {allowOrigin: [example.com], allowMethods: [GET], maxAge: 24h}
trafficPolicy: {tls: {mode: DISABLE}}
)",
                   analysis);
}

inline World istio(json canary, Compat compat = Compat::Strict) {
  return World{std::move(canary), istio_provider(), compat};
}

/// Without the keys that all routes of the example share, as the page shows its lists.
inline json without_common(json http) {
  for (json& each : http)
    for (const char* key : {"rewrite", "timeout", "retries", "corsPolicy"}) each.erase(key);
  for (json& each : http)
    if (each.contains("headers")) {
      each["headers"].erase("request");
      if (each["headers"].empty()) each.erase("headers");
    }
  return http;
}

}  // namespace volary::live::world
