#include "live/routers/parts.hpp"
#include "tests/live/istio_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using Catch::Matchers::Contains;

namespace {

/// The page's Canary with session affinity, without `service.headers`.
json sticky(bool with_primary = true) {
  json canary = example();
  canary["spec"]["service"].erase("headers");
  canary["spec"]["analysis"]["sessionAffinity"] = json_of_yaml(
      with_primary
          ? "{cookieName: fc, primaryCookieName: fp, maxAge: 300, path: /app, secure: true}"
          : "{cookieName: fc}");
  return canary;
}

json at_ten() {
  return json_of_yaml(R"(
- match:
  - uri: {prefix: /}
    headers: {Cookie: {regex: ".*fc.*AAAAAAAAAA.*"}}
  route:
  - destination: {host: podinfo-primary, port: {number: 9898}}
    weight: 0
  - destination: {host: podinfo-canary, port: {number: 9898}}
    weight: 100
- match:
  - uri: {prefix: /}
    headers: {Cookie: {regex: ".*fp.*PPPPPPPPPP.*"}}
  route:
  - destination: {host: podinfo-primary, port: {number: 9898}}
    weight: 100
  - destination: {host: podinfo-canary, port: {number: 9898}}
    weight: 0
- match:
  - uri: {prefix: /}
  route:
  - destination: {host: podinfo-primary, port: {number: 9898}}
    weight: 90
    headers: {response: {add: {Set-Cookie: "fp=PPPPPPPPPP; Max-Age=60; Path=/app; Secure"}}}
  - destination: {host: podinfo-canary, port: {number: 9898}}
    weight: 10
    headers: {response: {add: {Set-Cookie: "fc=AAAAAAAAAA; Max-Age=300; Path=/app; Secure"}}}
)");
}

json promoted() {
  return json_of_yaml(R"(
- match:
  - uri: {prefix: /}
    headers: {Cookie: {regex: ".*fc.*AAAAAAAAAA.*"}}
  headers: {response: {add: {Set-Cookie: "fc=AAAAAAAAAA; Max-Age=-1"}}}
  route:
  - destination: {host: podinfo-primary, port: {number: 9898}}
    weight: 100
  - destination: {host: podinfo-canary, port: {number: 9898}}
    weight: 0
- match:
  - uri: {prefix: /}
  route:
  - destination: {host: podinfo-primary, port: {number: 9898}}
    weight: 100
  - destination: {host: podinfo-canary, port: {number: 9898}}
    weight: 0
)");
}

}  // namespace

TEST_CASE("RT-ISTIO-42, 43, RT-COMMON-55..58: session affinity at weight 10 and after promotion") {
  World world = istio(sticky());
  require_done(world.reconcile());
  require_done(world.set(split(90, 10)));
  CHECK(without_common(world.spec(route)["http"]) == at_ten());
  CHECK(world.routes() == split(90, 10));  // RT-ISTIO-32
  world.writes();
  require_done(world.reconcile());  // RT-ISTIO-21
  CHECK(world.writes().empty());

  require_done(world.set(split(100, 0)));
  CHECK(without_common(world.spec(route)["http"]) == promoted());
  CHECK(world.routes() == split(100, 0));
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().empty());
}

