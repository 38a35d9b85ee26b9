#include <catch2/catch.hpp>

#include "tests/live/split_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::test;
using Catch::Matchers::Contains;

namespace {

const std::string plain =
    podinfo("{port: 9898}", "{stepWeight: 10}", {}, "{kuma.io/mesh: default}");

json initial(int primary = 100, int canary = 0) {
  return json_of_yaml(fmt::format(R"(
apiVersion: kuma.io/v1alpha1
kind: TrafficRoute
mesh: default
metadata:
  name: podinfo
  annotations:
    kustomize.toolkit.fluxcd.io/reconcile: disabled
    helm.toolkit.fluxcd.io/driftDetection: disabled
spec:
  sources:
  - match: {{kuma.io/service: "*"}}
  destinations:
  - match: {{kuma.io/service: podinfo_test_svc_9898}}
  conf:
    split:
    - weight: {}
      destination: {{kuma.io/service: podinfo-primary_test_svc_9898}}
    - weight: {}
      destination: {{kuma.io/service: podinfo-canary_test_svc_9898}}
)",
                                  primary, canary));
}

void put(SplitWorld& world, const std::string& spec) {
  world.put(fmt::format(
      "apiVersion: kuma.io/v1alpha1\nkind: TrafficRoute\nmetadata: {{name: podinfo}}\nspec: {}\n",
      spec));
}

const auto kuma = kuma_provider();

}  // namespace

TEST_CASE("RT-KUMA-01..04, RT-KUMA-11, RT-KUMA-17: the page's objects") {
  SplitWorld world(plain, GENERATE(Compat::Strict, Compat::Flagger));
  REQUIRE(writes_in(world.reconcile(*kuma)) == 1);
  CHECK(world.get("TrafficRoute", "podinfo") == initial());  // no namespace, no owner
  CHECK(writes_in(world.reconcile(*kuma)) == 0);
  REQUIRE(writes_in(world.set(*kuma, split(90, 10))) == 1);
  CHECK(world.get("TrafficRoute", "podinfo") == initial(90, 10));
  CHECK(world.routes(*kuma) == split(90, 10));
  CHECK(writes_in(world.reconcile(*kuma)) == 0);
  REQUIRE(writes_in(world.set(*kuma, split(0, 100))) == 1);
  CHECK(world.get("TrafficRoute", "podinfo") == initial(0, 100));
  REQUIRE(writes_in(world.set(*kuma, {.primary = 100_pct, .canary = 0_pct, .mirrored = true})) ==
          1);
  CHECK(world.get("TrafficRoute", "podinfo") == initial());
  CHECK(world.routes(*kuma) == split(100, 0));
}

TEST_CASE("RT-KUMA-02: the mesh is written once and never compared") {
  SplitWorld world(podinfo("{port: 9898}", "{stepWeight: 10}", {}, "{kuma.io/mesh: second}"));
  REQUIRE(writes_in(world.reconcile(*kuma)) == 1);
  CHECK(world.get("TrafficRoute", "podinfo")["mesh"] == "second");
  world.edit(podinfo("{port: 9898}"));
  CHECK(writes_in(world.reconcile(*kuma)) == 0);
  CHECK(world.get("TrafficRoute", "podinfo")["mesh"] == "second");

  SplitWorld unnamed(podinfo("{port: 9898}"));
  REQUIRE(writes_in(unnamed.reconcile(*kuma)) == 1);
  CHECK(unnamed.get("TrafficRoute", "podinfo")["mesh"] == "default");
}

TEST_CASE("RT-KUMA-05, RT-COMMON-40, RT-COMMON-41: drift is repaired") {
  const Compat compat = GENERATE(Compat::Strict, Compat::Flagger);
  SplitWorld world(plain, compat);
  REQUIRE(writes_in(world.reconcile(*kuma)) == 1);
  REQUIRE(writes_in(world.set(*kuma, split(70, 30))) == 1);
  SECTION("sources") {
    world.change("TrafficRoute", "podinfo",
                 R"([{"op": "replace", "path": "/spec/sources/0/match/kuma.io~1service",
                      "value": "web"}])");
  }
  SECTION("destinations") {
    world.change("TrafficRoute", "podinfo", R"([{"op": "remove", "path": "/spec/destinations"}])");
  }
  SECTION("annotations") {
    world.change("TrafficRoute", "podinfo",
                 R"([{"op": "add", "path": "/metadata/annotations/x", "value": "y"}])");
  }
  REQUIRE(writes_in(world.reconcile(*kuma)) == 1);
  CHECK(world.get("TrafficRoute", "podinfo") ==
        (compat == Compat::Strict ? initial(70, 30) : initial()));
  CHECK(writes_in(world.reconcile(*kuma)) == 0);
}

TEST_CASE("RT-KUMA-05, RT-COMMON-25: the rest of `conf` survives") {
  SplitWorld world(plain);
  REQUIRE(writes_in(world.reconcile(*kuma)) == 1);
  world.change("TrafficRoute", "podinfo",
               R"([{"op": "add", "path": "/spec/conf/loadBalancer", "value": {"leastRequest": {}}},
                   {"op": "add", "path": "/spec/conf/split/0/future", "value": 1}])");
  CHECK(writes_in(world.reconcile(*kuma)) == 0);
  REQUIRE(writes_in(world.set(*kuma, split(90, 10))) == 1);
  const json conf = world.spec("TrafficRoute", "podinfo")["conf"];
  CHECK(conf["loadBalancer"].contains("leastRequest"));
  CHECK(conf["split"][0]["future"] == 1);
}

