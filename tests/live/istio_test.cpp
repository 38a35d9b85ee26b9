#include "tests/live/istio_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using Catch::Matchers::Contains;

// The worked examples of spec/routing/istio.md, field by field.

TEST_CASE("RT-ISTIO-01, 02, 05, 06, 08, 09, 12: from nothing to the page's initial state") {
  World world = istio(example());
  require_done(world.reconcile());
  CHECK(world.writes() == std::vector<std::string>{"POST DestinationRule podinfo-canary",
                                                   "POST DestinationRule podinfo-primary",
                                                   "POST VirtualService podinfo"});
  const auto expected = jsons_of_yaml(fmt::format(R"(
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata:
  name: podinfo-canary
  namespace: test
  ownerReferences:
  - {0}
spec:
  host: podinfo-canary
  trafficPolicy: {{tls: {{mode: DISABLE}}}}
---
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata:
  name: podinfo-primary
  namespace: test
  ownerReferences:
  - {0}
spec:
  host: podinfo-primary
  trafficPolicy: {{tls: {{mode: DISABLE}}}}
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata:
  name: podinfo
  namespace: test
  annotations:
    kustomize.toolkit.fluxcd.io/reconcile: disabled
    helm.toolkit.fluxcd.io/driftDetection: disabled
  ownerReferences:
  - {0}
spec:
  hosts: [app.example.com, podinfo]
  gateways: [istio-system/public-gateway, mesh]
  http:
  - match:
    - uri: {{prefix: /}}
    rewrite: {{uri: /}}
    timeout: 15s
    retries: {{attempts: 3, perTryTimeout: 1s, retryOn: "gateway-error,connect-failure"}}
    corsPolicy: {{allowOrigin: [example.com], allowMethods: [GET], maxAge: 24h}}
    headers:
      request: {{add: {{x-team: web}}}}
    route:
    - destination: {{host: podinfo-primary, port: {{number: 9898}}}}
      weight: 100
    - destination: {{host: podinfo-canary, port: {{number: 9898}}}}
      weight: 0
)",
                                                  owner));
  CHECK(world.at_rest(rule("podinfo-canary")) == expected[0]);
  CHECK(world.at_rest(rule("podinfo-primary")) == expected[1]);
  CHECK(world.at_rest(route) == expected[2]);
}

TEST_CASE("RT-COMMON-40: Istio: what does not differ is not written") {
  World world = istio(example());
  require_done(world.reconcile());
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().empty());
  require_done(world.set(split(90, 10)));
  world.writes();
  require_done(world.reconcile());  // weights are no drift
  CHECK(world.writes().empty());
}

TEST_CASE("RT-ISTIO-30, 40, 41: weights 10, 100 and the way back change two numbers only") {
  World world = istio(example());
  require_done(world.reconcile());
  const json before = world.at_rest(route);
  world.writes();

  for (const auto& [primary, canary] : {std::pair{90, 10}, std::pair{0, 100}, std::pair{50, 50}}) {
    require_done(world.set(split(primary, canary)));
    json expected = before;
    expected["spec"]["http"][0]["route"][0]["weight"] = primary;
    expected["spec"]["http"][0]["route"][1]["weight"] = canary;
    CHECK(world.at_rest(route) == expected);
    CHECK(world.writes() == std::vector<std::string>{"PUT VirtualService podinfo"});  // RT-ISTIO-48
    CHECK(world.routes() == split(primary, canary));
  }
  require_done(world.set(split(100, 0)));  // promotion and rollback alike
  CHECK(world.at_rest(route) == before);
  CHECK(world.routes() == split(100, 0));
}

