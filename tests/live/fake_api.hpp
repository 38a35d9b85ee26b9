#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "live/kube_api.hpp"
#include "live/perform.hpp"

namespace volary::live::world {

/// As much of an API server as a router meets: objects with resource versions, a list of the
/// requests, and errors where a test wants them.
class FakeApi final : public KubeApi {
 public:
  /// Answers a request, "PUT VirtualService podinfo" say, with an error, as long as it stands here.
  std::map<std::string, KubeError> errors;
  /// Called before each request is answered: another controller, a person with kubectl.
  std::function<void(const std::string& request)> meanwhile;
  std::vector<std::string> requests;

  void put(const ObjectPath& path, nlohmann::json object) {
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    if (!object["metadata"].contains("uid"))
      object["metadata"]["uid"] = "uid-" + std::to_string(version_);
    objects_[key(path)] = std::move(object);
  }
  [[nodiscard]] const nlohmann::json* find(const ObjectPath& path) const {
    const auto found = objects_.find(key(path));
    return found == objects_.end() ? nullptr : &found->second;
  }
  void erase(const ObjectPath& path) { objects_.erase(key(path)); }

  KubeResult<nlohmann::json> get(const ObjectPath& path) override {
    if (auto said = note("GET", path); !said) return tl::unexpected(said.error());
    if (const nlohmann::json* object = find(path)) return *object;
    return no(KubeError::Kind::NotFound, path.name + " not found");
  }
  KubeResult<Page> list(const Resource&, const std::string&, const std::string&) override {
    return no(KubeError::Kind::Unavailable, "routers do not list");
  }
  KubeResult<void> watch(
      const Resource&, const std::string&, const std::string&,
      const std::function<bool(const WatchEvent&, const nlohmann::json&)>&) override {
    return no(KubeError::Kind::Unavailable, "routers do not watch");
  }
  KubeResult<nlohmann::json> create(const ObjectPath& path, const nlohmann::json& object) override {
    if (auto said = note("POST", path); !said) return tl::unexpected(said.error());
    if (find(path) != nullptr) return no(KubeError::Kind::AlreadyExists, path.name + " exists");
    put(path, object);
    return *find(path);
  }
  KubeResult<nlohmann::json> update(const ObjectPath& path, const nlohmann::json& object) override {
    if (auto said = note("PUT", path); !said) return tl::unexpected(said.error());
    const nlohmann::json* existing = find(path);
    if (existing == nullptr) return no(KubeError::Kind::NotFound, path.name + " not found");
    if (object.at("metadata").at("resourceVersion") !=
        existing->at("metadata").at("resourceVersion"))
      return no(KubeError::Kind::Conflict, "the object has been modified");
    put(path, object);
    return *find(path);
  }
  KubeResult<nlohmann::json> update_status(const ObjectPath&, const nlohmann::json&) override {
    return no(KubeError::Kind::Unavailable, "routers write no status (RT-COMMON-24)");
  }
  KubeResult<nlohmann::json> patch(const ObjectPath& path, const nlohmann::json& merge) override {
    if (auto said = note("PATCH", path); !said) return tl::unexpected(said.error());
    const nlohmann::json* existing = find(path);
    if (existing == nullptr) return no(KubeError::Kind::NotFound, path.name + " not found");
    nlohmann::json object = *existing;
    object.merge_patch(merge);
    put(path, object);
    return object;
  }
  KubeResult<void> remove(const ObjectPath& path, const std::string& uid) override {
    if (auto said = note("DELETE", path); !said) return said;
    const nlohmann::json* existing = find(path);
    if (existing == nullptr) return no(KubeError::Kind::NotFound, path.name + " not found");
    if (existing->at("metadata").at("uid") != uid)
      return no(KubeError::Kind::Conflict, "another object of this name");
    erase(path);
    return {};
  }

 private:
  static std::string key(const ObjectPath& path) {
    return fmt::format("{}/{}/{}/{}/{}", path.resource.group, path.resource.version,
                       path.resource.plural, path.ns, path.name);
  }
  static tl::unexpected<KubeError> no(KubeError::Kind kind, std::string message) {
    return tl::unexpected(
        KubeError{.kind = kind, .message = std::move(message), .causes = {}, .retry_after = {}});
  }
  KubeResult<void> note(const char* verb, const ObjectPath& path) {
    requests.push_back(fmt::format("{} {} {}", verb, kind_of(path.resource), path.name));
    const std::string request = requests.back();
    if (meanwhile) meanwhile(request);
    if (const auto found = errors.find(request); found != errors.end())
      return tl::unexpected(found->second);
    return {};
  }

  std::map<std::string, nlohmann::json> objects_;
  int version_ = 0;
};

}  // namespace volary::live::world
