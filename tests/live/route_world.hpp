#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "engine/affinity.hpp"
#include "live/kube_objects.hpp"
#include "live/routers/kube_router.hpp"
#include "policies/policy.hpp"
#include "tests/live/fake_api.hpp"
#include "tests/support/yaml_json.hpp"

/// A Canary, an API server and the router between them, for the tests of single providers.
namespace volary::live::world {

using nlohmann::json;
using volary::test::json_of_yaml;
using volary::test::jsons_of_yaml;

inline constexpr const char* uid = "3f0c7c1e-0000-4000-8000-000000000001";
inline constexpr const char* owner =
    "{apiVersion: flagger.app/v1beta1, kind: Canary, name: podinfo, "
    "uid: 3f0c7c1e-0000-4000-8000-000000000001, controller: true, blockOwnerDeletion: true}";

/// The Canary of the specification's examples; `service`, `analysis` and `more` (of `spec`) in
/// YAML.
inline json canary_of(std::string_view provider, std::string_view service,
                      std::string_view analysis, std::string_view more = {}) {
  json canary = json_of_yaml(fmt::format(R"(
apiVersion: flagger.app/v1beta1
kind: Canary
metadata:
  name: podinfo
  namespace: test
  uid: {}
spec:
  provider: "{}"
  targetRef: {{apiVersion: apps/v1, kind: Deployment, name: podinfo}}
)",
                                         uid, provider));
  canary["spec"]["service"] = json_of_yaml(service);
  canary["spec"]["analysis"] = json_of_yaml(analysis);
  if (!more.empty()) canary["spec"].merge_patch(json_of_yaml(more));
  return canary;
}

/// Letters in the order the specification's examples draw them.
class Letters final : public Entropy {
 public:
  explicit Letters(std::string order) : order_{std::move(order)} {}
  std::string letters(int count) override {
    const char letter = order_[next_++ % order_.size()];
    return std::string(static_cast<std::size_t>(count), letter);
  }

 private:
  std::string order_;
  std::size_t next_ = 0;
};

inline Routes split(int primary, int canary, bool mirrored = false) {
  return {.primary = Weight{primary}, .canary = Weight{canary}, .mirrored = mirrored};
}

class World {
 public:
  explicit World(json canary_object, std::unique_ptr<RouteProvider> provider,
                 Compat compat = Compat::Strict)
      : compat_{compat}, router_{api, wiring(std::move(provider))} {
    object = std::move(canary_object);
    read();
  }

  FakeApi api;
  json object;    ///< the Canary
  Canary canary;  ///< the same, with the status of this release
  std::vector<std::string> remarks;
  std::string selector_key = "app";
  Letters entropy{"APBQCR"};

  /// The user edits the Canary; its status stays.
  void edit(const json& merge_patch) {
    object.merge_patch(merge_patch);
    read();
  }

  Result<void> reconcile() { return router_.reconcile(canary); }
  Result<Routes> routes() { return router_.routes(canary); }
  /// As the engine does it: the cookies move first (engine/affinity.hpp).
  Result<void> set(const Routes& routes) {
    if (const auto moved = move_cookies(canary, canary.spec.provider, routes.canary, canary.status,
                                        entropy, compat_);
        !moved)
      return moved;
    return router_.set_routes(canary, routes);
  }
  Result<void> finalize() { return router_.finalize(canary); }

  /// The requests that changed something, since the last time that was asked.
  std::vector<std::string> writes() {
    std::vector<std::string> changed;
    for (const std::string& request : api.requests)
      if (!request.starts_with("GET")) changed.push_back(request);
    api.requests.clear();
    return changed;
  }

  [[nodiscard]] static ObjectPath path(const Resource& resource, std::string name) {
    return {.resource = resource, .ns = "test", .name = std::move(name)};
  }
  /// An object as its author wrote it, without what the API server keeps beside it.
  [[nodiscard]] json at_rest(const ObjectPath& where) const {
    const json* found = api.find(where);
    if (found == nullptr) return nullptr;
    json shown = *found;
    for (const char* key : {"resourceVersion", "uid", "generation"}) shown["metadata"].erase(key);
    return shown;
  }
  [[nodiscard]] json spec(const ObjectPath& where) const { return at(at_rest(where), {"spec"}); }
  /// Somebody else changes an object.
  void meddle(const ObjectPath& where, const json& merge_patch) {
    const json* found = api.find(where);
    REQUIRE(found != nullptr);
    json changed = *found;
    changed.merge_patch(merge_patch);
    api.put(where, changed);
  }

 private:
  void read() {
    const auto policies = read_policies(object.dump(), "canary.json");
    if (!policies) FAIL(to_string(policies.error()));
    const CanaryStatus status = canary.status;
    canary = policies->front().canary;
    canary.uid = uid;
    canary.status = status;
  }

  KubeRouter::Wiring wiring(std::unique_ptr<RouteProvider> provider) {
    KubeRouter::Wiring made;
    made.settings.compat = compat_;
    made.provider = std::move(provider);
    made.describe = [this](const Canary&) -> Result<RoutedCanary> {
      return RoutedCanary{.object = object, .selector_key = selector_key};
    };
    made.remark = [this](const std::string& remark) { remarks.push_back(remark); };
    return made;
  }

  Compat compat_;
  KubeRouter router_;
};

/// Fails with the error's text when an operation did not succeed.
template <class T>
void require_done(const Result<T>& result) {
  if (!result) FAIL(to_string(result.error()));
}
inline std::string said(const Result<void>& result) {
  return result ? std::string{} : to_string(result.error());
}
inline std::string said(const Result<Routes>& result) {
  return result ? std::string{} : to_string(result.error());
}

}  // namespace volary::live::world
