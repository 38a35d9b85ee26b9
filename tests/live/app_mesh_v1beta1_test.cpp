#include <catch2/catch.hpp>

#include "tests/live/split_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::test;
using Catch::Matchers::Contains;

namespace {

const char* const service =
    "{port: 9898, meshName: global, hosts: [\"*\"], backends: [backend.test], timeout: 15s, "
    "retries: {attempts: 3, perTryTimeout: 1s, retryOn: \"gateway-error,stream-error\"}}";
const char* const logged = "{appmesh.flagger.app/accesslog: enabled}";
const std::string plain = podinfo(service, "{stepWeight: 10}", {}, logged);
const std::string small = podinfo("{port: 80, meshName: global}");
const std::string matched = podinfo(service, ab("[{headers: {x-user: {prefix: in}}}]"), {}, logged);

json page_node(const char* name, const char* host) {
  return json_of_yaml(fmt::format(R"(
apiVersion: appmesh.k8s.aws/v1beta1
kind: VirtualNode
metadata:
  name: {}
  namespace: test
  annotations:
    kustomize.toolkit.fluxcd.io/reconcile: disabled
    helm.toolkit.fluxcd.io/driftDetection: disabled
  ownerReferences: [{}]
spec:
  meshName: global
  listeners:
  - portMapping: {{port: 9898, protocol: http}}
  serviceDiscovery: {{dns: {{hostName: {}}}}}
  backends:
  - virtualService: {{virtualServiceName: backend.test}}
  logging: {{accessLog: {{file: {{path: /dev/stdout}}}}}}
)",
                                  name, owner, host));
}

json page_service(const char* router, const char* annotations, int canary, int primary) {
  json value = json_of_yaml(fmt::format(R"(
apiVersion: appmesh.k8s.aws/v1beta1
kind: VirtualService
metadata:
  name: {0}.test
  namespace: test
  annotations: {1}
  ownerReferences: [{2}]
spec:
  meshName: global
  virtualRouter:
    name: {0}
    listeners:
    - portMapping: {{port: 9898, protocol: http}}
  routes:
  - name: {0}
    http:
      match: {{prefix: /}}
      retryPolicy: {{perRetryTimeoutMillis: 1000, maxRetries: 3, httpRetryEvents: [gateway-error, stream-error]}}
      action:
        weightedTargets:
        - {{virtualNodeName: podinfo-canary, weight: {3}}}
        - {{virtualNodeName: podinfo-primary, weight: {4}}}
)",
                                        router, annotations, owner, canary, primary));
  if (value["metadata"]["annotations"].empty()) value["metadata"].erase("annotations");
  return value;
}

json apex_service(int canary = 0, int primary = 100) {
  return page_service("podinfo",
                      "{gateway.appmesh.k8s.aws/expose: \"true\", "
                      "gateway.appmesh.k8s.aws/domain: \"*,\", "
                      "gateway.appmesh.k8s.aws/timeout: 15s, "
                      "gateway.appmesh.k8s.aws/retries: \"3\"}",
                      canary, primary);
}

const auto app_mesh = app_mesh_v1beta1_provider();

}  // namespace

TEST_CASE("RT-APPMESH1-02..09: the page's objects, in their order") {
  SplitWorld world(plain);
  const auto created = world.reconcile(*app_mesh);
  REQUIRE(writes_in(created) == 5);
  std::vector<std::string> names;
  for (const RouteWrite& write : created->writes) names.push_back(write.path.name);
  CHECK(names == std::vector<std::string>{"podinfo", "podinfo-primary", "podinfo-canary",
                                          "podinfo.test", "podinfo-canary.test"});
  CHECK(world.get("VirtualNode", "podinfo") == page_node("podinfo", "podinfo-primary.test"));
  CHECK(world.get("VirtualNode", "podinfo-primary") ==
        page_node("podinfo-primary", "podinfo-primary.test"));
  CHECK(world.get("VirtualNode", "podinfo-canary") ==
        page_node("podinfo-canary", "podinfo-canary.test"));
  CHECK(world.get("VirtualService", "podinfo.test") == apex_service());
  CHECK(world.get("VirtualService", "podinfo-canary.test") ==
        page_service("podinfo-canary", "{}", 100, 0));
  CHECK(writes_in(world.reconcile(*app_mesh)) == 0);
}

