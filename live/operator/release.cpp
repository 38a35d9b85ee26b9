#include "live/operator/release.hpp"

#include <optional>
#include <utility>

#include "engine/tick.hpp"
#include "live/canary_object.hpp"
#include "live/kube_objects.hpp"
#include "live/operator/recorder.hpp"
#include "live/operator/watching.hpp"
#include "live/routers/kube_router.hpp"
#include "live/webhooks.hpp"
#include "live/workloads/service_workloads.hpp"

namespace volary::live {
namespace {

using nlohmann::json;

/// Hands out first what was read to choose the adapters by, so that a pass does not read the same
/// object twice; and reads an object that was taken over as one that is not suspended.
class DrivenStore : public CanaryStore {
 public:
  explicit DrivenStore(ClusterStore& store) : store_{store} {}

  Result<void> begin() {
    auto canary = read();
    if (!canary) return tl::unexpected(canary.error());
    first_ = *std::move(canary);
    return {};
  }
  [[nodiscard]] const Canary& first() const { return *first_; }

  Result<Canary> read() override {
    if (first_ && !given_) {
      given_ = true;
      return *first_;
    }
    auto canary = store_.read();
    if (canary && taken_over(store_.object())) canary->spec.suspend = false;
    return canary;
  }
  Result<std::int64_t> write_status(const CanaryStatus& status, std::int64_t version) override {
    return store_.write_status(status, version);
  }
  Result<void> set_finalizer(bool present) override { return store_.set_finalizer(present); }

 private:
  ClusterStore& store_;
  std::optional<Canary> first_;
  bool given_ = false;
};

/// Remembers the routes of the pass, for its record.
class WatchedRouter : public Router {
 public:
  explicit WatchedRouter(Router& router) : router_{router} {}
  Result<void> reconcile(const Canary& canary) override { return router_.reconcile(canary); }
  Result<Routes> routes(const Canary& canary) override {
    auto routes = router_.routes(canary);
    if (routes) seen = *routes;
    return routes;
  }
  Result<void> set_routes(const Canary& canary, const Routes& routes) override {
    auto set = router_.set_routes(canary, routes);
    if (set) seen = routes;
    return set;
  }
  Result<void> finalize(const Canary& canary) override { return router_.finalize(canary); }

  std::optional<Routes> seen;

 private:
  Router& router_;
};

std::optional<ObjectPath> pods_of(const Canary& canary, const std::string& suffix = {}) {
  const ObjectRef& target = canary.spec.target_ref;
  if (target.kind != "Deployment" && target.kind != "DaemonSet") return std::nullopt;
  return ObjectPath{{"apps", "v1", target.kind == "DaemonSet" ? "daemonsets" : "deployments"},
                    canary.name.ns,
                    target.name + suffix};
}

/// "podinfo:6.1.0, sidecar:1": what people call the version of a workload.
std::string images_of(const json& workload) {
  std::string text;
  for (const json& container : list_at(workload, {"spec", "template", "spec", "containers"})) {
    const std::string image = text_at(container, {"image"});
    const auto slash = image.rfind('/');
    text +=
        (text.empty() ? "" : ", ") + (slash == std::string::npos ? image : image.substr(slash + 1));
  }
  return text;
}

int replicas_of(const json& workload) {
  const auto scheduled = integer_at(workload, {"status", "currentNumberScheduled"});
  const auto replicas = integer_at(workload, {"status", "replicas"});
  return static_cast<int>(scheduled.value_or(replicas.value_or(0)));
}

}  // namespace

bool taken_over(const json& canary) {
  return text_at(canary, {"metadata", "annotations", driver_annotation}) == "volary";
}

/// The ports of one pass, in the order in which they are made from each other.
struct Release::Pass {
  Pass(const ReleaseWorld& world, const ReleaseSettings& settings, ClusterStore& cluster,
       DrivenStore& driven)
      : store{cluster},
        canary{driven.first()},
        recorder{world, settings, canary},
        workload{make_workload(canary, world.api, cluster, settings.workload, world.wait)},
        routing{settings.routing},
        kube_router{world.routes, wiring(world, settings)},
        router{kube_router},
        metrics{world.metrics(canary)},
        webhooks{hooks(world, settings)},
        ports{.clock = world.clock,
              .store = driven,
              .router = router,
              .workload = *workload,
              .metrics = *metrics,
              .webhooks = *webhooks,
              .recorder = recorder,
              .entropy = world.entropy} {}

