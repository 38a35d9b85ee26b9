#include "tests/live/gateway_api_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using Catch::Matchers::Contains;

// The worked examples of spec/routing/gatewayapi.md, field by field.

namespace {

const char* const weights_only = "{interval: 1m, threshold: 5, stepWeight: 10}";

}  // namespace

TEST_CASE(
    "RT-GWAPI-02, 03, 10, 16, 17, 18, 20, 21, 22: the page's initial state, in both versions") {
  for (const std::string version : {"v1", "v1beta1"}) {
    World world = gateway(gateway_example(version), Compat::Strict, version);
    require_done(world.reconcile());
    CHECK(world.writes() == std::vector<std::string>{"POST HTTPRoute podinfo"});
    json expected = json_of_yaml(fmt::format(R"(
apiVersion: gateway.networking.k8s.io/{}
kind: HTTPRoute
metadata:
  name: podinfo
  namespace: test
  annotations:
    kustomize.toolkit.fluxcd.io/reconcile: disabled
    helm.toolkit.fluxcd.io/driftDetection: disabled
  ownerReferences:
  - {}
spec:
  parentRefs:
  - {{group: gateway.networking.k8s.io, kind: Gateway, name: gateway, namespace: istio-ingress}}
  hostnames: [www.example.com]
  rules:
  - matches:
    - path: {{type: PathPrefix, value: /api}}
    filters:
    - type: RequestHeaderModifier
      requestHeaderModifier:
        set:
        - {{name: x-a, value: "1"}}
        - {{name: x-b, value: "2"}}
        remove: [x-debug]
    - type: URLRewrite
      urlRewrite:
        path: {{type: ReplacePrefixMatch, replacePrefixMatch: /}}
    timeouts: {{request: 10s, backendRequest: 5s}}
    backendRefs:
    - {{group: "", kind: Service, name: podinfo-primary, port: 9898, weight: 100}}
    - {{group: "", kind: Service, name: podinfo-canary, port: 9898, weight: 0}}
)",
                                             version, owner));
    if (version == "v1beta1") expected["spec"]["rules"][0].erase("timeouts");  // RT-GWAPI-60
    CHECK(world.at_rest(http_route(version)) == expected);
    require_done(world.reconcile());
    CHECK(world.writes().empty());  // RT-COMMON-40

    for (const auto& [primary, canary] : {std::pair{90, 10}, std::pair{0, 100}}) {
      require_done(world.set(split(primary, canary)));
      json moved = expected;
      moved["spec"]["rules"][0]["backendRefs"][0]["weight"] = primary;
      moved["spec"]["rules"][0]["backendRefs"][1]["weight"] = canary;
      CHECK(world.at_rest(http_route(version)) == moved);
      CHECK(world.routes() == split(primary, canary));
      CHECK(world.writes() == std::vector<std::string>{"PUT HTTPRoute podinfo"});
      require_done(world.reconcile());  // RT-GWAPI-30
      CHECK(world.writes().empty());
    }
    require_done(world.set(split(100, 0)));
    CHECK(world.at_rest(http_route(version)) == expected);
    world.writes();
    require_done(world.finalize());  // RT-GWAPI-51
    CHECK(world.api.requests.empty());
  }
}