TEST_CASE("RT-APPMESH-07, RT-APPMESH-11, RT-APPMESH-12: weight 10, and promotion") {
  SplitWorld world(plain, GENERATE(Compat::Strict, Compat::Flagger));
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 5);
  CHECK(world.routes(*app_mesh) == split(100, 0));
  REQUIRE(writes_in(world.set(*app_mesh, split(90, 10))) == 1);
  CHECK(world.get("VirtualService", "podinfo.test") == apex_service(10, 90));
  CHECK(world.get("VirtualService", "podinfo-canary.test") ==
        page_service("podinfo-canary", "{}", 100, 0));  // RT-APPMESH1-06
  CHECK(world.routes(*app_mesh) == split(90, 10));
  REQUIRE(writes_in(
              world.set(*app_mesh, {.primary = 100_pct, .canary = 0_pct, .mirrored = true})) == 1);
  CHECK(world.get("VirtualService", "podinfo.test") == apex_service());
}

TEST_CASE("RT-APPMESH-05, RT-APPMESH-06: the A/B shape of the page") {
  SplitWorld world(matched);
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 5);
  CHECK(world.routes(*app_mesh) == split(100, 0));
  CHECK(world.spec("VirtualService", "podinfo-canary.test")["routes"].size() == 1);
  REQUIRE(writes_in(world.set(*app_mesh, split(0, 100))) == 1);
  CHECK(world.spec("VirtualService", "podinfo.test")["routes"] == json_of_yaml(R"(
- name: podinfo-a
  priority: 10
  http:
    match:
      prefix: /
      headers:
      - {name: x-user, match: {prefix: in}}
    retryPolicy: {perRetryTimeoutMillis: 1000, maxRetries: 3, httpRetryEvents: [gateway-error, stream-error]}
    action:
      weightedTargets:
      - {virtualNodeName: podinfo-canary, weight: 100}
      - {virtualNodeName: podinfo-primary, weight: 0}
- name: podinfo-b
  priority: 20
  http:
    match: {prefix: /}
    retryPolicy: {perRetryTimeoutMillis: 1000, maxRetries: 3, httpRetryEvents: [gateway-error, stream-error]}
    action:
      weightedTargets:
      - {virtualNodeName: podinfo-primary, weight: 100}
)"));
  CHECK(world.routes(*app_mesh) == split(0, 100));
  CHECK(writes_in(world.reconcile(*app_mesh)) == 0);
  REQUIRE(writes_in(world.set(*app_mesh, split(100, 0))) == 1);
  world.edit(plain);  // the A/B test is over
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 1);
  CHECK(world.get("VirtualService", "podinfo.test") == apex_service());
}

TEST_CASE("RT-APPMESH-03, RT-APPMESH-05, RT-COMMON-27: every kind of match, headers by name") {
  SplitWorld world(
      podinfo("{port: 80, meshName: m, match: [{uri: {prefix: /api}}]}",
              ab("[{headers: {b: {exact: e}, a: {regex: r}}}, {headers: {c: {suffix: s}}, "
                 "queryParams: {q: {exact: x}}}]")));
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 5);
  CHECK(world.spec("VirtualService", "podinfo.test")["routes"][0]["http"]["match"] ==
        json_of_yaml(R"(
prefix: /api
headers:
- {name: a, match: {regex: r}}
- {name: b, match: {exact: e}}
- {name: c, match: {suffix: s}}
)"));
}

