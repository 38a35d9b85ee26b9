#include <catch2/catch.hpp>

#include "tests/live/split_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::test;
using Catch::Matchers::Contains;

namespace {

const char* const service = "{port: 80, targetPort: 9898}";
const char* const ref =
    "  upstreamRef: {apiVersion: gloo.solo.io/v1, kind: Upstream, name: config-upstream, "
    "namespace: gloo-system}\n";
const char* const primary_upstream = "test-podinfo-primaryupstream-80";
const char* const canary_upstream = "test-podinfo-canaryupstream-80";

const char* const services = R"(
apiVersion: v1
kind: Service
metadata: {name: podinfo-primary, namespace: test}
spec: {selector: {app: podinfo-primary}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: podinfo-canary, namespace: test}
spec: {selector: {app: podinfo}, ports: [{port: 80}]}
)";
const char* const config = R"(
apiVersion: gloo.solo.io/v1
kind: Upstream
metadata: {name: config-upstream, namespace: gloo-system}
spec:
  static: {hosts: [{addr: example.com, port: 80}]}
  connectionConfig: {connectTimeout: 2s, maxRequestsPerConnection: 51}
  loadBalancerConfig: {roundRobin: {slowStartConfig: {slowStartWindow: 2m, minWeightPercent: 5}}}
)";

json upstream(const char* name, const char* side, const char* app) {
  return json_of_yaml(fmt::format(R"(
apiVersion: gloo.solo.io/v1
kind: Upstream
metadata:
  name: {0}
  namespace: test
  ownerReferences: [{1}]
spec:
  kube: {{serviceName: {2}, serviceNamespace: test, servicePort: 80, selector: {{app: {3}}}}}
  connectionConfig: {{connectTimeout: 2s, maxRequestsPerConnection: 51}}
  loadBalancerConfig: {{roundRobin: {{slowStartConfig: {{slowStartWindow: 2m, minWeightPercent: 5}}}}}}
)",
                                  name, owner, side, app));
}

json table() {
  return json_of_yaml(fmt::format(R"(
apiVersion: gateway.solo.io/v1
kind: RouteTable
metadata:
  name: podinfo
  namespace: test
  annotations:
    kustomize.toolkit.fluxcd.io/reconcile: disabled
    helm.toolkit.fluxcd.io/driftDetection: disabled
  ownerReferences:
  - {}
spec:
  routes:
  - inheritablePathMatchers: true
    routeAction:
      multi:
        destinations:
        - destination: {{upstream: {{name: test-podinfo-primaryupstream-80, namespace: test}}}}
          weight: 100
        - destination: {{upstream: {{name: test-podinfo-canaryupstream-80, namespace: test}}}}
)",
                                  owner));
}

json table(int primary, int canary) {
  json value = table();
  json& both = value["spec"]["routes"][0]["routeAction"]["multi"]["destinations"];
  both[0]["weight"] = primary;
  both[1]["weight"] = canary;
  return value;
}

SplitWorld world_of(const std::string& canary, Compat compat = Compat::Strict) {
  SplitWorld world(canary, compat);
  world.put(services);
  world.put(config);
  return world;
}

const std::string plain = podinfo(service);
const std::string referring = podinfo(service, "{stepWeight: 10}", ref);
const auto gloo = gloo_provider();

}  // namespace

TEST_CASE("RT-GLOO-01..06, RT-GLOO-15, RT-GLOO-32: the page's objects") {
  SplitWorld world = world_of(referring, GENERATE(Compat::Strict, Compat::Flagger));
  const auto created = world.reconcile(*gloo);
  REQUIRE(writes_in(created) == 3);
  CHECK(created->writes[0].path.name == primary_upstream);  // RT-GLOO-02
  CHECK(created->writes[1].path.name == canary_upstream);
  CHECK(created->writes[2].path.name == "podinfo");
  CHECK(world.get("Upstream", primary_upstream) ==
        upstream(primary_upstream, "podinfo-primary", "podinfo-primary"));
  CHECK(world.get("Upstream", canary_upstream) ==
        upstream(canary_upstream, "podinfo-canary", "podinfo"));
  CHECK(world.get("RouteTable", "podinfo") == table());
  CHECK(writes_in(world.reconcile(*gloo)) == 0);

  REQUIRE(writes_in(world.set(*gloo, split(90, 10))) == 1);
  CHECK(world.get("RouteTable", "podinfo") == table(90, 10));
  CHECK(world.routes(*gloo) == split(90, 10));
  CHECK(writes_in(world.reconcile(*gloo)) == 0);
  REQUIRE(writes_in(world.set(*gloo, {.primary = 100_pct, .canary = 0_pct, .mirrored = true})) ==
          1);
  CHECK(world.get("RouteTable", "podinfo") == table());
  CHECK(world.routes(*gloo) == split(100, 0));
}

