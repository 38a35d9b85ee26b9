#include <thread>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "live/kube_objects.hpp"
#include "tests/cluster/objects.hpp"
#include "tests/cluster/pod_driver.hpp"
#include "tests/cluster/worlds.hpp"

/// The controllers of a cluster do their part, with a pod driver in the place of kubelets.
namespace volary::test {
namespace {

using namespace std::chrono_literals;
using live::integer_at;
using live::text_at;
using nlohmann::json;
using Kind = live::KubeError::Kind;

TEST_CASE("A Deployment becomes available when its pods are ready, not before", "[workloads]") {
  World& world = open_world();
  const auto client = world.client();
  const std::string ns = new_namespace(*client, "deployment");
  const PodDriver driver{world.access(), [](const json& pod) -> std::optional<PodDriver::Delay> {
                           const std::string image =
                               text_at(live::list_at(pod, {"spec", "containers"}).at(0), {"image"});
                           if (image.ends_with(":broken")) return std::nullopt;
                           return 700ms;
                         }};
  const live::ObjectPath path{deployments, ns, "web"};
  const auto start = std::chrono::steady_clock::now();
  REQUIRE(client->create(path, deployment("web", 2)));
  const auto available = [&] {
    const auto now = client->get(path);
    REQUIRE(now);
    return integer_at(*now, {"status", "availableReplicas"}).value_or(0);
  };
  REQUIRE(eventually([&] { return available() == 2; }));
  CHECK(std::chrono::steady_clock::now() - start >= 700ms);

  // A pod of a new revision that never becomes ready leaves the old ones serving.
  REQUIRE(client->patch(
      path, {{"spec",
              {{"template",
                {{"spec",
                  {{"containers", json::array({{{"name", "main"},
                                                {"image", "example.test/main:broken"}}})}}}}}}}}));
  REQUIRE(eventually([&] {
    const auto now = client->get(path);
    return now && integer_at(*now, {"status", "updatedReplicas"}).value_or(0) == 1;
  }));
  std::this_thread::sleep_for(1s);
  CHECK(available() == 2);

  REQUIRE(client->patch(path, {{"spec", {{"replicas", 0}}}}));
  CHECK(eventually([&] {
    const auto left = client->list(pods, ns, "");
    return left && left->items.empty();
  }));
}

TEST_CASE("What is owned goes with its owner", "[workloads]") {
  const auto client = open_world().client();
  const std::string ns = new_namespace(*client, "owner");
  const auto owner = client->create({config_maps, ns, "owner"}, config_map("owner"));
  REQUIRE(owner);
  json owned = config_map("owned");
  owned["metadata"]["ownerReferences"] =
      json::array({{{"apiVersion", "v1"},
                    {"kind", "ConfigMap"},
                    {"name", "owner"},
                    {"uid", text_at(*owner, {"metadata", "uid"})},
                    {"controller", true}}});
  REQUIRE(client->create({config_maps, ns, "owned"}, owned));
  REQUIRE(client->create({config_maps, ns, "free"}, config_map("free")));
  REQUIRE(client->remove({config_maps, ns, "owner"}, text_at(*owner, {"metadata", "uid"})));
  CHECK(eventually([&] {
    const auto said = client->get({config_maps, ns, "owned"});
    return !said && said.error().kind == Kind::NotFound;
  }));
  CHECK(client->get({config_maps, ns, "free"}));

  REQUIRE(client->remove({namespaces, "", ns}, ""));
  CHECK(eventually([&] {
    const auto said = client->get({namespaces, "", ns});
    return !said && said.error().kind == Kind::NotFound;
  }));
}

}  // namespace
}  // namespace volary::test
