#include <catch2/catch.hpp>

#include "tests/live/split_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::test;
using Catch::Matchers::Contains;

namespace {

const char* const service =
    "{port: 80, targetPort: 9898, timeout: 15s, "
    "retries: {attempts: 3, perTryTimeout: 5s, retryOn: \"5xx,reset\"}}";
const char* const insiders =
    "[{headers: {x-canary: {exact: insider}}}, {headers: {cookie: {suffix: insider}}}]";

json initial() {
  return json_of_yaml(fmt::format(R"(
apiVersion: projectcontour.io/v1
kind: HTTPProxy
metadata:
  name: podinfo
  namespace: test
  annotations:
    kustomize.toolkit.fluxcd.io/reconcile: disabled
    helm.toolkit.fluxcd.io/driftDetection: disabled
  ownerReferences:
  - {}
spec:
  ingressClassName: contour
  routes:
  - conditions:
    - prefix: /
    timeoutPolicy: {{response: 15s, idle: 5m}}
    retryPolicy: {{count: 3, perTryTimeout: 5s, retryOn: ["5xx", reset]}}
    services:
    - name: podinfo-primary
      port: 80
      weight: 100
      requestHeadersPolicy:
        set:
        - {{name: l5d-dst-override, value: "podinfo-primary.test.svc.cluster.local:80"}}
    - name: podinfo-canary
      port: 80
      requestHeadersPolicy:
        set:
        - {{name: l5d-dst-override, value: "podinfo-canary.test.svc.cluster.local:80"}}
)",
                                  owner));
}

SplitWorld world_of(const std::string& canary, Compat compat = Compat::Strict) {
  SplitWorld world(canary, compat);
  world.settings.ingress_class = "contour";
  return world;
}

/// `spec` without what the page's A/B example leaves out.
json bare(json spec) {
  for (json& route : spec["routes"]) {
    route.erase("timeoutPolicy");
    route.erase("retryPolicy");
    for (json& one : route["services"]) one.erase("requestHeadersPolicy");
  }
  return spec;
}

const auto contour = contour_provider();

}  // namespace

TEST_CASE("RT-CONTOUR-01..07: from nothing, weight 10, promotion: the page's objects") {
  const Compat compat = GENERATE(Compat::Strict, Compat::Flagger);
  SplitWorld world = world_of(podinfo(service), compat);
  REQUIRE(writes_in(world.reconcile(*contour)) == 1);
  CHECK(world.get("HTTPProxy", "podinfo") == initial());
  CHECK(writes_in(world.reconcile(*contour)) == 0);
  CHECK(world.routes(*contour) == split(100, 0));

  REQUIRE(writes_in(world.set(*contour, split(90, 10))) == 1);
  json expected = initial();
  expected["spec"]["routes"][0]["services"][0]["weight"] = 90;
  expected["spec"]["routes"][0]["services"][1]["weight"] = 10;
  CHECK(world.get("HTTPProxy", "podinfo") == expected);
  CHECK(world.routes(*contour) == split(90, 10));
  CHECK(writes_in(world.reconcile(*contour)) == 0);

  REQUIRE(writes_in(world.set(*contour, split(0, 100))) == 1);
  CHECK(world.spec("HTTPProxy", "podinfo")["routes"][0]["services"][0].count("weight") == 0);
  CHECK(world.routes(*contour) == split(0, 100));

  REQUIRE(writes_in(world.set(*contour, {.primary = 100_pct, .canary = 0_pct, .mirrored = true})) ==
          1);
  CHECK(world.get("HTTPProxy", "podinfo") == initial());
}