TEST_CASE("RT-GWAPI-19, 25, 39, 46: an A/B test, and everybody else") {
  json canary = gateway_example();
  canary["spec"]["service"].erase("rewrite");
  canary["spec"]["analysis"] = json_of_yaml(R"(
interval: 1m
threshold: 5
iterations: 10
match:
- headers: {x-canary: {exact: insider}}
- headers: {cookie: {regex: "^(.*?;)?(canary=always)(;.*)?$"}}
)");
  const auto expected = [](int primary, int weight) {
    return json_of_yaml(fmt::format(R"(
- matches:
  - path: {{type: PathPrefix, value: /api}}
    headers:
    - {{type: Exact, name: x-canary, value: insider}}
  - path: {{type: PathPrefix, value: /api}}
    headers:
    - {{type: RegularExpression, name: cookie, value: "^(.*?;)?(canary=always)(;.*)?$"}}
  backendRefs:
  - {{group: "", kind: Service, name: podinfo-primary, port: 9898, weight: {}}}
  - {{group: "", kind: Service, name: podinfo-canary, port: 9898, weight: {}}}
- matches:
  - path: {{type: PathPrefix, value: /api}}
  backendRefs:
  - {{group: "", kind: Service, name: podinfo-primary, port: 9898, weight: 100}}
)",
                                    primary, weight));
  };
  World world = gateway(canary);
  require_done(world.reconcile());
  CHECK(without_frame(world.spec(http_route())["rules"]) == expected(100, 0));
  CHECK(world.spec(http_route())["rules"][1]["timeouts"] ==
        json_of_yaml("{request: 10s, backendRequest: 5s}"));
  CHECK(world.spec(http_route())["rules"][1]["filters"].size() == 1);
  require_done(world.set(split(0, 100)));
  CHECK(without_frame(world.spec(http_route())["rules"]) == expected(0, 100));
  CHECK(world.routes() == split(0, 100));
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().empty());
  require_done(world.set(split(100, 0)));
  CHECK(without_frame(world.spec(http_route())["rules"]) == expected(100, 0));
  CHECK(world.routes() == split(100, 0));
}

TEST_CASE("RT-GWAPI-42, 40, 32: blue/green mirrors to the canary service until the switch") {
  json canary = gateway_example();
  canary["spec"]["analysis"] =
      json_of_yaml("{interval: 1m, threshold: 5, iterations: 5, mirror: true, mirrorWeight: 20}");
  World world = gateway(canary);
  require_done(world.reconcile());
  require_done(world.set(split(100, 0, true)));
  CHECK(without_frame(world.spec(http_route())["rules"]) == json_of_yaml(R"(
- matches:
  - path: {type: PathPrefix, value: /api}
  filters:
  - type: RequestMirror
    requestMirror:
      backendRef: {group: "", kind: Service, name: podinfo-canary, port: 9898}
  backendRefs:
  - {group: "", kind: Service, name: podinfo-primary, port: 9898, weight: 100}
  - {group: "", kind: Service, name: podinfo-canary, port: 9898, weight: 0}
)"));
  CHECK(world.spec(http_route())["rules"][0]["filters"].size() == 3);
  CHECK(world.spec(http_route())["rules"][0]["filters"][2]["type"] == "RequestMirror");
  CHECK(world.routes() == split(100, 0, true));
  world.writes();
  for (const Phase phase : {Phase::Progressing, Phase::Waiting, Phase::WaitingPromotion}) {
    world.canary.status.phase = phase;
    require_done(world.reconcile());
    CHECK(world.writes().empty());
  }
  require_done(world.set(split(0, 100)));
  CHECK(world.routes() == split(0, 100));
  require_done(world.set(split(100, 0, true)));
  world.canary.status.phase = Phase::Succeeded;  // a filter left behind is drift
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().size() == 1);
  CHECK(world.routes() == split(100, 0));
}

TEST_CASE("RT-GWAPI-43, RT-COMMON-20: with weights nothing is mirrored, and strict mode says so") {
  World world = gateway(gateway_example());
  require_done(world.reconcile());
  require_done(world.set(split(90, 10, true)));
  CHECK(world.routes() == split(90, 10));
  REQUIRE(world.remarks.size() == 1);
  CHECK_THAT(world.remarks[0], Contains("Canary podinfo.test") && Contains("RT-GWAPI-43"));
}

