#include <catch2/catch.hpp>

#include "tests/live/split_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::test;
using Catch::Matchers::Contains;

namespace {

const std::string plain = podinfo("{port: 80}");

json initial(const std::string& version, const std::string& none, const std::string& all) {
  return json_of_yaml(fmt::format(R"(
apiVersion: split.smi-spec.io/{}
kind: TrafficSplit
metadata:
  name: podinfo
  namespace: test
  ownerReferences:
  - {}
spec:
  service: podinfo
  backends:
  - {{service: podinfo-canary, weight: {}}}
  - {{service: podinfo-primary, weight: {}}}
)",
                                  version, owner, none, all));
}

json split_spec(const std::string& canary, const std::string& primary) {
  return json_of_yaml(fmt::format(R"(
service: podinfo
backends:
- {{service: podinfo-canary, weight: {}}}
- {{service: podinfo-primary, weight: {}}}
)",
                                  canary, primary));
}

}  // namespace

TEST_CASE("RT-SMI-05, RT-SMI-07: v1alpha2 from nothing, weight 10, promotion: the page's objects") {
  SplitWorld world(plain);
  const auto smi = smi_provider("v1alpha2", "smi:v1alpha2");
  REQUIRE(writes_in(world.reconcile(*smi)) == 1);
  CHECK(world.get("TrafficSplit", "podinfo") == initial("v1alpha2", "0", "100"));
  CHECK(writes_in(world.reconcile(*smi)) == 0);  // RT-COMMON-40

  REQUIRE(writes_in(world.set(*smi, split(90, 10))) == 1);
  CHECK(world.spec("TrafficSplit", "podinfo") == split_spec("10", "90"));
  CHECK(world.routes(*smi) == split(90, 10));
  CHECK(writes_in(world.reconcile(*smi)) == 0);

  REQUIRE(writes_in(world.set(*smi, {.primary = 100_pct, .canary = 0_pct, .mirrored = true})) == 1);
  CHECK(world.get("TrafficSplit", "podinfo") == initial("v1alpha2", "0", "100"));
  CHECK(world.routes(*smi) == split(100, 0));
}

TEST_CASE("RT-OSM-01, RT-OSM-02, RT-OSM-03: osm is v1alpha2, without the annotation") {
  SplitWorld world(podinfo("{port: 80, gateways: [mesh]}"));
  const auto osm = smi_provider("v1alpha2", "osm");
  REQUIRE(writes_in(world.reconcile(*osm)) == 1);
  CHECK(world.get("TrafficSplit", "podinfo") == initial("v1alpha2", "0", "100"));
  REQUIRE(writes_in(world.set(*osm, split(90, 10))) == 1);
  CHECK(world.spec("TrafficSplit", "podinfo") == split_spec("10", "90"));
  CHECK(writes_in(world.finalize(*osm)) == 0);
}

TEST_CASE("RT-LINKERD-01, RT-LINKERD-02: linkerd is v1alpha1, whose weights are texts") {
  SplitWorld world(podinfo("{port: 9898, gateways: [mesh]}"));
  const auto linkerd = smi_provider("v1alpha1", "linkerd");
  REQUIRE(writes_in(world.reconcile(*linkerd)) == 1);
  CHECK(world.get("TrafficSplit", "podinfo") == initial("v1alpha1", R"("0")", R"("100")"));
  REQUIRE(writes_in(world.set(*linkerd, split(90, 10))) == 1);
  CHECK(world.spec("TrafficSplit", "podinfo") == split_spec(R"("10")", R"("90")"));
  CHECK(world.routes(*linkerd) == split(90, 10));
  CHECK(writes_in(world.reconcile(*linkerd)) == 0);
  REQUIRE(writes_in(world.set(*linkerd, split(100, 0))) == 1);
  CHECK(world.get("TrafficSplit", "podinfo") == initial("v1alpha1", R"("0")", R"("100")"));
}

