#include <catch2/catch.hpp>

#include "tests/live/split_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::test;
using Catch::Matchers::Contains;

namespace {

const std::string plain =
    podinfo("{port: 80}", "{stepWeight: 10}",
            "  routeRef: {apiVersion: x, kind: ApisixRoute, name: podinfo}\n");
const char* const users = R"(
apiVersion: apisix.apache.org/v2
kind: ApisixRoute
metadata: {name: podinfo, namespace: test}
spec:
  http:
  - name: method
    match: {hosts: [app.example.com], methods: [GET], paths: ["/*"]}
    backends:
    - {serviceName: podinfo, servicePort: 80}
    plugins:
    - {name: prometheus, enable: true, config: {prefer_name: true}}
)";
const char* const name = "podinfo-podinfo-canary";

json initial(int primary = 100, int canary = 0) {
  return json_of_yaml(fmt::format(R"(
apiVersion: apisix.apache.org/v2
kind: ApisixRoute
metadata:
  name: podinfo-podinfo-canary
  namespace: test
  ownerReferences:
  - {}
spec:
  http:
  - name: method
    priority: 10000
    match: {{hosts: [app.example.com], methods: [GET], paths: ["/*"]}}
    websocket: false
    backends:
    - {{serviceName: podinfo-primary, servicePort: 80, weight: {}}}
    - {{serviceName: podinfo-canary, servicePort: 80, weight: {}}}
    plugins:
    - {{name: prometheus, enable: true, config: {{prefer_name: true}}}}
)",
                                  owner, primary, canary));
}

void put_users(SplitWorld& world, std::string_view spec) {
  world.put(
      fmt::format("apiVersion: apisix.apache.org/v2\nkind: ApisixRoute\n"
                  "metadata: {{name: podinfo, namespace: test}}\nspec: {}\n",
                  spec));
}

const auto apisix = apisix_provider();

}  // namespace

TEST_CASE("RT-APISIX-04..06, RT-APISIX-16, RT-APISIX-22: the page's objects") {
  SplitWorld world(plain, GENERATE(Compat::Strict, Compat::Flagger));
  world.put(users);
  const json users_route = world.get("ApisixRoute", "podinfo");
  REQUIRE(writes_in(world.reconcile(*apisix)) == 1);
  CHECK(world.get("ApisixRoute", name) == initial());
  CHECK(writes_in(world.reconcile(*apisix)) == 0);
  REQUIRE(writes_in(world.set(*apisix, split(90, 10))) == 1);
  CHECK(world.get("ApisixRoute", name) == initial(90, 10));
  CHECK(world.routes(*apisix) == split(90, 10));
  CHECK(writes_in(world.reconcile(*apisix)) == 0);
  REQUIRE(writes_in(world.set(*apisix, split(0, 100))) == 1);
  CHECK(world.get("ApisixRoute", name) == initial(0, 100));
  REQUIRE(writes_in(world.set(*apisix, {.primary = 100_pct, .canary = 0_pct, .mirrored = true})) ==
          1);
  CHECK(world.get("ApisixRoute", name) == initial());
  CHECK(world.get("ApisixRoute", "podinfo") == users_route);  // never written
}

