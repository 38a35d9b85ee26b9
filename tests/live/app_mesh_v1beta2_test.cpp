#include <catch2/catch.hpp>

#include "tests/live/split_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::test;
using Catch::Matchers::Contains;

namespace {

const char* const service =
    "{port: 9898, targetPort: 9898, meshName: global, hosts: [\"*\"], "
    "backends: [backend, \"arn:aws:appmesh:eu-west-1:111122223333:mesh/m/virtualService/s\"], "
    "timeout: 15s, retries: {attempts: 3, perTryTimeout: 1s, "
    "retryOn: \"gateway-error,stream-error\"}}";
const std::string plain = podinfo(service);
const std::string small = podinfo("{port: 80}");
const std::string matched = podinfo(service, ab("[{headers: {x-user: {prefix: in}}}]"));

json page_node(const char* name, const char* pods) {
  return json_of_yaml(fmt::format(R"(
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualNode
metadata:
  name: {0}
  namespace: test
  annotations:
    kustomize.toolkit.fluxcd.io/reconcile: disabled
    helm.toolkit.fluxcd.io/driftDetection: disabled
  ownerReferences: [{1}]
spec:
  podSelector: {{matchLabels: {{app: {2}}}}}
  listeners:
  - portMapping: {{port: 9898, protocol: http}}
    timeout: {{http: {{perRequest: {{unit: ms, value: 15000}}}}}}
  serviceDiscovery: {{dns: {{hostname: {0}.test.svc.cluster.local.}}}}
  backends:
  - virtualService: {{virtualServiceRef: {{name: backend}}}}
  - virtualService: {{virtualServiceARN: "arn:aws:appmesh:eu-west-1:111122223333:mesh/m/virtualService/s"}}
)",
                                  name, owner, pods));
}

json page_router(const char* name, int canary, int primary) {
  return json_of_yaml(fmt::format(R"(
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualRouter
metadata: {{name: {0}, namespace: test, ownerReferences: [{1}]}}
spec:
  listeners:
  - portMapping: {{port: 9898, protocol: http}}
  routes:
  - name: {0}
    httpRoute:
      match: {{prefix: /}}
      timeout: {{perRequest: {{unit: ms, value: 15000}}}}
      retryPolicy: {{httpRetryEvents: [gateway-error, stream-error], maxRetries: 3, perRetryTimeout: {{unit: ms, value: 1000}}}}
      action:
        weightedTargets:
        - {{virtualNodeRef: {{name: podinfo-canary}}, weight: {2}}}
        - {{virtualNodeRef: {{name: podinfo-primary}}, weight: {3}}}
)",
                                  name, owner, canary, primary));
}

json page_service(const char* name) {
  return json_of_yaml(fmt::format(R"(
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualService
metadata:
  name: {0}
  namespace: test
  ownerReferences: [{1}]
spec:
  provider: {{virtualRouter: {{virtualRouterRef: {{name: {0}}}}}}}
)",
                                  name, owner));
}

const auto app_mesh = app_mesh_v1beta2_provider();

}  // namespace

TEST_CASE("RT-APPMESH2-01..08, RT-APPMESH2-10: the page's objects, in their order") {
  SplitWorld world(plain, GENERATE(Compat::Strict, Compat::Flagger));
  const auto created = world.reconcile(*app_mesh);
  REQUIRE(writes_in(created) == 6);
  std::vector<std::string> names;
  for (const RouteWrite& write : created->writes)
    names.push_back(write.path.resource.plural + "/" + write.path.name);
  CHECK(names == std::vector<std::string>{
                     "virtualnodes/podinfo-primary", "virtualnodes/podinfo-canary",
                     "virtualrouters/podinfo", "virtualservices/podinfo",
                     "virtualrouters/podinfo-canary", "virtualservices/podinfo-canary"});
  CHECK(world.get("VirtualNode", "podinfo-primary") ==
        page_node("podinfo-primary", "podinfo-primary"));
  CHECK(world.get("VirtualNode", "podinfo-canary") == page_node("podinfo-canary", "podinfo"));
  CHECK(world.get("VirtualRouter", "podinfo") == page_router("podinfo", 0, 100));
  CHECK(world.get("VirtualRouter", "podinfo-canary") == page_router("podinfo-canary", 100, 0));
  json apex = page_service("podinfo");
  apex["metadata"]["annotations"] = json_of_yaml(
      "{gateway.appmesh.k8s.aws/expose: \"true\", gateway.appmesh.k8s.aws/domain: \"*,\", "
      "gateway.appmesh.k8s.aws/timeout: 15s, gateway.appmesh.k8s.aws/retries: \"3\"}");
  CHECK(world.get("VirtualService", "podinfo") == apex);
  CHECK(world.get("VirtualService", "podinfo-canary") == page_service("podinfo-canary"));
  CHECK(writes_in(world.reconcile(*app_mesh)) == 0);
}