  std::unique_ptr<Webhooks> hooks(const ReleaseWorld& world, const ReleaseSettings& settings) {
    const auto record = [this](HookRecord hook) { recorder.tick.hooks.push_back(std::move(hook)); };
    if (world.instead_of_hooks)
      return std::make_unique<AssumedWebhooks>(world.instead_of_hooks, record);
    return std::make_unique<HttpWebhooks>(world.http, world.postbox, world.clock,
                                          settings.engine.compat, world.wait, record);
  }

  KubeRouter::Wiring wiring(const ReleaseWorld& world, const ReleaseSettings& settings) {
    const std::string& provider = plan(canary, settings.engine).provider;
    return {
        .settings = routing,
        .mesh_provider = settings.engine.mesh_provider,
        .provider = route_provider(provider),
        .describe = [this, &world, &settings](const Canary&) { return describe(world, settings); },
        .remark = [this](const std::string& text) { recorder.remark(text); }};
  }

  Result<RoutedCanary> describe(const ReleaseWorld& world, const ReleaseSettings& settings) {
    if (!selector_key) {
      const auto path = pods_of(canary);
      if (!path) {
        selector_key = "";
      } else {
        const auto target = world.api.get(*path);
        if (!target)
          return tl::unexpected(
              error_of(target.error(), spoken(canary.spec.target_ref.kind, *path)));
        const auto selector = selector_of(*target, settings.workload.selector_labels);
        if (!selector) return tl::unexpected(selector.error());
        selector_key = selector->key;
      }
    }
    return RoutedCanary{.object = store.object(), .selector_key = *selector_key};
  }

  ClusterStore& store;
  const Canary canary;
  ClusterRecorder recorder;
  std::unique_ptr<Workload> workload;
  const RoutingSettings& routing;
  KubeRouter kube_router;
  WatchedRouter router;
  std::unique_ptr<MetricSource> metrics;
  std::unique_ptr<Webhooks> webhooks;
  std::optional<std::string> selector_key;
  Ports ports;
};

Release::Release(const ReleaseWorld& world, const ReleaseSettings& settings, ObjectName name)
    : world_{world}, settings_{settings}, name_{std::move(name)} {}

template <class Do>
auto Release::with_ports(Do what) -> decltype(what(std::declval<Pass&>())) {
  ClusterStore cluster{world_.api, name_};
  DrivenStore driven{cluster};
  if (auto begun = driven.begin(); !begun) return tl::unexpected(begun.error());
  Pass pass{world_, settings_, cluster, driven};
  auto said = what(pass);
  object_ = cluster.object();
  return said;
}

Result<void> Release::admit() {
  return with_ports([&](Pass& pass) { return volary::admit(pass.ports, settings_.engine); });
}

Result<void> Release::revert() {
  return with_ports([&](Pass& pass) { return volary::revert(pass.ports, settings_.engine); });
}

Result<TickRecord> Release::tick() {
  return with_ports([&](Pass& pass) -> Result<TickRecord> {
    TickRecord& record = pass.recorder.tick;
    record.number = number_++;
    record.began = world_.clock.now();
    volary::tick(pass.ports, settings_.engine);
    record.ended = world_.clock.now();
    record.status = status_of(pass.store.object());
    record.routes = pass.router.seen;
    if (settings_.full_records) {
      if (const auto path = pods_of(pass.canary))
        if (const auto target = world_.api.get(*path)) {
          record.target_replicas = replicas_of(*target);
          record.target_version = images_of(*target);
        }
      if (const auto path = pods_of(pass.canary, "-primary"))
        if (const auto primary = world_.api.get(*path)) {
          record.primary_replicas = replicas_of(*primary);
          record.primary_version = images_of(*primary);
        }
    }
    pass.recorder.pass_over(record.status, record.ended - record.began);
    return record;
  });
}

}  // namespace volary::live