TEST_CASE("RT-GLOO-16, RT-GLOO-17: the A/B shape of the page is one route") {
  SplitWorld world =
      world_of(podinfo(service, ab("[{headers: {x-canary: {exact: insider}}}, "
                                   "{headers: {user-agent: {regex: \".*Mobile.*\"}}}]")));
  REQUIRE(writes_in(world.reconcile(*gloo)) == 3);
  REQUIRE(writes_in(world.set(*gloo, split(0, 100))) == 1);
  CHECK(world.spec("RouteTable", "podinfo") == json_of_yaml(R"(
routes:
- inheritablePathMatchers: true
  matchers:
  - headers:
    - {name: x-canary, value: insider}
    - {name: user-agent, value: ".*Mobile.*", regex: true}
  routeAction:
    multi:
      destinations:
      - destination: {upstream: {name: test-podinfo-primaryupstream-80, namespace: test}}
      - destination: {upstream: {name: test-podinfo-canaryupstream-80, namespace: test}}
        weight: 100
)"));
  CHECK(world.routes(*gloo) == split(0, 100));
  CHECK(writes_in(world.reconcile(*gloo)) == 0);
  world.edit(plain);
  REQUIRE(writes_in(world.reconcile(*gloo)) == 1);
  CHECK_FALSE(world.spec("RouteTable", "podinfo")["routes"][0].contains("matchers"));
}

TEST_CASE("RT-GLOO-16: prefix and suffix are an empty value, a method of the unpruned object") {
  SplitWorld world =
      world_of(podinfo(service, ab("[{headers: {b: {suffix: s}, a: {prefix: p}}}]")));
  world.object["spec"]["analysis"]["match"][0]["method"]["exact"] = "GET";  // RT-COMMON-75
  REQUIRE(writes_in(world.reconcile(*gloo)) == 3);
  CHECK(world.spec("RouteTable", "podinfo")["routes"][0]["matchers"] == json_of_yaml(R"(
- headers: [{name: a, value: ""}, {name: b, value: ""}]
  methods: [GET]
)"));
}

TEST_CASE("RT-GLOO-16: a match without headers is refused, compat matches everything") {
  const char* const match =
      GENERATE("[{queryParams: {debug: {exact: \"1\"}}}]", "[{sourceLabels: {team: web}}]", "[{}]");
  const std::string canary = podinfo(service, ab(match));
  SplitWorld strict = world_of(canary);
  CHECK_THAT(error_in(strict.reconcile(*gloo)),
             Contains("Canary podinfo.test") && Contains("gloo can match nothing else"));
  CHECK(strict.get("RouteTable", "podinfo").is_null());

  SplitWorld edited = world_of(plain);  // a rollback is never refused
  REQUIRE(writes_in(edited.reconcile(*gloo)) == 3);
  REQUIRE(writes_in(edited.set(*gloo, split(90, 10))) == 1);
  edited.edit(canary);
  CHECK_FALSE(edited.set(*gloo, split(0, 100)).has_value());
  CHECK(writes_in(edited.set(*gloo, split(100, 0))) == 1);

  SplitWorld compat = world_of(canary, Compat::Flagger);
  REQUIRE(writes_in(compat.reconcile(*gloo)) == 3);
  CHECK(writes_in(compat.set(*gloo, split(0, 100))) == 1);
  CHECK(compat.spec("RouteTable", "podinfo")["routes"][0]["matchers"] ==
        json::array({json::object()}));
}

TEST_CASE("RT-GLOO-03, RT-GLOO-30: a missing service or configuration ends it, by name") {
  SplitWorld world = world_of(referring);
  SECTION("primary service") {
    world.remove("Service", "podinfo-primary");
    const auto said = world.reconcile(*gloo);
    CHECK_THAT(error_in(said), Contains("Service podinfo-primary.test not found"));
    CHECK(said.error().kind == ErrorKind::NotFound);
  }
  SECTION("canary service: the primary upstream comes before it") {
    world.remove("Service", "podinfo-canary");
    const auto said = world.reconcile(*gloo);
    REQUIRE(said.has_value());
    REQUIRE(said->writes.size() == 1);
    CHECK(said->writes[0].path.name == primary_upstream);
    REQUIRE(said->then.has_value());
    CHECK_THAT(said->then->message, Contains("Service podinfo-canary.test not found"));
  }
  SECTION("configuration upstream") {
    world.remove("Upstream", "config-upstream");
    CHECK_THAT(error_in(world.reconcile(*gloo)),
               Contains("Upstream config-upstream.gloo-system not found"));
  }
  CHECK(world.get("RouteTable", "podinfo").is_null());
}

TEST_CASE("RT-GLOO-04: a service without a selector makes an upstream without one") {
  SplitWorld world = world_of(plain);
  world.put("apiVersion: v1\nkind: Service\nmetadata: {name: podinfo-canary, namespace: test}\n");
  REQUIRE(writes_in(world.reconcile(*gloo)) == 3);
  CHECK(world.spec("Upstream", canary_upstream) ==
        json_of_yaml(
            "{kube: {serviceName: podinfo-canary, serviceNamespace: test, servicePort: 80}}"));
}

TEST_CASE("RT-GLOO-05: the parts that are inherited, and no destination") {
  SplitWorld world = world_of(referring, GENERATE(Compat::Strict, Compat::Flagger));
  world.put(R"(
apiVersion: gloo.solo.io/v1
kind: Upstream
metadata: {name: config-upstream, namespace: gloo-system}
spec:
  static: {hosts: []}
  sslConfig: {sni: a}
  circuitBreakers: {maxRequests: 7}
  useHttp2: true
  initialStreamWindowSize: 1
  initialConnectionWindowSize: 2
  httpProxyHostname: proxy.example.com
  healthChecks: [{}]
)");
  REQUIRE(writes_in(world.reconcile(*gloo)) == 3);
  json spec = world.spec("Upstream", primary_upstream);
  spec.erase("kube");
  json expected = json_of_yaml(
      "{sslConfig: {sni: a}, circuitBreakers: {maxRequests: 7}, useHttp2: true, "
      "initialStreamWindowSize: 1, initialConnectionWindowSize: 2}");
  if (world.context().strict()) expected["httpProxyHostname"] = "proxy.example.com";
  CHECK(spec == expected);
}

TEST_CASE("RT-GLOO-07: of an existing upstream only the load balancer follows, by a merge patch") {
  SplitWorld world = world_of(referring, GENERATE(Compat::Strict, Compat::Flagger));
  REQUIRE(writes_in(world.reconcile(*gloo)) == 3);
  world.change("Upstream", "config-upstream", R"([
    {"op": "replace", "path": "/spec/connectionConfig/connectTimeout", "value": "9s"},
    {"op": "replace",
     "path": "/spec/loadBalancerConfig/roundRobin/slowStartConfig/minWeightPercent", "value": 20}])");
  const auto patched = world.reconcile(*gloo);
  REQUIRE(writes_in(patched) == 2);
  for (const RouteWrite& write : patched->writes) {
    CHECK(write.verb == RouteWrite::Verb::MergePatch);
    CHECK(write.body == json::parse(R"({"spec": {"loadBalancerConfig": {"roundRobin":
        {"slowStartConfig": {"slowStartWindow": "2m", "minWeightPercent": 20}}}}})"));
  }
  CHECK(world.spec("Upstream", primary_upstream)["connectionConfig"]["connectTimeout"] == "2s");
  CHECK(writes_in(world.reconcile(*gloo)) == 0);
}