TEST_CASE("RT-GWAPI-31, 44, 60: session affinity at weight 10 and after promotion") {
  for (const std::string version : {"v1", "v1beta1"}) {
    json canary = gateway_example(version);
    canary["spec"]["analysis"] = json_of_yaml(
        "{interval: 15s, threshold: 5, stepWeight: 10, sessionAffinity: {cookieName: fc, "
        "primaryCookieName: fp, maxAge: 300}}");
    World world = gateway(canary, Compat::Strict, version);
    require_done(world.reconcile());
    require_done(world.set(split(90, 10)));
    json at_ten = json_of_yaml(R"(
- matches:
  - path: {type: PathPrefix, value: /api}
    headers:
    - {type: RegularExpression, name: Cookie, value: ".*fc.*AAAAAAAAAA.*"}
  backendRefs:
  - {group: "", kind: Service, name: podinfo-primary, port: 9898, weight: 0}
  - {group: "", kind: Service, name: podinfo-canary, port: 9898, weight: 100}
- matches:
  - path: {type: PathPrefix, value: /api}
    headers:
    - {type: RegularExpression, name: Cookie, value: ".*fp.*PPPPPPPPPP.*"}
  backendRefs:
  - {group: "", kind: Service, name: podinfo-primary, port: 9898, weight: 100}
  - {group: "", kind: Service, name: podinfo-canary, port: 9898, weight: 0}
- matches:
  - path: {type: PathPrefix, value: /api}
  backendRefs:
  - group: ""
    kind: Service
    name: podinfo-primary
    port: 9898
    weight: 90
    filters:
    - type: ResponseHeaderModifier
      responseHeaderModifier:
        add:
        - {name: Set-Cookie, value: "fp=PPPPPPPPPP; Max-Age=15"}
  - group: ""
    kind: Service
    name: podinfo-canary
    port: 9898
    weight: 10
    filters:
    - type: ResponseHeaderModifier
      responseHeaderModifier:
        add:
        - {name: Set-Cookie, value: "fc=AAAAAAAAAA; Max-Age=300"}
)");
    if (version == "v1beta1") {
      at_ten.erase(1);
      at_ten[1]["backendRefs"][0].erase("filters");
      CHECK(world.canary.status.primary_session_affinity_cookie.empty());
    }
    CHECK(without_frame(world.spec(http_route(version))["rules"]) == at_ten);
    CHECK(world.routes() == split(90, 10));  // RT-GWAPI-39
    world.writes();
    require_done(world.reconcile());
    CHECK(world.writes().empty());

    require_done(world.set(split(100, 0)));
    CHECK(without_frame(world.spec(http_route(version))["rules"]) == json_of_yaml(R"(
- matches:
  - path: {type: PathPrefix, value: /api}
    headers:
    - {type: RegularExpression, name: Cookie, value: ".*fc.*AAAAAAAAAA.*"}
  filters:
  - type: ResponseHeaderModifier
    responseHeaderModifier:
      add:
      - {name: Set-Cookie, value: "fc=AAAAAAAAAA; Max-Age=-1"}
  backendRefs:
  - {group: "", kind: Service, name: podinfo-primary, port: 9898, weight: 100}
  - {group: "", kind: Service, name: podinfo-canary, port: 9898, weight: 0}
- matches:
  - path: {type: PathPrefix, value: /api}
  backendRefs:
  - {group: "", kind: Service, name: podinfo-primary, port: 9898, weight: 100}
  - {group: "", kind: Service, name: podinfo-canary, port: 9898, weight: 0}
)"));
    CHECK(world.routes() == split(100, 0));
    world.writes();
    require_done(world.reconcile());
    CHECK(world.writes().empty());
  }
}

TEST_CASE("RT-GWAPI-44: without service.match a cookie match stands alone, without a path") {
  World world = gateway(gateway_canary(
      "{port: 80}",
      "{interval: 1m, threshold: 5, stepWeight: 10, sessionAffinity: {cookieName: fc}}"));
  require_done(world.reconcile());
  require_done(world.set(split(90, 10)));
  const json rules = world.spec(http_route())["rules"];
  CHECK(rules[0]["matches"] == json_of_yaml("[{headers: [{type: RegularExpression, name: Cookie, "
                                            "value: '.*fc.*AAAAAAAAAA.*'}]}]"));
  CHECK(rules[1]["matches"] ==
        json_of_yaml("[{path: {type: PathPrefix, value: /}}]"));  // RT-GWAPI-11
}

TEST_CASE("RT-GWAPI-45 [Q]: one modifier of response headers a rule, so that a promotion can end") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    World world = gateway(
        gateway_canary(
            "{port: 80, headers: {response: {add: {x-team: web}}}}",
            "{interval: 1m, threshold: 5, stepWeight: 10, sessionAffinity: {cookieName: fc}}"),
        compat);
    require_done(world.reconcile());
    require_done(world.set(split(90, 10)));
    require_done(world.set(split(100, 0)));
    const json filters = world.spec(http_route())["rules"][0]["filters"];
    if (compat == Compat::Flagger) {
      CHECK(filters.size() == 2);
      continue;
    }
    CHECK(filters == json_of_yaml(R"(
- type: ResponseHeaderModifier
  responseHeaderModifier:
    add:
    - {name: x-team, value: web}
    - {name: Set-Cookie, value: "fc=AAAAAAAAAA; Max-Age=-1"}
)"));
    CHECK(world.spec(http_route())["rules"][1]["filters"][0]["responseHeaderModifier"]["add"]
              .size() == 1);
    // A cookie of the user's own has the one place there is.
    world.edit(json_of_yaml("spec: {service: {headers: {response: {add: {Set-Cookie: own=1}}}}}"));
    require_done(world.set(split(100, 0)));
    CHECK(world.spec(http_route())["rules"][0]["filters"][0]["responseHeaderModifier"]["add"] ==
          json_of_yaml("[{name: Set-Cookie, value: own=1}, {name: x-team, value: web}]"));
    REQUIRE(world.remarks.size() == 1);
    CHECK_THAT(world.remarks[0], Contains("RT-GWAPI-45"));
  }
}

