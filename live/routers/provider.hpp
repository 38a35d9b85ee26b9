#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/canary.hpp"
#include "engine/plan.hpp"
#include "engine/ports.hpp"
#include "live/kube_api.hpp"

/// What one mesh or ingress is told, as pure functions over JSON values: objects that were read go
/// in, writes come out. Nothing here talks to anybody (KubeRouter does), so a property test can
/// hold `decode(encode(split)) = split` for every provider (INV-01), and `sim` can fly them.
namespace volary::live {

/// Flags of the process that the routers lean on (FLAG-11, FLAG-14, FLAG-15, FLAG-18, RT-COMMON-60,
/// RT-COMMON-61).
struct RoutingSettings {
  Compat compat = Compat::Strict;
  std::string ingress_annotations_prefix = "nginx.ingress.kubernetes.io";
  std::string ingress_class;
  bool cross_namespace_refs = true;
  bool owner_references = true;  ///< false: routing objects live on another API server
};

/// One Canary for one pass. `canary` carries the in-memory status, whose cookies are already moved
/// (engine/affinity.hpp); `object` is the same Canary as the API server has it, with everything of
/// `spec.service` that only a router reads.
struct RouteContext {
  const Canary& canary;
  const nlohmann::json& object;
  const RoutingSettings& settings;
  /// Label key that selects the target's pods, `app` say (RT-COMMON-32, GEN-10); empty for
  /// Services.
  std::string selector_key;

  [[nodiscard]] std::string apex() const;            ///< RT-COMMON-01
  [[nodiscard]] std::string primary() const;         ///< <apex>-primary
  [[nodiscard]] std::string service_canary() const;  ///< <apex>-canary
  [[nodiscard]] const std::string& ns() const { return canary.name.ns; }
  [[nodiscard]] bool strict() const { return settings.compat == Compat::Strict; }
  /// `spec.service`; an empty object where there is none.
  [[nodiscard]] const nlohmann::json& service() const;
};

/// The objects that were read for one operation; what does not exist is not in it.
class Snapshot {
 public:
  void put(const ObjectPath& path, nlohmann::json object);
  /// nullptr when there is none.
  [[nodiscard]] const nlohmann::json* find(const ObjectPath& path) const;

 private:
  std::vector<std::pair<ObjectPath, nlohmann::json>> objects_;
};

/// One request that an operation wants made.
struct RouteWrite {
  enum class Verb {
    Create,
    Update,      ///< the whole object, against the resource version it was read with (RT-COMMON-22)
    MergePatch,  ///< RFC 7386
    Delete,
  } verb{};
  ObjectPath path;
  nlohmann::json body;  ///< Delete: the object as it was read
};

/// What an operation comes to: writes in their order, and the refusal after them, if the reference
/// notices it only then (RT-ISTIO-07). Empty: nothing is to be done (RT-COMMON-40).
struct RouteWrites {
  std::vector<RouteWrite> writes;
  std::optional<Error> then;
  /// What strict mode did otherwise than the reference, as sentences that name the rule; they
  /// become events.
  std::vector<std::string> remarks;
};

/// One provider. Stateless: two calls with equal arguments are equal.
///
/// Errors of every function: NotFound (an object that must be there is not, RT-COMMON-23) and
/// Invalid (what is there cannot be understood), each naming kind, name and namespace
/// (RT-COMMON-62). Odd but legal objects never throw (invariants.md, [Q] rules of the pages).
class RouteProvider {
 public:
  virtual ~RouteProvider() = default;

  /// Which objects an operation reads, in order; the Canary alone tells. Absent ones are no error
  /// here.
  enum class Operation { Reconcile, Read, Set, Finalize };
  [[nodiscard]] virtual Result<std::vector<ObjectPath>> reads(const RouteContext& context,
                                                              Operation operation) const = 0;

  /// RT-COMMON-11: creates the objects in their initial state, or repairs drift.
  [[nodiscard]] virtual Result<RouteWrites> reconcile(const RouteContext& context,
                                                      const Snapshot& snapshot) const = 0;
  [[nodiscard]] virtual Result<Routes> routes(const RouteContext& context,
                                              const Snapshot& snapshot) const = 0;
  [[nodiscard]] virtual Result<RouteWrites> set_routes(const RouteContext& context,
                                                       const Snapshot& snapshot,
                                                       const Routes& routes) const = 0;
  /// RT-COMMON-70, RT-COMMON-71.
  [[nodiscard]] virtual Result<RouteWrites> finalize(const RouteContext& context,
                                                     const Snapshot& snapshot) const = 0;
};

/// RT-COMMON-03, RT-COMMON-04: the router of a provider's name; nothing for `kubernetes`, which has
/// none (RT-COMMON-50). Unknown names are Istio (row 20); case matters (RT-COMMON-07).
[[nodiscard]] std::unique_ptr<RouteProvider> route_provider(std::string_view name);
/// Is the name one of the table, or does it fall under row 20, of which a warning is due?
[[nodiscard]] bool is_known_provider(std::string_view name);

// One file a provider.
[[nodiscard]] std::unique_ptr<RouteProvider> istio_provider();
/// `version`: "v1" or "v1beta1".
[[nodiscard]] std::unique_ptr<RouteProvider> gateway_api_provider(std::string version);
[[nodiscard]] std::unique_ptr<RouteProvider> nginx_provider();
[[nodiscard]] std::unique_ptr<RouteProvider> skipper_provider();
[[nodiscard]] std::unique_ptr<RouteProvider> knative_provider();
/// `version`: "v1alpha1", "v1alpha2", "v1alpha3"; `mesh`: "linkerd", "osm", "istio", ….
[[nodiscard]] std::unique_ptr<RouteProvider> smi_provider(std::string version, std::string mesh);
/// App Mesh v1beta1 and v1beta2 are two models.
[[nodiscard]] std::unique_ptr<RouteProvider> app_mesh_v1beta1_provider();
[[nodiscard]] std::unique_ptr<RouteProvider> app_mesh_v1beta2_provider();
[[nodiscard]] std::unique_ptr<RouteProvider> contour_provider();
[[nodiscard]] std::unique_ptr<RouteProvider> gloo_provider();
[[nodiscard]] std::unique_ptr<RouteProvider> traefik_provider();
[[nodiscard]] std::unique_ptr<RouteProvider> apisix_provider();
[[nodiscard]] std::unique_ptr<RouteProvider> kuma_provider();

}  // namespace volary::live
