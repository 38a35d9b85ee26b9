#include "live/workloads/service_workloads.hpp"

#include <utility>

#include "live/canary_object.hpp"
#include "live/checksum.hpp"
#include "live/perform.hpp"
#include "live/services.hpp"
#include "live/workloads/pod_workload.hpp"

namespace volary::live {
namespace {

using nlohmann::json;

const Resource core_services{"", "v1", "services"};
const Resource knative_services{"serving.knative.dev", "v1", "services"};
const Resource knative_revisions{"serving.knative.dev", "v1", "revisions"};

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

/// GEN-60..62.
Result<void> CoreServiceWorkload::copy(bool promoting) {
  const auto canary = store_.canary();
  if (!canary) return tl::unexpected(canary.error());
  const RoutingSettings routing{.compat = settings_.compat};
  const RouteContext context{
      .canary = *canary, .object = store_.object(), .settings = routing, .selector_key = {}};
  const ServicePaths paths = service_paths(context);
  const auto snapshot = read_objects(api_, {paths.apex, paths.canary, paths.primary});
  if (!snapshot) return tl::unexpected(snapshot.error());
  const auto writes =
      promoting ? promote_core_service(context, settings_.include_label_prefixes, *snapshot)
                : core_service_copies(context, *snapshot);
  if (!writes) return tl::unexpected(writes.error());
  return perform(api_, *writes);
}

Result<void> CoreServiceWorkload::reconcile_services() { return copy(false); }

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

Result<void> CoreServiceWorkload::promote() { return copy(true); }

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
                                        const ClusterStore& store, const WorkloadSettings& settings,
                                        std::function<void(Duration)> wait) {
  const ObjectRef& target = canary.spec.target_ref;
  if (target.kind == "Service") {
    if (target.api_version == "serving.knative.dev/v1")  // CR-30
      return std::make_unique<KnativeWorkload>(api, store, settings, std::move(wait));
    return std::make_unique<CoreServiceWorkload>(api, store, settings, std::move(wait));
  }
  return std::make_unique<PodWorkload>(api, store, settings, std::move(wait));
}

}  // namespace volary::live
