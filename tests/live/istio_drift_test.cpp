#include "tests/live/istio_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using Catch::Matchers::Contains;

// What reconcile does about objects that are not as it left them, and what finalize gives back.

namespace {

json theirs() {
  return json_of_yaml(R"(
hosts: [shop.example.com]
gateways: [their/gateway]
exportTo: ["."]
http:
- name: everything
  route:
  - destination: {host: podinfo}
- name: nowhere
  directResponse: {status: 503}
tls:
- match: [{sniHosts: [a.example.com]}]
)");
}

/// A VirtualService that was there before the Canary.
void put_theirs(World& world, const json& annotations) {
  json object = json_of_yaml(R"(
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata:
  name: podinfo
  namespace: test
  labels: {team: shop}
)");
  if (!annotations.empty()) object["metadata"]["annotations"] = annotations;
  object["spec"] = theirs();
  world.api.put(route, object);
}

}  // namespace

TEST_CASE("RT-ISTIO-03, 04: a DestinationRule's known spec is replaced, the rest is theirs") {
  World world = istio(example());
  require_done(world.reconcile());
  world.writes();
  world.meddle(rule("podinfo-canary"), json_of_yaml(R"(
metadata: {labels: {team: shop}}
spec:
  exportTo: ["."]
  trafficPolicy: {tunnel: {targetHost: a}}
)"));
  require_done(world.reconcile());
  CHECK(world.writes().empty());  // nothing that is modelled

  world.meddle(rule("podinfo-canary"), json_of_yaml(R"(
spec:
  subsets: [{name: v1}]
  trafficPolicy: {tls: {mode: SIMPLE}}
)"));
  require_done(world.reconcile());
  CHECK(world.writes() == std::vector<std::string>{"PUT DestinationRule podinfo-canary"});
  CHECK(world.spec(rule("podinfo-canary")) == json_of_yaml(R"(
host: podinfo-canary
exportTo: ["."]
trafficPolicy: {tls: {mode: DISABLE}, tunnel: {targetHost: a}}
)"));
  CHECK(world.at_rest(rule("podinfo-canary"))["metadata"]["labels"] == json{{"team", "shop"}});

  // The Canary no longer has a policy: nor have the rules.
  world.edit(json_of_yaml("spec: {service: {trafficPolicy: null}}"));
  require_done(world.reconcile());
  CHECK(world.spec(rule("podinfo-primary")) == json_of_yaml("host: podinfo-primary"));
}

TEST_CASE("RT-ISTIO-20, 24, RT-COMMON-41 [Q]: a change of the Canary is carried out") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    World world = istio(example(), compat);
    require_done(world.reconcile());
    require_done(world.set(split(60, 40, true)));
    world.writes();
    world.edit(json_of_yaml("spec: {service: {timeout: 30s}}"));
    require_done(world.reconcile());
    CHECK(world.writes() == std::vector<std::string>{"PUT VirtualService podinfo"});
    CHECK(world.spec(route)["http"][0]["timeout"] == "30s");
    if (compat == Compat::Strict) {
      CHECK(world.routes() == split(60, 40, true));
      REQUIRE(world.remarks.size() == 1);
      CHECK_THAT(world.remarks[0], Contains("VirtualService podinfo.test") && Contains("60/40"));
    } else {
      CHECK(world.routes() == split(100, 0));
      CHECK(world.remarks.empty());
    }
    world.writes();
    require_done(world.reconcile());
    CHECK(world.writes().empty());
  }
}

TEST_CASE("INV-01, FLT-60: weights that are no split are repaired in strict mode") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    for (const char* odd : {"[30, 30]", "[-10, 110]", "[x, 10]", "[0, 0]"}) {
      World world = istio(example(), compat);
      require_done(world.reconcile());
      json spoiled = *world.api.find(route);
      const json weights = json_of_yaml(odd);
      for (int i : {0, 1}) spoiled["spec"]["http"][0]["route"][i]["weight"] = weights[i];
      world.api.put(route, spoiled);
      world.writes();
      require_done(world.reconcile());
      CHECK(world.writes().size() == (compat == Compat::Strict ? 1 : 0));
      CHECK((world.routes() == split(100, 0)) == (compat == Compat::Strict));
      CHECK(world.remarks.size() == (compat == Compat::Strict ? 1 : 0));
    }
  }
}