TEST_CASE("RT-APPMESH-05: a match without headers is refused, compat matches everything") {
  const char* const match =
      GENERATE("[{queryParams: {q: {exact: x}}}]", "[{sourceLabels: {team: web}}]");
  const std::string canary = podinfo("{port: 80, meshName: m}", ab(match));
  for (const auto& provider : {app_mesh_v1beta1_provider(), app_mesh_v1beta2_provider()}) {
    SplitWorld strict(canary);
    CHECK_THAT(error_in(strict.reconcile(*provider)),
               Contains("Canary podinfo.test") && Contains("all requests"));
    SplitWorld compat(canary, Compat::Flagger);
    REQUIRE(writes_in(compat.reconcile(*provider)) >= 5);
    REQUIRE(writes_in(compat.set(*provider, split(50, 50))) == 1);
    compat.settings.compat = Compat::Strict;
    CHECK_FALSE(compat.set(*provider, split(0, 100)).has_value());
    CHECK(writes_in(compat.set(*provider, split(100, 0))) == 1);  // a rollback is never refused
  }
}

TEST_CASE("RT-APPMESH-02, RT-APPMESH-04: protocol and retries, where little is said") {
  SplitWorld world(
      podinfo("{port: 80, meshName: m, portName: grpc-api, retries: "
              "{attempts: 0, perTryTimeout: soon}}"));
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 5);
  const json spec = world.spec("VirtualService", "podinfo.test");
  CHECK(spec["virtualRouter"]["listeners"][0]["portMapping"]["protocol"] == "grpc");
  CHECK(spec["routes"][0]["http"]["retryPolicy"] ==
        json_of_yaml(
            "{perRetryTimeoutMillis: 250, maxRetries: 1, httpRetryEvents: [gateway-error]}"));

  SplitWorld none(small);
  REQUIRE(writes_in(none.reconcile(*app_mesh)) == 5);
  CHECK_FALSE(
      none.spec("VirtualService", "podinfo.test")["routes"][0]["http"].contains("retryPolicy"));
  CHECK_FALSE(none.get("VirtualService", "podinfo.test")["metadata"].contains("annotations"));
  const json node = none.spec("VirtualNode", "podinfo");
  CHECK_FALSE(node.contains("backends"));
  CHECK_FALSE(node.contains("logging"));  // RT-APPMESH-08
}

TEST_CASE("RT-APPMESH-01: reconcile leans on nothing that is made after it") {
  SplitWorld world(plain);
  for (const auto& provider : {app_mesh_v1beta1_provider(), app_mesh_v1beta2_provider()}) {
    const auto asked = provider->reads(world.context(), RouteProvider::Operation::Reconcile);
    REQUIRE(asked.has_value());
    for (const ObjectPath& path : *asked) CHECK(path.resource.group == "appmesh.k8s.aws");
  }
}

TEST_CASE("RT-APPMESH-09: the apex metadata without the selector's label, even by flag") {
  SplitWorld world(podinfo("{port: 80, meshName: m, apex: {labels: {team: web}}}"));
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 5);
  CHECK(world.get("VirtualNode", "podinfo")["metadata"]["labels"] == json_of_yaml("{team: web}"));
  CHECK_FALSE(world.get("VirtualService", "podinfo.test")["metadata"].contains("labels"));
}

TEST_CASE("RT-APPMESH-10: every host is followed by a comma") {
  SplitWorld world(podinfo("{port: 80, meshName: m, hosts: [a.example.com, b.example.com]}"));
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 5);
  CHECK(world.get("VirtualService", "podinfo.test")["metadata"]["annotations"] ==
        json_of_yaml("{gateway.appmesh.k8s.aws/expose: \"true\", "
                     "gateway.appmesh.k8s.aws/domain: \"a.example.com,b.example.com,\"}"));
}

TEST_CASE("RT-APPMESH1-01: without a mesh name reconcile fails before any request") {
  SplitWorld world(podinfo("{port: 80}"));
  CHECK_FALSE(app_mesh->reads(world.context(), RouteProvider::Operation::Reconcile).has_value());
  CHECK_THAT(error_in(world.reconcile(*app_mesh)),
             Contains("Canary podinfo.test") && Contains("meshName"));
}

TEST_CASE("RT-APPMESH1-04: like is compared with like, compat compares annotations with labels") {
  SplitWorld strict(small), compat(small, Compat::Flagger);
  for (SplitWorld* world : {&strict, &compat}) REQUIRE(writes_in(world->reconcile(*app_mesh)) == 5);
  CHECK(writes_in(strict.reconcile(*app_mesh)) == 0);
  CHECK(writes_in(compat.reconcile(*app_mesh)) == 3);  // each node, on each tick
  CHECK(writes_in(compat.reconcile(*app_mesh)) == 3);
}

