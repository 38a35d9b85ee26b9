#include "tests/live/gateway_api_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using Catch::Matchers::Contains;

// HTTPRoutes that are not as reconcile left them, and Canaries that cannot be said in one.

namespace {

const char* const weights_only = "{interval: 1m, threshold: 5, stepWeight: 10}";

/// What the API server makes of an HTTPRoute (crds.md).
void fill_in_defaults(World& world) {
  json object = *world.api.find(http_route());
  for (json& parent : object["spec"]["parentRefs"]) {
    parent["group"] = "gateway.networking.k8s.io";
    parent["kind"] = "Gateway";
  }
  for (json& rule : object["spec"]["rules"]) {
    for (json& match : rule["matches"])
      if (!match.contains("path")) match["path"] = json_of_yaml("{type: PathPrefix, value: /}");
    if (rule.contains("filters"))
      for (json& filter : rule["filters"])
        if (filter.contains("cors") && !filter["cors"].contains("maxAge"))
          filter["cors"]["maxAge"] = 5;
  }
  world.api.put(http_route(), object);
}

std::string refused(const std::string& service, const char* analysis = weights_only,
                    Compat compat = Compat::Strict) {
  World world = gateway(gateway_canary(service, analysis), compat);
  const std::string said_at_first = said(world.reconcile());
  CHECK(world.writes().empty() == !said_at_first.empty());
  return said_at_first;
}

}  // namespace

TEST_CASE("RT-GWAPI-37 [Q], RT-COMMON-28: what the API server fills in is no drift") {
  for (const char* service : {"{port: 80, match: [{headers: {x: {exact: y}}}]}",
                              "{port: 80, corsPolicy: {allowOrigin: ['https://example.com']}}"}) {
    for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
      World world = gateway(gateway_canary(service, weights_only), compat);
      require_done(world.reconcile());
      require_done(world.set(split(90, 10)));
      fill_in_defaults(world);
      world.writes();
      require_done(world.reconcile());
      CHECK(world.writes().empty() == (compat == Compat::Strict));
      CHECK(world.routes() == (compat == Compat::Strict ? split(90, 10) : split(100, 0)));
    }
  }
}

TEST_CASE("RT-GWAPI-29, 30, 36, RT-COMMON-41 [Q]: drift replaces the whole known spec") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    World world = gateway(gateway_example(), compat);
    require_done(world.reconcile());
    json expected = world.spec(http_route());
    expected["ourOwn"] = {{"a", 1}};  // RT-COMMON-25 [Q]
    require_done(world.set(split(90, 10)));
    world.meddle(http_route(), json_of_yaml("spec: {useDefaultGateways: All, ourOwn: {a: 1}}"));
    json object = *world.api.find(http_route());
    object["spec"]["rules"][0]["name"] = "theirs";
    object["spec"]["rules"][0]["retry"] = {{"attempts", 2}};
    world.api.put(http_route(), object);
    world.writes();
    require_done(world.reconcile());
    CHECK(world.writes() == std::vector<std::string>{"PUT HTTPRoute podinfo"});
    if (compat == Compat::Strict) {
      expected["rules"][0]["backendRefs"][0]["weight"] = 90;
      expected["rules"][0]["backendRefs"][1]["weight"] = 10;
      REQUIRE(world.remarks.size() == 1);
      CHECK_THAT(world.remarks[0], Contains("HTTPRoute podinfo.test") && Contains("90/10"));
    }
    CHECK(world.spec(http_route()) == expected);

    world.edit(json_of_yaml("spec: {service: {hosts: null}}"));
    require_done(world.reconcile());
    CHECK_FALSE(world.spec(http_route()).contains("hostnames"));  // RT-GWAPI-03
  }
}

TEST_CASE("INV-01, INV-06, INV-34, FLT-60: weights that may not stand, and writes of nothing") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    const bool strict = compat == Compat::Strict;
    World world = gateway(gateway_example(), compat);
    require_done(world.reconcile());
    require_done(world.set(split(60, 40)));
    world.writes();
    require_done(world.set(split(60, 40)));
    CHECK(world.writes().empty() == strict);
    json spoiled = *world.api.find(http_route());
    spoiled["spec"]["rules"][0]["backendRefs"][1]["weight"] = 50;
    world.api.put(http_route(), spoiled);
    require_done(world.reconcile());
    CHECK(world.routes() == (strict ? split(100, 0) : split(60, 50)));
    require_done(world.set(split(60, 40)));
    world.canary.status.phase = Phase::Initializing;
    require_done(world.reconcile());
    CHECK(world.routes() == (strict ? split(100, 0) : split(60, 40)));
  }
}