TEST_CASE("RT-GLOO-07: a load balancer that goes, or changes its kind") {
  const Compat compat = GENERATE(Compat::Strict, Compat::Flagger);
  SplitWorld world = world_of(referring, compat);
  REQUIRE(writes_in(world.reconcile(*gloo)) == 3);
  SECTION("gone: strict mode removes it; the reference patches nothing, for ever") {
    world.change("Upstream", "config-upstream",
                 R"([{"op": "remove", "path": "/spec/loadBalancerConfig"}])");
    const auto patched = world.reconcile(*gloo);
    REQUIRE(writes_in(patched) == 2);
    CHECK(patched->writes[0].body == (compat == Compat::Strict
                                          ? json::parse(R"({"spec": {"loadBalancerConfig": null}})")
                                          : json::parse(R"({"spec": {}})")));
    CHECK(writes_in(world.reconcile(*gloo)) == (compat == Compat::Strict ? 0u : 2u));
  }
  SECTION("another kind: strict mode leaves only that one") {
    world.change("Upstream", "config-upstream",
                 R"([{"op": "replace", "path": "/spec/loadBalancerConfig",
                      "value": {"leastRequest": {"choiceCount": 3}}}])");
    REQUIRE(writes_in(world.reconcile(*gloo)) == 2);
    const json now = world.spec("Upstream", primary_upstream)["loadBalancerConfig"];
    CHECK(now["leastRequest"]["choiceCount"] == 3);
    CHECK(now.contains("roundRobin") == (compat == Compat::Flagger));
    CHECK(writes_in(world.reconcile(*gloo)) == (compat == Compat::Strict ? 0u : 2u));
  }
  SECTION("without a spec at all") {
    world.put(
        "apiVersion: gloo.solo.io/v1\nkind: Upstream\n"
        "metadata: {name: test-podinfo-primaryupstream-80, namespace: test}\n");
    REQUIRE(writes_in(world.reconcile(*gloo)) == 1);
    CHECK(world.spec("Upstream", primary_upstream)["loadBalancerConfig"].contains("roundRobin"));
  }
}