TEST_CASE("RT-SMI-01, RT-SMI-06, RT-SMI-09: a split for the mesh istio names host and gateways") {
  SplitWorld world(podinfo(
      "{port: 80, hosts: [app.example.com], gateways: [istio-system/public-gateway, mesh]}"));
  const auto smi = smi_provider("v1alpha1", "istio");
  REQUIRE(writes_in(world.reconcile(*smi)) == 1);
  REQUIRE(writes_in(world.set(*smi, split(90, 10))) == 1);
  json expected = json_of_yaml(R"(
apiVersion: split.smi-spec.io/v1alpha1
kind: TrafficSplit
metadata:
  name: podinfo
  namespace: test
  annotations:
    VirtualService.v1alpha3.networking.istio.io/spec.gateways: '["istio-system/public-gateway","mesh"]'
spec:
  service: app.example.com
  backends:
  - {service: podinfo-canary, weight: "10"}
  - {service: podinfo-primary, weight: "90"}
)");
  json found = world.get("TrafficSplit", "podinfo");
  found["metadata"].erase("ownerReferences");
  CHECK(found == expected);
  // On creation only.
  world.change("TrafficSplit", "podinfo", R"([{"op": "remove", "path": "/metadata/annotations"}])");
  CHECK(writes_in(world.reconcile(*smi)) == 0);
}

TEST_CASE("RT-SMI-02: without gateways, or for another mesh, there is no annotation") {
  for (const char* mesh : {"smi:v1alpha1", "linkerd"}) {
    SplitWorld world(podinfo("{port: 80, gateways: [mesh]}"));
    REQUIRE(writes_in(world.reconcile(*smi_provider("v1alpha1", mesh))) == 1);
    CHECK_FALSE(world.get("TrafficSplit", "podinfo")["metadata"].contains("annotations"));
  }
  SplitWorld world(plain);
  REQUIRE(writes_in(world.reconcile(*smi_provider("v1alpha1", "istio"))) == 1);
  CHECK_FALSE(world.get("TrafficSplit", "podinfo")["metadata"].contains("annotations"));
}

TEST_CASE("RT-SMI-10: drift is repaired, and the table's 0/100 is written, in compat") {
  SplitWorld world(plain, Compat::Flagger);
  const auto smi = smi_provider("v1alpha3", "smi:v1alpha3");
  REQUIRE(writes_in(world.reconcile(*smi)) == 1);
  REQUIRE(writes_in(world.set(*smi, split(70, 30))) == 1);

  SECTION("another service") {
    world.change("TrafficSplit", "podinfo",
                 R"([{"op": "replace", "path": "/spec/service", "value": "other"}])");
  }
  SECTION("backends in another order") {
    world.change("TrafficSplit", "podinfo",
                 R"([{"op": "move", "from": "/spec/backends/0", "path": "/spec/backends/1"}])");
  }
  SECTION("one backend more") {
    world.change(
        "TrafficSplit", "podinfo",
        R"([{"op": "add", "path": "/spec/backends/-", "value": {"service": "x", "weight": 5}}])");
  }
  SECTION("matches of v1alpha3") {
    world.change("TrafficSplit", "podinfo",
                 R"([{"op": "add", "path": "/spec/matches", "value": [{"name": "x"}]}])");
  }
  SECTION("no backends at all") {
    world.change("TrafficSplit", "podinfo", R"([{"op": "remove", "path": "/spec/backends"}])");
  }
  SECTION("no spec at all") {
    world.change("TrafficSplit", "podinfo", R"([{"op": "remove", "path": "/spec"}])");
  }
  REQUIRE(writes_in(world.reconcile(*smi)) == 1);
  CHECK(world.get("TrafficSplit", "podinfo") == initial("v1alpha3", "0", "100"));
  CHECK(writes_in(world.reconcile(*smi)) == 0);
}

TEST_CASE("RT-COMMON-41: strict mode keeps the live weights over a repair, and says so") {
  SplitWorld world(plain);
  const auto smi = smi_provider("v1alpha3", "smi:v1alpha3");
  REQUIRE(writes_in(world.reconcile(*smi)) == 1);
  REQUIRE(writes_in(world.set(*smi, split(70, 30))) == 1);
  world.change("TrafficSplit", "podinfo",
               R"([{"op": "add", "path": "/spec/matches", "value": [{"name": "x"}]}])");
  const auto repaired = world.reconcile(*smi);
  REQUIRE(writes_in(repaired) == 1);
  REQUIRE(repaired->remarks.size() == 1);
  CHECK_THAT(repaired->remarks[0], Contains("RT-COMMON-41") && Contains("70/30"));
  CHECK(world.spec("TrafficSplit", "podinfo") == split_spec("30", "70"));
}

