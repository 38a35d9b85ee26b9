#include "tests/live/route_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;

namespace {

/// Which object a provider reads its weights from: what tells one from another.
std::string read_by(const std::string& name) {
  const auto provider = route_provider(name);
  if (!provider) return "nothing";
  json object = canary_of("istio", "{port: 80}", "{interval: 1m, threshold: 5, stepWeight: 10}", R"(
ingressRef: {apiVersion: networking.k8s.io/v1, kind: Ingress, name: podinfo}
routeRef: {apiVersion: apisix.apache.org/v2, kind: ApisixRoute, name: podinfo}
)");
  World world{std::move(object), nullptr};
  world.canary.spec.provider = name;
  const RoutingSettings settings;
  const RouteContext context{
      .canary = world.canary, .object = world.object, .settings = settings, .selector_key = "app"};
  const auto paths = provider->reads(context, RouteProvider::Operation::Read);
  if (!paths) return to_string(paths.error());
  REQUIRE_FALSE(paths->empty());
  const Resource& resource = paths->front().resource;
  return fmt::format("{}/{} {}", resource.group, resource.version, resource.plural);
}

}  // namespace

TEST_CASE("RT-COMMON-03, 04, 05: the table of providers, row by row") {
  const std::string istio = "networking.istio.io/v1beta1 virtualservices";
  const std::vector<std::pair<const char*, std::string>> rows{
      {"appmesh:v1beta2", "appmesh.k8s.aws/v1beta2 virtualrouters"},
      {"appmesh:v1beta2:x", "appmesh.k8s.aws/v1beta2 virtualrouters"},
      {"appmesh", "appmesh.k8s.aws/v1beta1 virtualservices"},
      {"linkerd", "split.smi-spec.io/v1alpha1 trafficsplits"},
      {"istio", istio},
      {"smi:v1alpha1", "split.smi-spec.io/v1alpha1 trafficsplits"},
      {"smi:v1alpha1:istio", "split.smi-spec.io/v1alpha1 trafficsplits"},
      {"smi:v1alpha2", "split.smi-spec.io/v1alpha2 trafficsplits"},
      {"smi:v1alpha3", "split.smi-spec.io/v1alpha3 trafficsplits"},
      {"contour", "projectcontour.io/v1 httpproxies"},
      {"knative", "serving.knative.dev/v1 services"},
      {"gloo", "gateway.solo.io/v1 routetables"},
      {"gloo:anything", "gateway.solo.io/v1 routetables"},
      {"nginx", "networking.k8s.io/v1 ingresses"},
      {"skipper", "networking.k8s.io/v1 ingresses"},
      {"traefik", "traefik.io/v1alpha1 traefikservices"},
      {"apisix", "apisix.apache.org/v2 apisixroutes"},
      {"osm", "split.smi-spec.io/v1alpha2 trafficsplits"},
      {"kuma", "kuma.io/v1alpha1 trafficroutes"},
      {"gatewayapi:v1beta1", "gateway.networking.k8s.io/v1beta1 httproutes"},
      {"gatewayapi:v1", "gateway.networking.k8s.io/v1 httproutes"},
      {"gatewayapi:v1:x", "gateway.networking.k8s.io/v1 httproutes"},
      {"kubernetes", "nothing"},
  };
  for (const auto& [name, object] : rows) {
    INFO(name);
    CHECK(read_by(name) == object);
    CHECK(is_known_provider(name));
  }
  // RT-COMMON-06, RT-COMMON-07, row 20.
  for (const char* unknown : {"none", "", "gatewayapi", "appmesh:v1beta1", "smi", "crossover",
                              "Nginx", "nginx ", "kubernetes:v1", "linkerd2"}) {
    INFO(unknown);
    CHECK(read_by(unknown) == istio);
    CHECK_FALSE(is_known_provider(unknown));
  }
}

TEST_CASE("RT-SMI-01: the mesh of an SMI provider follows the version") {
  // RT-SMI-09 shows it: only Istio's TrafficSplit carries the gateways.
  const auto annotated = [](const char* name) {
    World world{canary_of("istio", "{port: 80, gateways: [mesh]}",
                          "{interval: 1m, threshold: 5, stepWeight: 10}"),
                route_provider(name)};
    require_done(world.reconcile());
    const json made =
        world.at_rest(World::path({"split.smi-spec.io", "v1alpha2", "trafficsplits"}, "podinfo"));
    return made["metadata"].contains("annotations");
  };
  CHECK(annotated("smi:v1alpha2:istio"));
  CHECK_FALSE(annotated("smi:v1alpha2"));
  CHECK_FALSE(annotated("smi:v1alpha2:linkerd"));
}