TEST_CASE("RT-GLOO-07: without upstreamRef an existing upstream is never looked into") {
  SplitWorld world = world_of(plain);
  REQUIRE(writes_in(world.reconcile(*gloo)) == 3);
  world.change("Upstream", primary_upstream, R"([
    {"op": "add", "path": "/spec/loadBalancerConfig", "value": {"random": {}}},
    {"op": "remove", "path": "/spec/kube"}])");
  CHECK(writes_in(world.reconcile(*gloo)) == 0);
}

TEST_CASE("RT-GLOO-08: another port makes new upstreams, and the old ones stay") {
  SplitWorld world = world_of(plain);
  REQUIRE(writes_in(world.reconcile(*gloo)) == 3);
  world.edit(podinfo("{port: 81}"));
  REQUIRE(writes_in(world.reconcile(*gloo)) == 3);
  CHECK_FALSE(world.get("Upstream", "test-podinfo-canaryupstream-81").is_null());
  CHECK_FALSE(world.get("Upstream", canary_upstream).is_null());
}

TEST_CASE("RT-GLOO-09: an upstreamRef without a namespace is of the Canary's") {
  const char* const bare = "  upstreamRef: {apiVersion: x, kind: Upstream, name: local}\n";
  SplitWorld strict = world_of(podinfo(service, "{stepWeight: 10}", bare));
  strict.put(
      "apiVersion: gloo.solo.io/v1\nkind: Upstream\nmetadata: {name: local, namespace: test}\n"
      "spec: {useHttp2: true}\n");
  REQUIRE(writes_in(strict.reconcile(*gloo)) == 3);
  CHECK(strict.spec("Upstream", primary_upstream)["useHttp2"] == true);

  SplitWorld compat = world_of(podinfo(service, "{stepWeight: 10}", bare), Compat::Flagger);
  CHECK_THAT(error_in(compat.reconcile(*gloo)),
             Contains("Canary podinfo.test") && Contains("no namespace"));
}

TEST_CASE("RT-GLOO-10: references across namespaces can be switched off, a rollback cannot") {
  SplitWorld world = world_of(referring);
  REQUIRE(writes_in(world.reconcile(*gloo)) == 3);
  world.settings.cross_namespace_refs = false;
  CHECK_THAT(error_in(world.reconcile(*gloo)),
             Contains("Canary podinfo.test") && Contains("config-upstream.gloo-system"));
  CHECK(writes_in(world.set(*gloo, split(50, 50))) == 1);
  CHECK(world.routes(*gloo) == split(50, 50));
}

