#include <catch2/catch.hpp>

#include "tests/live/split_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::test;
using Catch::Matchers::Contains;

namespace {

const char* const service =
    "{port: 80, targetPort: 9898, apex: {labels: {team: web}, annotations: {note: x}}}";

json initial() {
  return json_of_yaml(fmt::format(R"(
apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata:
  name: podinfo
  namespace: test
  labels: {{app: podinfo, team: web}}
  annotations:
    note: x
    kustomize.toolkit.fluxcd.io/reconcile: disabled
    helm.toolkit.fluxcd.io/driftDetection: disabled
  ownerReferences:
  - {}
spec:
  weighted:
    services:
    - {{name: podinfo-primary, namespace: test, port: 80, weight: 100}}
)",
                                  owner));
}

json weighted(const char* services) {
  return json_of_yaml(fmt::format("{{weighted: {{services: {}}}}}", services));
}

const auto traefik = traefik_provider();

}  // namespace

TEST_CASE("RT-TRAEFIK-01..03, RT-TRAEFIK-11, RT-TRAEFIK-17: the page's objects") {
  const Compat compat = GENERATE(Compat::Strict, Compat::Flagger);
  SplitWorld world(podinfo(service), compat);
  REQUIRE(writes_in(world.reconcile(*traefik)) == 1);
  CHECK(world.get("TraefikService", "podinfo") == initial());
  CHECK(writes_in(world.reconcile(*traefik)) == 0);
  CHECK(world.routes(*traefik) == split(100, 0));

  REQUIRE(writes_in(world.set(*traefik, split(90, 10))) == 1);
  CHECK(world.spec("TraefikService", "podinfo") ==
        weighted("[{name: podinfo-primary, namespace: test, port: 80, weight: 90}, "
                 "{name: podinfo-canary, namespace: test, port: 80, weight: 10}]"));
  CHECK(world.routes(*traefik) == split(90, 10));
  CHECK(writes_in(world.reconcile(*traefik)) == 0);

  REQUIRE(writes_in(world.set(*traefik, split(0, 100))) == 1);
  // RT-TRAEFIK-03 [Q]: Traefik would send one request in 101 to an entry without a weight.
  CHECK(world.spec("TraefikService", "podinfo") ==
        weighted(compat == Compat::Strict
                     ? "[{name: podinfo-primary, namespace: test, port: 80, weight: 0}, "
                       "{name: podinfo-canary, namespace: test, port: 80, weight: 100}]"
                     : "[{name: podinfo-primary, namespace: test, port: 80}, "
                       "{name: podinfo-canary, namespace: test, port: 80, weight: 100}]"));
  CHECK(world.routes(*traefik) == split(0, 100));
  CHECK(writes_in(world.reconcile(*traefik)) == 0);

  REQUIRE(writes_in(world.set(*traefik, {.primary = 100_pct, .canary = 0_pct, .mirrored = true})) ==
          1);
  CHECK(world.get("TraefikService", "podinfo") == initial());
}

TEST_CASE("RT-TRAEFIK-04: a repair writes 100 and 100 in compat, the live weights in strict mode") {
  const Compat compat = GENERATE(Compat::Strict, Compat::Flagger);
  SplitWorld world(podinfo(service), compat);
  REQUIRE(writes_in(world.reconcile(*traefik)) == 1);
  const bool both = GENERATE(false, true);
  if (both) REQUIRE(writes_in(world.set(*traefik, split(70, 30))) == 1);
  SECTION("port") {
    world.change("TraefikService", "podinfo",
                 R"([{"op": "replace", "path": "/spec/weighted/services/0/port", "value": 81}])");
  }
  SECTION("labels") {
    world.change("TraefikService", "podinfo",
                 R"([{"op": "remove", "path": "/metadata/labels/team"}])");
  }
  REQUIRE(writes_in(world.reconcile(*traefik)) == 1);
  json expected = initial();
  if (both && compat == Compat::Flagger)
    expected["spec"] = weighted(
        "[{name: podinfo-primary, namespace: test, port: 80, weight: 100}, "
        "{name: podinfo-canary, namespace: test, port: 80, weight: 100}]");
  if (both && compat == Compat::Strict)
    expected["spec"] = weighted(
        "[{name: podinfo-primary, namespace: test, port: 80, weight: 70}, "
        "{name: podinfo-canary, namespace: test, port: 80, weight: 30}]");
  CHECK(world.get("TraefikService", "podinfo") == expected);
  CHECK(writes_in(world.reconcile(*traefik)) == 0);
}

TEST_CASE("RT-TRAEFIK-04: two listed entries at 100/0 are no drift") {
  SplitWorld world(podinfo("{port: 80}"), GENERATE(Compat::Strict, Compat::Flagger));
  REQUIRE(writes_in(world.reconcile(*traefik)) == 1);
  world.change("TraefikService", "podinfo",
               R"([{"op": "add", "path": "/spec/weighted/services/-", "value":
                 {"name": "podinfo-canary", "namespace": "test", "port": 80, "weight": 0}}])");
  CHECK(writes_in(world.reconcile(*traefik)) == 0);
}

TEST_CASE("RT-TRAEFIK-03: strict mode writes the 0 that the reference left out") {
  SplitWorld world(podinfo("{port: 80}"), Compat::Flagger);
  REQUIRE(writes_in(world.reconcile(*traefik)) == 1);
  REQUIRE(writes_in(world.set(*traefik, split(0, 100))) == 1);
  world.settings.compat = Compat::Strict;  // taken over
  REQUIRE(writes_in(world.reconcile(*traefik)) == 1);
  CHECK(world.spec("TraefikService", "podinfo")["weighted"]["services"][0]["weight"] == 0);
  CHECK(world.routes(*traefik) == split(0, 100));
}

