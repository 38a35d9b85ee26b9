#include "live/routers/kube_router.hpp"

#include "engine/affinity.hpp"
#include "live/perform.hpp"

namespace volary::live {

KubeRouter::KubeRouter(KubeApi& api, Wiring wiring) : api_{api}, wiring_{std::move(wiring)} {}

template <class Ask>
auto KubeRouter::ask(const Canary& canary, RouteProvider::Operation operation, Ask question)
    -> decltype(question(std::declval<const RouteContext&>(), std::declval<const Snapshot&>())) {
  const auto described = wiring_.describe(canary);
  if (!described) return tl::unexpected(described.error());
  Canary seen = canary;
  if (seen.spec.provider.empty()) seen.spec.provider = wiring_.mesh_provider;
  const RouteContext context{.canary = seen,
                             .object = described->object,
                             .settings = wiring_.settings,
                             .selector_key = described->selector_key};
  const auto paths = wiring_.provider->reads(context, operation);
  if (!paths) return tl::unexpected(paths.error());
  const auto snapshot = read_objects(api_, *paths);
  if (!snapshot) return tl::unexpected(snapshot.error());
  return question(context, *snapshot);
}

Result<void> KubeRouter::write(const Result<RouteWrites>& writes) {
  if (!writes) return tl::unexpected(writes.error());
  if (wiring_.remark)
    for (const std::string& remark : writes->remarks) wiring_.remark(remark);
  return perform(api_, *writes);
}

Result<void> KubeRouter::reconcile(const Canary& canary) {
  if (!wiring_.provider) return {};
  return write(ask(canary, RouteProvider::Operation::Reconcile,
                   [this](const RouteContext& context, const Snapshot& snapshot) {
                     return wiring_.provider->reconcile(context, snapshot);
                   }));
}

Result<Routes> KubeRouter::routes(const Canary& canary) {
  if (!wiring_.provider) return kubernetes_routes(canary.status);
  return ask(canary, RouteProvider::Operation::Read,
             [this](const RouteContext& context, const Snapshot& snapshot) {
               return wiring_.provider->routes(context, snapshot);
             });
}

Result<void> KubeRouter::set_routes(const Canary& canary, const Routes& routes) {
  if (!wiring_.provider) return {};
  return write(ask(canary, RouteProvider::Operation::Set,
                   [this, &routes](const RouteContext& context, const Snapshot& snapshot) {
                     return wiring_.provider->set_routes(context, snapshot, routes);
                   }));
}

Result<void> KubeRouter::finalize(const Canary& canary) {
  if (!wiring_.provider) return {};
  return write(ask(canary, RouteProvider::Operation::Finalize,
                   [this](const RouteContext& context, const Snapshot& snapshot) {
                     return wiring_.provider->finalize(context, snapshot);
                   }));
}

}  // namespace volary::live
