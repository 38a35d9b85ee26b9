#include "sim/cluster/manifests.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "live/canary_object.hpp"
#include "live/kube_objects.hpp"
#include "live/workloads/autoscaler.hpp"
#include "policies/document.hpp"
#include "sim/cluster/canary_spec_json.hpp"
#include "sim/cluster/kinds.hpp"

namespace volary::sim::cluster {
namespace {

using live::at;
using live::ObjectPath;
using live::Resource;
using live::text_at;
using nlohmann::json;

/// A scalar as kubectl sends it.
json json_of_scalar(const Node& node) {
  const std::string& text = node.text;
  if (node.quoted) return text;
  if (text == "true" || text == "false") return text == "true";
  const char* const end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, whole);
      error == std::errc{} && stop == end)
    return whole;
  double number = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, number);
      error == std::errc{} && stop == end)
    return number;
  return text;
}

json json_of(const Node& node) {
  if (node.is_scalar()) return json_of_scalar(node);
  if (node.is_null()) return nullptr;
  json value = node.is_map() ? json::object() : json::array();
  for (const Node& item : node.items) value.push_back(json_of(item));
  for (const Node::Entry& entry : node.entries) value[entry.key] = json_of(entry.value);
  return value;
}

/// Every object in the policy's text; lists are opened.
std::vector<json> documents_of(const Policy& policy) {
  std::vector<json> objects;
  const auto documents = parse_documents(policy.source, policy.file);
  if (!documents) return objects;
  for (const Node& document : *documents) {
    json object = json_of(document);
    if (text_at(object, {"kind"}).ends_with("List") && at(object, {"items"}).is_array()) {
      for (json& item : object["items"]) objects.push_back(std::move(item));
    } else {
      objects.push_back(std::move(object));
    }
  }
  return objects;
}

std::string namespace_of(const json& object) {
  const std::string ns = text_at(object, {"metadata", "namespace"});
  return ns.empty() ? "default" : ns;
}

/// Turns what stands in `from` into what stands in `to`, in a document that says more than either.
void bring_in_line(json& document, const json& from, const json& to) {
  for (const auto& [key, value] : to.items()) {
    const json& before = at(from, {key});
    if (before == value) continue;
    if (value.is_object() && before.is_object() && document[key].is_object()) {
      bring_in_line(document[key], before, value);
    } else {
      document[key] = value;
    }
  }
  for (const auto& [key, value] : from.items())
    if (!to.contains(key)) document.erase(key);
}

/// The kind of an object, and where it goes; nothing for kinds that the cluster does not have.
std::optional<ObjectPath> path_of(const json& object) {
  const std::string api = text_at(object, {"apiVersion"});
  const auto slash = api.find('/');
  const Resource any{.group = slash == std::string::npos ? "" : api.substr(0, slash),
                     .version = slash == std::string::npos ? api : api.substr(slash + 1),
                     .plural = {}};
  for (const Kind& kind : known_kinds()) {
    if (kind.group != any.group || kind.name != text_at(object, {"kind"})) continue;
    return ObjectPath{{kind.group, any.version, kind.plural},
                      kind.namespaced ? namespace_of(object) : "",
                      text_at(object, {"metadata", "name"})};
  }
  return std::nullopt;
}

json new_target(const Canary& canary) {
  const std::string& name = canary.spec.target_ref.name;
  json target{{"metadata", {{"name", name}}}};
  target["spec"] = {{"selector", {{"matchLabels", {{"app", name}}}}},
                    {"template",
                     {{"metadata", {{"labels", {{"app", name}}}}},
                      {"spec", {{"containers", json::array({{{"name", name}, {"image", ""}}})}}}}}};
  return target;
}

/// The team's workload as it runs before anything is released.
void set_target(json& target, const Service& service, const std::string& image, bool daemon_set) {
  json& containers = target["spec"]["template"]["spec"]["containers"];
  if (!containers.is_array() || containers.empty())
    containers = json::array({{{"name", service.name}}});
  containers[0]["image"] = image;
  if (!daemon_set) {
    target["spec"]["replicas"] = service.replicas;
    target["spec"]["progressDeadlineSeconds"] =
        std::chrono::duration_cast<std::chrono::seconds>(service.progress_deadline).count();
  }
}

json new_autoscaler(const Canary& canary, const Service& service) {
  const ObjectRef& ref = *canary.spec.autoscaler_ref;
  const json target{{"apiVersion", canary.spec.target_ref.api_version},
                    {"kind", canary.spec.target_ref.kind},
                    {"name", canary.spec.target_ref.name}};
  if (ref.kind == "ScaledObject")
    return {{"spec",
             {{"scaleTargetRef", target},
              {"minReplicaCount", service.replicas},
              {"maxReplicaCount", service.max_replicas.value_or(service.replicas)},
              {"triggers", json::array()}}}};
  const auto percent = static_cast<int>(service.cpu_target * 100 + 0.5);
  return {
      {"spec",
       {{"scaleTargetRef", target},
        {"minReplicas", service.replicas},
        {"maxReplicas", service.max_replicas.value_or(service.replicas)},
        {"metrics",
         json::array(
             {{{"type", "Resource"},
               {"resource",
                {{"name", "cpu"},
                 {"target", {{"type", "Utilization"}, {"averageUtilization", percent}}}}}}})}}}};
}

/// RT-NGINX-02: an Ingress with a path to the apex Service.
json new_ingress(const Canary& canary) {
  return {{"spec",
           {{"rules",
             json::array(
                 {{{"http",
                    {{"paths",
                      json::array(
                          {{{"path", "/"},
                            {"pathType", "Prefix"},
                            {"backend",
                             {{"service",
                               {{"name", apex_name(canary)},
                                {"port", {{"number", canary.spec.service.port}}}}}}}}})}}}}})}}}};
}