TEST_CASE("INV-06: a Canary begins at 100/0, whatever an earlier one left behind") {
  World world = istio(example());
  require_done(world.reconcile());
  require_done(world.set(split(60, 40)));
  world.canary.status.phase = Phase::Initializing;
  require_done(world.reconcile());
  CHECK(world.routes() == split(100, 0));
  world.canary.status.phase = Phase::Progressing;
  require_done(world.set(split(60, 40)));
  require_done(world.reconcile());
  CHECK(world.routes() == split(60, 40));
}

TEST_CASE("INV-34: strict mode writes no routes that are there already") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    World world = istio(example(), compat);
    require_done(world.reconcile());
    require_done(world.set(split(0, 100)));
    world.writes();
    require_done(world.set(split(0, 100)));
    CHECK(world.writes().size() == (compat == Compat::Strict ? 0 : 1));
  }
}

TEST_CASE("RT-COMMON-34, 41: labels alone are repaired without touching the weights") {
  World world = istio(example());
  world.edit(json_of_yaml("spec: {service: {apex: {labels: {team: web}, annotations: {a: b}}}}"));
  require_done(world.reconcile());
  const json metadata = world.at_rest(route)["metadata"];
  CHECK(metadata["labels"] == json_of_yaml("{team: web, app: podinfo}"));  // RT-COMMON-32
  CHECK(metadata["annotations"].size() == 3);
  require_done(world.set(split(60, 40)));
  world.meddle(route, json_of_yaml("metadata: {labels: {foreign: x}, annotations: {foreign: y}}"));
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes() == std::vector<std::string>{"PUT VirtualService podinfo"});
  CHECK(world.at_rest(route)["metadata"] == metadata);
  CHECK(world.routes() == split(60, 40));

  World reference = istio(example(), Compat::Flagger);
  require_done(reference.reconcile());
  require_done(reference.set(split(60, 40)));
  reference.meddle(route, json_of_yaml("metadata: {labels: {foreign: x}}"));
  require_done(reference.reconcile());
  CHECK(reference.routes() == split(100, 0));
}

TEST_CASE("RT-ISTIO-13, RT-COMMON-25: fields that nobody here models are no drift and survive") {
  World world = istio(example());
  require_done(world.reconcile());
  world.meddle(route, json_of_yaml(R"(
spec: {exportTo: ["."], tls: [{match: [{sniHosts: [a]}]}]}
status: {observedGeneration: 3}
)"));
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().empty());
  require_done(world.set(split(90, 10)));
  world.edit(json_of_yaml("spec: {service: {timeout: 30s}}"));
  require_done(world.reconcile());
  const json after = world.at_rest(route);
  CHECK(after["spec"]["exportTo"] == json_of_yaml("['.']"));
  CHECK(after["spec"]["tls"].size() == 1);
  CHECK(after["status"]["observedGeneration"] == 3);
}

TEST_CASE("RT-ISTIO-25, 27: a VirtualService that was there is taken over, and remembered") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    World world = istio(example(), compat);
    put_theirs(world, json_of_yaml("{note: theirs}"));
    require_done(world.reconcile());
    const json after = world.at_rest(route);
    CHECK(after["spec"]["hosts"] == json_of_yaml("[app.example.com, podinfo]"));
    CHECK(after["spec"]["http"].size() == 1);
    CHECK_FALSE(after["metadata"].contains("labels"));
    CHECK_FALSE(after["metadata"].contains("ownerReferences"));
    const json& annotations = after["metadata"]["annotations"];
    CHECK(annotations.size() == 3);  // the toolkit's and ours; the note is gone
    json kept = json::parse(annotations[original_annotation].get<std::string>());
    if (compat == Compat::Strict) {
      CHECK(kept == theirs());
    } else {
      CHECK(kept == json_of_yaml(R"(
hosts: [shop.example.com]
gateways: [their/gateway]
http:
- name: everything
  route:
  - destination: {host: podinfo}
- name: nowhere
)"));
    }
    world.writes();
    require_done(world.reconcile());  // RT-ISTIO-23: the annotation is no drift
    CHECK(world.writes().empty());
  }
}

TEST_CASE("RT-ISTIO-26 [Q]: the first original is kept, the reference keeps the last") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    World world = istio(example(), compat);
    put_theirs(world, {});
    require_done(world.reconcile());
    world.edit(json_of_yaml("spec: {service: {timeout: 30s}}"));
    require_done(world.reconcile());
    const json kept = json::parse(
        world.at_rest(route)["metadata"]["annotations"][original_annotation].get<std::string>());
    CHECK((kept["hosts"] == theirs()["hosts"]) == (compat == Compat::Strict));

    // Somebody writes a whole spec of their own again: that is what they want back.
    json again = world.at_rest(route);
    again["spec"] = theirs();
    again["spec"]["hosts"] = json_of_yaml("[new.example.com]");
    world.api.put(route, again);
    require_done(world.reconcile());
    CHECK(json::parse(world.at_rest(route)["metadata"]["annotations"][original_annotation]
                          .get<std::string>())["hosts"] == json_of_yaml("[new.example.com]"));
  }
}

