#include "live/workloads/service_workloads.hpp"

#include <utility>

#include "live/canary_object.hpp"
#include "live/checksum.hpp"
#include "live/workloads/pod_workload.hpp"

namespace volary::live {
namespace {

using nlohmann::json;

const Resource core_services{"", "v1", "services"};
const Resource knative_services{"serving.knative.dev", "v1", "services"};
const Resource knative_revisions{"serving.knative.dev", "v1", "revisions"};

/// RT-K8S-40 [Q]: both forms of the cluster IP belong to one Service alone; `None` is no address
/// and is copied.
void own_address(json& spec, const json& existing) {
  if (text_at(spec, {"clusterIP"}) == "None") return;
  for (const char* key : {"clusterIP", "clusterIPs"}) {
    spec.erase(key);
    if (const json& own = at(existing, {"spec", key}); !own.is_null()) spec[key] = own;
  }
}

/// Node ports and health check ports, too, are one Service's own.
void own_ports(json& spec, const json& existing) {
  spec.erase("healthCheckNodePort");
  if (const json& own = at(existing, {"spec", "healthCheckNodePort"}); !own.is_null())
    spec["healthCheckNodePort"] = own;
  if (!spec.contains("ports") || !spec["ports"].is_array()) return;
  for (json& port : spec["ports"]) {
    if (!port.is_object()) continue;
    port.erase("nodePort");
    for (const json& own : list_at(existing, {"spec", "ports"}))
      if (text_at(own, {"name"}) == text_at(port, {"name"}) && own.contains("nodePort"))
        port["nodePort"] = own["nodePort"];
  }
}

/// GEN-60: the target's spec as another Service's own.
json copied_spec(const json& target, const json& existing, const json& canary_object) {
  json spec = at(target, {"spec"});
  if (!spec.is_object()) spec = json::object();
  own_address(spec, existing);
  own_ports(spec, existing);
  const std::string distribution =
      text_at(canary_object, {"spec", "service", "trafficDistribution"});
  if (!distribution.empty()) spec["trafficDistribution"] = distribution;
  return spec;
}

json new_service(const std::string& name, const Canary& canary) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata",
           {{"name", name},
            {"namespace", canary.name.ns},
            {"ownerReferences", json::array({owner_reference(canary)})}}}};
}

void put_labels(json& object, const char* key, const Labels& labels) {
  if (labels.empty()) {
    object["metadata"].erase(key);
  } else {
    object["metadata"][key] = labels;
  }
}

/// GEN-60, GEN-61: a copy of the target Service, labels and annotations included.
json copy_of_target(const json& target, const json& existing, const std::string& name,
                    const Canary& canary, const json& canary_object) {
  json copy = existing.is_object() ? existing : new_service(name, canary);
  Labels annotations = labels_at(target, {"metadata", "annotations"});
  annotations.erase(last_applied_annotation);
  put_labels(copy, "labels", labels_at(target, {"metadata", "labels"}));
  put_labels(copy, "annotations", annotations);
  copy["spec"] = copied_spec(target, existing, canary_object);
  return copy;
}

}  // namespace

PodlessWorkload::PodlessWorkload(KubeApi& api, const ClusterStore& store,
                                 const WorkloadSettings& settings,
                                 std::function<void(Duration)> wait)
    : api_{api}, store_{store}, settings_{settings}, wait_{std::move(wait)} {}

ObjectPath PodlessWorkload::path(const Resource& resource, const std::string& suffix) const {
  const json& object = store_.object();
  return {.resource = resource,
          .ns = text_at(object, {"metadata", "namespace"}),
          .name = text_at(object, {"spec", "targetRef", "name"}) + suffix};
}

Result<json> PodlessWorkload::get(const ObjectPath& path, const char* kind) {
  auto object = api_.get(path);
  if (!object) return tl::unexpected(error_of(object.error(), spoken(kind, path)));
  return *std::move(object);
}

// ── a core Service ──

Result<void> CoreServiceWorkload::check_target() {
  if (auto target = get(path(core_services), "Service"); !target)
    return tl::unexpected(target.error());
  return {};
}

Result<void> CoreServiceWorkload::reconcile_services() {  // GEN-60
  std::vector<Remark> remarks;
  const auto canary = canary_of(store_.object(), remarks);
  if (!canary) return tl::unexpected(canary.error());
  const auto target = get(path(core_services), "Service");
  if (!target) return tl::unexpected(target.error());
  const ObjectPath where = path(core_services, "-canary");
  const auto existing = api_.get(where);
  if (!existing && existing.error().kind != KubeError::Kind::NotFound)
    return tl::unexpected(error_of(existing.error(), spoken("Service", where)));
  const json before = existing ? *existing : json{};
  const json copy = copy_of_target(*target, before, where.name, *canary, store_.object());
  if (existing && means_the_same(copy, before)) return {};
  const auto written = existing ? api_.update(where, copy) : api_.create(where, copy);
  if (!written) return tl::unexpected(error_of(written.error(), spoken("Service", where)));
  return {};
}

Result<void> CoreServiceWorkload::create_primary_if_missing() {  // GEN-61
  std::vector<Remark> remarks;
  const auto canary = canary_of(store_.object(), remarks);
  if (!canary) return tl::unexpected(canary.error());
  const ObjectPath where = path(core_services, "-primary");
  const auto existing = api_.get(where);
  if (existing) return {};
  if (existing.error().kind != KubeError::Kind::NotFound)
    return tl::unexpected(error_of(existing.error(), spoken("Service", where)));
  const auto target = get(path(core_services), "Service");
  if (!target) return tl::unexpected(target.error());
  const auto created =
      api_.create(where, copy_of_target(*target, json{}, where.name, *canary, store_.object()));
  if (!created) return tl::unexpected(error_of(created.error(), spoken("Service", where)));
  return {};
}