TEST_CASE("FLT-60: weights that say another thing than they do are repaired in strict mode") {
  const char* const services =
      GENERATE("[{name: podinfo-primary, namespace: test, port: 80, weight: 60}]",
               "[{name: podinfo-primary, namespace: test, port: 80}]",
               "[{name: podinfo-primary, namespace: test, port: 80, weight: 100}, "
               "{name: podinfo-canary, namespace: test, port: 80, weight: 100}]",
               "[{name: podinfo-primary, namespace: test, port: 80, weight: 100}, "
               "{name: podinfo-canary, namespace: test, port: 80}]");
  INFO(services);
  SplitWorld world(podinfo("{port: 80}"));
  REQUIRE(writes_in(world.reconcile(*traefik)) == 1);
  json edited = world.get("TraefikService", "podinfo");
  edited["spec"] = weighted(services);
  world.put_object(edited);
  REQUIRE(writes_in(world.reconcile(*traefik)) == 1);
  for (const json& entry : world.spec("TraefikService", "podinfo")["weighted"]["services"])
    CHECK(entry["weight"] == (entry["name"] == "podinfo-primary" ? 100 : 0));
  CHECK(writes_in(world.reconcile(*traefik)) == 0);
}

TEST_CASE("RT-TRAEFIK-05: an object without `weighted` has no entries") {
  const Compat compat = GENERATE(Compat::Strict, Compat::Flagger);
  const char* const spec =
      GENERATE("{}", "{mirroring: {name: x}}", "{weighted: {}}", "{weighted: null}",
               "{weighted: {services: []}}", "{weighted: {services: [null, 3]}}", "7");
  INFO(spec);
  SplitWorld world(podinfo("{port: 80}"), compat);
  world.put(
      fmt::format("apiVersion: traefik.io/v1alpha1\nkind: TraefikService\n"
                  "metadata: {{name: podinfo, namespace: test}}\nspec: {}\n",
                  spec));
  if (std::string_view{spec}.find("3]") == std::string_view::npos) {
    CHECK_THAT(error_in(world.routes(*traefik)),
               Contains("TraefikService podinfo.test") && Contains("no weighted services"));
  } else {
    CHECK(world.routes(*traefik) == split(0, 0));  // RT-TRAEFIK-10, RT-COMMON-43
  }
  REQUIRE(writes_in(world.reconcile(*traefik)) == 1);
  const json after = world.spec("TraefikService", "podinfo");
  CHECK(after["weighted"]["services"][0] ==
        json_of_yaml("{name: podinfo-primary, namespace: test, port: 80, weight: 100}"));
  if (std::string_view{spec}.find("mirroring") != std::string_view::npos)
    CHECK(after["mirroring"]["name"] == "x");
  CHECK(writes_in(world.reconcile(*traefik)) == 0);
  REQUIRE(writes_in(world.set(*traefik, split(50, 50))) == 1);
  CHECK(world.routes(*traefik) == split(50, 50));
}

TEST_CASE("RT-TRAEFIK-05, RT-COMMON-25: sticky sessions and further settings survive") {
  SplitWorld world(podinfo("{port: 80}"));
  REQUIRE(writes_in(world.reconcile(*traefik)) == 1);
  world.change("TraefikService", "podinfo", R"([
    {"op": "add", "path": "/spec/weighted/sticky", "value": {"cookie": {"name": "s"}}},
    {"op": "add", "path": "/spec/weighted/services/0/passHostHeader", "value": true}])");
  CHECK(writes_in(world.reconcile(*traefik)) == 0);
  REQUIRE(writes_in(world.set(*traefik, split(90, 10))) == 1);
  CHECK(world.spec("TraefikService", "podinfo") == json_of_yaml(R"(
weighted:
  sticky: {cookie: {name: s}}
  services:
  - {name: podinfo-primary, namespace: test, port: 80, weight: 90, passHostHeader: true}
  - {name: podinfo-canary, namespace: test, port: 80, weight: 10}
)"));
}

TEST_CASE("RT-TRAEFIK-06, RT-COMMON-20, RT-COMMON-21: what it cannot do is said") {
  SplitWorld world(podinfo("{port: 80}", ab("[{headers: {x: {exact: y}}}]")));
  REQUIRE(writes_in(world.reconcile(*traefik)) == 1);
  const auto all = world.set(*traefik, {.primary = 0_pct, .canary = 100_pct, .mirrored = true});
  REQUIRE(writes_in(all) == 1);
  REQUIRE(all->remarks.size() == 2);
  CHECK_THAT(all->remarks[0], Contains("traefik") && Contains("RT-COMMON-20"));
  CHECK_THAT(all->remarks[1], Contains("traefik") && Contains("RT-COMMON-21"));
  CHECK(world.routes(*traefik) == split(0, 100));
  world.settings.compat = Compat::Flagger;
  CHECK(world.set(*traefik, split(0, 100))->remarks.empty());
}

TEST_CASE("RT-TRAEFIK-11, RT-TRAEFIK-15, RT-TRAEFIK-16: errors, and nothing to undo") {
  SplitWorld world(podinfo("{port: 80}"));
  CHECK(world.set(*traefik, split(0, 0)).error().kind == ErrorKind::Invalid);  // RT-09
  CHECK_THAT(error_in(world.set(*traefik, split(90, 10))),
             Contains("TraefikService podinfo.test not found"));
  CHECK(world.routes(*traefik).error().kind == ErrorKind::NotFound);
  CHECK(writes_in(world.finalize(*traefik)) == 0);
}
