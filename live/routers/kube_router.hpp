#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/ports.hpp"
#include "live/kube_api.hpp"
#include "live/routers/provider.hpp"

namespace volary::live {

/// The Canary as routers need it beside its plain struct: the whole object as it was read at the
/// start of the tick (RT-COMMON-14), and the key that selects its pods.
struct RoutedCanary {
  nlohmann::json object;
  std::string selector_key;  ///< RT-COMMON-32; empty for Services
};

/// The Router port over a Kubernetes API server: reads what the provider asks for, calls its pure
/// function, makes the writes in their order. The first error ends the operation and nothing is
/// tried again before the next tick (RT-COMMON-11); a conflict is an error like any other
/// (RT-COMMON-22).
///
/// Every function reads at most once and writes at most what the provider said; without a provider
/// (`kubernetes`) nothing is read or written at all (RT-COMMON-50).
/// Which calls come when is the engine's (RT-COMMON-08, 10, 13, 15, 17, 18), a warning about
/// objects left under an old name (RT-COMMON-02) and the permissions (RT-COMMON-63) are the
/// operator's, and what a Canary may say is checked where it is read (RT-COMMON-09, 51, 76, 77).
/// Keys of `unmanagedMetadata` are not copied from the apex Service to routing objects
/// (RT-COMMON-33 [Q]). Errors: those of the provider and of the API server, each naming kind, name
/// and namespace of the object (RT-COMMON-62).
class KubeRouter final : public Router {
 public:
  struct Wiring {
    RoutingSettings settings;
    std::string mesh_provider = "istio";      ///< of a Canary that names none (RT-COMMON-03)
    std::unique_ptr<RouteProvider> provider;  ///< nullptr: no router
    std::function<Result<RoutedCanary>(const Canary&)> describe;
    /// What strict mode did otherwise than the reference, for events.
    std::function<void(const std::string& remark)> remark;
  };
  KubeRouter(KubeApi& api, Wiring wiring);

  [[nodiscard]] Result<void> reconcile(const Canary& canary) override;
  [[nodiscard]] Result<Routes> routes(const Canary& canary) override;
  [[nodiscard]] Result<void> set_routes(const Canary& canary, const Routes& routes) override;
  [[nodiscard]] Result<void> finalize(const Canary& canary) override;

 private:
  /// One operation: describe, read, ask.
  template <class Ask>
  auto ask(const Canary& canary, RouteProvider::Operation operation, Ask question)
      -> decltype(question(std::declval<const RouteContext&>(), std::declval<const Snapshot&>()));
  [[nodiscard]] Result<void> write(const Result<RouteWrites>& writes);

  KubeApi& api_;
  Wiring wiring_;
};

}  // namespace volary::live