TEST_CASE(
    "FLT-60, INV-01: strict mode repairs weights that may not be written, compat reads them") {
  const auto [primary, canary] = GENERATE(table<std::string, std::string>({
      {"60", "60"},
      {"150", "-50"},
      {"-1", "101"},
      {"100.5", "0"},
      {R"("many")", "0"},
      {"{}", "[]"},
      {"1e300", "0"},
      {"9223372036854775807", "1"},
  }));
  const auto smi = smi_provider("v1alpha2", "smi:v1alpha2");
  const std::string patch = fmt::format(R"([{{"op": "replace", "path": "/spec/backends", "value": [
      {{"service": "podinfo-canary", "weight": {}}},
      {{"service": "podinfo-primary", "weight": {}}}]}}])",
                                        canary, primary);
  INFO(patch);
  SplitWorld strict(plain);
  REQUIRE(writes_in(strict.reconcile(*smi)) == 1);
  strict.change("TrafficSplit", "podinfo", patch);
  REQUIRE(writes_in(strict.reconcile(*smi)) == 1);
  CHECK(strict.spec("TrafficSplit", "podinfo") == split_spec("0", "100"));

  SplitWorld compat(plain, Compat::Flagger);
  REQUIRE(writes_in(compat.reconcile(*smi)) == 1);
  compat.change("TrafficSplit", "podinfo", patch);
  CHECK(writes_in(compat.reconcile(*smi)) == 0);  // RT-COMMON-40: weights are never drift
  const auto read = compat.routes(*smi);
  if (primary == "60" || primary == "150" || primary == "-1") {
    CHECK(read == split(std::stoi(primary), std::stoi(canary)));
  } else {
    CHECK_THAT(error_in(read),
               Contains("TrafficSplit podinfo.test") && Contains("no whole number"));
  }
}

TEST_CASE("RT-SMI-08, RT-SMI-15: v1alpha1 reads texts and numbers, what is not whole counts as 0") {
  const auto linkerd = smi_provider("v1alpha1", "linkerd");
  const auto read = [&](const char* canary, const char* primary) {
    SplitWorld world(plain, Compat::Flagger);
    world.put(fmt::format(R"(
apiVersion: split.smi-spec.io/v1alpha1
kind: TrafficSplit
metadata: {{name: podinfo, namespace: test}}
spec: {{service: podinfo, backends: [{{service: podinfo-canary, weight: {}}}, {{service: podinfo-primary, weight: {}}}]}}
)",
                          canary, primary));
    return world.routes(*linkerd);
  };
  CHECK(read("10", R"("90")") == split(90, 10));
  CHECK(read(R"("500m")", R"("90")") == split(90, 0));
  CHECK_THAT(error_in(read(R"("half")", R"("half")")), Contains("both weigh 0"));
}

TEST_CASE("RT-SMI-15, RT-SMI-20: what cannot be read is an error that names the object") {
  SplitWorld world(plain);
  const auto smi = smi_provider("v1alpha2", "smi:v1alpha2");
  CHECK(world.routes(*smi).error().kind == ErrorKind::NotFound);
  CHECK_THAT(error_in(world.routes(*smi)), Contains("TrafficSplit podinfo.test not found"));
  CHECK(world.set(*smi, split(90, 10)).error().kind == ErrorKind::NotFound);

  for (const char* spec : {"{}", "{backends: []}", "{backends: 7}", "{backends: [1, null, {}]}",
                           "{backends: [{service: other, weight: 100}]}"}) {
    world.put(
        fmt::format("apiVersion: split.smi-spec.io/v1alpha2\nkind: TrafficSplit\n"
                    "metadata: {{name: podinfo, namespace: test}}\nspec: {}\n",
                    spec));
    INFO(spec);
    CHECK_THAT(error_in(world.routes(*smi)), Contains("both weigh 0"));
    REQUIRE(writes_in(world.set(*smi, split(90, 10))) == 1);
    CHECK(world.routes(*smi) == split(90, 10));
  }
}

