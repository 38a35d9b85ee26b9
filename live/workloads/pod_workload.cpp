#include "live/workloads/pod_workload.hpp"

#include <algorithm>

#include "live/canary_object.hpp"
#include "live/checksum.hpp"
#include "live/perform.hpp"
#include "live/rfc3339.hpp"
#include "live/services.hpp"
#include "live/workloads/autoscaler.hpp"

namespace volary::live {
namespace {

using nlohmann::json;

constexpr int conflict_tries = 5;
const Resource config_maps{"", "v1", "configmaps"};
const Resource secrets{"", "v1", "secrets"};

Resource resource_of(const std::string& kind) {
  return {"apps", "v1", kind == "DaemonSet" ? "daemonsets" : "deployments"};  // CR-31
}

std::vector<ConfigRef> refs_of(const auto& configs) {
  std::vector<ConfigRef> refs;
  for (const auto& config : configs) refs.push_back(config.ref);
  return refs;
}

/// A `flagger-id` that a repeated promotion of the same content repeats (INV-11): pods roll once.
std::string pod_id(const Canary& canary, const json& target, const auto& configs) {
  std::string text = canary.uid + content_fingerprint(revision_content(target));
  for (const auto& config : configs)
    text += tracked_name(config.ref) + config_checksum(at(config.object, {"data"}));
  return uuid_of(text);
}

/// Do the managed fields say that nobody has written the object, its status aside, after `when`?
bool untouched_since(const json& object, Instant when) {
  const json& managers = list_at(object, {"metadata", "managedFields"});
  return !managers.empty() && std::all_of(managers.begin(), managers.end(), [&](const json& entry) {
    if (text_at(entry, {"subresource"}) == "status") return true;
    const auto time = rfc3339(text_at(entry, {"time"}));
    return time && *time <= when;
  });
}

}  // namespace

PodWorkload::PodWorkload(KubeApi& api, const ClusterStore& store, const WorkloadSettings& settings,
                         std::function<void(Duration)> wait)
    : api_{api}, store_{store}, settings_{settings}, wait_{std::move(wait)} {}

Result<Canary> PodWorkload::canary() const { return store_.canary(); }

ObjectPath PodWorkload::path(Role role) const {
  const json& object = store_.object();
  return {.resource = resource_of(text_at(object, {"spec", "targetRef", "kind"})),
          .ns = text_at(object, {"metadata", "namespace"}),
          .name = text_at(object, {"spec", "targetRef", "name"}) +
                  (role == Role::Primary ? "-primary" : "")};
}

std::string PodWorkload::kind() const {
  return path(Role::Target).resource.plural == "daemonsets" ? "DaemonSet" : "Deployment";
}

std::string PodWorkload::named(Role role) const { return spoken(kind(), path(role)); }

Result<json> PodWorkload::get(Role role) {
  auto object = api_.get(path(role));
  if (!object) return tl::unexpected(error_of(object.error(), named(role)));
  if (!object->contains("kind")) (*object)["kind"] = kind();  // items of a list carry none
  return *std::move(object);
}

Result<json> PodWorkload::target() {
  if (!target_) {
    auto read = get(Role::Target);
    if (!read) return read;
    target_ = *std::move(read);
  }
  return *target_;
}

Result<std::optional<json>> PodWorkload::primary() {
  auto object = get(Role::Primary);
  if (object) return std::optional<json>{*std::move(object)};
  if (object.error().kind == ErrorKind::NotFound) return std::optional<json>{};
  return tl::unexpected(object.error());
}

Result<void> PodWorkload::check_target() {  // SM-04
  target_.reset();
  auto read = target();
  if (!read) return tl::unexpected(read.error());
  auto selector = selector_of(*read, settings_.selector_labels);
  if (!selector) return tl::unexpected(selector.error());
  const std::string update = text_at(*read, {"spec", "updateStrategy", "type"});
  if (is_daemon_set(*read) && !update.empty() && update != "RollingUpdate")  // GEN-35
    return fail(ErrorKind::Invalid, "{}: update strategy {} is not RollingUpdate",
                named(Role::Target), update);
  return {};
}

/// SM-05, SM-10, FIN-20.
Result<void> PodWorkload::keep(Services which) {
  const auto object = canary();
  if (!object) return tl::unexpected(object.error());
  auto read = target();
  if (!read) return tl::unexpected(read.error());
  const RoutingSettings routing{.compat = settings_.compat};
  const RouteContext context{
      .canary = *object, .object = store_.object(), .settings = routing, .selector_key = {}};
  const auto selected = service_target(context, *read, settings_.selector_labels);
  if (!selected) return tl::unexpected(selected.error());
  const ServicePaths paths = service_paths(context);
  const auto snapshot = which == Services::Roles ? read_objects(api_, {paths.canary, paths.primary})
                                                 : read_objects(api_, {paths.apex});
  if (!snapshot) return tl::unexpected(snapshot.error());
  switch (which) {
    case Services::Roles: return perform(api_, role_services(context, *selected, *snapshot));
    case Services::Apex: return perform(api_, apex_service(context, *selected, *snapshot));
    case Services::Revert: break;
  }
  const auto writes = finalize_services(context, *selected, *snapshot);
  if (!writes) return tl::unexpected(writes.error());
  return perform(api_, *writes);
}

Result<void> PodWorkload::reconcile_services() { return keep(Services::Roles); }
Result<void> PodWorkload::reconcile_apex() { return keep(Services::Apex); }
Result<void> PodWorkload::revert_services() { return keep(Services::Revert); }

Result<std::vector<PodWorkload::Config>> PodWorkload::configs(const json& target) {
  std::vector<Config> found;
  if (!settings_.config_tracking) return found;  // CHG-24
  for (const ConfigRef& ref : config_refs(at(target, {"spec", "template"}))) {
    const bool is_map = ref.kind == ConfigRef::Kind::ConfigMap;
    const ObjectPath where{is_map ? config_maps : secrets, path(Role::Target).ns, ref.name};
    auto object = api_.get(where);
    if (!object) {
      if (object.error().kind == KubeError::Kind::NotFound && ref.optional) continue;  // CHG-22
      return tl::unexpected(
          error_of(object.error(), spoken(is_map ? "ConfigMap" : "Secret", where)));
    }
    if (is_tracked(ref, *object)) found.push_back({ref, *std::move(object)});
  }
  return found;
}

Result<void> PodWorkload::copy_configs(const std::vector<Config>& configs, const Canary& canary) {
  for (const auto& [ref, source] : configs) {
    const bool is_map = ref.kind == ConfigRef::Kind::ConfigMap;
    const ObjectPath where{is_map ? config_maps : secrets, canary.name.ns, ref.name + "-primary"};
    const std::string what = spoken(is_map ? "ConfigMap" : "Secret", where);
    auto existing = api_.get(where);
    if (!existing && existing.error().kind != KubeError::Kind::NotFound)
      return tl::unexpected(error_of(existing.error(), what));
    const json before = existing ? *existing : json{};
    const json copy = primary_config(
        ref, source, before, canary,
        included(labels_at(source, {"metadata", "labels"}), settings_.include_label_prefixes));
    if (existing && copy == before) continue;
    const auto written = existing ? api_.update(where, copy) : api_.create(where, copy);
    if (!written) return tl::unexpected(error_of(written.error(), what));
  }
  return {};
}

Result<void> PodWorkload::create_primary_if_missing() {  // SM-08a
  auto existing = primary();
  if (!existing) return tl::unexpected(existing.error());
  if (*existing) return {};
  const auto object = canary();
  if (!object) return tl::unexpected(object.error());
  auto read = target();
  if (!read) return tl::unexpected(read.error());
  const auto selector = selector_of(*read, settings_.selector_labels);
  if (!selector) return tl::unexpected(selector.error());
  auto tracked = configs(*read);
  if (!tracked) return tl::unexpected(tracked.error());
  if (auto copied = copy_configs(*tracked, *object); !copied) return copied;
  const auto created = api_.create(
      path(Role::Primary), new_primary(*read, {.canary = *object,
                                               .settings = settings_,
                                               .selector = *selector,
                                               .configs = refs_of(*tracked),
                                               .pod_id = pod_id(*object, *read, *tracked)}));
  // Somebody was quicker: the next tick sees whose it is (FLT-02).
  if (!created) return tl::unexpected(error_of(created.error(), named(Role::Primary)));
  return {};
}

Result<WorkloadView> PodWorkload::view(Role role) {
  auto object = get(role);
  if (!object) return tl::unexpected(object.error());
  return view_of(*object);
}

/// CHG-01, and Q-20: an object that another controller has released carries a fingerprint that
/// nobody else can make. While its primary runs what a promotion of the target would give it, that
/// value stands for the target as it is (docs/adr/0007-taking-over-at-rest.md).
Result<Fingerprint> PodWorkload::fingerprint() {
  auto read = get(Role::Target);
  if (!read) return tl::unexpected(read.error());
  const std::string own = content_fingerprint(revision_content(*read));
  const CanaryStatus status = status_of(store_.object());
  const std::string& foreign = status.last_promoted_spec;
  if (foreign.empty() || is_own_fingerprint(foreign)) return own;
  if (status.last_applied_spec != foreign) {
    // Rolled back, and nobody has touched the target since the other one looked at it last (CHG-06:
    // it wrote the time down in every tick). Anything else is a release under way.
    const bool rests = status.phase == Phase::Failed &&
                       !is_own_fingerprint(status.last_applied_spec) &&
                       untouched_since(*read, status.last_transition_time);
    return rests ? status.last_applied_spec : own;
  }
  auto existing = primary();
  if (!existing) return tl::unexpected(existing.error());
  if (!*existing) return own;
  const auto object = canary();
  if (!object) return tl::unexpected(object.error());
  const auto selector = selector_of(*read, settings_.selector_labels);
  if (!selector) return tl::unexpected(selector.error());
  auto tracked = configs(*read);
  if (!tracked) return tl::unexpected(tracked.error());
  const PrimaryParts parts{.canary = *object,
                           .settings = settings_,
                           .selector = *selector,
                           .configs = refs_of(*tracked),
                           .pod_id = {}};
  return runs_the_same(**existing, *read, parts) ? foreign : own;
}

Result<std::optional<TrackedConfigs>> PodWorkload::tracked_configs() {
  if (!settings_.config_tracking) return std::optional<TrackedConfigs>{};
  auto read = get(Role::Target);
  if (!read) return tl::unexpected(read.error());
  auto found = configs(*read);
  if (!found) return tl::unexpected(found.error());
  TrackedConfigs tracked;
  for (const auto& [ref, object] : *found)
    tracked[tracked_name(ref)] = config_checksum(at(object, {"data"}));
  return std::optional{tracked};
}

Result<void> PodWorkload::patch_target(const json& merge) {
  auto patched = api_.patch(path(Role::Target), merge);
  if (!patched) return tl::unexpected(error_of(patched.error(), named(Role::Target)));
  return {};
}

Result<void> PodWorkload::scale_to_zero() {  // SCL-03
  auto read = get(Role::Target);
  if (!read) return tl::unexpected(read.error());
  if (is_daemon_set(*read)) {
    if (text_at(*read, {"spec", "template", "spec", "nodeSelector", scale_to_zero_key}) == "true")
      return {};
    return patch_target(
        {{"spec", {{"template", {{"spec", {{"nodeSelector", {{scale_to_zero_key, "true"}}}}}}}}}});
  }
  if (integer_at(*read, {"spec", "replicas"}) == 0) return {};
  return patch_target({{"spec", {{"replicas", 0}}}});
}

Result<void> PodWorkload::scale_up() {
  auto read = get(Role::Target);
  if (!read) return tl::unexpected(read.error());
  if (is_daemon_set(*read)) {  // SCL-11
    if (at(*read, {"spec", "template", "spec", "nodeSelector", scale_to_zero_key}).is_null())
      return {};
    return patch_target(
        {{"spec", {{"template", {{"spec", {{"nodeSelector", {{scale_to_zero_key, nullptr}}}}}}}}}});
  }
  const auto object = canary();
  if (!object) return tl::unexpected(object.error());
  const auto as_int = [](const std::optional<std::int64_t>& number) {
    return number ? std::optional<int>{static_cast<int>(*number)} : std::nullopt;
  };
  const auto current = as_int(integer_at(*read, {"spec", "replicas"}));
  std::optional<int> least, of_primary;
  if (object->spec.autoscaler_ref) {
    bool known = false;
    if (const auto scaler = target_autoscaler(*object, known); scaler && known)
      least = least_replicas(*scaler);
  } else if (!current || *current <= 0) {
    auto existing = primary();
    if (!existing) return tl::unexpected(existing.error());
    if (*existing) of_primary = as_int(integer_at(**existing, {"spec", "replicas"})).value_or(1);
  }
  const auto wanted =
      replicas_to_start(current, object->spec.autoscaler_ref.has_value(), least, of_primary);
  if (!wanted) return tl::unexpected(wanted.error());
  if (current == *wanted) return {};
  return patch_target({{"spec", {{"replicas", *wanted}}}});
}

Result<void> PodWorkload::restore_target() {  // FIN-10 (3)
  auto read = get(Role::Target);
  if (!read) return tl::unexpected(read.error());
  if (is_daemon_set(*read)) return scale_up();
  auto existing = primary();
  if (!existing) return tl::unexpected(existing.error());
  if (!*existing) return scale_up();
  const auto replicas = integer_at(**existing, {"spec", "replicas"}).value_or(1);
  if (integer_at(*read, {"spec", "replicas"}) == replicas) return {};
  return patch_target({{"spec", {{"replicas", replicas}}}});
}

Result<void> PodWorkload::promote() {  // GEN-40
  for (int attempt = 0; attempt < conflict_tries; ++attempt) {
    auto promoted = promote_once();
    if (!promoted) return tl::unexpected(promoted.error());
    if (*promoted) return {};
  }
  return fail(ErrorKind::Conflict, "{} kept changing under {} promotions", named(Role::Primary),
              conflict_tries);
}

/// False: the primary changed meanwhile.
Result<bool> PodWorkload::promote_once() {
  const auto object = canary();
  if (!object) return tl::unexpected(object.error());
  auto existing = get(Role::Primary);
  if (!existing) return tl::unexpected(existing.error());
  auto read = get(Role::Target);
  if (!read) return tl::unexpected(read.error());
  // INV-10: what is promoted is what was analysed, not what came between the last check and now.
  const std::string now = content_fingerprint(revision_content(*read));
  const std::string& analysed = object->status.last_applied_spec;
  if (settings_.compat == Compat::Strict && !object->spec.skip_analysis &&
      is_own_fingerprint(analysed) && now != analysed)
    return fail(ErrorKind::Conflict, "{} changed after its last check: it is analysed anew",
                named(Role::Target));
  const auto selector = selector_of(*read, settings_.selector_labels);
  if (!selector) return tl::unexpected(selector.error());
  auto tracked = configs(*read);
  if (!tracked) return tl::unexpected(tracked.error());
  if (auto copied = copy_configs(*tracked, *object); !copied) return tl::unexpected(copied.error());
  const json promoted = promoted_primary(*existing, *read,
                                         {.canary = *object,
                                          .settings = settings_,
                                          .selector = *selector,
                                          .configs = refs_of(*tracked),
                                          .pod_id = pod_id(*object, *read, *tracked)});
  if (promoted == *existing) return true;
  const auto written = api_.update(path(Role::Primary), promoted);
  if (written) return true;
  if (written.error().kind == KubeError::Kind::Conflict) return false;
  return tl::unexpected(error_of(written.error(), named(Role::Primary)));
}

/// `known` is false for kinds of autoscalers that nobody knows (CR-41).
Result<json> PodWorkload::target_autoscaler(const Canary& canary, bool& known) {
  const ObjectRef& ref = *canary.spec.autoscaler_ref;
  const auto resource = autoscaler_resource(ref.kind);
  known = resource.has_value();
  if (!known) return json{};
  const ObjectPath where{*resource, canary.name.ns, ref.name};
  auto object = api_.get(where);
  if (!object) return tl::unexpected(error_of(object.error(), spoken(ref.kind, where)));
  (*object)["kind"] = ref.kind;
  return *std::move(object);
}

Result<void> PodWorkload::create_primary_autoscaler_if_missing() {  // GEN-54, GEN-56
  const auto object = canary();
  if (!object) return tl::unexpected(object.error());
  if (!object->spec.autoscaler_ref) return {};
  bool known = false;
  auto of_target = target_autoscaler(*object, known);
  if (!of_target) return tl::unexpected(of_target.error());
  if (!known) return {};
  const std::string& kind = object->spec.autoscaler_ref->kind;
  const ObjectPath where{*autoscaler_resource(kind), object->name.ns,
                         object->spec.autoscaler_ref->name + "-primary"};
  const auto existing = api_.get(where);
  if (existing) return {};
  if (existing.error().kind != KubeError::Kind::NotFound)
    return tl::unexpected(error_of(existing.error(), spoken(kind, where)));
  const auto created =
      api_.create(where, new_primary_autoscaler(*of_target, *object, store_.object(), settings_));
  if (!created) return tl::unexpected(error_of(created.error(), spoken(kind, where)));
  return {};
}

Result<void> PodWorkload::update_primary_autoscaler() {  // SM-22, SM-102
  const auto object = canary();
  if (!object) return tl::unexpected(object.error());
  if (!object->spec.autoscaler_ref) return {};
  if (auto created = create_primary_autoscaler_if_missing(); !created) return created;
  bool known = false;
  auto of_target = target_autoscaler(*object, known);
  if (!of_target) return tl::unexpected(of_target.error());
  if (!known) return {};
  const std::string& kind = object->spec.autoscaler_ref->kind;
  const ObjectPath where{*autoscaler_resource(kind), object->name.ns,
                         object->spec.autoscaler_ref->name + "-primary"};
  for (int attempt = 0; attempt < conflict_tries; ++attempt) {
    const auto existing = api_.get(where);
    if (!existing) return tl::unexpected(error_of(existing.error(), spoken(kind, where)));
    const auto updated =
        updated_primary_autoscaler(*existing, *of_target, *object, store_.object(), settings_);
    if (!updated) return {};
    const auto written = api_.update(where, *updated);
    if (written) return {};
    if (written.error().kind != KubeError::Kind::Conflict)
      return tl::unexpected(error_of(written.error(), spoken(kind, where)));
  }
  return fail(ErrorKind::Conflict, "{} kept changing", spoken(kind, where));
}

Result<void> PodWorkload::set_pause(bool paused) {  // SCL-01, SCL-02
  const auto object = canary();
  if (!object) return tl::unexpected(object.error());
  if (!object->spec.autoscaler_ref || object->spec.autoscaler_ref->kind != "ScaledObject")
    return {};
  bool known = false;
  const auto scaler = target_autoscaler(*object, known);
  if (!scaler) return tl::unexpected(scaler.error());
  const std::string now = text_at(*scaler, {"metadata", "annotations", keda_pause_annotation});
  if (now == (paused ? "0" : "")) return {};
  const ObjectPath where{*autoscaler_resource("ScaledObject"), object->name.ns,
                         object->spec.autoscaler_ref->name};
  const json value = paused ? json("0") : json(nullptr);
  const auto written =
      api_.patch(where, {{"metadata", {{"annotations", {{keda_pause_annotation, value}}}}}});
  if (!written) return tl::unexpected(error_of(written.error(), spoken("ScaledObject", where)));
  return {};
}

Result<void> PodWorkload::pause_autoscaler() { return set_pause(true); }
Result<void> PodWorkload::resume_autoscaler() { return set_pause(false); }

}  // namespace volary::live