TEST_CASE("RT-ISTIO-70, 71, 72: finalize gives back what was there") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    World world = istio(example(), compat);
    CHECK_THAT(said(world.finalize()), Contains("VirtualService podinfo.test not found"));
    put_theirs(world, {});
    require_done(world.reconcile());
    require_done(world.set(split(90, 10)));
    const json metadata = world.at_rest(route)["metadata"];
    world.writes();
    require_done(world.finalize());
    CHECK(world.writes() == std::vector<std::string>{"PUT VirtualService podinfo"});
    CHECK(world.at_rest(route)["metadata"] == metadata);
    if (compat == Compat::Strict) {
      CHECK(world.spec(route) == theirs());
    } else {
      json expected = theirs();
      expected["http"][0]["route"][0]["weight"] = 0;
      expected["http"][1].erase("directResponse");
      CHECK(world.spec(route) == expected);
    }
  }
}

TEST_CASE(
    "RT-ISTIO-71: kubectl's annotation goes first, and stays, what is unreadable is refused") {
  World world = istio(example());
  const json applied{{"kind", "VirtualService"}, {"spec", {{"hosts", {"applied.example.com"}}}}};
  put_theirs(world, {{last_applied_annotation, applied.dump()}});
  require_done(world.reconcile());
  CHECK_FALSE(world.at_rest(route)["metadata"]["annotations"].contains(original_annotation));
  CHECK(world.at_rest(route)["metadata"]["annotations"].contains(last_applied_annotation));
  world.writes();
  require_done(world.reconcile());  // RT-ISTIO-23
  CHECK(world.writes().empty());
  require_done(world.finalize());
  CHECK(world.spec(route) == applied["spec"]);

  for (const char* broken : {"{", "[]", R"({"kind": "VirtualService"})"}) {
    world.meddle(route, {{"metadata", {{"annotations", {{last_applied_annotation, broken}}}}}});
    CHECK_THAT(said(world.finalize()),
               Contains("VirtualService podinfo.test") && Contains(last_applied_annotation));
  }
  world.meddle(route, {{"metadata", {{"annotations", {{last_applied_annotation, nullptr}}}}}});
  world.writes();
  require_done(world.finalize());
  CHECK(world.writes().empty());
  REQUIRE(world.remarks.size() == 1);
  CHECK_THAT(world.remarks[0], Contains("VirtualService podinfo.test"));
}

TEST_CASE("RT-ISTIO-30, 34: routes that say little are read as far as they go") {
  World world = istio(example());
  CHECK_THAT(said(world.routes()), Contains("VirtualService podinfo.test not found"));
  CHECK_THAT(said(world.set(split(90, 10))), Contains("VirtualService podinfo.test not found"));
  require_done(world.reconcile());
  const auto read = [&](const char* http) {
    json object = world.at_rest(route);
    object["spec"] = {{"http", json_of_yaml(http)}};
    world.api.put(route, object);
    return world.routes();
  };
  CHECK(read("[{route: [{destination: {host: podinfo-canary}, weight: 100}]}]") == split(0, 100));
  CHECK(read("[{route: [{destination: {host: podinfo-canary}, weight: 40}, "
             "{destination: {host: podinfo-primary}, weight: 60}]}, "
             "{route: [{destination: {host: podinfo-primary}, weight: 1}]}, "
             "{route: [{destination: {host: podinfo-canary}, weight: 30}, "
             "{destination: {host: podinfo-primary}, weight: 70}], mirror: {host: elsewhere}}]") ==
        split(70, 30, true));
  CHECK_FALSE(read("[{route: [{destination: {host: podinfo-primary}, weight: 100}]}]"));
  for (const char* odd : {"[]", "5", "[5, {}, {route: 3}, {route: [5, {destination: {host: 7}}]}]",
                          "[{match: [{headers: 3}], route: [{weight: x}]}]"}) {
    CHECK_THAT(said(read(odd)), Contains("podinfo-primary and podinfo-canary"));
    require_done(world.reconcile());  // nothing here is too odd to be replaced
    CHECK(world.routes() == split(100, 0));
  }
}