TEST_CASE("RT-COMMON-52, 53, 54, 59: the page's sequence of cookies") {
  World world = istio(sticky(false));
  world.entropy = Letters{"AB"};
  require_done(world.reconcile());
  const auto cookies = [&] {
    const CanaryStatus& status = world.canary.status;
    return std::pair{status.session_affinity_cookie, status.previous_session_affinity_cookie};
  };
  const auto first_match = [&] {
    return text_at(world.spec(route)["http"][0]["match"][0], {"headers", "Cookie", "regex"});
  };
  require_done(world.set(split(90, 10)));
  CHECK(cookies() == std::pair{std::string{"fc=AAAAAAAAAA"}, std::string{}});
  CHECK(world.spec(route)["http"].size() == 2);
  require_done(world.set(split(50, 50)));
  CHECK(cookies() == std::pair{std::string{"fc=AAAAAAAAAA"}, std::string{}});
  CHECK(first_match() == ".*fc.*AAAAAAAAAA.*");
  CHECK(world.routes() == split(50, 50));
  require_done(world.set(split(100, 0)));
  CHECK(cookies() == std::pair{std::string{}, std::string{"fc=AAAAAAAAAA"}});
  require_done(world.set(split(90, 10)));
  CHECK(cookies() == std::pair{std::string{"fc=BBBBBBBBBB"}, std::string{"fc=AAAAAAAAAA"}});
  CHECK(first_match() == ".*fc.*BBBBBBBBBB.*");
  require_done(world.set(split(100, 0)));
  CHECK(cookies() == std::pair{std::string{}, std::string{"fc=BBBBBBBBBB"}});
  CHECK(first_match() == ".*fc.*BBBBBBBBBB.*");
  // RT-COMMON-55: 86400 seconds unless said otherwise.
  CHECK(set_cookie({.cookie_name = "fc", .max_age = 0}, "fc=A",
                   canary_cookie_age({.max_age = 0})) == "fc=A; Max-Age=86400");
}

TEST_CASE("RT-COMMON-55: the attributes of a cookie in their order") {
  const SessionAffinity affinity{.cookie_name = "c",
                                 .primary_cookie_name = "",
                                 .max_age = 5,
                                 .domain = "example.com",
                                 .path = "/a",
                                 .same_site = "Lax",
                                 .http_only = true,
                                 .partitioned = true,
                                 .secure = true};
  CHECK(set_cookie(affinity, "c=v", 5) ==
        "c=v; Max-Age=5; Domain=example.com; HttpOnly; Partitioned; Path=/a; SameSite=Lax; Secure");
  CHECK(delete_cookie("c=v") == "c=v; Max-Age=-1");  // RT-COMMON-56
  CHECK(cookie_regex("c=v=w") == ".*c.*v=w.*");      // RT-COMMON-57
}

TEST_CASE("RT-ISTIO-44 [Q]: the deletion header is on the deletion route only") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    json canary = sticky(false);
    canary["spec"]["service"]["headers"] = json_of_yaml("{response: {add: {x-team: web}}}");
    World world = istio(canary, compat);
    require_done(world.reconcile());
    require_done(world.set(split(90, 10)));
    require_done(world.set(split(100, 0)));
    const json http = world.spec(route)["http"];
    REQUIRE(http.size() == 2);
    const auto headers = [&](int i) { return at(http[i], {"headers", "response", "add"}); };
    CHECK(headers(0) == json_of_yaml("{x-team: web, Set-Cookie: 'fc=AAAAAAAAAA; Max-Age=-1'}"));
    if (compat == Compat::Strict)
      CHECK(headers(1) == json_of_yaml("{x-team: web}"));
    else
      CHECK(headers(1) == headers(0));
  }
}

TEST_CASE("RT-ISTIO-45 [Q]: without an old cookie one route is enough") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    World world = istio(sticky(), compat);
    require_done(world.reconcile());
    require_done(world.set(split(100, 0)));
    CHECK(world.spec(route)["http"].size() == (compat == Compat::Strict ? 1 : 2));
    world.writes();
    require_done(world.reconcile());
    CHECK(world.writes().empty() == (compat == Compat::Strict));
    CHECK(world.spec(route)["http"].size() == 1);
  }
}