TEST_CASE("RT-APISIX-03, RT-APISIX-04: the first rule of the apex is copied, no other") {
  SplitWorld world(plain, GENERATE(Compat::Strict, Compat::Flagger));
  put_users(world, R"(
  http:
  - {name: other, backends: [{serviceName: web, servicePort: 80}]}
  - {name: ours, websocket: true, priority: 3, plugin_config_name: shared,
     timeout: {connect: 5s, send: 6s, read: 7s},
     authentication: {enable: true, type: keyAuth, keyAuth: {header: h}},
     backends: [{serviceName: podinfo, servicePort: http, resolveGranularity: service, subset: a, weight: 7}]}
  - {name: later, backends: [{serviceName: podinfo, servicePort: 81}]}
  stream:
  - {name: tcp, protocol: TCP, match: {ingressPort: 9000}, backend: {serviceName: db, servicePort: 5}}
)");
  REQUIRE(writes_in(world.reconcile(*apisix)) == 1);
  CHECK(world.spec("ApisixRoute", name) == json_of_yaml(R"(
http:
- name: ours
  websocket: true
  priority: 10000
  plugin_config_name: shared
  timeout: {connect: 5s, send: 6s, read: 7s}
  authentication: {enable: true, type: keyAuth, keyAuth: {header: h}}
  backends:
  - {serviceName: podinfo-primary, servicePort: http, resolveGranularity: service, subset: a, weight: 100}
  - {serviceName: podinfo-canary, servicePort: http, resolveGranularity: service, subset: a, weight: 0}
stream:
- {name: tcp, protocol: TCP, match: {ingressPort: 9000}, backend: {serviceName: db, servicePort: 5}}
)"));
  CHECK(writes_in(world.reconcile(*apisix)) == 0);
}

TEST_CASE(
    "RT-APISIX-07, RT-APISIX-08: strict mode copies the rule as it is, compat what it models") {
  const char* const rich = R"(
  ingressClassName: apisix
  http:
  - name: r
    timeout: {connect: 5s}
    match: {paths: [/], filter_func: "x", exprs: [{subject: {scope: Header, name: a}, op: In, future: 1}]}
    upstreams: [{name: u}]
    plugin_config_namespace: shared
    plugins: [{name: p, enable: true, secretRef: s}]
    authentication: {enable: true, type: jwtAuth, jwtAuth: {header: a, query: b, cookie: c, x: d}}
    backends: [{serviceName: podinfo, servicePort: 80, future: 2}]
)";
  SplitWorld strict(plain), compat(plain, Compat::Flagger);
  for (SplitWorld* world : {&strict, &compat}) {
    put_users(*world, rich);
    REQUIRE(writes_in(world->reconcile(*apisix)) == 1);
    CHECK(writes_in(world->reconcile(*apisix)) == 0);
  }
  json expected = strict.spec("ApisixRoute", "podinfo");
  expected["http"][0]["priority"] = 10000;
  expected["http"][0]["websocket"] = false;
  expected["http"][0]["backends"] = json_of_yaml(
      "[{serviceName: podinfo-primary, servicePort: 80, future: 2, weight: 100}, "
      "{serviceName: podinfo-canary, servicePort: 80, future: 2, weight: 0}]");
  CHECK(strict.spec("ApisixRoute", name) == expected);
  CHECK(compat.spec("ApisixRoute", name) == json_of_yaml(R"(
http:
- name: r
  priority: 10000
  websocket: false
  timeout: {connect: 5s, send: 0s, read: 0s}
  match: {paths: [/], exprs: [{subject: {scope: Header, name: a}, op: In}]}
  plugins: [{name: p, enable: true}]
  authentication: {enable: true, type: jwtAuth, jwtAuth: {header: a, query: b, cookie: c}}
  backends:
  - {serviceName: podinfo-primary, servicePort: 80, weight: 100}
  - {serviceName: podinfo-canary, servicePort: 80, weight: 0}
)"));
}

TEST_CASE("RT-APISIX-06: labels and annotations of the user's route, on creation only") {
  SplitWorld world(plain);
  world.put(users);
  world.change("ApisixRoute", "podinfo", R"([
    {"op": "add", "path": "/metadata/labels", "value": {"team": "web"}},
    {"op": "add", "path": "/metadata/annotations",
     "value": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}])");
  REQUIRE(writes_in(world.reconcile(*apisix)) == 1);
  const json metadata = world.get("ApisixRoute", name)["metadata"];
  CHECK(metadata["labels"] == json_of_yaml("{team: web}"));
  CHECK(metadata["annotations"].size() == 1);
  CHECK(metadata["annotations"].contains("kubectl.kubernetes.io/last-applied-configuration"));
  world.change("ApisixRoute", name, R"([{"op": "remove", "path": "/metadata/labels"}])");
  CHECK(writes_in(world.reconcile(*apisix)) == 0);
}

