#include "live/operator/overlay_api.hpp"

#include <fmt/format.h>

#include "live/kube_objects.hpp"
#include "live/perform.hpp"

namespace volary::live {
namespace {

using nlohmann::json;

tl::unexpected<KubeError> no(KubeError::Kind kind, std::string message) {
  return tl::unexpected(
      KubeError{.kind = kind, .message = std::move(message), .causes = {}, .retry_after = {}});
}

bool is_silent(const Resource& resource) {
  return resource.plural == "events" || resource.plural == "leases";
}

/// Fields that the server writes are no change that anybody asked for.
json without_bookkeeping(json object) {
  if (object.contains("metadata") && object["metadata"].is_object())
    for (const char* field :
         {"resourceVersion", "managedFields", "generation", "uid", "creationTimestamp", "selfLink"})
      object["metadata"].erase(field);
  return object;
}

/// What the controllers of the cluster would have made of a workload by now.
void settle(json& workload) {
  const auto generation = integer_at(workload, {"metadata", "generation"}).value_or(1);
  const auto replicas = integer_at(workload, {"spec", "replicas"}).value_or(1);
  json& status = workload["status"];
  if (!status.is_object()) status = json::object();
  status["observedGeneration"] = generation;
  for (const char* count : {"replicas", "updatedReplicas", "readyReplicas", "availableReplicas"})
    status[count] = replicas;
  status["conditions"] = json::array(
      {{{"type", "Progressing"}, {"status", "True"}, {"reason", "NewReplicaSetAvailable"}},
       {{"type", "Available"}, {"status", "True"}, {"reason", "MinimumReplicasAvailable"}}});
}

std::string short_value(const json& value) {
  if (value.is_null()) return "none";
  if (value.is_object() || value.is_array()) return {};
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

void speak(const json& before, const json& difference, const std::string& at,
           std::vector<std::string>& said) {
  for (const auto& [key, value] : difference.items()) {
    const std::string path = at.empty() ? key : at + "." + key;
    const bool known = before.is_object() && before.contains(key);
    if (value.is_object() && known && before[key].is_object()) {
      speak(before[key], value, path, said);
    } else if (value.is_null()) {
      said.push_back(path + " removed");
    } else if (const std::string text = short_value(value); !text.empty()) {
      const std::string old = known ? short_value(before[key]) : "none";
      said.push_back(old.empty() ? fmt::format("{} = {}", path, text)
                                 : fmt::format("{} {} → {}", path, old, text));
    } else {
      said.push_back(path);
    }
  }
}

}  // namespace

json merge_difference(const json& from, const json& to) {
  if (!from.is_object() || !to.is_object()) return to;
  json difference = json::object();
  for (const auto& [key, value] : to.items()) {
    if (!from.contains(key)) {
      difference[key] = value;
    } else if (from[key] != value) {
      difference[key] = merge_difference(from[key], value);
    }
  }
  for (const auto& [key, value] : from.items())
    if (!to.contains(key)) difference[key] = nullptr;
  return difference;
}

std::string spoken_difference(const json& before, const json& difference) {
  std::vector<std::string> said;
  speak(before, difference, "", said);
  constexpr std::size_t most = 6;
  std::string text;
  for (std::size_t i = 0; i < said.size() && i < most; ++i)
    text += (text.empty() ? "" : ", ") + said[i];
  if (said.size() > most) text += fmt::format(" and {} more", said.size() - most);
  return text;
}

std::string OverlayApi::key(const ObjectPath& path) {
  return fmt::format("{}/{}/{}/{}", path.resource.group, path.resource.plural, path.ns, path.name);
}

void OverlayApi::place(const ObjectPath& path, json object) {
  const std::lock_guard hold{guard_};
  ++created_;
  object["metadata"]["name"] = path.name;
  object["metadata"]["namespace"] = path.ns;
  object["metadata"]["uid"] = fmt::format("only-here-{}", created_);
  object["metadata"]["resourceVersion"] = "1";
  object["metadata"]["generation"] = 1;
  layers_[key(path)] = Layer{.whole = std::move(object)};
}

KubeResult<json> OverlayApi::read(const ObjectPath& path) {
  const auto found = layers_.find(key(path));
  if (found == layers_.end()) return below_.get(path);
  Layer& layer = found->second;
  const bool is_workload = path.resource.plural == "deployments";
  if (layer.whole) {
    json object = *layer.whole;
    if (is_workload) settle(object);
    return object;
  }
  auto object = below_.get(path);
  if (!object) return object;
  // Somebody deleted it and made another: what was written to the old one is gone with it.
  if (text_at(*object, {"metadata", "uid"}) != layer.uid) {
    layers_.erase(found);
    return object;
  }
  if (layer.removed) return no(KubeError::Kind::NotFound, path.name + " not found");
  object->merge_patch(layer.difference);
  if (layer.status) (*object)["status"] = *layer.status;
  if (is_workload && layer.difference.contains("spec")) settle(*object);
  return object;
}

KubeResult<json> OverlayApi::get(const ObjectPath& path) {
  const std::lock_guard hold{guard_};
  return read(path);
}

KubeResult<KubeApi::Page> OverlayApi::list(const Resource& resource, const std::string& ns,
                                           const std::string& page) {
  return below_.list(resource, ns, page);
}

KubeResult<void> OverlayApi::watch(
    const Resource& resource, const std::string& ns, const std::string& resource_version,
    const std::function<bool(const WatchEvent&, const json&)>& on_event) {
  return below_.watch(resource, ns, resource_version, on_event);
}

KubeResult<json> OverlayApi::write(const ObjectPath& path, const json& before, json after) {
  Layer& layer = layers_[key(path)];
  const json old = without_bookkeeping(before);
  const json difference = merge_difference(old, without_bookkeeping(after));
  // A status is how a release remembers where it stands; what it says is told elsewhere.
  json spoken_part = difference;
  spoken_part.erase("status");
  if (!spoken_part.empty() && !is_silent(path.resource))
    told_(fmt::format("would update {}: {}", spoken(kind_of(path.resource), path),
                      spoken_difference(old, spoken_part)));
  ++layer.writes;
  if (layer.whole) {
    after["metadata"]["resourceVersion"] = std::to_string(1 + layer.writes);
    layer.whole = std::move(after);
    return read(path);
  }
  layer.uid = text_at(before, {"metadata", "uid"});
  const auto below = below_.get(path);
  if (!below) return below;
  layer.difference = merge_difference(without_bookkeeping(*below), without_bookkeeping(after));
  if (path.resource.plural == "canaries" && difference.contains("status"))
    layer.status = at(after, {"status"});
  // What else has a status has one that the cluster, or settle(), tells.
  layer.difference.erase("status");
  return read(path);
}

KubeResult<json> OverlayApi::create(const ObjectPath& path, const json& object) {
  const std::lock_guard hold{guard_};
  if (is_silent(path.resource)) return object;
  const auto existing = read(path);
  if (existing) return no(KubeError::Kind::AlreadyExists, path.name + " already exists");
  if (existing.error().kind != KubeError::Kind::NotFound) return existing;
  place(path, object);
  told_("would create " + spoken(kind_of(path.resource), path));
  return read(path);
}

KubeResult<json> OverlayApi::update(const ObjectPath& path, const json& object) {
  const std::lock_guard hold{guard_};
  auto before = read(path);
  if (!before) return before;
  const std::string version = text_at(object, {"metadata", "resourceVersion"});
  if (!version.empty() && version != text_at(*before, {"metadata", "resourceVersion"}))
    return no(KubeError::Kind::Conflict, "the object has been modified");
  json after = object;
  if (before->contains("status")) after["status"] = before->at("status");
  return write(path, *before, std::move(after));
}

KubeResult<json> OverlayApi::update_status(const ObjectPath& path, const json& object) {
  const std::lock_guard hold{guard_};
  auto before = read(path);
  if (!before) return before;
  const std::string version = text_at(object, {"metadata", "resourceVersion"});
  if (!version.empty() && version != text_at(*before, {"metadata", "resourceVersion"}))
    return no(KubeError::Kind::Conflict, "the object has been modified");
  json after = *before;
  after["status"] = at(object, {"status"});
  return write(path, *before, std::move(after));
}

KubeResult<json> OverlayApi::patch(const ObjectPath& path, const json& merge) {
  const std::lock_guard hold{guard_};
  auto before = read(path);
  if (!before) return before;
  const std::string version = text_at(merge, {"metadata", "resourceVersion"});
  if (!version.empty() && version != text_at(*before, {"metadata", "resourceVersion"}))
    return no(KubeError::Kind::Conflict, "the object has been modified");
  json after = *before;
  after.merge_patch(merge);
  return write(path, *before, std::move(after));
}

KubeResult<void> OverlayApi::remove(const ObjectPath& path, const std::string& uid) {
  const std::lock_guard hold{guard_};
  const auto before = read(path);
  if (!before) return tl::unexpected(before.error());
  if (!uid.empty() && text_at(*before, {"metadata", "uid"}) != uid)
    return no(KubeError::Kind::Conflict, "another object of this name");
  if (!is_silent(path.resource)) told_("would delete " + spoken(kind_of(path.resource), path));
  Layer& layer = layers_[key(path)];
  if (layer.whole) {
    layers_.erase(key(path));
  } else {
    layer.uid = text_at(*before, {"metadata", "uid"});
    layer.removed = true;
  }
  return {};
}

}  // namespace volary::live