TEST_CASE("RT-ISTIO-22 [Q]: without a primary cookie's name, drift of matched routes is repaired") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    World world = istio(sticky(false), compat);
    require_done(world.reconcile());
    world.meddle(route, {{"spec", {{"http", json_of_yaml(R"(
- match: [{uri: {prefix: /}}]
  route: [{destination: {host: elsewhere}}]
)")}}}});
    world.writes();
    require_done(world.reconcile());
    CHECK(world.writes().empty() == (compat == Compat::Flagger));
    CHECK(world.routes().has_value() == (compat == Compat::Strict));  // RT-ISTIO-34
  }
}

TEST_CASE("RT-ISTIO-90, RT-COMMON-55: an interval that is none, and a cookie nobody drew") {
  World world = istio(sticky());
  require_done(world.reconcile());
  world.canary.spec.analysis.interval = "soon";
  CHECK_THAT(said(world.set(split(90, 10))), Contains("soon"));
  world.canary.status.session_affinity_cookie = "fc=A";
  world.canary.status.primary_session_affinity_cookie = "fp=A";
  CHECK_THAT(said(world.set(split(90, 10))), Contains("soon"));
  require_done(world.set(split(100, 0)));  // the way back needs no interval

  const RoutingSettings settings;
  world.canary.spec.analysis.interval = "1m";
  world.canary.status = {};
  const RouteContext context{
      .canary = world.canary, .object = world.object, .settings = settings, .selector_key = "app"};
  Snapshot snapshot;
  snapshot.put(route, *world.api.find(route));
  const auto undrawn = istio_provider()->set_routes(context, snapshot, split(90, 10));
  REQUIRE_FALSE(undrawn);
  CHECK_THAT(to_string(undrawn.error()), Contains("Canary podinfo.test"));
}

TEST_CASE("RT-ISTIO-11 [Q]: conditions on the query survive the merge with service.match") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    json canary = example();
    canary["spec"]["analysis"] = json_of_yaml(
        "{interval: 1m, threshold: 5, iterations: 10, match: [{queryParams: {try: {exact: "
        "'1'}}}]}");
    World world = istio(canary, compat);
    require_done(world.reconcile());
    const json match = world.spec(route)["http"][0]["match"];
    if (compat == Compat::Strict)
      CHECK(match == json_of_yaml("[{uri: {prefix: /}, queryParams: {try: {exact: '1'}}}]"));
    else
      CHECK(match == json_of_yaml("[{uri: {prefix: /}}]"));
    // Without service.match both have the list as it is.
    world.edit(json_of_yaml("spec: {service: {match: null}}"));
    require_done(world.reconcile());
    CHECK(world.spec(route)["http"][0]["match"] ==
          json_of_yaml("[{queryParams: {try: {exact: '1'}}}]"));
    CHECK_FALSE(world.spec(route)["http"][1].contains("match"));
  }
}

TEST_CASE("RT-ISTIO-11: headers and source labels of the test take the place of the service's") {
  json canary = example();
  canary["spec"]["service"]["match"] = json_of_yaml(
      "[{uri: {prefix: /a}, headers: {x: {exact: '1'}}}, {uri: {prefix: /b}, sourceLabels: {l: "
      "m}}]");
  canary["spec"]["analysis"] = json_of_yaml(R"(
interval: 1m
threshold: 5
iterations: 10
match: [{headers: {y: {prefix: p}}}, {sourceLabels: {app: web}}]
)");
  World world = istio(canary);
  require_done(world.reconcile());
  CHECK(world.spec(route)["http"][0]["match"] == json_of_yaml(R"(
- {uri: {prefix: /a}, headers: {y: {prefix: p}}}
- {uri: {prefix: /b}, headers: {y: {prefix: p}}, sourceLabels: {l: m}}
- {uri: {prefix: /a}, headers: {x: {exact: '1'}}, sourceLabels: {app: web}}
- {uri: {prefix: /b}, sourceLabels: {app: web}}
)"));
}

TEST_CASE("RT-COMMON-41 [Q]: a repair in the middle of a release keeps the cookies, too") {
  World world = istio(sticky());
  require_done(world.reconcile());
  require_done(world.set(split(90, 10)));
  world.edit(json_of_yaml("spec: {service: {hosts: [b.example.com]}}"));
  require_done(world.reconcile());
  CHECK(world.spec(route)["hosts"] == json_of_yaml("[b.example.com, podinfo]"));
  CHECK(without_common(world.spec(route)["http"]) == at_ten());
  world.canary.status = {};  // the cookies are lost: the routes begin again
  world.edit(json_of_yaml("spec: {service: {hosts: [c.example.com]}}"));
  require_done(world.reconcile());
  CHECK(world.routes() == split(100, 0));
}
