#include "live/services.hpp"
#include "tests/live/route_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using Catch::Matchers::Contains;

// A core Service as the target: its copies.

namespace {

const Resource services{"", "v1", "services"};
const ObjectPath target = World::path(services, "podinfo");
const ObjectPath primary = World::path(services, "podinfo-primary");
const ObjectPath canary = World::path(services, "podinfo-canary");

struct Shop : World {
  explicit Shop(const char* spec, Compat compat = Compat::Strict)
      : World{canary_of("istio", "{port: 80}", "{interval: 1m, threshold: 5, stepWeight: 10}",
                        "targetRef: {apiVersion: v1, kind: Service, name: podinfo}"),
              nullptr, compat} {
    settings.compat = compat;
    json service = json_of_yaml(R"(
apiVersion: v1
kind: Service
metadata:
  name: podinfo
  namespace: test
  labels: {app: podinfo, kustomize.toolkit.fluxcd.io/name: shop}
  annotations:
    note: a
    kubectl.kubernetes.io/last-applied-configuration: "{}"
)");
    service["spec"] = json_of_yaml(spec);
    api.put(target, service);
  }

  RoutingSettings settings;

  [[nodiscard]] RouteContext context() const { return {World::canary, object, settings, {}}; }
  template <class Ask>
  Result<void> run(Ask question) {
    const ServicePaths paths = service_paths(context());
    const auto snapshot = read_objects(api, {paths.apex, paths.canary, paths.primary});
    if (!snapshot) return tl::unexpected(snapshot.error());
    const Result<RouteWrites> asked = question(*snapshot);
    if (!asked) return tl::unexpected(asked.error());
    return perform(api, *asked);
  }
  Result<void> copies() {
    return run([this](const Snapshot& seen) { return core_service_copies(context(), seen); });
  }
  Result<void> promote(const std::vector<std::string>& prefixes) {
    return run(
        [&](const Snapshot& seen) { return promote_core_service(context(), prefixes, seen); });
  }
};

const char* const cluster_ip = R"(
type: ClusterIP
clusterIP: 10.0.0.1
clusterIPs: [10.0.0.1]
selector: {app: podinfo}
ports: [{name: http, port: 80, targetPort: 9898}]
)";

}  // namespace

TEST_CASE("RT-K8S-40 [Q], RT-K8S-42: copies have addresses of their own, in both lists") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    Shop shop{cluster_ip, compat};
    const json before = shop.at_rest(target);
    require_done(shop.copies());
    CHECK(shop.writes() ==
          std::vector<std::string>{"POST Service podinfo-canary", "POST Service podinfo-primary"});
    CHECK(shop.at_rest(target) == before);
    CHECK(shop.at_rest(canary) == json_of_yaml(fmt::format(R"(
apiVersion: v1
kind: Service
metadata:
  name: podinfo-canary
  namespace: test
  labels: {{app: podinfo, kustomize.toolkit.fluxcd.io/name: shop}}
  annotations: {{note: a}}
  ownerReferences: [{}]
spec:
  type: ClusterIP
  selector: {{app: podinfo}}
  ports: [{{name: http, port: 80, targetPort: 9898}}]
)",
                                                           owner)));
    CHECK(shop.spec(primary) == shop.spec(canary));
  }
}

TEST_CASE("RT-K8S-40: a headless Service stays headless, a distribution is the Canary's") {
  Shop shop{"{type: ClusterIP, clusterIP: None, clusterIPs: [None], selector: {app: podinfo}}"};
  shop.edit(json_of_yaml("spec: {service: {trafficDistribution: PreferClose}}"));
  require_done(shop.copies());
  CHECK(shop.spec(primary)["clusterIP"] == "None");
  CHECK(shop.spec(primary)["clusterIPs"] == json_of_yaml("[None]"));
  CHECK(shop.spec(primary)["trafficDistribution"] == "PreferClose");
}

TEST_CASE("RT-K8S-40: what only one Service can have is not copied in strict mode") {
  const char* const load_balancer = R"(
type: LoadBalancer
clusterIP: 10.0.0.1
clusterIPs: [10.0.0.1]
healthCheckNodePort: 30090
ports: [{name: http, port: 80, nodePort: 30080}]
)";
  Shop shop{load_balancer};
  require_done(shop.copies());
  CHECK(shop.spec(canary) == json_of_yaml("{type: LoadBalancer, ports: [{name: http, port: 80}]}"));
  Shop reference{load_balancer, Compat::Flagger};
  require_done(reference.copies());
  CHECK(reference.spec(canary) == json_of_yaml(load_balancer));
}

TEST_CASE("RT-K8S-41: the canary follows the target on every tick, the primary at promotion") {
  Shop shop{cluster_ip};
  require_done(shop.copies());
  for (const ObjectPath& path : {canary, primary})  // as the API server fills them in
    shop.meddle(path, json_of_yaml("spec: {clusterIP: 10.0.0.7, clusterIPs: [10.0.0.7]}"));
  shop.writes();
  require_done(shop.copies());
  CHECK(shop.writes().empty());

  shop.meddle(target, json_of_yaml("{spec: {selector: {app: v2}}, metadata: {labels: {new: x}}}"));
  require_done(shop.copies());
  CHECK(shop.writes() == std::vector<std::string>{"PUT Service podinfo-canary"});
  CHECK(shop.spec(canary)["selector"] == json_of_yaml("{app: v2}"));
  CHECK(shop.spec(canary)["clusterIP"] == "10.0.0.7");
  CHECK(shop.at_rest(canary)["metadata"]["labels"]["new"] == "x");
  CHECK(shop.spec(primary)["selector"] == json_of_yaml("{app: podinfo}"));

  require_done(shop.promote({"app", "kustomize", ""}));
  CHECK(shop.writes() == std::vector<std::string>{"PUT Service podinfo-primary"});
  CHECK(shop.spec(primary) == shop.spec(canary));
  CHECK(shop.at_rest(primary)["metadata"]["labels"] == json_of_yaml("{app: podinfo}"));
  CHECK_FALSE(shop.at_rest(primary)["metadata"].contains("annotations"));
  CHECK(shop.at_rest(primary)["metadata"].contains("ownerReferences"));
}

TEST_CASE("RT-K8S-41, GEN-05: which labels pass the filter") {
  const Labels labels{{"app", "a"}, {"team/x", "b"}, {"helm.toolkit.fluxcd.io/name", "c"}};
  CHECK(with_prefixes(labels, {}).empty());
  CHECK(with_prefixes(labels, {""}).empty());
  CHECK(with_prefixes(labels, {"*"}) == Labels{{"app", "a"}, {"team/x", "b"}});
  CHECK(with_prefixes(labels, {"team", "helm"}) == Labels{{"team/x", "b"}});
}

TEST_CASE("RT-K8S-25, 40: missing Services are named") {
  Shop shop{cluster_ip};
  CHECK_THAT(said(shop.promote({})), Contains("Service podinfo-primary.test not found"));
  shop.api.erase(target);
  CHECK_THAT(said(shop.copies()), Contains("Service podinfo.test not found"));
  CHECK_THAT(said(shop.promote({})), Contains("Service podinfo.test not found"));
}