TEST_CASE("RT-APPMESH1-04, RT-COMMON-25: a node's drift is repaired, what others wrote survives") {
  SplitWorld world(plain);
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 5);
  world.change("VirtualNode", "podinfo-canary", R"([
    {"op": "add", "path": "/spec/listeners/0/healthCheck", "value": {"path": "/healthz"}},
    {"op": "add", "path": "/spec/future", "value": 1},
    {"op": "add", "path": "/status", "value": {"conditions": []}}])");
  CHECK(writes_in(world.reconcile(*app_mesh)) == 0);
  world.change("VirtualNode", "podinfo-canary", R"([
    {"op": "replace", "path": "/spec/serviceDiscovery",
     "value": {"cloudMap": {"serviceName": "x"}}},
    {"op": "add", "path": "/metadata/labels", "value": {"x": "y"}}])");
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 1);
  json expected = page_node("podinfo-canary", "podinfo-canary.test");
  expected["spec"]["listeners"][0]["healthCheck"]["path"] = "/healthz";
  expected["spec"]["future"] = 1;
  expected["status"]["conditions"] = json::array();
  CHECK(world.get("VirtualNode", "podinfo-canary") == expected);
}

TEST_CASE(
    "RT-APPMESH-13, RT-COMMON-40, RT-APPMESH1-08: a repair keeps the action of the first route") {
  const Compat compat = GENERATE(Compat::Strict, Compat::Flagger);
  SplitWorld world(plain, compat);
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 5);
  REQUIRE(writes_in(world.set(*app_mesh, split(70, 30))) == 1);
  const std::size_t nodes = compat == Compat::Strict ? 0 : 3;  // RT-APPMESH1-04
  SECTION("annotations alone are not noticed") {
    world.change("VirtualService", "podinfo.test",
                 R"([{"op": "add", "path": "/metadata/annotations/x", "value": "y"}])");
    CHECK(writes_in(world.reconcile(*app_mesh)) == nodes);
    CHECK(world.get("VirtualService", "podinfo.test")["metadata"]["annotations"]["x"] == "y");
  }
  SECTION("with the spec they are replaced") {
    world.change("VirtualService", "podinfo.test", R"([
      {"op": "add", "path": "/metadata/annotations/x", "value": "y"},
      {"op": "replace", "path": "/spec/routes/0/http/match/prefix", "value": "/x"}])");
    REQUIRE(writes_in(world.reconcile(*app_mesh)) == nodes + 1);
    CHECK(world.get("VirtualService", "podinfo.test") == apex_service(30, 70));
  }
  SECTION("into the A/B shape") {
    world.edit(matched);
    REQUIRE(writes_in(world.reconcile(*app_mesh)) == nodes + 1);
    CHECK(world.routes(*app_mesh) == split(70, 30));
    CHECK(world.spec("VirtualService", "podinfo.test")["routes"][1]["name"] == "podinfo-b");
  }
  SECTION("further routes are replaced") {
    world.change("VirtualService", "podinfo.test",
                 R"([{"op": "add", "path": "/spec/routes/-", "value": {"name": "x"}}])");
    REQUIRE(writes_in(world.reconcile(*app_mesh)) == nodes + 1);
    CHECK(world.spec("VirtualService", "podinfo.test")["routes"].size() == 1);
    // Strict mode cannot know what the further route took, and starts from 100/0.
    CHECK(world.routes(*app_mesh) == (compat == Compat::Strict ? split(100, 0) : split(70, 30)));
  }
}

