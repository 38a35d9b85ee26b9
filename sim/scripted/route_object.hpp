#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ports.hpp"

/// The routing object of one Canary, as far as the rules of a release can tell providers apart:
/// which rules it lists, what a repair does to its weights, and what can be read back. Source:
/// routing/README.md §6–8 and the provider pages.
namespace volary::sim {

/// RT-COMMON-04: which router a provider string selects.
enum class RouteFamily {
  Istio,
  GatewayApi,
  AppMesh,
  Contour,
  Gloo,
  Traefik,
  Apisix,
  Kuma,
  Smi,
  Nginx,
  Skipper,
  Knative,
  Kubernetes,
};
[[nodiscard]] RouteFamily route_family(std::string_view provider);

/// One rule of a routing object: who it matches and how it divides them.
struct RouteRule {
  std::vector<std::string>
      match{};  ///< one text a condition; a cookie condition is "Cookie:<regex>"
  bool lists_canary = true;
  bool sets_cookie = false;  ///< a destination carries header operations (SA-14)
  bool mirrors = false;
  int primary = 100;
  int canary = 0;
  friend bool operator==(const RouteRule&, const RouteRule&) = default;
};

/// A VirtualService, HTTPRoute, TrafficSplit, … in memory.
class RouteObject {
 public:
  explicit RouteObject(RouteFamily family) : family_{family} {}

  /// Creates the object, or repairs it where it differs (RT-COMMON-40). A write that may be refused
  /// is told beforehand by `needs_write`.
  void reconcile(const Canary& canary);
  [[nodiscard]] bool needs_write(const Canary& canary) const;

  /// RT-COMMON-42, RT-COMMON-43, RT-COMMON-50.
  /// Errors: NotFound when it does not exist, Invalid when its weights make no sense to this
  /// provider.
  [[nodiscard]] Result<Routes> read(const Canary& canary) const;
  /// RT-COMMON-20, RT-COMMON-58, RT-ISTIO-40..47, RT-GWAPI-41..46.
  /// Errors: NotFound when it does not exist, Invalid for 0/0 where the provider refuses it
  /// (RT-09).
  [[nodiscard]] Result<void> write(const Canary& canary, const Routes& routes);
  /// FIN-21.
  [[nodiscard]] Result<void> finalize();
  /// Whether `finalize` would write.
  [[nodiscard]] bool finalize_writes() const;

  [[nodiscard]] bool exists() const { return rules_.has_value(); }
  void remove();
  /// A hand edit: every destination to the primary gets `primary`, every one to the canary gets
  /// `canary`.
  void edit(int primary, int canary);
  /// A hand edit that the next repair rewrites.
  void drift();

 private:
  [[nodiscard]] std::vector<RouteRule> desired(const Canary& canary) const;
  [[nodiscard]] bool differs(const Canary& canary) const;

  RouteFamily family_;
  std::optional<std::vector<RouteRule>> rules_;
  std::vector<std::string> service_;  ///< what was written of `service.*`
  bool drifted_ = false;
  bool by_header_ = false;  ///< NGINX: a header or cookie annotation is set (RT-44)
  std::optional<std::vector<RouteRule>> original_;  ///< RT-16
};

}  // namespace volary::sim