TEST_CASE("RT-APPMESH2-09, RT-APPMESH-12: weight 10, and promotion") {
  SplitWorld world(plain);
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 6);
  CHECK(world.routes(*app_mesh) == split(100, 0));
  REQUIRE(writes_in(world.set(*app_mesh, split(90, 10))) == 1);
  CHECK(world.get("VirtualRouter", "podinfo") == page_router("podinfo", 10, 90));
  CHECK(world.get("VirtualRouter", "podinfo-canary") == page_router("podinfo-canary", 100, 0));
  CHECK(world.routes(*app_mesh) == split(90, 10));
  CHECK(writes_in(world.reconcile(*app_mesh)) == 0);
  REQUIRE(writes_in(world.set(*app_mesh, split(100, 0))) == 1);
  CHECK(world.get("VirtualRouter", "podinfo") == page_router("podinfo", 0, 100));
}

TEST_CASE("RT-APPMESH-06, RT-APPMESH2-06: the A/B shape of the page") {
  SplitWorld world(matched);
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 6);
  CHECK(world.spec("VirtualRouter", "podinfo-canary")["routes"].size() == 1);
  REQUIRE(writes_in(world.set(*app_mesh, split(0, 100))) == 1);
  CHECK(world.spec("VirtualRouter", "podinfo")["routes"] == json_of_yaml(R"(
- name: podinfo-a
  priority: 10
  httpRoute:
    match:
      prefix: /
      headers:
      - {name: x-user, match: {prefix: in}}
    timeout: {perRequest: {unit: ms, value: 15000}}
    retryPolicy: {httpRetryEvents: [gateway-error, stream-error], maxRetries: 3, perRetryTimeout: {unit: ms, value: 1000}}
    action:
      weightedTargets:
      - {virtualNodeRef: {name: podinfo-canary}, weight: 100}
      - {virtualNodeRef: {name: podinfo-primary}, weight: 0}
- name: podinfo-b
  priority: 20
  httpRoute:
    match: {prefix: /}
    timeout: {perRequest: {unit: ms, value: 15000}}
    retryPolicy: {httpRetryEvents: [gateway-error, stream-error], maxRetries: 3, perRetryTimeout: {unit: ms, value: 1000}}
    action:
      weightedTargets:
      - {virtualNodeRef: {name: podinfo-primary}, weight: 100}
)"));
  CHECK(world.routes(*app_mesh) == split(0, 100));
  CHECK(writes_in(world.reconcile(*app_mesh)) == 0);
}

TEST_CASE("RT-APPMESH2-02: a number in targetPort, else the port") {
  const auto [written, port] =
      GENERATE(table<std::string, int>({{"{port: 80, targetPort: 8080}", 8080},
                                        {"{port: 80, targetPort: 0}", 80},
                                        {"{port: 80, targetPort: http}", 80},
                                        {"{port: 80, targetPort: \"99\"}", 80},
                                        {"{port: 80}", 80}}));
  INFO(written);
  SplitWorld world(podinfo(written));
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 6);
  for (const char* kind : {"VirtualNode", "VirtualRouter"})
    CHECK(world.spec(kind, "podinfo-canary")["listeners"][0]["portMapping"]["port"] == port);
}

TEST_CASE(
    "RT-APPMESH2-03: what is not said is left out, names of the target, key of its selector") {
  SplitWorld world(podinfo("{port: 80, name: web, timeout: soon, portName: grpc}"));
  world.selector_key = "app.kubernetes.io/name";
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 6);
  CHECK(world.spec("VirtualNode", "web-primary") == json_of_yaml(R"(
podSelector: {matchLabels: {app.kubernetes.io/name: podinfo-primary}}
listeners: [{portMapping: {port: 80, protocol: grpc}}]
serviceDiscovery: {dns: {hostname: web-primary.test.svc.cluster.local.}}
)"));
  const json http = world.spec("VirtualRouter", "web")["routes"][0]["httpRoute"];
  CHECK_FALSE(http.contains("timeout"));
  CHECK_FALSE(http.contains("retryPolicy"));
  CHECK_FALSE(http["match"].contains("headers"));
}

TEST_CASE("RT-APPMESH2-05, RT-APPMESH2-07: awsName and meshRef are the mesh controller's") {
  SplitWorld world(plain, GENERATE(Compat::Strict, Compat::Flagger));
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 6);
  REQUIRE(writes_in(world.set(*app_mesh, split(70, 30))) == 1);
  for (const char* kind : {"VirtualNode", "VirtualRouter"})
    world.change(kind, kind == std::string{"VirtualNode"} ? "podinfo-primary" : "podinfo", R"([
      {"op": "add", "path": "/spec/awsName", "value": "x_test"},
      {"op": "add", "path": "/spec/meshRef", "value": {"name": "m", "uid": "u"}}])");
  CHECK(writes_in(world.reconcile(*app_mesh)) == 0);
  world.change("VirtualNode", "podinfo-primary",
               R"([{"op": "remove", "path": "/spec/listeners/0/timeout"}])");
  world.change("VirtualRouter", "podinfo",
               R"([{"op": "replace", "path": "/spec/listeners/0/portMapping/port", "value": 1}])");
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 2);
  for (const json& spec :
       {world.spec("VirtualNode", "podinfo-primary"), world.spec("VirtualRouter", "podinfo")}) {
    CHECK(spec["awsName"] == "x_test");
    CHECK(spec["meshRef"]["uid"] == "u");
  }
  json expected = page_router("podinfo", 30, 70)["spec"];  // RT-APPMESH-13
  json found = world.spec("VirtualRouter", "podinfo");
  found.erase("awsName");
  found.erase("meshRef");
  CHECK(found == expected);
}

