#include "sim/cluster/full_world.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "engine/contract.hpp"
#include "live/canary_object.hpp"
#include "live/kube_objects.hpp"
#include "live/workloads/service_workloads.hpp"
#include "sim/cluster/manifests.hpp"

namespace volary::sim::cluster {
namespace {

using live::at;
using nlohmann::json;

RoutedNames names_of(const Canary& canary) {
  const std::string apex = apex_name(canary);
  return {.ns = canary.name.ns,
          .apex = apex,
          .primary = apex + "-primary",
          .canary = apex + "-canary",
          .ingress = canary.spec.ingress_ref ? canary.spec.ingress_ref->name : "",
          .route = canary.spec.route_ref ? canary.spec.route_ref->name : ""};
}

Error error_of(const live::KubeError& error, const live::ObjectPath& path) {
  return live::error_of(error, live::spoken(path.resource.plural, path));
}

}  // namespace

Result<std::unique_ptr<FullWorld>> FullWorld::make(Parts parts) {
  const Policy policy = parts.policy;
  Canary canary = policy.canary;
  if (canary.name.ns.empty()) canary.name.ns = "default";
  if (canary.spec.target_ref.kind == "Service")
    return tl::unexpected(
        Error{.kind = ErrorKind::Invalid,
              .message = fmt::format("Canary {}: wiring full simulates Deployments and DaemonSets, "
                                     "not the {} that it releases",
                                     to_string(canary.name), canary.spec.target_ref.kind),
              .where = {},
              .hint = "fly it with --wiring direct"});
  const Service& service = *parts.world.scenario().find_service(parts.service);
  std::unique_ptr<FullWorld> made{new FullWorld{parts, canary}};
  if (service.max_replicas && !canary.spec.autoscaler_ref) {
    // Both wirings take the scenario's autoscaler to be the Canary's.
    made->canary_.spec.autoscaler_ref = ObjectRef{.api_version = "autoscaling/v2",
                                                  .kind = "HorizontalPodAutoscaler",
                                                  .name = canary.spec.target_ref.name,
                                                  .ns = {}};
    made->note(
        fmt::format("the scenario scales {} and Canary {} names no autoscaler: it flies as "
                    "if autoscalerRef named HorizontalPodAutoscaler {}",
                    parts.service, to_string(canary.name), canary.spec.target_ref.name));
  }
  if (auto stands = made->set_up(policy); !stands) return tl::unexpected(stands.error());
  return made;
}

FullWorld::FullWorld(Parts parts, Canary canary)
    : world_{parts.world},
      canary_{std::move(canary)},
      service_{std::move(parts.service)},
      settings_{.compat = parts.compat},
      wait_{std::move(parts.wait)},
      api_{{.now = [this] { return world_.now(); }, .wait = wait_, .seed = parts.seed}},
      controller_{api_, world_, service_, target_path(canary_)},
      data_plane_{
          api_,           world_,
          service_,       names_of(canary_),
          parts.provider, [this](const json& selector) { return controller_.selected(selector); }},
      store_{api_, canary_.name},
      router_{api_, wiring(parts.provider, parts.compat)} {
  api_.before_request([this] { controller_.write_back(); });
}

live::KubeRouter::Wiring FullWorld::wiring(const std::string& provider, Compat compat) {
  return {.settings = {.compat = compat},
          .mesh_provider = provider,
          .provider = live::route_provider(provider),
          .describe = [this](const Canary&) { return describe(); },
          .remark = [this](const std::string& remark) { note(remark); }};
}

/// The Canary as the tick has read it, and what selects its pods (RT-COMMON-14, RT-COMMON-32).
Result<live::RoutedCanary> FullWorld::describe() {
  const live::ObjectPath path = target_path(canary_);
  const auto target = api_.get(path);
  if (!target) return tl::unexpected(error_of(target.error(), path));
  const auto selector = live::selector_of(*target, settings_.selector_labels);
  if (!selector) return tl::unexpected(selector.error());
  return live::RoutedCanary{.object = store_.object(), .selector_key = selector->key};
}

Result<void> FullWorld::set_up(const Policy& policy) {
  Policy flown = policy;
  flown.canary = canary_;
  auto manifest = canary_manifest(flown);
  if (!manifest) return tl::unexpected(manifest.error());
  const Service& service = *world_.scenario().find_service(service_);
  const std::string image =
      WorkloadController::image_of(service_, world_.version_name(service_, 0));
  std::vector<Manifest> all = surroundings(flown, canary_, service, image);
  all.push_back({{live::canaries, canary_.name.ns, canary_.name.name}, *std::move(manifest)});
  Result<void> done{};
  api_.undisturbed([&] {
    for (const Manifest& each : all) {
      const auto created = api_.create(each.path, each.object);
      if (created || created.error().kind == live::KubeError::Kind::AlreadyExists) continue;
      done = tl::unexpected(error_of(created.error(), each.path));
      return;
    }
  });
  if (done) begin_tick();
  return done;
}

void FullWorld::begin_tick() {
  workload_ = live::make_workload(canary_, api_, store_, settings_, wait_);
}

void FullWorld::release(std::size_t n) {
  const int version = world_.version_of_release(n);
  const std::string image =
      WorkloadController::image_of(service_, world_.version_name(service_, version));
  controller_.means(image, version);
  const live::ObjectPath path = target_path(canary_);
  api_.undisturbed([&] {
    const json* target = api_.find(path);
    expects(target != nullptr, "the target of a release is there");
    json containers = live::list_at(*target, {"spec", "template", "spec", "containers"});
    containers[0]["image"] = image;
    const auto applied = api_.patch(
        path, {{"spec", {{"template", {{"spec", {{"containers", std::move(containers)}}}}}}}});
    expects(applied.has_value(), "a new image is a patch that the API server accepts");
  });
}

CanaryStatus FullWorld::status() const {
  const json* object = api_.find({live::canaries, canary_.name.ns, canary_.name.name});
  return object ? live::status_of(*object) : CanaryStatus{};
}

void FullWorld::note(const std::string& text) {
  if (std::ranges::find(notes_, text) == notes_.end()) notes_.push_back(text);
}

}  // namespace volary::sim::cluster
