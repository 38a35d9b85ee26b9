#include "sim/cluster/workload_controller.hpp"

#include <algorithm>

#include "live/kube_objects.hpp"
#include "live/rfc3339.hpp"
#include "live/workloads/primary.hpp"

namespace volary::sim::cluster {
namespace {

using live::at;
using live::list_at;
using live::text_at;
using nlohmann::json;

live::ObjectPath primary_of(live::ObjectPath target) {
  target.name += "-primary";
  return target;
}

std::string image_in(const json& object) {
  const json& containers = list_at(object, {"spec", "template", "spec", "containers"});
  return containers.empty() ? std::string{} : text_at(containers.front(), {"image"});
}

json condition(const char* type, const std::string& status, const std::string& reason,
               Instant updated) {
  return {{"type", type},
          {"status", status},
          {"reason", reason},
          {"lastUpdateTime", live::rfc3339(updated)},
          {"lastTransitionTime", live::rfc3339(updated)}};
}

json deployment_status(const WorkloadView& view) {
  const bool late = view.progressing_reason == "ProgressDeadlineExceeded";
  return {
      {"replicas", view.replicas},
      {"updatedReplicas", view.updated},
      {"readyReplicas", view.available},
      {"availableReplicas", view.available},
      {"unavailableReplicas", std::max(0, view.replicas - view.available)},
      {"conditions", json::array({condition("Available", view.available_status,
                                            view.available_reason, view.available_updated),
                                  condition("Progressing", late ? "False" : "True",
                                            view.progressing_reason, view.available_updated)})}};
}

json daemon_set_status(const WorkloadView& view) {
  return {{"desiredNumberScheduled", view.spec_replicas.value_or(0)},
          {"currentNumberScheduled", view.replicas},
          {"updatedNumberScheduled", view.updated},
          {"numberAvailable", view.available},
          {"numberReady", view.available},
          {"numberMisscheduled", 0}};
}

}  // namespace

WorkloadController::WorkloadController(ApiServer& api, TrafficWorld& world, std::string service,
                                       live::ObjectPath target)
    : api_{api},
      world_{world},
      service_{std::move(service)},
      daemon_set_{target.resource.plural == "daemonsets"},
      nodes_{world.scenario().find_service(service_)->replicas},
      target_{.path = target, .role = Role::Target},
      primary_{.path = primary_of(target), .role = Role::Primary} {
  means(image_of(service_, world_.version_name(service_, 0)), 0);
  api_.on_change([this](const Change& change) { noticed(change); });
}

std::string WorkloadController::image_of(const std::string& service, const std::string& version) {
  return "registry.example/" + service + ":" + version;
}

int WorkloadController::wished_replicas(const json& object) const {
  if (!daemon_set_)
    return static_cast<int>(live::integer_at(object, {"spec", "replicas"}).value_or(1));
  // CR-34: a node selector that no node meets.
  const json& selector =
      at(object, {"spec", "template", "spec", "nodeSelector", live::scale_to_zero_key});
  return selector.is_null() ? nodes_ : 0;
}

void WorkloadController::noticed(const Change& change) {
  if (!change.after) return;  // pods of a workload that is deleted serve on: nobody deletes one
  for (Bound* bound : {&target_, &primary_}) {
    if (change.path.resource.group != bound->path.resource.group ||
        change.path.resource.plural != bound->path.resource.plural ||
        change.path.ns != bound->path.ns || change.path.name != bound->path.name)
      continue;
    const auto generation = live::integer_at(*change.after, {"metadata", "generation"}).value_or(0);
    if (generation != bound->applied) {
      bound->applied = generation;
      apply(*bound, *change.after);
    }
    return;
  }
}

void WorkloadController::apply(Bound& bound, const json& object) {
  WorkloadId id = world_.workload(service_, bound.role);
  const int replicas = wished_replicas(object);
  if (id == no_workload) id = world_.create_primary(service_, replicas);
  if (const auto version = versions_.find(image_in(object)); version != versions_.end())
    world_.set_version(id, version->second);
  world_.scale(id, replicas);
}

void WorkloadController::write_back() {
  for (Bound* bound : {&target_, &primary_}) write_back(*bound);
}

void WorkloadController::write_back(Bound& bound) {
  const json* object = api_.find(bound.path);
  const WorkloadId id = world_.workload(service_, bound.role);
  if (object == nullptr || id == no_workload) return;
  if (!daemon_set_ && wished_replicas(*object) != world_.replicas(id)) {
    // The autoscaler writes through the scale subresource.
    (void)api_.patch(bound.path, {{"spec", {{"replicas", world_.replicas(id)}}}});
    object = api_.find(bound.path);
  }
  const WorkloadView view = world_.view(id);
  if (view.observed_generation >= view.generation) bound.observed = bound.applied;
  json status = daemon_set_ ? daemon_set_status(view) : deployment_status(view);
  status["observedGeneration"] = bound.observed;
  if (at(*object, {"status"}) == status) return;
  json written = *object;
  written["status"] = std::move(status);
  (void)api_.update_status(bound.path, written);
}

std::optional<Role> WorkloadController::selected(const json& selector) const {
  const live::Labels wanted = live::labels_at(selector, {});
  if (wanted.empty()) return std::nullopt;
  for (const Bound* bound : {&target_, &primary_}) {
    const json* object = api_.find(bound->path);
    if (object == nullptr) continue;
    const live::Labels pods = live::labels_at(*object, {"spec", "template", "metadata", "labels"});
    if (std::ranges::all_of(wanted, [&](const auto& label) {
          const auto found = pods.find(label.first);
          return found != pods.end() && found->second == label.second;
        }))
      return bound->role;
  }
  return std::nullopt;
}

}  // namespace volary::sim::cluster