TEST_CASE("RT-SMI-16: set-routes replaces the backends and leaves everything else as read") {
  SplitWorld world(plain);
  const auto smi = smi_provider("v1alpha3", "smi:v1alpha3");
  world.put(R"(
apiVersion: split.smi-spec.io/v1alpha3
kind: TrafficSplit
metadata: {name: podinfo, namespace: test, labels: {team: web}, managedFields: [{manager: other}]}
spec:
  service: elsewhere
  matches: [{kind: HTTPRouteGroup, name: x}]
  future: {field: 1}
  backends:
  - {service: podinfo-primary, weight: 100, future: 2}
  - {service: third, weight: 0}
)");
  REQUIRE(writes_in(world.set(*smi, split(90, 10))) == 1);
  CHECK(world.get("TrafficSplit", "podinfo") == json_of_yaml(R"(
apiVersion: split.smi-spec.io/v1alpha3
kind: TrafficSplit
metadata: {name: podinfo, namespace: test, labels: {team: web}, managedFields: [{manager: other}]}
spec:
  service: elsewhere
  matches: [{kind: HTTPRouteGroup, name: x}]
  future: {field: 1}
  backends:
  - {service: podinfo-canary, weight: 10}
  - {service: podinfo-primary, weight: 90, future: 2}
)"));
}

TEST_CASE("RT-SMI-17, RT-LINKERD-05, RT-COMMON-20, RT-COMMON-21: what it cannot do is said") {
  const auto smi = smi_provider("v1alpha1", "linkerd");
  const std::string matching = podinfo("{port: 80}", ab("[{headers: {x: {exact: y}}}]"));
  SplitWorld strict(matching), compat(matching, Compat::Flagger);
  for (SplitWorld* world : {&strict, &compat}) {
    REQUIRE(writes_in(world->reconcile(*smi)) == 1);
    const auto all = world->set(*smi, {.primary = 0_pct, .canary = 100_pct, .mirrored = true});
    REQUIRE(writes_in(all) == 1);
    CHECK(world->routes(*smi) == split(0, 100));
    if (world == &compat) {
      CHECK(all->remarks.empty());
    } else {
      REQUIRE(all->remarks.size() == 2);
      CHECK_THAT(all->remarks[0], Contains("linkerd") && Contains("RT-COMMON-20"));
      CHECK_THAT(all->remarks[1], Contains("Canary podinfo.test") && Contains("RT-COMMON-21"));
    }
    CHECK(world->set(*smi, split(100, 0))->remarks.empty());
  }
  // Once: what is there already is neither written nor said again.
  REQUIRE(writes_in(strict.set(*smi, split(0, 100))) == 1);
  CHECK(strict.set(*smi, split(0, 100))->remarks.empty());
  // RT-COMMON-19: without iterations the weights move, and `match` is only ignored.
  SplitWorld weights(
      podinfo("{port: 80}", "{stepWeight: 10, match: [{headers: {x: {exact: y}}}]}"));
  REQUIRE(writes_in(weights.reconcile(*smi)) == 1);
  CHECK(weights.set(*smi, split(90, 10))->remarks.empty());
}

TEST_CASE(
    "INV-06: weights that an earlier Canary left behind go while the new one is initialized") {
  SplitWorld world(plain);
  const auto smi = smi_provider("v1alpha2", "osm");
  REQUIRE(writes_in(world.reconcile(*smi)) == 1);
  REQUIRE(writes_in(world.set(*smi, split(40, 60))) == 1);
  world.canary.status.phase = Phase::Progressing;
  CHECK(writes_in(world.reconcile(*smi)) == 0);
  world.canary.status.phase = Phase::Initializing;
  REQUIRE(writes_in(world.reconcile(*smi)) == 1);
  CHECK(world.routes(*smi) == split(100, 0));
  CHECK(writes_in(world.reconcile(*smi)) == 0);
}

TEST_CASE("RT-SMI-21, RT-SMI-22: nothing is undone, and names are short") {
  SplitWorld world(podinfo("{port: 80, name: web}"));
  const auto smi = smi_provider("v1alpha2", "smi:v1alpha2");
  REQUIRE(writes_in(world.reconcile(*smi)) == 1);
  CHECK(world.spec("TrafficSplit", "web") == json_of_yaml(R"(
service: web
backends: [{service: web-canary, weight: 0}, {service: web-primary, weight: 100}]
)"));
  CHECK(writes_in(world.finalize(*smi)) == 0);
}

TEST_CASE("RT-COMMON-35, RT-COMMON-60: on another API server there is no owner reference") {
  SplitWorld world(plain);
  world.settings.owner_references = false;
  REQUIRE(writes_in(world.reconcile(*smi_provider("v1alpha2", "osm"))) == 1);
  CHECK_FALSE(world.get("TrafficSplit", "podinfo")["metadata"].contains("ownerReferences"));
}

TEST_CASE("RT-COMMON-22: compat writes a split again that is there already, strict mode does not") {
  const auto smi = smi_provider("v1alpha2", "osm");
  SplitWorld strict(plain), compat(plain, Compat::Flagger);
  for (SplitWorld* world : {&strict, &compat}) REQUIRE(writes_in(world->reconcile(*smi)) == 1);
  CHECK(writes_in(strict.set(*smi, split(100, 0))) == 0);
  CHECK(writes_in(compat.set(*smi, split(100, 0))) == 1);
}