TEST_CASE("RT-KUMA-06: a second Canary of the same apex name is refused, the first undisturbed") {
  SplitWorld world(plain);
  put(world,
      "{sources: [{match: {kuma.io/service: \"*\"}}], "
      "destinations: [{match: {kuma.io/service: podinfo_prod_svc_9898}}], "
      "conf: {split: [{weight: 70, destination: {kuma.io/service: podinfo-primary_prod_svc_9898}}, "
      "{weight: 30, destination: {kuma.io/service: podinfo-canary_prod_svc_9898}}]}}");
  const json before = world.get("TrafficRoute", "podinfo");
  for (const std::string& said : {error_in(world.reconcile(*kuma)), error_in(world.routes(*kuma)),
                                  error_in(world.set(*kuma, split(100, 0)))})
    CHECK_THAT(said, Contains("TrafficRoute podinfo") && Contains("namespace prod") &&
                         Contains("namespace test"));
  CHECK(world.get("TrafficRoute", "podinfo") == before);

  world.settings.compat = Compat::Flagger;  // overwrites it
  CHECK(writes_in(world.reconcile(*kuma)) == 1);
}

TEST_CASE("RT-KUMA-06: an object that is nobody's is taken over") {
  const char* const destination =
      GENERATE("podinfo_test_svc_80", "\"*\"", "podinfo", "web_prod_svc_80", "podinfo_x", "7");
  SplitWorld world(plain);
  put(world, fmt::format("{{destinations: [{{match: {{kuma.io/service: {}}}}}]}}", destination));
  REQUIRE(writes_in(world.reconcile(*kuma)) == 1);
  CHECK(world.spec("TrafficRoute", "podinfo") == initial()["spec"]);
}

TEST_CASE("RT-KUMA-07: the apex annotations land on the route") {
  SplitWorld world(
      podinfo("{port: 9898, apex: {annotations: {9898.service.kuma.io/protocol: http}}}"));
  REQUIRE(writes_in(world.reconcile(*kuma)) == 1);
  const json metadata = world.get("TrafficRoute", "podinfo")["metadata"];
  CHECK(metadata["annotations"]["9898.service.kuma.io/protocol"] == "http");
  CHECK(metadata["labels"] == json_of_yaml("{app: podinfo}"));
}

TEST_CASE("RT-KUMA-08, RT-COMMON-20, RT-COMMON-21: what it cannot do is said") {
  SplitWorld world(podinfo("{port: 9898}", ab("[{headers: {x: {exact: y}}}]")));
  REQUIRE(writes_in(world.reconcile(*kuma)) == 1);
  const auto all = world.set(*kuma, {.primary = 0_pct, .canary = 100_pct, .mirrored = true});
  REQUIRE(writes_in(all) == 1);
  REQUIRE(all->remarks.size() == 2);
  CHECK_THAT(all->remarks[0], Contains("kuma") && Contains("RT-COMMON-20"));
  CHECK_THAT(all->remarks[1], Contains("kuma") && Contains("RT-COMMON-21"));
  CHECK(world.routes(*kuma) == split(0, 100));
  world.settings.compat = Compat::Flagger;
  CHECK(world.set(*kuma, split(0, 100))->remarks.empty());
}

TEST_CASE(
    "RT-KUMA-10, RT-KUMA-15: the last entry of the primary wins, without one it is an error") {
  SplitWorld world(plain, GENERATE(Compat::Strict, Compat::Flagger));
  CHECK_THAT(error_in(world.routes(*kuma)), Contains("TrafficRoute podinfo not found"));
  CHECK(world.set(*kuma, split(90, 10)).error().kind == ErrorKind::NotFound);
  for (const char* spec : {"{}", "{conf: {}}", "{conf: {split: []}}", "{conf: {split: [null, 5]}}",
                           "{conf: {split: [{weight: 100}]}}", "{conf: 5}", "[]",
                           "{conf: {split: [{weight: 1, destination: {kuma.io/service: x_y}}]}}"}) {
    INFO(spec);
    put(world, spec);
    CHECK_THAT(error_in(world.routes(*kuma)), Contains("no entry of podinfo-primary"));
  }
  put(world,
      "{conf: {split: [{weight: 20, destination: {kuma.io/service: podinfo-primary}}, "
      "{weight: 60, destination: {kuma.io/service: podinfo-primary_other_svc_1}}]}}");
  CHECK(world.routes(*kuma) == split(60, 40));
  put(world, "{conf: {split: [{weight: x, destination: {kuma.io/service: podinfo-primary}}]}}");
  CHECK_THAT(error_in(world.routes(*kuma)), Contains("no whole number"));
  REQUIRE(writes_in(world.reconcile(*kuma)) == 1);
  CHECK(world.spec("TrafficRoute", "podinfo") == initial()["spec"]);
}

TEST_CASE("RT-KUMA-16: nothing is undone") {
  SplitWorld world(plain);
  REQUIRE(writes_in(world.reconcile(*kuma)) == 1);
  CHECK(writes_in(world.finalize(*kuma)) == 0);
  CHECK(world.get("TrafficRoute", "podinfo") == initial());
}