TEST_CASE("FLT-60: strict mode repairs weights that may not be written, the twin's, too") {
  SplitWorld world(plain);
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 5);
  world.change("VirtualService", "podinfo.test", R"([{"op": "replace",
    "path": "/spec/routes/0/http/action/weightedTargets/0/weight", "value": 60}])");
  world.change("VirtualService", "podinfo-canary.test", R"([
    {"op": "replace", "path": "/spec/routes/0/http/action/weightedTargets/0/weight", "value": 40},
    {"op": "replace", "path": "/spec/routes/0/http/action/weightedTargets/1/weight", "value": 60}])");
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 2);
  CHECK(world.get("VirtualService", "podinfo.test") == apex_service());
  CHECK(world.get("VirtualService", "podinfo-canary.test") ==
        page_service("podinfo-canary", "{}", 100, 0));
}

TEST_CASE("RT-APPMESH-12, RT-COMMON-25: set-routes touches the action of the first route alone") {
  SplitWorld world(matched);
  REQUIRE(writes_in(world.reconcile(*app_mesh)) == 5);
  world.change("VirtualService", "podinfo.test", R"([
    {"op": "add", "path": "/spec/future", "value": 1},
    {"op": "add", "path": "/spec/routes/0/http/future", "value": 2},
    {"op": "replace", "path": "/spec/routes/1/http/match/prefix", "value": "/mine"},
    {"op": "add", "path": "/status", "value": {"conditions": []}}])");
  json expected = world.get("VirtualService", "podinfo.test");
  json& targets = expected["spec"]["routes"][0]["http"]["action"]["weightedTargets"];
  targets[0]["weight"] = 100;
  targets[1]["weight"] = 0;
  REQUIRE(writes_in(world.set(*app_mesh, split(0, 100))) == 1);
  CHECK(world.get("VirtualService", "podinfo.test") == expected);
}

TEST_CASE("RT-APPMESH-11, RT-APPMESH-14, RT-APPMESH-15: errors by name, and nothing to undo") {
  SplitWorld world(small, GENERATE(Compat::Strict, Compat::Flagger));
  CHECK_THAT(error_in(world.routes(*app_mesh)),
             Contains("VirtualService podinfo.test.test not found"));
  CHECK(world.set(*app_mesh, split(90, 10)).error().kind == ErrorKind::NotFound);
  const auto put = [&](std::string_view spec) {
    world.put(
        fmt::format("apiVersion: appmesh.k8s.aws/v1beta1\nkind: VirtualService\n"
                    "metadata: {{name: podinfo.test, namespace: test}}\nspec: {}\n",
                    spec));
  };
  for (const char* spec : {"{}", "{routes: []}", "{routes: {}}", "3"}) {
    put(spec);
    CHECK_THAT(error_in(world.routes(*app_mesh)), Contains("no routes"));
    CHECK_THAT(error_in(world.set(*app_mesh, split(90, 10))), Contains("no routes"));
  }
  for (const char* spec :
       {"{routes: [{}]}", "{routes: [{http: 1}]}", "{routes: [{http: {action: {}}}]}",
        "{routes: [{http: {action: {weightedTargets: [{virtualNodeName: podinfo-primary}]}}}]}",
        "{routes: [{http: {action: {weightedTargets: [{}, {}, {}]}}}]}"}) {
    put(spec);
    CHECK_THAT(error_in(world.routes(*app_mesh)), Contains("has not two targets"));
    REQUIRE(writes_in(world.set(*app_mesh, split(90, 10))) == 1);
    CHECK(world.routes(*app_mesh) == split(90, 10));
  }
  put("{routes: [{http: {action: {weightedTargets: [{virtualNodeName: a, weight: 100}, null]}}}]}");
  CHECK_THAT(error_in(world.routes(*app_mesh)), Contains("both weigh 0"));
  put("{routes: [{http: {action: {weightedTargets: [{virtualNodeName: podinfo-primary, "
      "weight: all}, {}]}}}]}");
  CHECK_THAT(error_in(world.routes(*app_mesh)), Contains("no whole number"));
  // A reconcile makes sense of any of them.
  for (const char* spec : {"{}", "3", "{routes: [null]}", "{routes: [{http: {action: 3}}]}"}) {
    put(spec);
    CHECK(writes_in(world.reconcile(*app_mesh)) >= 1);
    CHECK(world.routes(*app_mesh) == split(100, 0));
  }
  CHECK(writes_in(world.finalize(*app_mesh)) == 0);
}
