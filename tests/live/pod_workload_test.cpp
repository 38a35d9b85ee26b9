#include "live/workloads/pod_workload.hpp"

#include <catch2/catch.hpp>

#include "live/canary_object.hpp"
#include "live/checksum.hpp"
#include "live/workloads/service_workloads.hpp"
#include "tests/live/fake_api.hpp"

using namespace volary;
using namespace volary::live;
using nlohmann::json;

namespace {

const Resource deployments{"apps", "v1", "deployments"};
const Resource config_maps{"", "v1", "configmaps"};
const Resource services{"", "v1", "services"};

ObjectPath path(const Resource& resource, std::string name) {
  return {resource, "test", std::move(name)};
}

/// A Deployment `web` that is released, in a cluster that remembers.
struct Cluster {
  world::FakeApi api;
  ClusterStore store{api, {"test", "web"}};
  WorkloadSettings settings;
  std::unique_ptr<Workload> workload;

  explicit Cluster(const char* status = "{}") {
    json canary = json::parse(R"({"apiVersion": "flagger.app/v1beta1", "kind": "Canary",
        "metadata": {"name": "web", "namespace": "test", "uid": "u-1"},
        "spec": {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                 "service": {"port": 80},
                 "analysis": {"interval": "1m", "threshold": 2, "stepWeight": 10,
                              "maxWeight": 50}}})");
    canary["status"] = json::parse(status);
    api.put(path(canaries, "web"), canary);
    api.put(path(deployments, "web"), json::parse(R"({"kind": "Deployment",
        "metadata": {"name": "web", "namespace": "test", "managedFields": [
          {"manager": "kubectl", "time": "2026-11-24T09:00:00Z"},
          {"manager": "kcm", "subresource": "status", "time": "2026-11-24T12:00:00Z"}]},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
                 "template": {"metadata": {"labels": {"app": "web"}},
                   "spec": {"containers": [{"name": "main", "image": "app:A", "envFrom": [
                     {"configMapRef": {"name": "settings"}}]}]}}}})"));
    api.put(path(config_maps, "settings"),
            json{{"metadata", {{"name", "settings"}}}, {"data", {{"rev", "1"}}}});
    REQUIRE(store.read());
    std::vector<Remark> remarks;
    workload =
        make_workload(*canary_of(store.object(), remarks), api, store, settings, [](Duration) {});
  }

  json object(const Resource& resource, const std::string& name) const {
    const json* found = api.find(path(resource, name));
    return found == nullptr ? json{} : *found;
  }
  void edit(const Resource& resource, const std::string& name, const json& merge) {
    json changed = object(resource, name);
    changed.merge_patch(merge);
    api.put(path(resource, name), changed);
  }
  void status(const json& merge) {
    edit(canaries, "web", {{"status", merge}});
    REQUIRE(store.read());
  }
  void image(const char* image) {
    json changed = object(deployments, "web");
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = image;
    api.put(path(deployments, "web"), changed);
  }
  std::size_t writes() const {
    return static_cast<std::size_t>(
        std::count_if(api.requests.begin(), api.requests.end(),
                      [](const std::string& request) { return !request.starts_with("GET"); }));
  }
};

}  // namespace

TEST_CASE("SM-04, GEN-10: a target that is not there, or that nothing selects, says so") {
  Cluster cluster;
  CHECK(cluster.workload->check_target());
  cluster.edit(deployments, "web",
               {{"spec", {{"selector", {{"matchLabels", {{"app", nullptr}, {"x", "y"}}}}}}}});
  CHECK_FALSE(cluster.workload->check_target());
  cluster.api.erase(path(deployments, "web"));
  const auto gone = cluster.workload->check_target();
  REQUIRE_FALSE(gone);
  CHECK(gone.error().kind == ErrorKind::NotFound);
  CHECK(gone.error().message.find("Deployment web.test") != std::string::npos);
}

TEST_CASE("SM-05, SM-08a, SM-10: what a Canary is given, in its order, and nothing twice") {
  Cluster cluster;
  REQUIRE(cluster.workload->check_target());
  REQUIRE(cluster.workload->reconcile_services());
  REQUIRE(cluster.workload->create_primary_if_missing());
  REQUIRE(cluster.workload->reconcile_apex());
  CHECK(cluster.object(services, "web-canary")["spec"]["selector"] == json({{"app", "web"}}));
  CHECK(cluster.object(services, "web")["spec"]["selector"] == json({{"app", "web-primary"}}));
  const json primary = cluster.object(deployments, "web-primary");
  CHECK(primary["spec"]["replicas"] == 2);
  CHECK(
      primary["spec"]["template"]["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"] ==
      "settings-primary");
  CHECK(cluster.object(config_maps, "settings-primary")["data"]["rev"] == "1");
  const auto before = cluster.writes();
  REQUIRE(cluster.workload->reconcile_services());
  REQUIRE(cluster.workload->create_primary_if_missing());
  REQUIRE(cluster.workload->reconcile_apex());
  CHECK(cluster.writes() == before);  // INV-34
}