TEST_CASE(
    "RT-GWAPI-46: a test together with affinity: strict mode keeps strangers at the primary") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    World world = gateway(
        gateway_canary("{port: 80}",
                       "{interval: 1m, threshold: 5, iterations: 5, sessionAffinity: {cookieName: "
                       "fc}, match: [{headers: {x: {exact: y}}}]}"),
        compat);
    require_done(world.reconcile());
    require_done(world.set(split(0, 100)));
    const json rules = world.spec(http_route())["rules"];
    if (compat == Compat::Strict) {
      REQUIRE(rules.size() == 2);
      CHECK(rules[1]["backendRefs"].size() == 1);
      CHECK(world.remarks.size() == 1);
    } else {
      CHECK(rules.size() == 3);
    }
    CHECK(rules[0]["matches"][0]["headers"][0]["name"] == "x");
    CHECK(world.routes() == split(0, 100));
  }
}

TEST_CASE("RT-GWAPI-20..24: filters in their order, CORS in v1 only") {
  json canary = gateway_canary(R"(
port: 80
headers:
  request: {}
  response: {add: {b: "2", a: "1"}}
rewrite: {uri: /x, authority: other.example.com}
mirror:
- backendRef: {group: "", kind: Service, namespace: other, name: shadow, port: 80}
corsPolicy:
  allowOrigin: ["https://example.com"]
  allowOrigins: [{exact: "https://example.org"}]
  allowMethods: [GET]
  allowCredentials: true
  maxAge: 1m30s
)",
                               weights_only);
  World world = gateway(canary);
  require_done(world.reconcile());
  CHECK(world.spec(http_route())["rules"][0]["filters"] == json_of_yaml(R"(
- type: RequestHeaderModifier
  requestHeaderModifier: {}
- type: ResponseHeaderModifier
  responseHeaderModifier: {add: [{name: a, value: "1"}, {name: b, value: "2"}]}
- type: URLRewrite
  urlRewrite:
    hostname: other.example.com
    path: {type: ReplaceFullPath, replaceFullPath: /x}
- type: RequestMirror
  requestMirror:
    backendRef: {group: "", kind: Service, namespace: other, name: shadow, port: 80}
- type: CORS
  cors:
    allowOrigins: ["https://example.com"]
    allowMethods: [GET]
    allowCredentials: true
    maxAge: 90
)"));
  REQUIRE(world.remarks.size() == 1);
  CHECK_THAT(world.remarks[0], Contains("allowOrigins") && Contains("Canary podinfo.test"));
  CHECK(world.routes() == split(100, 0));  // RT-GWAPI-40: the user's mirrors are none of ours
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().empty());

  for (const char* odd : {"1d", ""}) {
    world.edit({{"spec", {{"service", {{"corsPolicy", {{"maxAge", odd}}}}}}}});
    require_done(world.reconcile());
    CHECK_FALSE(world.spec(http_route())["rules"][0]["filters"][4]["cors"].contains("maxAge"));
  }

  World beta = gateway(canary, Compat::Strict, "v1beta1");
  require_done(beta.reconcile());
  CHECK(beta.spec(http_route("v1beta1"))["rules"][0]["filters"].size() == 4);
}