TEST_CASE("RT-ISTIO-31, 46: a mirror goes to the canary service, with its share and no port") {
  World world = istio(example());
  world.edit(
      json_of_yaml("spec: {analysis: {mirror: true, mirrorWeight: 50, iterations: 5, stepWeight: "
                   "null, maxWeight: null}}"));
  require_done(world.reconcile());
  require_done(world.set(split(100, 0, true)));
  const json http = json_of_yaml(R"(
- match:
  - uri: {prefix: /}
  mirror: {host: podinfo-canary}
  mirrorPercentage: {value: 50}
  route:
  - destination: {host: podinfo-primary, port: {number: 9898}}
    weight: 100
  - destination: {host: podinfo-canary, port: {number: 9898}}
    weight: 0
)");
  CHECK(without_common(world.spec(route)["http"]) == http);
  CHECK(world.routes() == split(100, 0, true));
  world.writes();
  require_done(world.reconcile());  // RT-ISTIO-20: a mirror is no drift
  CHECK(world.writes().empty());

  require_done(world.set(split(0, 100)));
  CHECK_FALSE(world.spec(route)["http"][0].contains("mirror"));
  CHECK_FALSE(world.spec(route)["http"][0].contains("mirrorPercentage"));
  CHECK(world.routes() == split(0, 100));

  world.edit(json_of_yaml("spec: {analysis: {mirrorWeight: 0}}"));
  require_done(world.set(split(100, 0, true)));
  CHECK_FALSE(world.spec(route)["http"][0].contains("mirrorPercentage"));
  world.meddle(route, {{"spec", {{"http", json::array()}}}});
  CHECK_THAT(said(world.routes()), Contains("VirtualService podinfo.test"));  // RT-ISTIO-34
}

TEST_CASE("RT-ISTIO-10, 11, 47: an A/B test, its end, and everybody else") {
  World world = istio(example());
  world.edit(json_of_yaml(R"(
spec:
  analysis:
    stepWeight: null
    maxWeight: null
    iterations: 10
    match:
    - headers: {x-canary: {exact: insider}}
    - headers: {cookie: {regex: "^(.*?;)?(type=insider)(;.*)?$"}}
)"));
  require_done(world.reconcile());
  const auto expected = [](int primary, int canary) {
    return json_of_yaml(fmt::format(R"(
- match:
  - uri: {{prefix: /}}
    headers: {{x-canary: {{exact: insider}}}}
  - uri: {{prefix: /}}
    headers: {{cookie: {{regex: "^(.*?;)?(type=insider)(;.*)?$"}}}}
  route:
  - destination: {{host: podinfo-primary, port: {{number: 9898}}}}
    weight: {0}
  - destination: {{host: podinfo-canary, port: {{number: 9898}}}}
    weight: {1}
- match:
  - uri: {{prefix: /}}
  route:
  - destination: {{host: podinfo-primary, port: {{number: 9898}}}}
    weight: {0}
)",
                                    primary, canary));
  };
  CHECK(without_common(world.spec(route)["http"]) == expected(100, 0));
  // Both routes carry what the plain one does.
  CHECK(world.spec(route)["http"][1]["timeout"] == "15s");
  CHECK(world.spec(route)["http"][1]["headers"] == world.spec(route)["http"][0]["headers"]);

  require_done(world.set(split(0, 100)));
  CHECK(without_common(world.spec(route)["http"]) == expected(0, 100));
  CHECK(world.routes() == split(0, 100));
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().empty());

  require_done(world.set(split(100, 0)));
  CHECK(without_common(world.spec(route)["http"]) == expected(100, 0));
  CHECK(world.routes() == split(100, 0));

  // RT-COMMON-19: without iterations, weights move inside the same shape.
  world.edit(json_of_yaml("spec: {analysis: {iterations: null, stepWeight: 10}}"));
  require_done(world.set(split(90, 10)));
  CHECK(without_common(world.spec(route)["http"]) == expected(90, 10));
  CHECK(world.routes() == split(90, 10));
  // Affinity and mirror give way.
  world.edit(json_of_yaml("spec: {analysis: {sessionAffinity: {cookieName: fc}}}"));
  require_done(world.set(split(90, 10, true)));
  CHECK(without_common(world.spec(route)["http"]) == expected(90, 10));
}

