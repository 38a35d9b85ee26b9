#include "live/workloads/config_refs.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace volary::live {
namespace {

using nlohmann::json;

constexpr const char* tracking_annotation = "flagger.app/config-tracking";

json* member(json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

template <class Visit>
void visit_reference(json& holder, const char* key, const char* name_key, ConfigRef::Kind kind,
                     const Visit& visit) {
  json* reference = member(holder, key);
  if (reference == nullptr) return;
  json* name = member(*reference, name_key);
  if (name == nullptr || !name->is_string()) return;
  visit(kind, *name, true_at(*reference, {"optional"}));
}

template <class Visit>
void visit_list(json& holder, const char* key, const Visit& visit) {
  json* list = member(holder, key);
  if (list == nullptr || !list->is_array()) return;
  for (json& item : *list) visit(item);
}

/// Every place of CHG-20 in the order of CHG-22: volumes, containers, init containers; in a
/// container `env` before `envFrom`. `visit(kind, name, optional)` may change the name.
template <class Visit>
void visit_references(json& pod_template, const Visit& visit) {
  using Kind = ConfigRef::Kind;
  json* spec = member(pod_template, "spec");
  if (spec == nullptr) return;
  visit_list(*spec, "volumes", [&](json& volume) {
    visit_reference(volume, "configMap", "name", Kind::ConfigMap, visit);
    visit_reference(volume, "secret", "secretName", Kind::Secret, visit);
    if (json* projected = member(volume, "projected"))
      visit_list(*projected, "sources", [&](json& source) {
        visit_reference(source, "configMap", "name", Kind::ConfigMap, visit);
        visit_reference(source, "secret", "name", Kind::Secret, visit);
      });
  });
  for (const char* list : {"containers", "initContainers"})
    visit_list(*spec, list, [&](json& container) {
      visit_list(container, "env", [&](json& variable) {
        if (json* from = member(variable, "valueFrom")) {
          visit_reference(*from, "configMapKeyRef", "name", Kind::ConfigMap, visit);
          visit_reference(*from, "secretKeyRef", "name", Kind::Secret, visit);
        }
      });
      visit_list(container, "envFrom", [&](json& from) {
        visit_reference(from, "configMapRef", "name", Kind::ConfigMap, visit);
        visit_reference(from, "secretRef", "name", Kind::Secret, visit);
      });
    });
}

}  // namespace

std::vector<ConfigRef> config_refs(const json& pod_template) {
  std::map<std::pair<ConfigRef::Kind, std::string>, bool> found;
  json scanned = pod_template;
  visit_references(scanned, [&](ConfigRef::Kind kind, const json& name, bool optional) {
    found[{kind, name.get<std::string>()}] = optional;
  });
  std::vector<ConfigRef> refs;
  for (const auto& [key, optional] : found) refs.push_back({key.first, key.second, optional});
  return refs;
}

bool is_tracked(const ConfigRef& ref, const json& object) {
  const Labels annotations = labels_at(object, {"metadata", "annotations"});
  if (const auto said = annotations.find(tracking_annotation);
      said != annotations.end() && said->second.starts_with("disable"))
    return false;
  if (ref.kind == ConfigRef::Kind::ConfigMap) return true;
  static constexpr std::array types{"Opaque", "kubernetes.io/basic-auth", "kubernetes.io/ssh-auth",
                                    "kubernetes.io/tls"};
  return std::find(types.begin(), types.end(), text_at(object, {"type"})) != types.end();
}

std::string tracked_name(const ConfigRef& ref) {
  return (ref.kind == ConfigRef::Kind::ConfigMap ? "configmap/" : "secret/") + ref.name;
}

json with_primary_configs(json pod_template, const std::vector<ConfigRef>& tracked) {
  visit_references(pod_template, [&](ConfigRef::Kind kind, json& name, bool) {
    const bool known = std::any_of(tracked.begin(), tracked.end(), [&](const ConfigRef& ref) {
      return ref.kind == kind && name == ref.name;
    });
    if (known) name = name.get<std::string>() + "-primary";
  });
  return pod_template;
}

json primary_config(const ConfigRef& ref, const json& source, const json& existing,
                    const Canary& canary, const Labels& labels) {
  json copy = existing;
  if (!copy.is_object()) {
    copy = {{"apiVersion", "v1"},
            {"kind", ref.kind == ConfigRef::Kind::ConfigMap ? "ConfigMap" : "Secret"},
            {"metadata", {{"name", ref.name + "-primary"}, {"namespace", canary.name.ns}}}};
  }
  json owners = json::array({owner_reference(canary)});
  for (json owner : list_at(existing, {"metadata", "ownerReferences"})) {
    if (text_at(owner, {"uid"}) == canary.uid) continue;
    owner["controller"] = false;
    owners.push_back(std::move(owner));
  }
  copy["metadata"]["ownerReferences"] = std::move(owners);
  if (labels.empty()) {
    copy["metadata"].erase("labels");
  } else {
    copy["metadata"]["labels"] = labels;
  }
  copy["metadata"].erase("annotations");
  if (const json& data = at(source, {"data"}); data.is_null()) {
    copy.erase("data");
  } else {
    copy["data"] = data;
  }
  if (ref.kind == ConfigRef::Kind::Secret) copy["type"] = text_at(source, {"type"});
  return copy;
}

}  // namespace volary::live