TEST_CASE("RT-APISIX-09, RT-COMMON-41: changes of the source rule are carried over") {
  const Compat compat = GENERATE(Compat::Strict, Compat::Flagger);
  SplitWorld world(plain, compat);
  world.put(users);
  REQUIRE(writes_in(world.reconcile(*apisix)) == 1);
  REQUIRE(writes_in(world.set(*apisix, split(70, 30))) == 1);
  world.change("ApisixRoute", "podinfo", R"([
    {"op": "remove", "path": "/spec/http/0/plugins"},
    {"op": "add", "path": "/spec/http/0/match/hosts/-", "value": "b.example.com"}])");
  REQUIRE(writes_in(world.reconcile(*apisix)) == 1);
  json expected = compat == Compat::Strict ? initial(70, 30) : initial();
  expected["spec"]["http"][0].erase("plugins");
  expected["spec"]["http"][0]["match"]["hosts"].push_back("b.example.com");
  CHECK(world.get("ApisixRoute", name) == expected);
  CHECK(writes_in(world.reconcile(*apisix)) == 0);
}

TEST_CASE("RT-APISIX-09: what the source no longer has goes from the copy, in strict mode") {
  SplitWorld world(plain);
  world.put(users);
  world.change("ApisixRoute", "podinfo",
               R"([{"op": "add", "path": "/spec/ingressClassName", "value": "apisix"}])");
  REQUIRE(writes_in(world.reconcile(*apisix)) == 1);
  CHECK(world.spec("ApisixRoute", name)["ingressClassName"] == "apisix");
  world.change("ApisixRoute", "podinfo", R"([{"op": "remove", "path": "/spec/ingressClassName"}])");
  REQUIRE(writes_in(world.reconcile(*apisix)) == 1);
  CHECK(world.get("ApisixRoute", name) == initial());
}

TEST_CASE("RT-COMMON-25: set-routes leaves what nobody here models") {
  SplitWorld world(plain);
  world.put(users);
  REQUIRE(writes_in(world.reconcile(*apisix)) == 1);
  world.change("ApisixRoute", name, R"([
    {"op": "add", "path": "/status", "value": {"conditions": []}},
    {"op": "add", "path": "/spec/future", "value": 1},
    {"op": "add", "path": "/spec/http/0/future", "value": 2},
    {"op": "add", "path": "/spec/http/0/backends/1/future", "value": 3}])");
  json expected = world.get("ApisixRoute", name);
  expected["spec"]["http"][0]["backends"][0]["weight"] = 90;
  expected["spec"]["http"][0]["backends"][1]["weight"] = 10;
  REQUIRE(writes_in(world.set(*apisix, split(90, 10))) == 1);
  CHECK(world.get("ApisixRoute", name) == expected);
}

TEST_CASE("RT-APISIX-01: without a routeRef there is nothing to copy") {
  SplitWorld world(podinfo("{port: 80}"));
  for (const std::string& said :
       {error_in(world.reconcile(*apisix)), error_in(world.routes(*apisix)),
        error_in(world.set(*apisix, split(90, 10)))})
    CHECK_THAT(said, Contains("Canary podinfo.test") && Contains("spec.routeRef"));
}

TEST_CASE("RT-APISIX-02, RT-APISIX-03, RT-APISIX-20: what cannot be copied is an error by name") {
  SplitWorld world(plain, GENERATE(Compat::Strict, Compat::Flagger));
  CHECK(world.reconcile(*apisix).error().kind == ErrorKind::NotFound);
  CHECK_THAT(error_in(world.reconcile(*apisix)), Contains("ApisixRoute podinfo.test not found"));
  for (const char* spec : {"{}", "{stream: []}", "{http: []}", "{http: 3}", "4"}) {
    put_users(world, spec);
    CHECK_THAT(error_in(world.reconcile(*apisix)),
               Contains("ApisixRoute podinfo.test") && Contains("no http rules"));
  }
  for (const char* spec : {"{http: [null]}", "{http: [{}]}", "{http: [{backends: []}]}",
                           "{http: [{backends: [null, 2]}]}", "{http: [{backends: 2}]}",
                           "{http: [{backends: [{serviceName: web}]}]}"}) {
    put_users(world, spec);
    CHECK_THAT(error_in(world.reconcile(*apisix)), Contains("no http rule has a backend podinfo"));
  }
  put_users(world, "{http: [{backends: [{serviceName: web}, {serviceName: podinfo}]}]}");
  CHECK_THAT(error_in(world.reconcile(*apisix)), Contains("more backends than that one"));
  CHECK(world.get("ApisixRoute", name).is_null());
}

