#include "tests/cluster/provider_crds.hpp"

#include <catch2/catch.hpp>

#include "live/kube_objects.hpp"
#include "tests/cluster/objects.hpp"
#include "tests/cluster/worlds.hpp"

namespace volary::test {
namespace {

using nlohmann::json;

TEST_CASE(
    "The real definitions of the providers load, and every version of them is served (RT-CRD-05)",
    "[crds]") {
  World world{shared_etcd(), {.name = "providers"}};
  const auto client = world.client();
  std::vector<std::string> names;
  for (const char* provider :
       {"istio", "gatewayapi", "contour", "traefik", "apisix", "knative-service",
        "knative-revision", "osm", "appmesh-v1beta1", "keda"}) {
    INFO(provider);
    REQUIRE(has_provider_crds(provider));
    for (const std::string& name : install_provider_crds(*client, provider)) names.push_back(name);
  }
  // These modules are not to be had everywhere.
  for (const char* provider : {"gloo-routetable", "gloo-upstream", "kuma"})
    if (has_provider_crds(provider))
      for (const std::string& name : install_provider_crds(*client, provider))
        names.push_back(name);
  for (const std::string& name : names) {
    INFO(name);
    const auto crd = client->get({crds, "", name});
    REQUIRE(crd);
    for (const json& version : (*crd)["spec"]["versions"]) {
      if (!version["served"].get<bool>()) continue;
      const live::Resource resource{(*crd)["spec"]["group"], version["name"],
                                    (*crd)["spec"]["names"]["plural"]};
      CHECK(eventually([&] { return client->list(resource, "", "").has_value(); }));
    }
  }

  // RT-GWAPI-37: what the server fills in.
  const std::string ns = new_namespace(*client, "routes");
  const live::Resource routes{"gateway.networking.k8s.io", "v1", "httproutes"};
  const auto route = client->create(
      {routes, ns, "r"},
      json::parse(
          R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"r"},
        "spec":{"parentRefs":[{"name":"g"}],"rules":[{"backendRefs":[{"name":"b","port":80}]}]}})"));
  REQUIRE(route);
  CHECK((*route)["spec"]["parentRefs"][0]["kind"] == "Gateway");
  CHECK((*route)["spec"]["rules"][0]["backendRefs"][0]["weight"] == 1);
  CHECK((*route)["spec"]["rules"][0]["matches"][0]["path"] ==
        json{{"type", "PathPrefix"}, {"value", "/"}});
  // RT-CRD-13: one definition serves two versions of TrafficSplit.
  for (const char* version : {"v1alpha2", "v1alpha3"}) {
    const auto split = client->create(
        {{"split.smi-spec.io", version, "trafficsplits"}, ns, version},
        {{"apiVersion", std::string{"split.smi-spec.io/"} + version},
         {"kind", "TrafficSplit"},
         {"metadata", {{"name", version}}},
         {"spec",
          {{"service", "s"}, {"backends", json::array({{{"service", "a"}, {"weight", 90}}})}}}});
    INFO((split ? "" : split.error().message));
    CHECK(split);
  }
}

TEST_CASE("An old definition is brought into the current form (RT-CRD-05)", "[crds]") {
  World world{shared_etcd(), {.name = "old-definitions"}};
  const auto client = world.client();
  CHECK(install_provider_crds(*client, "smi-v1alpha3") ==
        std::vector<std::string>{"trafficsplits.split.smi-spec.io"});
  const std::string ns = new_namespace(*client, "splits");
  const live::ObjectPath path{{"split.smi-spec.io", "v1alpha3", "trafficsplits"}, ns, "s"};
  json split = json::parse(
      R"({"apiVersion":"split.smi-spec.io/v1alpha3","kind":"TrafficSplit","metadata":{"name":"s"},
    "spec":{"service":"s","backends":[{"service":"a","weight":"ninety"}]}})");
  const auto refused = client->create(path, split);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == live::KubeError::Kind::Invalid);
  split["spec"]["backends"][0]["weight"] = 90;
  split["spec"]["extra"] = "kept: the old form did not prune";
  const auto created = client->create(path, split);
  REQUIRE(created);
  CHECK((*created)["spec"] == split["spec"]);
}

}  // namespace
}  // namespace volary::test