TEST_CASE("RT-GWAPI-60: fields that v1beta1 does not model are no drift there") {
  World world = gateway(gateway_example("v1beta1"), Compat::Strict, "v1beta1");
  require_done(world.reconcile());
  json object = *world.api.find(http_route("v1beta1"));
  object["spec"]["rules"][0]["timeouts"] = {{"request", "1s"}};
  world.api.put(http_route("v1beta1"), object);
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().empty());
}

TEST_CASE("RT-GWAPI-33, 35: foreign labels go, foreign annotations stay") {
  json canary = gateway_example();
  canary["spec"]["service"]["apex"] = json_of_yaml("{labels: {team: web}, annotations: {a: b}}");
  World world = gateway(canary);
  require_done(world.reconcile());
  require_done(world.set(split(90, 10)));
  world.meddle(http_route(), json_of_yaml("metadata: {annotations: {controllers: own}}"));
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().empty());
  world.meddle(http_route(), json_of_yaml("metadata: {labels: {foreign: x}, annotations: {a: c}}"));
  require_done(world.reconcile());
  const json metadata = world.at_rest(http_route())["metadata"];
  CHECK(metadata["labels"] == json_of_yaml("{team: web, app: podinfo}"));
  CHECK(metadata["annotations"]["a"] == "b");
  CHECK(metadata["annotations"]["controllers"] == "own");
  CHECK(world.routes() == split(90, 10));  // RT-COMMON-41 [Q]
  world.edit(json_of_yaml("spec: {service: {apex: {annotations: null}}}"));
  world.writes();
  require_done(world.reconcile());  // what is no longer asked for stays
  CHECK(world.writes().empty());
  CHECK(world.at_rest(http_route())["metadata"]["annotations"]["a"] == "b");
}

TEST_CASE("RT-GWAPI-38, 60: v1 waits until each parent has accepted this generation") {
  for (const std::string version : {"v1", "v1beta1"}) {
    World world = gateway(gateway_example(version), Compat::Strict, version);
    require_done(world.reconcile());
    const auto with = [&](const char* conditions) {
      world.meddle(http_route(version), json_of_yaml(fmt::format(R"(
metadata: {{generation: 3}}
status:
  parents:
  - parentRef: {{group: gateway.networking.k8s.io, kind: Gateway, name: another}}
    conditions: [{{type: Accepted, status: "False", observedGeneration: 1}}]
  - parentRef: {{group: gateway.networking.k8s.io, kind: Gateway, name: gateway, namespace: istio-ingress}}
    conditions: {}
)",
                                                                 conditions)));
      return said(world.routes());
    };
    const bool v1 = version == "v1";
    CHECK(with("[]").empty());
    CHECK(with("[{type: ResolvedRefs, status: 'False'}]").empty());
    CHECK(with("[{type: Accepted, status: 'True', observedGeneration: 3}]").empty());
    CHECK(with("[{type: Accepted, status: 'True', observedGeneration: 4}]").empty());
    for (const char* not_yet : {"[{type: Accepted, status: 'True', observedGeneration: 2}]",
                                "[{type: Accepted, status: 'True'}]",
                                "[{type: Accepted, status: 'False', observedGeneration: 3}]"}) {
      const std::string text = with(not_yet);
      CHECK(text.empty() == !v1);
      if (v1) CHECK_THAT(text, Contains("HTTPRoute podinfo.test") && Contains("gateway"));
    }
    world.meddle(http_route(version), json_of_yaml("status: {parents: null}"));
    CHECK(world.routes() == split(100, 0));
  }
}

TEST_CASE("RT-GWAPI-39, RT-COMMON-43: routes that say little are read as far as they go") {
  World world = gateway(gateway_example());
  CHECK_THAT(said(world.routes()), Contains("HTTPRoute podinfo.test not found"));
  CHECK_THAT(said(world.set(split(90, 10))), Contains("HTTPRoute podinfo.test not found"));
  require_done(world.reconcile());
  for (const char* odd :
       {"[]", "7", "[7, {}, {backendRefs: 7}, {filters: [7], backendRefs: [7, 7]}]",
        "[{matches: [{headers: [7]}], backendRefs: [{name: podinfo-primary, weight: x}]}]"}) {
    json object = *world.api.find(http_route());
    object["spec"]["rules"] = json_of_yaml(odd);
    world.api.put(http_route(), object);
    CHECK(world.routes() == split(0, 0));
    require_done(world.reconcile());
    CHECK(world.routes() == split(100, 0));
  }
}

