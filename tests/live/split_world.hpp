#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "live/routers/provider.hpp"
#include "policies/policy.hpp"
#include "tests/support/yaml_json.hpp"

/// A Canary, the objects beside it and the requests that a provider makes on them: as much of an
/// API server as the pure functions of a router need.
namespace volary::live::test {

using nlohmann::json;
using volary::test::json_of_yaml;
using volary::test::jsons_of_yaml;
using namespace volary::literals;

/// The Canary of the specification's examples, with this `service` and, if given, this `analysis`
/// and more of `spec`; everything in YAML's flow style.
inline std::string podinfo(std::string_view service, std::string_view analysis = "{stepWeight: 10}",
                           std::string_view more = {}, std::string_view annotations = "{}") {
  return fmt::format(
      "apiVersion: flagger.app/v1beta1\n"
      "kind: Canary\n"
      "metadata: {{name: podinfo, namespace: test, annotations: {}}}\n"
      "spec:\n"
      "  targetRef: {{apiVersion: apps/v1, kind: Deployment, name: podinfo}}\n"
      "  service: {}\n"
      "  analysis: {{interval: 1m, threshold: 5, {}\n"
      "{}",
      annotations, service, analysis.substr(1), more);
}

inline constexpr const char* owner =
    "{apiVersion: flagger.app/v1beta1, kind: Canary, name: podinfo, uid: "
    "3f0c7c1e-0000-4000-8000-000000000001, controller: true, blockOwnerDeletion: true}";

/// An A/B test by the given `match`.
inline std::string ab(std::string_view match) {
  return fmt::format("{{iterations: 10, match: {}}}", match);
}

inline Routes split(int primary, int canary) {
  return {.primary = Weight{primary}, .canary = Weight{canary}, .mirrored = false};
}

class SplitWorld {
 public:
  explicit SplitWorld(const std::string& canary_yaml, Compat compat = Compat::Strict) {
    settings.compat = compat;
    edit(canary_yaml);
  }

  /// The user applies another version of the Canary.
  void edit(const std::string& canary_yaml) {
    auto policies = read_policies(canary_yaml, "canary.yaml");
    if (!policies) FAIL(to_string(policies.error()));
    canary = policies->front().canary;
    canary.uid = "3f0c7c1e-0000-4000-8000-000000000001";
    object = json_of_yaml(canary_yaml);
  }

  RoutingSettings settings{};
  std::string selector_key = "app";
  Canary canary;
  json object;

  /// Somebody else creates an object, or replaces it.
  void put_object(json other) {
    const ObjectPath path = path_of(other);
    other["metadata"]["resourceVersion"] = std::to_string(++version_);
    object_at(path) = std::move(other);
  }
  void put(std::string_view yaml) {
    for (json& other : jsons_of_yaml(yaml)) put_object(std::move(other));
  }
  /// The object as it stands, without its resource version; null when there is none.
  [[nodiscard]] json get(std::string_view kind, std::string_view name) const {
    for (const auto& [path, stored] : objects_) {
      if (stored.is_null() || stored.at("kind") != kind || path.name != name) continue;
      json copy = stored;
      copy["metadata"].erase("resourceVersion");
      return copy;
    }
    return nullptr;
  }
  [[nodiscard]] json spec(std::string_view kind, std::string_view name) const {
    return get(kind, name).value("spec", json());
  }
  void remove(std::string_view kind, std::string_view name) {
    for (auto& [path, stored] : objects_)
      if (!stored.is_null() && stored.at("kind") == kind && path.name == name) stored = nullptr;
  }
  /// Somebody else edits an object: an RFC 6902 patch.
  void change(std::string_view kind, std::string_view name, std::string_view patch) {
    json changed = get(kind, name);
    REQUIRE_FALSE(changed.is_null());
    put_object(changed.patch(json::parse(patch)));
  }