TEST_CASE("RT-GLOO-18, RT-COMMON-40, RT-COMMON-41: drift is repaired") {
  const Compat compat = GENERATE(Compat::Strict, Compat::Flagger);
  SplitWorld world = world_of(plain, compat);
  REQUIRE(writes_in(world.reconcile(*gloo)) == 3);
  REQUIRE(writes_in(world.set(*gloo, split(60, 40))) == 1);
  const auto change = [&](const char* patch) { world.change("RouteTable", "podinfo", patch); };
  bool kept = compat == Compat::Strict;
  SECTION("matchers") {
    change(R"([{"op": "add", "path": "/spec/routes/0/matchers", "value": [{"prefix": "/"}]}])");
  }
  SECTION("annotations") { change(R"([{"op": "remove", "path": "/metadata/annotations"}])"); }
  SECTION("a route more") {
    change(R"([{"op": "add", "path": "/spec/routes/-", "value": {"redirectAction": {}}}])");
  }
  SECTION("another action") {
    change(
        R"([{"op": "add", "path": "/spec/routes/0/redirectAction", "value": {"hostRedirect": "x"}}])");
  }
  SECTION("no routes: a RouteTable without them is legal") {
    change(R"([{"op": "remove", "path": "/spec/routes"}])");
    kept = false;
  }
  SECTION("a single destination") {
    change(R"([{"op": "replace", "path": "/spec/routes/0/routeAction",
                "value": {"single": {"upstream": {"name": "x"}}}}])");
    kept = false;
  }
  REQUIRE(writes_in(world.reconcile(*gloo)) == 1);
  CHECK(world.get("RouteTable", "podinfo") == (kept ? table(60, 40) : table()));
  CHECK(writes_in(world.reconcile(*gloo)) == 0);
}

TEST_CASE("RT-GLOO-19, RT-COMMON-25: options of the route are the user's") {
  SplitWorld world = world_of(podinfo("{port: 80, timeout: 5s, retries: {attempts: 3}}"));
  REQUIRE(writes_in(world.reconcile(*gloo)) == 3);
  CHECK(world.get("RouteTable", "podinfo") == table());
  world.change("RouteTable", "podinfo", R"([
    {"op": "add", "path": "/spec/weight", "value": 3},
    {"op": "add", "path": "/spec/routes/0/options", "value": {"timeout": "15s"}},
    {"op": "add", "path": "/spec/routes/0/routeAction/multi/destinations/1/options", "value": {}}])");
  CHECK(writes_in(world.reconcile(*gloo)) == 0);
  json expected = world.get("RouteTable", "podinfo");
  json& both = expected["spec"]["routes"][0]["routeAction"]["multi"]["destinations"];
  both[0]["weight"] = 90;
  both[1]["weight"] = 10;
  REQUIRE(writes_in(world.set(*gloo, split(90, 10))) == 1);
  CHECK(world.get("RouteTable", "podinfo") == expected);
}

TEST_CASE("RT-GLOO-25, RT-GLOO-26, RT-COMMON-43: what get-routes makes of odd objects") {
  SplitWorld world = world_of(plain);
  CHECK_THAT(error_in(world.routes(*gloo)), Contains("RouteTable podinfo.test not found"));
  CHECK(world.set(*gloo, split(90, 10)).error().kind == ErrorKind::NotFound);
  CHECK(world.set(*gloo, split(0, 0)).error().kind == ErrorKind::Invalid);
  const auto read = [&](std::string_view spec) {
    world.put(
        fmt::format("apiVersion: gateway.solo.io/v1\nkind: RouteTable\n"
                    "metadata: {{name: podinfo, namespace: test}}\nspec: {}\n",
                    spec));
    return world.routes(*gloo);
  };
  for (const char* spec : {"{}", "{routes: []}", "{routes: [{}]}", "{routes: [null]}", "3",
                           "{routes: [{routeAction: {single: {}}}]}",
                           "{routes: [{routeAction: {multi: {destinations: [{}]}}}]}"}) {
    CHECK_THAT(error_in(read(spec)), Contains("fewer than two destinations"));
    REQUIRE(writes_in(world.set(*gloo, split(30, 70))) == 1);
    CHECK(world.routes(*gloo) == split(30, 70));
  }
  CHECK(read("{routes: [{routeAction: {multi: {destinations: [{}, null]}}}]}") == split(0, 0));
  CHECK(read("{routes: [{routeAction: {multi: {destinations: [{}, {weight: 80, "
             "destination: {upstream: {name: test-podinfo-primaryupstream-80}}}]}}}]}") ==
        split(80, 20));
}

TEST_CASE("RT-GLOO-31: nothing is undone") {
  SplitWorld world = world_of(referring);
  REQUIRE(writes_in(world.reconcile(*gloo)) == 3);
  CHECK(writes_in(world.finalize(*gloo)) == 0);
}