TEST_CASE("RT-GWAPI-01, 50: without a parent nothing is asked of the API server") {
  json canary = gateway_example();
  canary["spec"]["service"].erase("gatewayRefs");
  World world = gateway(canary);
  CHECK_THAT(said(world.reconcile()), Contains("Canary podinfo.test") && Contains("gatewayRefs"));
  CHECK(world.api.requests.empty());
}

TEST_CASE("RT-GWAPI-12..15, 50: what has no words in an HTTPRoute is refused by name") {
  CHECK_THAT(refused("{port: 80, match: [{uri: {suffix: /a}}]}"),
             Contains("service.match[0].uri") && Contains("Canary podinfo.test"));
  CHECK_THAT(refused("{port: 80, match: [{uri: {prefix: /}}, {method: {prefix: G}}]}"),
             Contains("service.match[1].method"));
  CHECK_THAT(refused("{port: 80, match: [{headers: {x-a: {prefix: p}}}]}"),
             Contains("service.match[0].headers.x-a"));
  CHECK_THAT(refused("{port: 80, match: [{queryParams: {q: {prefix: p}}}]}"),
             Contains("service.match[0].queryParams.q"));

  World world = gateway(gateway_canary(R"(
port: 80
match:
- uri: {regex: "/a.*"}
  method: {exact: GET}
  headers: {b: {regex: r}, a: {exact: e}}
  queryParams: {q: {exact: "1"}}
- uri: {exact: /b}
- {scheme: {exact: https}, gateways: [mesh], port: 80, ignoreUriCase: true}
)",
                                       weights_only));
  require_done(world.reconcile());
  CHECK(world.spec(http_route())["rules"][0]["matches"] == json_of_yaml(R"(
- path: {type: RegularExpression, value: "/a.*"}
  method: GET
  headers:
  - {type: Exact, name: a, value: e}
  - {type: RegularExpression, name: b, value: r}
  queryParams:
  - {type: Exact, name: q, value: "1"}
- path: {type: Exact, value: /b}
)"));
}

TEST_CASE("RT-GWAPI-26 [Q]: a test by a prefix is refused, where the reference sends everybody") {
  for (const char* match : {"[{headers: {x: {prefix: p}}}]",
                            "[{headers: {y: {exact: e}}}, {headers: {x: {suffix: p}}}]",
                            "[{queryParams: {q: {prefix: p}}}]", "[{sourceLabels: {app: web}}]"}) {
    const std::string analysis =
        fmt::format("{{interval: 1m, threshold: 5, iterations: 5, match: {}}}", match);
    CHECK_THAT(refused("{port: 80}", analysis.c_str()),
               Contains("Canary podinfo.test") && Contains("analysis.match"));

    World reference = gateway(gateway_canary("{port: 80}", analysis), Compat::Flagger);
    require_done(reference.reconcile());
    CHECK(reference.spec(http_route())["rules"][0]["matches"] ==
          json_of_yaml("[{path: {type: PathPrefix, value: /}}]"));
  }
}

TEST_CASE("RT-GWAPI-25: a test by the query alone tests by the query") {
  World world = gateway(gateway_canary(
      "{port: 80, match: [{uri: {prefix: /api}, headers: {h: {exact: '1'}}}]}",
      "{interval: 1m, threshold: 5, iterations: 5, match: [{queryParams: {q: {exact: "
      "'1'}}}]}"));
  require_done(world.reconcile());
  CHECK(world.spec(http_route())["rules"][0]["matches"] == json_of_yaml(R"(
- path: {type: PathPrefix, value: /api}
  headers: [{type: Exact, name: h, value: "1"}]
  queryParams: [{type: Exact, name: q, value: "1"}]
)"));
}

TEST_CASE("RT-GWAPI-27: what the API server refuses is reported, not bent to fit") {
  json canary = gateway_example();
  canary["spec"]["analysis"] = json_of_yaml(
      "{interval: 1m, threshold: 5, iterations: 5, match: [{headers: {a: {exact: b}}}, {headers: "
      "{c: "
      "{exact: d}}}]}");
  World world = gateway(canary);
  world.api.errors["POST HTTPRoute podinfo"] = {.kind = KubeError::Kind::Invalid,
                                                .message = "exactly one PathPrefix match",
                                                .causes = {},
                                                .retry_after = {}};
  CHECK_THAT(said(world.reconcile()), Contains("HTTPRoute podinfo.test: exactly one PathPrefix"));
}