TEST_CASE("RT-APPMESH2-05: labels and annotations of a node are compared") {
  SplitWorld world(podinfo("{port: 80, apex: {labels: {team: web}}}"));
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 6);
  CHECK(world.get("VirtualNode", "podinfo-canary")["metadata"]["labels"] ==
        json_of_yaml("{team: web}"));  // RT-APPMESH-09
  world.change("VirtualNode", "podinfo-canary",
               R"([{"op": "add", "path": "/metadata/labels/x", "value": "y"}])");
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 1);
  CHECK(world.get("VirtualNode", "podinfo-canary")["metadata"]["labels"] ==
        json_of_yaml("{team: web}"));
  world.change("VirtualRouter", "podinfo",
               R"([{"op": "add", "path": "/metadata/labels", "value": {"x": "y"}}])");
  CHECK(writes_in(world.reconcile(*app_mesh)) == 0);
}

TEST_CASE("RT-APPMESH2-08: a virtual service comes with its router, strict mode adds a lost one") {
  SplitWorld strict(small), compat(small, Compat::Flagger);
  for (SplitWorld* world : {&strict, &compat}) {
    REQUIRE(writes_in(world->reconcile(*app_mesh)) == 6);
    world->remove("VirtualService", "podinfo");
  }
  CHECK(writes_in(compat.reconcile(*app_mesh)) == 0);
  const auto added = strict.reconcile(*app_mesh);
  REQUIRE(writes_in(added) == 1);
  CHECK(strict.get("VirtualService", "podinfo") == page_service("podinfo"));
  REQUIRE(added->remarks.size() == 1);
  CHECK_THAT(added->remarks[0], Contains("VirtualService podinfo.test"));

  // One that was there before its router: the reference's POST fails, strict mode makes none.
  for (SplitWorld* world : {&strict, &compat}) world->remove("VirtualRouter", "podinfo");
  CHECK(writes_in(strict.reconcile(*app_mesh)) == 1);
  compat.put_object(page_service("podinfo"));
  CHECK_THAT(error_in(compat.reconcile(*app_mesh)), Contains("already exists"));
  CHECK(writes_in(compat.reconcile(*app_mesh)) == 0);  // an error of that tick only
}

TEST_CASE("RT-APPMESH-08: the access log of every node") {
  SplitWorld world(
      podinfo("{port: 80}", "{stepWeight: 10}", {}, "{appmesh.flagger.app/accesslog: enabled}"));
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 6);
  for (const char* node : {"podinfo-primary", "podinfo-canary"})
    CHECK(world.spec("VirtualNode", node)["logging"]["accessLog"]["file"]["path"] == "/dev/stdout");
}

TEST_CASE(
    "RT-APPMESH-11, RT-APPMESH-12, RT-COMMON-25: odd routers are errors, what others wrote stays") {
  SplitWorld world(small);
  CHECK_THAT(error_in(world.routes(*app_mesh)), Contains("VirtualRouter podinfo.test not found"));
  CHECK(world.set(*app_mesh, split(90, 10)).error().kind == ErrorKind::NotFound);
  world.put(
      "apiVersion: appmesh.k8s.aws/v1beta2\nkind: VirtualRouter\n"
      "metadata: {name: podinfo, namespace: test}\nspec: {routes: [{httpRoute: {}}]}\n");
  CHECK_THAT(error_in(world.routes(*app_mesh)), Contains("has not two targets"));
  world.put(R"(
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualRouter
metadata: {name: podinfo, namespace: test, labels: {team: web}}
spec:
  awsName: x
  routes:
  - name: mine
    tcpRoute: {}
    httpRoute:
      match: {prefix: /x}
      action: {future: 1, weightedTargets: [{virtualNodeRef: {name: podinfo-primary}, port: 7, weight: 1}]}
)");
  json expected = world.get("VirtualRouter", "podinfo");
  expected["spec"]["routes"][0]["httpRoute"]["action"]["weightedTargets"] = json_of_yaml(
      "[{virtualNodeRef: {name: podinfo-canary}, weight: 10}, "
      "{virtualNodeRef: {name: podinfo-primary}, port: 7, weight: 90}]");
  REQUIRE(writes_in(world.set(*app_mesh, split(90, 10))) == 1);
  CHECK(world.get("VirtualRouter", "podinfo") == expected);
  CHECK(writes_in(world.finalize(*app_mesh)) == 0);  // RT-APPMESH-14
}