  Result<RouteWrites> reconcile(const RouteProvider& provider) {
    return applied(with(provider, RouteProvider::Operation::Reconcile, [&](const auto& snapshot) {
      return provider.reconcile(context(), snapshot);
    }));
  }
  [[nodiscard]] Result<Routes> routes(const RouteProvider& provider) {
    return with(provider, RouteProvider::Operation::Read,
                [&](const auto& snapshot) { return provider.routes(context(), snapshot); });
  }
  Result<RouteWrites> set(const RouteProvider& provider, const Routes& routes) {
    return applied(with(provider, RouteProvider::Operation::Set, [&](const auto& snapshot) {
      return provider.set_routes(context(), snapshot, routes);
    }));
  }
  Result<RouteWrites> finalize(const RouteProvider& provider) {
    return applied(with(provider, RouteProvider::Operation::Finalize, [&](const auto& snapshot) {
      return provider.finalize(context(), snapshot);
    }));
  }
  [[nodiscard]] RouteContext context() const { return {canary, object, settings, selector_key}; }

 private:
  static ObjectPath path_of(const json& other) {
    static const std::map<std::string, std::string> plurals{{"TrafficSplit", "trafficsplits"},
                                                            {"HTTPProxy", "httpproxies"},
                                                            {"RouteTable", "routetables"},
                                                            {"Upstream", "upstreams"},
                                                            {"Service", "services"},
                                                            {"TrafficRoute", "trafficroutes"},
                                                            {"TraefikService", "traefikservices"},
                                                            {"ApisixRoute", "apisixroutes"},
                                                            {"VirtualNode", "virtualnodes"},
                                                            {"VirtualRouter", "virtualrouters"},
                                                            {"VirtualService", "virtualservices"}};
    const std::string api = other.at("apiVersion");
    const auto slash = api.find('/');
    const bool core = slash == std::string::npos;
    const json& metadata = other.at("metadata");
    return {.resource = {core ? "" : api.substr(0, slash), core ? api : api.substr(slash + 1),
                         plurals.at(other.at("kind"))},
            .ns = metadata.value("namespace", ""),
            .name = metadata.at("name")};
  }

  json& object_at(const ObjectPath& path) {
    for (auto& [at, stored] : objects_)
      if (at == path) return stored;
    return objects_.emplace_back(path, json()).second;
  }

  /// Reads what the provider asks for, and nothing else, until it asks for nothing new.
  template <class Operation>
  auto with(const RouteProvider& provider, RouteProvider::Operation operation, Operation act)
      -> decltype(act(Snapshot{})) {
    const auto asked = provider.reads(context(), operation);
    if (!asked) return tl::unexpected(asked.error());
    Snapshot snapshot;
    for (const ObjectPath& path : *asked)
      if (const json& stored = object_at(path); !stored.is_null()) snapshot.put(path, stored);
    return act(snapshot);
  }

  /// What the API server does with the writes: optimistic locking included (RT-COMMON-22).
  Result<RouteWrites> applied(Result<RouteWrites> writes) {
    if (!writes) return writes;
    for (const RouteWrite& write : writes->writes) {
      json& stored = object_at(write.path);
      INFO(write.body.dump(2));
      switch (write.verb) {
        case RouteWrite::Verb::Create:
          if (!stored.is_null())
            return fail(ErrorKind::Conflict, "{} already exists", write.path.name);
          REQUIRE_FALSE(write.body.at("metadata").contains("resourceVersion"));
          stored = write.body;
          break;
        case RouteWrite::Verb::Update:
          REQUIRE_FALSE(stored.is_null());
          REQUIRE(write.body.at("metadata").at("resourceVersion") ==
                  stored.at("metadata").at("resourceVersion"));
          stored = write.body;
          break;
        case RouteWrite::Verb::MergePatch:
          REQUIRE_FALSE(stored.is_null());
          stored.merge_patch(write.body);
          break;
        case RouteWrite::Verb::Delete: stored = nullptr; continue;
      }
      REQUIRE(path_of(stored) == write.path);
      stored["metadata"]["resourceVersion"] = std::to_string(++version_);
    }
    return writes;
  }

  std::vector<std::pair<ObjectPath, json>> objects_;
  int version_ = 0;
};

/// The error's text; "" when there is none.
template <class T>
std::string error_in(const Result<T>& result) {
  return result ? std::string{} : result.error().message;
}
/// How many requests an operation made; it must not have failed.
inline std::size_t writes_in(const Result<RouteWrites>& result) {
  if (!result) FAIL(to_string(result.error()));
  if (result->then) FAIL(to_string(*result->then));
  return result->writes.size();
}

}  // namespace volary::live::test
