#include "tests/live/route_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using Catch::Matchers::Contains;

// The worked examples of spec/routing/knative.md, and what people do to them.

namespace {

const ObjectPath service = World::path({"serving.knative.dev", "v1", "services"}, "podinfo");

struct Knative : World {
  explicit Knative(Compat compat = Compat::Strict)
      : World{canary_of("knative", "{port: 80}", "{interval: 1m, threshold: 5, stepWeight: 10}",
                        "targetRef: {apiVersion: serving.knative.dev/v1, kind: Service, name: "
                        "podinfo}"),
              knative_provider(), compat} {
    put("podinfo-00001", "[{latestRevision: true, revisionName: podinfo-00001, percent: 100}]");
  }
  /// The cluster's view: the latest revision and the traffic in force.
  void put(const char* latest, const char* traffic) {
    json seen = api.find(service) != nullptr ? *api.find(service) : json_of_yaml(R"(
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: podinfo, namespace: test}
spec:
  template: {spec: {containers: [{image: podinfo}]}}
)");
    seen["status"] = {{"latestCreatedRevisionName", latest}, {"traffic", json_of_yaml(traffic)}};
    api.put(service, seen);
  }
  [[nodiscard]] json annotation() const {
    return at(at_rest(service), {"metadata", "annotations", "flagger.app/primary-revision"});
  }
};

}  // namespace

TEST_CASE("RT-KNATIVE-05, 07, 17: reconcile names the primary revision and changes nothing else") {
  Knative world;
  const json before = world.at_rest(service);
  require_done(world.reconcile());
  CHECK(world.writes() == std::vector<std::string>{"PUT Knative Service podinfo"});
  json expected = before;
  expected["metadata"]["annotations"] =
      json_of_yaml("{flagger.app/primary-revision: podinfo-00001}");
  CHECK(world.at_rest(service) == expected);  // RT-KNATIVE-22: no owner; RT-KNATIVE-17 [Q]
  world.put("podinfo-00002", "[]");
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().empty());
  CHECK(world.annotation() == "podinfo-00001");
}

TEST_CASE("RT-KNATIVE-10, 15: weights 0, 10, 100, promotion, rollback: the page's objects") {
  Knative world;
  require_done(world.reconcile());
  require_done(world.set(split(100, 0)));
  CHECK(world.spec(service) == json_of_yaml(R"(
template: {spec: {containers: [{image: podinfo}]}}
traffic:
- {latestRevision: true, percent: 0}
- {revisionName: podinfo-00001, percent: 100}
)"));
  world.put("podinfo-00002", R"([{latestRevision: true, revisionName: podinfo-00002, percent: 10},
 {latestRevision: false, revisionName: podinfo-00001, percent: 90}])");
  require_done(world.set(split(90, 10)));
  CHECK(world.spec(service)["traffic"] == json_of_yaml(R"(
- {latestRevision: true, percent: 10}
- {revisionName: podinfo-00001, percent: 90}
)"));
  CHECK(world.routes() == split(90, 10));
  require_done(world.set(split(0, 100, true)));
  CHECK(world.spec(service)["traffic"][0]["percent"] == 100);
  CHECK(world.remarks.size() == 1);  // RT-COMMON-20

  require_done(world.set(split(100, 0)));  // rollback
  CHECK(world.spec(service)["traffic"] == json_of_yaml(R"(
- {latestRevision: true, percent: 0}
- {revisionName: podinfo-00001, percent: 100}
)"));
  CHECK(world.annotation() == "podinfo-00001");

  // RT-KNATIVE-08 is the Workload's; the weights follow with the next call.
  world.meddle(
      service,
      json_of_yaml("metadata: {annotations: {flagger.app/primary-revision: podinfo-00002}}"));
  require_done(world.set(split(100, 0)));
  CHECK(world.spec(service)["traffic"][1] ==
        json_of_yaml("{revisionName: podinfo-00002, percent: 100}"));
}

TEST_CASE("RT-KNATIVE-11 [Q]: right after promotion both are one revision") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    Knative world{compat};
    require_done(world.reconcile());
    world.put("podinfo-00001",
              "[{latestRevision: true, revisionName: podinfo-00001, percent: 50}, "
              "{revisionName: podinfo-00000, percent: 50}]");
    CHECK(world.routes() == split(50, 50));
    world.put("podinfo-00001",
              "[{latestRevision: true, revisionName: podinfo-00001, percent: 0}, "
              "{revisionName: podinfo-00001, percent: 100}]");
    CHECK(world.routes() == (compat == Compat::Strict ? split(100, 0) : split(0, 0)));
  }
}

TEST_CASE("RT-KNATIVE-10, 15, 20: every error names the Service") {
  Knative world;
  for (const std::string& text : {said(world.routes()), said(world.set(split(90, 10)))})
    CHECK_THAT(
        text, Contains("Knative Service podinfo.test") && Contains("flagger.app/primary-revision"));
  require_done(world.reconcile());
  for (const char* traffic :
       {"[]", "{}", "[7]", "[{revisionName: podinfo-00001, percent: 100}]",
        "[{latestRevision: true, revisionName: podinfo-00002, percent: 100}]",
        "[{latestRevision: true, revisionName: podinfo-00002}, {revisionName: podinfo-00001, "
        "percent: 100}]",
        "[{latestRevision: true, revisionName: podinfo-00002, percent: 100}, {revisionName: "
        "podinfo-00001}]"}) {
    world.put("podinfo-00002", traffic);
    CHECK_THAT(said(world.routes()), Contains("Knative Service podinfo.test"));
  }
  world.api.erase(service);
  for (const std::string& text : {said(world.reconcile()), said(world.routes()),
                                  said(world.set(split(90, 10))), said(world.finalize())})
    CHECK_THAT(text, Contains("Knative Service podinfo.test not found"));
}

TEST_CASE("RT-KNATIVE-07: a Service without any revision has no primary yet") {
  Knative world;
  world.meddle(service, json_of_yaml("status: null"));
  CHECK_THAT(said(world.reconcile()), Contains("Knative Service podinfo.test"));
  CHECK(world.writes().empty());
}

TEST_CASE("RT-KNATIVE-21: finalize takes the annotation away, and leaves the traffic") {
  Knative world;
  require_done(world.finalize());
  CHECK(world.writes().empty());
  require_done(world.reconcile());
  require_done(world.set(split(90, 10)));
  const json traffic = world.spec(service)["traffic"];
  world.writes();
  require_done(world.finalize());
  CHECK(world.writes() == std::vector<std::string>{"PUT Knative Service podinfo"});
  CHECK(world.annotation().is_null());
  CHECK(world.spec(service)["traffic"] == traffic);
}