TEST_CASE("CHG-05, CHG-22: a mandatory config that is missing is an error, and is named") {
  Cluster cluster;
  CHECK((*cluster.workload->tracked_configs())->count("configmap/settings") == 1);
  cluster.api.erase(path(config_maps, "settings"));
  const auto missing = cluster.workload->tracked_configs();
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.find("ConfigMap settings.test") != std::string::npos);
}

TEST_CASE("GEN-40, INV-10, INV-11: what was analysed is promoted, once") {
  Cluster cluster;
  REQUIRE(cluster.workload->create_primary_if_missing());
  cluster.image("app:B");
  const auto analysed = cluster.workload->fingerprint();
  REQUIRE(analysed);
  cluster.status({{"lastAppliedSpec", *analysed}});
  REQUIRE(cluster.workload->promote());
  const json promoted = cluster.object(deployments, "web-primary");
  CHECK(promoted["spec"]["template"]["spec"]["containers"][0]["image"] == "app:B");
  const auto before = cluster.writes();
  REQUIRE(cluster.workload->promote());
  CHECK(cluster.writes() == before);

  cluster.image("app:C");  // between the last check and now
  const auto refused = cluster.workload->promote();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::Conflict);
  CHECK(cluster.object(deployments, "web-primary") == promoted);
}

TEST_CASE("FLT-01: a promotion is made from the newest primary when another writer was quicker") {
  Cluster cluster;
  REQUIRE(cluster.workload->create_primary_if_missing());
  cluster.image("app:B");
  int edits = 0;
  cluster.api.meanwhile = [&](const std::string& request) {
    if (request == "PUT Deployment web-primary" && edits++ == 0)
      cluster.edit(deployments, "web-primary", {{"spec", {{"paused", true}}}});
  };
  cluster.settings.compat = Compat::Flagger;
  REQUIRE(cluster.workload->promote());
  CHECK(cluster.object(deployments, "web-primary")["spec"]["paused"] == true);
  CHECK(edits == 2);
}

TEST_CASE("SCL-03, SCL-10, FIN-10: scaling writes only where something changes") {
  Cluster cluster;
  REQUIRE(cluster.workload->create_primary_if_missing());
  REQUIRE(cluster.workload->scale_to_zero());
  CHECK(cluster.object(deployments, "web")["spec"]["replicas"] == 0);
  const auto before = cluster.writes();
  REQUIRE(cluster.workload->scale_to_zero());
  CHECK(cluster.writes() == before);
  cluster.edit(deployments, "web-primary", {{"spec", {{"replicas", 5}}}});
  REQUIRE(cluster.workload->scale_up());
  CHECK(cluster.object(deployments, "web")["spec"]["replicas"] == 5);
  cluster.edit(deployments, "web", {{"spec", {{"replicas", 1}}}});
  REQUIRE(cluster.workload->restore_target());
  CHECK(cluster.object(deployments, "web")["spec"]["replicas"] == 5);
}

TEST_CASE("INV-24: replicas, strategy and labels of the workload make no revision") {
  Cluster cluster;
  const auto before = cluster.workload->fingerprint();
  cluster.edit(deployments, "web",
               {{"spec", {{"replicas", 9}, {"strategy", {{"type", "Recreate"}}}}},
                {"metadata", {{"labels", {{"a", "b"}}}}}});
  CHECK(*cluster.workload->fingerprint() == *before);
  cluster.image("app:B");
  CHECK(*cluster.workload->fingerprint() != *before);
}

TEST_CASE("Q-20, INV-24: an object that another controller left at rest stays at rest") {
  Cluster cluster{R"({"phase": "Succeeded", "lastAppliedSpec": "4cb74184589",
                      "lastPromotedSpec": "4cb74184589"})"};
  REQUIRE(cluster.workload->create_primary_if_missing());
  CHECK(*cluster.workload->fingerprint() == "4cb74184589");
  cluster.image("app:B");
  CHECK(is_own_fingerprint(*cluster.workload->fingerprint()));
  cluster.image("app:A");
  CHECK(*cluster.workload->fingerprint() == "4cb74184589");
  // In the middle of a release of the other one nothing is taken on trust.
  cluster.status({{"phase", "Progressing"}, {"lastAppliedSpec", "5f7b"}});
  CHECK(is_own_fingerprint(*cluster.workload->fingerprint()));
}

TEST_CASE("Q-20: a foreign failure rests while nobody has written the target since") {
  Cluster cluster{R"({"phase": "Failed", "lastAppliedSpec": "5f7b", "lastPromotedSpec": "4cb7",
                      "lastTransitionTime": "2026-11-24T10:00:00Z"})"};
  CHECK(*cluster.workload->fingerprint() == "5f7b");
  cluster.status({{"lastTransitionTime", "2026-11-24T08:00:00Z"}});
  CHECK(is_own_fingerprint(*cluster.workload->fingerprint()));
}