TEST_CASE("RT-APISIX-15, RT-APISIX-16: the canary route has to have a rule of the primary") {
  SplitWorld world(plain, GENERATE(Compat::Strict, Compat::Flagger));
  world.put(users);
  CHECK_THAT(error_in(world.routes(*apisix)),
             Contains("ApisixRoute podinfo-podinfo-canary.test not found"));
  CHECK(world.set(*apisix, split(90, 10)).error().kind == ErrorKind::NotFound);
  CHECK(world.set(*apisix, split(0, 0)).error().kind == ErrorKind::Invalid);
  REQUIRE(writes_in(world.reconcile(*apisix)) == 1);
  for (const char* http : {"[]", "[{\"backends\": []}]", "{}", "null", "[3]"}) {
    INFO(http);
    world.change("ApisixRoute", name,
                 fmt::format(R"([{{"op": "replace", "path": "/spec/http", "value": {}}}])", http));
    CHECK_THAT(error_in(world.routes(*apisix)),
               Contains("no http rule has a backend podinfo-primary"));
    CHECK_THAT(error_in(world.set(*apisix, split(90, 10))), Contains("podinfo-primary"));
    REQUIRE(writes_in(world.reconcile(*apisix)) == 1);
    CHECK(world.get("ApisixRoute", name) == initial());
  }
}

TEST_CASE("RT-APISIX-16: every backend of primary and canary in the rule, behind other rules") {
  SplitWorld world(plain);
  world.put(users);
  REQUIRE(writes_in(world.reconcile(*apisix)) == 1);
  world.change("ApisixRoute", name, R"([{"op": "replace", "path": "/spec/http", "value": [
    {"backends": [{"serviceName": "podinfo-canary", "weight": 1}]},
    {"backends": [{"serviceName": "podinfo-primary"}, {"serviceName": "podinfo-canary"},
                  {"serviceName": "x", "weight": 4}, {"serviceName": "podinfo-canary"}]}]}])");
  REQUIRE(writes_in(world.set(*apisix, split(40, 60))) == 1);
  CHECK(world.spec("ApisixRoute", name)["http"] == json_of_yaml(R"(
- backends: [{serviceName: podinfo-canary, weight: 1}]
- backends:
  - {serviceName: podinfo-primary, weight: 40}
  - {serviceName: podinfo-canary, weight: 60}
  - {serviceName: x, weight: 4}
  - {serviceName: podinfo-canary, weight: 60}
)"));
}

TEST_CASE("RT-APISIX-10, RT-COMMON-20, RT-COMMON-21: what it cannot do is said") {
  SplitWorld world(podinfo("{port: 80}", ab("[{headers: {x: {exact: y}}}]"),
                           "  routeRef: {apiVersion: x, kind: ApisixRoute, name: podinfo}\n"));
  world.put(users);
  REQUIRE(writes_in(world.reconcile(*apisix)) == 1);
  const auto all = world.set(*apisix, {.primary = 0_pct, .canary = 100_pct, .mirrored = true});
  REQUIRE(writes_in(all) == 1);
  REQUIRE(all->remarks.size() == 2);
  CHECK_THAT(all->remarks[0], Contains("apisix") && Contains("RT-COMMON-20"));
  CHECK_THAT(all->remarks[1], Contains("apisix") && Contains("RT-COMMON-21"));
  CHECK(world.routes(*apisix) == split(0, 100));
  world.settings.compat = Compat::Flagger;
  CHECK(world.set(*apisix, split(0, 100))->remarks.empty());
}

TEST_CASE("RT-APISIX-21: nothing is undone, whatever the Canary says") {
  SplitWorld world(podinfo("{port: 80}"));
  CHECK(writes_in(world.finalize(*apisix)) == 0);
}
