#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "live/kube_api.hpp"
#include "sim/scenario.hpp"
#include "sim/traffic_world.hpp"

/// What the proxies of a mesh, or an ingress, make of its routing object: of the object itself, not
/// of what the engine meant to write.
namespace volary::sim::cluster {

/// One condition on a request: all of its headers. Conditions on anything else (paths, methods,
/// ports) are met by every request, since a scenario's requests have nothing else.
using Condition = std::map<std::string, StringMatch>;

/// One rule: which requests it takes, and where it sends them.
struct ProxyRule {
  std::vector<Condition> any_of;  ///< empty: every request
  int primary = 0, canary = 0;    ///< weights, of whatever sum
  bool divides = false;           ///< the canary is among its destinations, whatever it weighs
  bool mirrors = false;           ///< to the canary
  /// `Set-Cookie` that the answer of a destination gets, as written.
  std::string primary_cookie, canary_cookie;
};

/// The names that a routing object may use for the three services.
struct RoutedNames {
  std::string ns, apex, primary, canary;
  std::string ingress, route;  ///< of `ingressRef` and `routeRef`
};

/// How one provider's objects are read.
struct RouteReader {
  live::Resource resource;
  live::ObjectPath path;  ///< of the object that divides the traffic
  std::vector<ProxyRule> (*read)(const nlohmann::json& object, const RoutedNames& names) = nullptr;
};
/// Nothing for providers without an object (`kubernetes`), and for those that are not simulated
/// (`knative`, whose revisions are no pods of a Deployment).
[[nodiscard]] std::optional<RouteReader> route_reader(const std::string& provider,
                                                      const RoutedNames& names);

// One file a provider, or a family of them.
[[nodiscard]] std::vector<ProxyRule> read_virtual_service(const nlohmann::json& object,
                                                          const RoutedNames& names);
[[nodiscard]] std::vector<ProxyRule> read_http_route(const nlohmann::json& object,
                                                     const RoutedNames& names);
[[nodiscard]] std::vector<ProxyRule> read_http_proxy(const nlohmann::json& object,
                                                     const RoutedNames& names);
[[nodiscard]] std::vector<ProxyRule> read_app_mesh(const nlohmann::json& object,
                                                   const RoutedNames& names);
[[nodiscard]] std::vector<ProxyRule> read_route_table(const nlohmann::json& object,
                                                      const RoutedNames& names);
[[nodiscard]] std::vector<ProxyRule> read_nginx(const nlohmann::json& object,
                                                const RoutedNames& names);
[[nodiscard]] std::vector<ProxyRule> read_skipper(const nlohmann::json& object,
                                                  const RoutedNames& names);
[[nodiscard]] std::vector<ProxyRule> read_traffic_split(const nlohmann::json& object,
                                                        const RoutedNames& names);
[[nodiscard]] std::vector<ProxyRule> read_traefik(const nlohmann::json& object,
                                                  const RoutedNames& names);
[[nodiscard]] std::vector<ProxyRule> read_apisix(const nlohmann::json& object,
                                                 const RoutedNames& names);
[[nodiscard]] std::vector<ProxyRule> read_kuma(const nlohmann::json& object,
                                               const RoutedNames& names);

/// Numbers for cookies: a new text is a new cookie.
using CookieNumbers = std::map<std::string, std::uint32_t>;
/// The rules as simulated traffic meets them. Weights count by their share, as in every proxy.
[[nodiscard]] RouteRule rule_for_traffic(const std::vector<ProxyRule>& rules,
                                         const Scenario& scenario, CookieNumbers& cookies);

}  // namespace volary::sim::cluster