/// RT-APISIX-02: a route with one backend, the apex Service.
json new_apisix_route(const Canary& canary) {
  return {
      {"spec",
       {{"http", json::array({{{"name", "main"},
                               {"match", {{"paths", json::array({"/*"})}}},
                               {"backends",
                                json::array({{{"serviceName", apex_name(canary)},
                                              {"servicePort", canary.spec.service.port}}})}}})}}}};
}

json new_apex(const Canary& canary, const json& target) {
  return {{"spec",
           {{"selector", at(target, {"spec", "selector", "matchLabels"})},
            {"ports", json::array({{{"name", "http"}, {"port", canary.spec.service.port}}})}}}};
}

}  // namespace

ObjectPath target_path(const Canary& canary) {
  const bool daemon_set = canary.spec.target_ref.kind == "DaemonSet";
  return {{"apps", "v1", daemon_set ? "daemonsets" : "deployments"},
          canary.name.ns,
          canary.spec.target_ref.name};
}

Result<json> canary_manifest(const Policy& policy) {
  const Canary& canary = policy.canary;
  json manifest{{"apiVersion", "flagger.app/v1beta1"},
                {"kind", "Canary"},
                {"metadata", {{"name", canary.name.name}, {"namespace", canary.name.ns}}},
                {"spec", json::object()}};
  json said = json::object();
  for (json& object : documents_of(policy)) {
    if (text_at(object, {"kind"}) != "Canary" ||
        text_at(object, {"metadata", "name"}) != canary.name.name ||
        namespace_of(object) != canary.name.ns)
      continue;
    std::vector<Remark> remarks;
    const auto written = live::canary_of(object, remarks);
    if (!written) return tl::unexpected(written.error());
    said = json_of_spec(written->spec);
    manifest = std::move(object);
    manifest["metadata"]["namespace"] = canary.name.ns;
  }
  bring_in_line(manifest["spec"], said, json_of_spec(canary.spec));
  if (canary.spec.provider == "appmesh" &&
      text_at(manifest, {"spec", "service", "meshName"}).empty())
    manifest["spec"]["service"]["meshName"] = "simulated";  // RT-APPMESH1-01: it must have a name
  std::vector<Remark> remarks;
  const auto read = live::canary_of(manifest, remarks);
  if (!read) return tl::unexpected(read.error());
  if (!(read->spec == canary.spec))
    return fail(ErrorKind::Invalid, "Canary {}: the policy in hand is not what its document says",
                to_string(canary.name));
  return manifest;
}

std::vector<Manifest> surroundings(const Policy& policy, const Canary& canary,
                                   const Service& service, const std::string& image) {
  const CanarySpec& spec = canary.spec;
  const std::string& ns = canary.name.ns;
  std::vector<Manifest> all;
  const auto find = [&all](const ObjectPath& path) {
    const auto found = std::ranges::find_if(all, [&path](const Manifest& manifest) {
      return manifest.path.resource.group == path.resource.group &&
             manifest.path.resource.plural == path.resource.plural && manifest.path.ns == path.ns &&
             manifest.path.name == path.name;
    });
    return found == all.end() ? nullptr : &found->object;
  };
  const auto needed = [&](const ObjectPath& path, auto make) -> json& {
    if (json* there = find(path)) return *there;
    all.push_back({path, make()});
    return all.back().object;
  };
  for (json& object : documents_of(policy)) {
    const auto path = path_of(object);
    if (!path || path->name.empty() || path->resource.plural == "canaries" || find(*path)) continue;
    all.push_back({*path, std::move(object)});
  }
  {
    json& target = needed(target_path(canary), [&] { return new_target(canary); });
    set_target(target, service, image, spec.target_ref.kind == "DaemonSet");
  }
  const json target = *find(target_path(canary));
  needed({{"", "v1", "services"}, ns, apex_name(canary)}, [&] { return new_apex(canary, target); });
  if (spec.autoscaler_ref)
    if (const auto resource = live::autoscaler_resource(spec.autoscaler_ref->kind)) {
      json& scaler = needed({*resource, ns, spec.autoscaler_ref->name},
                            [&] { return new_autoscaler(canary, service); });
      // The scenario says what is run with.
      const bool keda = spec.autoscaler_ref->kind == "ScaledObject";
      scaler["spec"][keda ? "minReplicaCount" : "minReplicas"] = service.replicas;
      scaler["spec"][keda ? "maxReplicaCount" : "maxReplicas"] =
          service.max_replicas.value_or(service.replicas);
    }
  if (spec.ingress_ref)
    needed({{"networking.k8s.io", "v1", "ingresses"}, ns, spec.ingress_ref->name},
           [&] { return new_ingress(canary); });
  if (spec.route_ref)
    needed({{"apisix.apache.org", "v2", "apisixroutes"}, ns, spec.route_ref->name},
           [&] { return new_apisix_route(canary); });
  if (spec.upstream_ref)
    needed({{"gloo.solo.io", "v1", "upstreams"},
            spec.upstream_ref->ns.empty() ? ns : spec.upstream_ref->ns,
            spec.upstream_ref->name},
           [] {
             return json{{"spec", json::object()}};
           });
  std::set<std::string> namespaces{ns};
  for (const Manifest& manifest : all)
    if (!manifest.path.ns.empty()) namespaces.insert(manifest.path.ns);
  std::vector<Manifest> ordered;
  for (const std::string& name : namespaces)
    ordered.push_back({{{"", "v1", "namespaces"}, "", name}, json::object()});
  std::ranges::move(all, std::back_inserter(ordered));
  return ordered;
}

}  // namespace volary::sim::cluster