Result<WorkloadView> CoreServiceWorkload::view(Role role) {  // RDY-30
  const ObjectPath where = path(core_services, role == Role::Primary ? "-primary" : "");
  WorkloadView view;
  view.kind = WorkloadView::Kind::Other;
  view.name = where.name;
  return view;
}

Result<Fingerprint> CoreServiceWorkload::fingerprint() {  // CHG-01
  const auto target = get(path(core_services), "Service");
  if (!target) return tl::unexpected(target.error());
  return content_fingerprint(at(*target, {"spec"}));
}

Result<void> CoreServiceWorkload::promote() {  // GEN-62
  const auto target = get(path(core_services), "Service");
  if (!target) return tl::unexpected(target.error());
  const ObjectPath where = path(core_services, "-primary");
  auto primary = get(where, "Service");
  if (!primary) return tl::unexpected(primary.error());
  json promoted = *primary;
  promoted["spec"] = copied_spec(*target, *primary, store_.object());
  const auto& prefixes = settings_.include_label_prefixes;
  put_labels(promoted, "labels", included(labels_at(*target, {"metadata", "labels"}), prefixes));
  put_labels(promoted, "annotations",
             included(labels_at(*target, {"metadata", "annotations"}), prefixes));
  if (promoted == *primary) return {};
  const auto written = api_.update(where, promoted);
  if (!written) return tl::unexpected(error_of(written.error(), spoken("Service", where)));
  return {};
}

// ── a Knative Service ──

Result<json> KnativeWorkload::service() { return get(path(knative_services), "Service"); }

Result<void> KnativeWorkload::check_target() {
  const auto target = service();
  if (!target) return tl::unexpected(target.error());
  return {};
}

/// RT-KNATIVE-06: annotation and traffic in one write, and nothing else of the object
/// (RT-KNATIVE-17).
Result<void> KnativeWorkload::create_primary_if_missing() {
  auto target = service();
  if (!target) return tl::unexpected(target.error());
  if (!text_at(*target, {"metadata", "annotations", knative_primary_annotation}).empty()) return {};
  const std::string latest = text_at(*target, {"status", "latestCreatedRevisionName"});
  if (latest.empty())
    return fail(ErrorKind::Unavailable, "{} has no revision yet",
                spoken("Service", path(knative_services)));
  json initialized = *target;
  initialized["metadata"]["annotations"][knative_primary_annotation] = latest;
  initialized["spec"]["traffic"] = json::array(
      {{{"latestRevision", true}, {"percent", 0}}, {{"revisionName", latest}, {"percent", 100}}});
  const auto written = api_.update(path(knative_services), initialized);
  if (!written)
    return tl::unexpected(error_of(written.error(), spoken("Service", path(knative_services))));
  return {};
}

Result<WorkloadView> KnativeWorkload::view(Role role) {  // RDY-31, RT-KNATIVE-09
  const auto target = service();
  if (!target) return tl::unexpected(target.error());
  const std::string revision =
      role == Role::Primary
          ? text_at(*target, {"metadata", "annotations", knative_primary_annotation})
          : text_at(*target, {"status", "latestCreatedRevisionName"});
  if (revision.empty())
    return fail(ErrorKind::NotFound, "{} names no {} revision",
                spoken("Service", path(knative_services)),
                role == Role::Primary ? "primary" : "latest");
  const ObjectPath where{knative_revisions, path(knative_services).ns, revision};
  const auto object = get(where, "Revision");
  if (!object) return tl::unexpected(object.error());
  WorkloadView view;
  view.kind = WorkloadView::Kind::Other;
  view.name = revision;
  view.ready_condition = false;
  for (const json& condition : list_at(*object, {"status", "conditions"}))
    if (text_at(condition, {"type"}) == "Ready")
      view.ready_condition = text_at(condition, {"status"}) == "True";
  return view;
}

Result<Fingerprint> KnativeWorkload::fingerprint() {
  const auto target = service();
  if (!target) return tl::unexpected(target.error());
  return text_at(*target, {"status", "latestCreatedRevisionName"});
}

Result<void> KnativeWorkload::promote() {  // GEN-46, RT-KNATIVE-08
  const auto target = service();
  if (!target) return tl::unexpected(target.error());
  const std::string latest = text_at(*target, {"status", "latestCreatedRevisionName"});
  if (text_at(*target, {"metadata", "annotations", knative_primary_annotation}) == latest)
    return {};
  json promoted = *target;
  promoted["metadata"]["annotations"][knative_primary_annotation] = latest;
  const auto written = api_.update(path(knative_services), promoted);
  if (!written)
    return tl::unexpected(error_of(written.error(), spoken("Service", path(knative_services))));
  return {};
}

std::unique_ptr<Workload> make_workload(const Canary& canary, KubeApi& api,
                                        const ClusterStore& store, ServiceKeeper& services,
                                        const WorkloadSettings& settings,
                                        std::function<void(Duration)> wait) {
  const ObjectRef& target = canary.spec.target_ref;
  if (target.kind == "Service") {
    if (target.api_version == "serving.knative.dev/v1")  // CR-30
      return std::make_unique<KnativeWorkload>(api, store, settings, std::move(wait));
    return std::make_unique<CoreServiceWorkload>(api, store, settings, std::move(wait));
  }
  return std::make_unique<PodWorkload>(api, store, services, settings, std::move(wait));
}

}  // namespace volary::live