TEST_CASE("RT-ISTIO-07: a delegate has no hosts, no gateways, and ports") {
  World world = istio(canary_of(
      "istio", "{port: 80, targetPort: 9898, portDiscovery: true, delegation: true}", analysis));
  require_done(world.reconcile());
  const json expected = json_of_yaml(R"(
hosts: []
http:
- route:
  - destination: {host: podinfo-primary, port: {number: 80}}
    weight: 100
  - destination: {host: podinfo-canary, port: {number: 80}}
    weight: 0
)");
  CHECK(world.spec(route) == expected);
  // RT-ISTIO-20: hosts and gateways of what is there are not looked at, and stay out of a PUT.
  world.meddle(route, json_of_yaml("spec: {hosts: [theirs], gateways: [their-gateway]}"));
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().empty());
  world.meddle(route, json_of_yaml("spec: {http: [{timeout: 5s}]}"));
  require_done(world.reconcile());
  CHECK(world.spec(route) == expected);
  const json original = json::parse(
      world.at_rest(route)["metadata"]["annotations"][original_annotation].get<std::string>());
  CHECK(original == json_of_yaml("{hosts: [], http: [{timeout: 5s}]}"));

  World refused =
      istio(canary_of("istio", "{port: 80, delegation: true, hosts: [app.example.com]}", analysis));
  CHECK_THAT(said(refused.reconcile()),
             Contains("VirtualService podinfo.test") && Contains("RT-ISTIO-07"));
  CHECK(refused.writes() == std::vector<std::string>{"POST DestinationRule podinfo-canary",
                                                     "POST DestinationRule podinfo-primary"});
}

TEST_CASE("RT-ISTIO-33, 60, 61: a TCP canary has ports for matches and leaves http alone") {
  World world = istio(canary_of("istio", R"(
port: 7070
appProtocol: TCP
portDiscovery: true
gateways: [istio-system/public-gateway]
match: [{port: 7070}]
timeout: 5s
)",
                                "{interval: 1m, threshold: 5, stepWeight: 10, mirror: true, "
                                "sessionAffinity: {cookieName: fc}}"));
  require_done(world.reconcile());
  require_done(world.set(split(90, 10, true)));
  const json expected = json_of_yaml(R"(
hosts: [podinfo]
gateways: [istio-system/public-gateway]
tcp:
- match:
  - port: 7070
  route:
  - destination: {host: podinfo-primary, port: {number: 7070}}
    weight: 90
  - destination: {host: podinfo-canary, port: {number: 7070}}
    weight: 10
)");
  CHECK(world.spec(route) == expected);
  CHECK(world.routes() == split(90, 10));
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().empty());

  const json theirs = json_of_yaml("[{route: [{destination: {host: theirs}}]}]");
  world.meddle(route, {{"spec", {{"http", theirs}}}});
  require_done(world.set(split(50, 50)));
  CHECK(world.spec(route)["http"] == theirs);
  CHECK(world.routes() == split(50, 50));
}

TEST_CASE("RT-ISTIO-05, 06, 08: hosts, gateways and ports in their variants") {
  const auto made = [](const char* service) {
    World world = istio(canary_of("istio", service, analysis));
    require_done(world.reconcile());
    return world.spec(route);
  };
  CHECK(made("{port: 80}")["hosts"] == json_of_yaml("[podinfo]"));
  CHECK(made("{port: 80}")["gateways"] == json_of_yaml("[mesh]"));
  CHECK(made("{port: 80, hosts: ['*']}")["hosts"] == json_of_yaml("['*']"));
  CHECK(made("{port: 80, hosts: [podinfo, b]}")["hosts"] == json_of_yaml("[podinfo, b]"));
  CHECK(made("{port: 80, gateways: [a/b]}")["gateways"] == json_of_yaml("[a/b]"));  // RT-ISTIO-80
  CHECK(made("{port: 80, name: web}").is_null());  // RT-COMMON-01: the apex is called otherwise

  const auto port = [&](const char* service) {
    return at(made(service)["http"][0]["route"][0], {"destination", "port"});
  };
  CHECK(port("{port: 80}").is_null());
  CHECK(port("{port: 80, portDiscovery: true}").is_null());
  CHECK(port("{port: 80, portDiscovery: true, gateways: [mesh, a/b]}").is_null());
  CHECK(port("{port: 80, gateways: [a/b]}").is_null());
  CHECK(port("{port: 80, portDiscovery: true, gateways: [a/b, mesh]}") == json{{"number", 80}});
}

TEST_CASE("RT-ISTIO-09: retries without attempts are written with none, rewrite has no type") {
  World world = istio(canary_of(
      "istio", "{port: 80, retries: {retryOn: 5xx}, rewrite: {uri: /a, type: ReplaceFullPath}}",
      analysis));
  require_done(world.reconcile());
  CHECK(world.spec(route)["http"][0]["retries"] == json_of_yaml("{attempts: 0, retryOn: 5xx}"));
  CHECK(world.spec(route)["http"][0]["rewrite"] == json_of_yaml("{uri: /a}"));
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().empty());
}
