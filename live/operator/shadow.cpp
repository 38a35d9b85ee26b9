#include "live/operator/shadow.hpp"

#include <charconv>

#include "live/canary_object.hpp"
#include "live/kube_objects.hpp"
#include "live/rfc3339.hpp"
#include "live/workloads/service_workloads.hpp"

namespace volary::live {
namespace {

using nlohmann::json;

json scalar_of(const Node& node) {
  const std::string& text = node.text;
  if (node.quoted) return text;
  if (text.empty() || text == "null" || text == "~") return nullptr;
  if (text == "true" || text == "false") return text == "true";
  const char* end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, whole);
      error == std::errc{} && at == end)
    return whole;
  double real = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, real);
      error == std::errc{} && at == end)
    return real;
  return text;
}

json in_progress(Fingerprint revision, const std::optional<TrackedConfigs>& configs,
                 const std::string& kind, Instant now) {
  CanaryStatus status{.phase = Phase::Progressing,
                      .tracked_configs = configs,
                      .last_applied_spec = std::move(revision),
                      .last_transition_time = now,
                      .condition = Condition{.status = "Unknown",
                                             .reason = "Progressing",
                                             .message = "New " + kind + " revision detected.",
                                             .last_update = now,
                                             .last_transition = now}};
  json object;
  put_status(object, status);
  return object["status"];
}

}  // namespace

json json_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null: return nullptr;
    case Node::Kind::Scalar: return scalar_of(node);
    case Node::Kind::Sequence: {
      json list = json::array();
      for (const Node& item : node.items) list.push_back(json_of(item));
      return list;
    }
    case Node::Kind::Map: break;
  }
  json object = json::object();
  for (const Node::Entry& entry : node.entries) object[entry.key] = json_of(entry.value);
  return object;
}

Result<Shadow> place_shadow(OverlayApi& api, const std::vector<Node>& documents,
                            const std::string& default_ns, const ReleaseSettings& settings,
                            Instant now) {
  Shadow shadow;
  for (const Node& document : documents) {
    json object = json_of(document);
    if (!object.is_object()) continue;
    const std::string kind = text_at(object, {"kind"});
    ObjectPath path{canaries, text_at(object, {"metadata", "namespace"}),
                    text_at(object, {"metadata", "name"})};
    if (path.ns.empty()) path.ns = default_ns;
    if (kind == "MetricTemplate") path.resource = metric_templates;
    if (kind == "AlertProvider") path.resource = alert_providers;
    if (kind != "Canary" && path.resource == canaries) continue;
    if (kind == "Canary") {
      if (!shadow.canary.name.empty())
        return fail(ErrorKind::Invalid, "there are several Canaries: one shadow at a time");
      shadow.canary = {path.ns, path.name};
      object.erase("status");
      if (object["spec"].is_object()) object["spec"]["suspend"] = false;
    }
    api.place(path, std::move(object));
  }
  if (shadow.canary.name.empty()) return fail(ErrorKind::Invalid, "there is no Canary");

  ClusterStore store{api, shadow.canary};
  const auto canary = store.read();
  if (!canary) return tl::unexpected(canary.error());
  const auto workload = make_workload(*canary, api, store, settings.workload, [](Duration) {});
  if (auto target = workload->check_target(); !target) return tl::unexpected(target.error());
  const auto primary = workload->view(Role::Primary);
  if (!primary) {
    if (primary.error().kind == ErrorKind::NotFound) return shadow;
    return tl::unexpected(primary.error());
  }
  auto revision = workload->fingerprint();
  if (!revision) return tl::unexpected(revision.error());
  const auto configs = workload->tracked_configs();
  if (!configs) return tl::unexpected(configs.error());
  json object = store.object();
  object["status"] = in_progress(*revision, *configs, canary->spec.target_ref.kind, now);
  const ObjectPath path{canaries, shadow.canary.ns, shadow.canary.name};
  if (auto stored = api.update_status(path, object); !stored)
    return tl::unexpected(error_of(stored.error(), spoken("Canary", path)));
  shadow.under_way = true;
  return shadow;
}

}  // namespace volary::live