TEST_CASE("RT-CONTOUR-09, RT-CONTOUR-10, RT-CONTOUR-16: the A/B shape of the page") {
  SplitWorld world = world_of(podinfo(service, ab(insiders)));
  REQUIRE(writes_in(world.reconcile(*contour)) == 1);
  CHECK(world.routes(*contour) == split(100, 0));
  REQUIRE(writes_in(world.set(*contour, split(0, 100))) == 1);
  const json during = world.spec("HTTPProxy", "podinfo");
  for (const json& route : during["routes"]) {
    CHECK(route["timeoutPolicy"] == json_of_yaml("{response: 15s, idle: 5m}"));
    CHECK(route["retryPolicy"]["count"] == 3);
  }
  // Headers sort by name within an entry (RT-COMMON-27); entries stay in order.
  CHECK(bare(during) == json_of_yaml(R"(
ingressClassName: contour
routes:
- conditions:
  - prefix: /
    header: {name: x-canary, exact: insider}
  - prefix: /
    header: {name: cookie, contains: insider}
  services:
  - {name: podinfo-primary, port: 80}
  - {name: podinfo-canary, port: 80, weight: 100}
- conditions:
  - prefix: /
  services:
  - {name: podinfo-primary, port: 80, weight: 100}
  - {name: podinfo-canary, port: 80}
)"));
  CHECK(world.routes(*contour) == split(0, 100));
  CHECK(writes_in(world.reconcile(*contour)) == 0);
  REQUIRE(writes_in(world.set(*contour, split(100, 0))) == 1);
  CHECK(world.routes(*contour) == split(100, 0));

  world.edit(podinfo(service));  // the A/B test is over: one route again
  REQUIRE(writes_in(world.reconcile(*contour)) == 1);
  CHECK(world.get("HTTPProxy", "podinfo") == initial());
}

TEST_CASE("RT-CONTOUR-10, RT-COMMON-27: prefix before suffix before exact, headers by name") {
  SplitWorld world = world_of(podinfo("{port: 80, match: [{uri: {prefix: /api}}]}",
                                      ab("[{headers: {b: {suffix: s}, a: {prefix: p}}}]")));
  REQUIRE(writes_in(world.reconcile(*contour)) == 1);
  CHECK(world.spec("HTTPProxy", "podinfo")["routes"][0]["conditions"] == json_of_yaml(R"(
- {prefix: /api, header: {name: a, contains: p}}
- {prefix: /api, header: {name: b, contains: s}}
)"));
}

TEST_CASE("RT-CONTOUR-02, RT-CONTOUR-04, RT-CONTOUR-07: what is not asked for is left out") {
  SplitWorld world(podinfo("{port: 80, match: [{uri: {regex: /x}}, {uri: {prefix: /y}}]}"));
  REQUIRE(writes_in(world.reconcile(*contour)) == 1);
  CHECK(bare(world.spec("HTTPProxy", "podinfo")) == json_of_yaml(R"(
routes:
- conditions: [{prefix: /}]
  services: [{name: podinfo-primary, port: 80, weight: 100}, {name: podinfo-canary, port: 80}]
)"));
  const json route = world.spec("HTTPProxy", "podinfo")["routes"][0];
  CHECK_FALSE(route.contains("timeoutPolicy"));
  CHECK_FALSE(route.contains("retryPolicy"));
}

TEST_CASE("RT-CONTOUR-08: an empty retryOn is left out, which the CRD would refuse") {
  const std::string canary = podinfo("{port: 80, retries: {attempts: 0}}");
  SplitWorld strict(canary), compat(canary, Compat::Flagger);
  for (SplitWorld* world : {&strict, &compat}) {
    REQUIRE(writes_in(world->reconcile(*contour)) == 1);
    CHECK(writes_in(world->reconcile(*contour)) == 0);
  }
  CHECK(strict.spec("HTTPProxy", "podinfo")["routes"][0]["retryPolicy"] ==
        json_of_yaml("{count: 0}"));
  CHECK(compat.spec("HTTPProxy", "podinfo")["routes"][0]["retryPolicy"] ==
        json_of_yaml("{count: 0, retryOn: [\"\"]}"));

  SplitWorld untrimmed(podinfo("{port: 80, retries: {attempts: 1, retryOn: \"5xx, reset\"}}"));
  REQUIRE(writes_in(untrimmed.reconcile(*contour)) == 1);
  CHECK(untrimmed.spec("HTTPProxy", "podinfo")["routes"][0]["retryPolicy"]["retryOn"] ==
        json::array({"5xx", " reset"}));
}

TEST_CASE("RT-COMMON-32: with service.apex the pod selector's label is among the labels") {
  SplitWorld world(podinfo("{port: 80, apex: {labels: {team: web}, annotations: {note: x}}}"));
  REQUIRE(writes_in(world.reconcile(*contour)) == 1);
  CHECK(world.get("HTTPProxy", "podinfo")["metadata"]["labels"] ==
        json_of_yaml("{app: podinfo, team: web}"));
  CHECK(world.get("HTTPProxy", "podinfo")["metadata"]["annotations"].size() == 3);
}

TEST_CASE("RT-CONTOUR-12, RT-COMMON-40: drift is repaired") {
  const Compat compat = GENERATE(Compat::Strict, Compat::Flagger);
  SplitWorld world = world_of(podinfo(service), compat);
  REQUIRE(writes_in(world.reconcile(*contour)) == 1);
  REQUIRE(writes_in(world.set(*contour, split(60, 40))) == 1);
  const auto change = [&](const char* patch) { world.change("HTTPProxy", "podinfo", patch); };
  bool kept = compat == Compat::Strict;  // RT-COMMON-41
  SECTION("virtual host") {
    change(R"([{"op": "add", "path": "/spec/virtualhost", "value": {"fqdn": "x.example"}}])");
  }
  SECTION("includes") {
    change(R"([{"op": "add", "path": "/spec/includes", "value": [{"name": "x"}]}])");
  }
  SECTION("another port") {
    change(R"([{"op": "replace", "path": "/spec/routes/0/services/1/port", "value": 81}])");
  }
  SECTION("another timeout") {
    change(R"([{"op": "remove", "path": "/spec/routes/0/timeoutPolicy"}])");
  }
  SECTION("a label") {
    change(R"([{"op": "add", "path": "/metadata/labels", "value": {"team": "web"}}])");
  }
  SECTION("a lost annotation") { change(R"([{"op": "remove", "path": "/metadata/annotations"}])"); }
  SECTION("a route more") {
    change(R"([{"op": "add", "path": "/spec/routes/-", "value": {"services": []}}])");
    kept = false;  // who knows what it routes
  }
  SECTION("no routes") {
    change(R"([{"op": "remove", "path": "/spec/routes"}])");
    kept = false;
  }
  SECTION("no spec") {
    change(R"([{"op": "remove", "path": "/spec"}])");
    kept = false;
  }
  const auto repaired = world.reconcile(*contour);
  REQUIRE(writes_in(repaired) == 1);
  json expected = initial();
  if (kept) {
    expected["spec"]["routes"][0]["services"][0]["weight"] = 60;
    expected["spec"]["routes"][0]["services"][1]["weight"] = 40;
  }
  CHECK(repaired->remarks.empty() == !kept);
  CHECK(world.get("HTTPProxy", "podinfo") == expected);
  CHECK(writes_in(world.reconcile(*contour)) == 0);
}

TEST_CASE("RT-COMMON-25: what nobody here models survives every write") {
  SplitWorld world = world_of(podinfo(service));
  REQUIRE(writes_in(world.reconcile(*contour)) == 1);
  world.change("HTTPProxy", "podinfo", R"([
    {"op": "add", "path": "/status", "value": {"currentStatus": "valid"}},
    {"op": "add", "path": "/spec/future", "value": 1},
    {"op": "add", "path": "/spec/routes/0/loadBalancerPolicy", "value": {"strategy": "Cookie"}},
    {"op": "add", "path": "/spec/routes/0/retryPolicy/retriableStatusCodes", "value": [503]},
    {"op": "add", "path": "/spec/routes/0/services/1/protocol", "value": "h2c"}])");
  CHECK(writes_in(world.reconcile(*contour)) == 0);
  REQUIRE(writes_in(world.set(*contour, split(90, 10))) == 1);
  world.change("HTTPProxy", "podinfo",
               R"([{"op": "remove", "path": "/spec/routes/0/timeoutPolicy"}])");
  REQUIRE(writes_in(world.reconcile(*contour)) == 1);
  const json spec = world.spec("HTTPProxy", "podinfo");
  CHECK(world.get("HTTPProxy", "podinfo")["status"]["currentStatus"] == "valid");
  CHECK(spec["future"] == 1);
  CHECK(spec["routes"][0]["loadBalancerPolicy"]["strategy"] == "Cookie");
  CHECK(spec["routes"][0]["retryPolicy"]["retriableStatusCodes"] == json::array({503}));
  CHECK(spec["routes"][0]["services"][1]["protocol"] == "h2c");
}

TEST_CASE("RT-CONTOUR-15, RT-CONTOUR-20, RT-COMMON-43: what get-routes makes of odd objects") {
  SplitWorld world(podinfo("{port: 80}"), GENERATE(Compat::Strict, Compat::Flagger));
  CHECK_THAT(error_in(world.routes(*contour)), Contains("HTTPProxy podinfo.test not found"));
  CHECK(world.set(*contour, split(90, 10)).error().kind == ErrorKind::NotFound);
  const auto read = [&](std::string_view spec) {
    world.put(
        fmt::format("apiVersion: projectcontour.io/v1\nkind: HTTPProxy\n"
                    "metadata: {{name: podinfo, namespace: test}}\nspec: {}\n",
                    spec));
    return world.routes(*contour);
  };
  for (const char* spec : {"{}", "{routes: []}", "{routes: 3}", "3"})
    CHECK_THAT(error_in(read(spec)), Contains("HTTPProxy podinfo.test") && Contains("no routes"));
  for (const char* spec : {"{routes: [{}]}", "{routes: [null]}", "{routes: [{services: {}}]}",
                           "{routes: [{services: [{name: podinfo-primary, weight: 100}]}]}"})
    CHECK_THAT(error_in(read(spec)), Contains("fewer than two services"));
  CHECK(read("{routes: [{services: [{name: a}, null]}]}") == split(0, 0));
  CHECK(read("{routes: [{services: [{name: a}, {name: podinfo-primary, weight: 70}]}]}") ==
        split(70, 30));
  CHECK_THAT(error_in(read("{routes: [{services: [{name: podinfo-primary, weight: x}, 1]}]}")),
             Contains("no whole number"));
  REQUIRE(writes_in(world.reconcile(*contour)) == 1);
  CHECK(world.routes(*contour) == split(100, 0));
}

TEST_CASE("RT-CONTOUR-16, RT-09: both weights 0 are refused before anything is read") {
  SplitWorld world(podinfo("{port: 80}"));
  CHECK(world.set(*contour, split(0, 0)).error().kind == ErrorKind::Invalid);
}

TEST_CASE("RT-CONTOUR-10: a match that tests nothing is refused, compat sends everything") {
  const char* const match = GENERATE(
      "[{headers: {x: {regex: \".*a.*\"}}}]", "[{headers: {x: {regex: a}, y: {regex: b}}}]",
      "[{queryParams: {debug: {exact: \"1\"}}}]", "[{sourceLabels: {team: web}}]");
  INFO(match);
  const std::string canary = podinfo("{port: 80}", ab(match));
  SplitWorld strict(canary);
  CHECK_THAT(error_in(strict.reconcile(*contour)),
             Contains("Canary podinfo.test") && Contains("contour is told nothing else"));
  CHECK(strict.get("HTTPProxy", "podinfo").is_null());

  SplitWorld edited(podinfo("{port: 80}"));  // a rollback is never refused
  REQUIRE(writes_in(edited.reconcile(*contour)) == 1);
  REQUIRE(writes_in(edited.set(*contour, split(90, 10))) == 1);
  edited.edit(canary);
  CHECK_FALSE(edited.set(*contour, split(0, 100)).has_value());
  CHECK(writes_in(edited.set(*contour, split(100, 0))) == 1);

  SplitWorld compat(canary, Compat::Flagger);
  REQUIRE(writes_in(compat.reconcile(*contour)) == 1);
  REQUIRE(writes_in(compat.set(*contour, split(0, 100))) == 1);
  CHECK(writes_in(compat.reconcile(*contour)) == 0);
  CHECK(compat.spec("HTTPProxy", "podinfo")["routes"].size() == 2);
}

TEST_CASE(
    "RT-CONTOUR-10: a header that cannot be tested among others is left out, and that is said") {
  SplitWorld world(
      podinfo("{port: 80}",
              ab("[{headers: {cookie: {regex: a}}}, {headers: {x-canary: {exact: insider}}}]")));
  REQUIRE(writes_in(world.reconcile(*contour)) == 1);
  const auto sent = world.set(*contour, split(0, 100));
  REQUIRE(writes_in(sent) == 1);
  REQUIRE(sent->remarks.size() == 1);
  CHECK_THAT(sent->remarks[0], Contains("Canary podinfo.test") && Contains("header cookie"));
  CHECK(world.spec("HTTPProxy", "podinfo")["routes"][0]["conditions"] == json_of_yaml(R"(
- {prefix: /, header: {name: cookie}}
- {prefix: /, header: {name: x-canary, exact: insider}}
)"));
  CHECK(world.set(*contour, split(100, 0))->remarks.empty());
}

TEST_CASE("RT-CONTOUR-09: weights of the second A/B route are nobody's to change") {
  SplitWorld world(podinfo("{port: 80}", ab(insiders)));
  REQUIRE(writes_in(world.reconcile(*contour)) == 1);
  world.change("HTTPProxy", "podinfo", R"([
    {"op": "replace", "path": "/spec/routes/1/services/0/weight", "value": 0},
    {"op": "add", "path": "/spec/routes/1/services/1/weight", "value": 100}])");
  REQUIRE(writes_in(world.reconcile(*contour)) == 1);
  CHECK(world.spec("HTTPProxy", "podinfo")["routes"][1]["services"][0]["weight"] == 100);
}

TEST_CASE("RT-CONTOUR-11, RT-CONTOUR-21, RT-CONTOUR-22: no status is sent, nothing is undone") {
  SplitWorld world(podinfo("{port: 80}"));
  REQUIRE(writes_in(world.reconcile(*contour)) == 1);
  CHECK_FALSE(world.get("HTTPProxy", "podinfo").contains("status"));
  CHECK(world.spec("HTTPProxy", "podinfo").dump().find("\"namespace\"") == std::string::npos);
  CHECK(writes_in(world.finalize(*contour)) == 0);
}
