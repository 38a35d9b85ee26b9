#include "tests/live/route_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using Catch::Matchers::Contains;

namespace {

const Resource ingresses{"networking.k8s.io", "v1", "ingresses"};
const ObjectPath first = World::path(ingresses, "first");
const ObjectPath second = World::path(ingresses, "second");

/// A provider of two objects that makes every kind of write.
class TwoObjects final : public RouteProvider {
 public:
  Result<std::vector<ObjectPath>> reads(const RouteContext& context,
                                        Operation operation) const override {
    if (operation == Operation::Finalize && context.canary.spec.service.port == 1)
      return fail(ErrorKind::Invalid, "nothing can be read");
    return std::vector{first, second};
  }
  Result<RouteWrites> reconcile(const RouteContext& context,
                                const Snapshot& snapshot) const override {
    RouteWrites writes;
    for (const ObjectPath& path : {first, second}) {
      if (const json* existing = snapshot.find(path)) {
        json body = *existing;
        body["spec"] = {{"provider", context.canary.spec.provider}};
        writes.writes.push_back({.verb = RouteWrite::Verb::Update, .path = path, .body = body});
      } else {
        writes.writes.push_back({.verb = RouteWrite::Verb::Create,
                                 .path = path,
                                 .body = {{"metadata", json::object()}}});
      }
    }
    writes.remarks = {"said by the provider"};
    return writes;
  }
  Result<Routes> routes(const RouteContext&, const Snapshot& snapshot) const override {
    if (snapshot.find(first) == nullptr) return fail(ErrorKind::NotFound, "first not found");
    return split(90, 10);
  }
  Result<RouteWrites> set_routes(const RouteContext&, const Snapshot& snapshot,
                                 const Routes& routes) const override {
    RouteWrites writes;
    writes.writes = {
        {.verb = RouteWrite::Verb::MergePatch,
         .path = first,
         .body = {{"spec", {{"canary", routes.canary.percent()}}}}},
        {.verb = RouteWrite::Verb::Delete, .path = second, .body = *snapshot.find(second)}};
    writes.then = Error{ErrorKind::Invalid, "noticed only afterwards"};
    return writes;
  }
  Result<RouteWrites> finalize(const RouteContext&, const Snapshot&) const override {
    return RouteWrites{};
  }
};

World two_objects() {
  return World{canary_of("istio", "{port: 80}", "{interval: 1m, threshold: 5, stepWeight: 10}"),
               std::make_unique<TwoObjects>()};
}

KubeError error(KubeError::Kind kind) {
  return {.kind = kind, .message = "the server's words", .causes = {"cause"}, .retry_after = {}};
}

}  // namespace

TEST_CASE("RT-COMMON-11, 22: reads, then writes, each in its order") {
  World world = two_objects();
  require_done(world.reconcile());
  CHECK(world.api.requests == std::vector<std::string>{"GET Ingress first", "GET Ingress second",
                                                       "POST Ingress first",
                                                       "POST Ingress second"});
  CHECK(world.remarks == std::vector<std::string>{"said by the provider"});
  world.api.requests.clear();
  require_done(world.reconcile());
  CHECK(world.api.requests == std::vector<std::string>{"GET Ingress first", "GET Ingress second",
                                                       "PUT Ingress first", "PUT Ingress second"});
  CHECK(world.spec(first) == json{{"provider", "istio"}});
  CHECK(world.routes() == split(90, 10));
}

TEST_CASE("RT-COMMON-03: a Canary that names no provider has the controller's") {
  World world = two_objects();
  world.edit(json_of_yaml("spec: {provider: null}"));
  require_done(world.reconcile());
  require_done(world.reconcile());
  CHECK(world.spec(first) == json{{"provider", "istio"}});
}

TEST_CASE("RT-COMMON-23: absent is not an error, everything else is, before anything is written") {
  for (const auto kind :
       {KubeError::Kind::Forbidden, KubeError::Kind::Unauthorized, KubeError::Kind::Throttled,
        KubeError::Kind::Unavailable, KubeError::Kind::Timeout, KubeError::Kind::Gone}) {
    World world = two_objects();
    world.api.errors["GET Ingress second"] = error(kind);
    const auto done = world.reconcile();
    CHECK_THAT(said(done), Contains("Ingress second.test") && Contains("the server's words"));
    CHECK(world.writes().empty());
    CHECK_FALSE(world.routes());
  }
}

TEST_CASE("RT-COMMON-22: a conflict is an ordinary error, and is not tried again") {
  World world = two_objects();
  require_done(world.reconcile());
  world.writes();
  bool meddled = false;
  world.api.meanwhile = [&](const std::string& request) {
    if (request != "PUT Ingress first" || meddled) return;
    meddled = true;
    world.meddle(first, {{"spec", {{"theirs", 1}}}});
  };
  const auto done = world.reconcile();
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == ErrorKind::Conflict);
  CHECK_THAT(to_string(done.error()), Contains("Ingress first.test"));
  CHECK(world.writes() == std::vector<std::string>{"PUT Ingress first"});
  CHECK(world.spec(first) == json{{"theirs", 1}});
  require_done(world.reconcile());  // the next tick reads again
}

TEST_CASE("RT-COMMON-12, 62: an error in the middle ends the operation, with the server's causes") {
  World world = two_objects();
  world.api.errors["POST Ingress first"] = error(KubeError::Kind::Invalid);
  const auto done = world.reconcile();
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == ErrorKind::Invalid);
  CHECK_THAT(to_string(done.error()),
             Contains("Ingress first.test") && Contains("the server's words") && Contains("cause"));
  CHECK(world.writes() == std::vector<std::string>{"POST Ingress first"});

  // Somebody created it between our reading and our writing.
  world.api.errors.clear();
  world.api.meanwhile = [&](const std::string& request) {
    if (request == "POST Ingress first") world.api.put(first, json::object());
  };
  const auto late = world.reconcile();
  REQUIRE_FALSE(late);
  CHECK(late.error().kind == ErrorKind::Conflict);
}

TEST_CASE("RT-COMMON-22: patches, deletions by UID, and refusals that come after the writes") {
  World world = two_objects();
  require_done(world.reconcile());
  world.writes();
  CHECK(said(world.set(split(90, 10))) == "noticed only afterwards");
  CHECK(world.writes() == std::vector<std::string>{"PATCH Ingress first", "DELETE Ingress second"});
  CHECK(world.spec(first) == json{{"canary", 10}});
  CHECK(world.api.find(second) == nullptr);

  require_done(world.reconcile());
  world.api.meanwhile = [&](const std::string& request) {
    if (request != "DELETE Ingress second") return;
    world.api.erase(second);
    world.api.put(second, json::object());
  };
  const auto done = world.set(split(90, 10));
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == ErrorKind::Conflict);
  CHECK(world.api.find(second) != nullptr);
}

TEST_CASE("what cannot be described or asked for is not read") {
  World world = two_objects();
  world.edit({{"spec", {{"service", {{"port", 1}}}}}});
  CHECK(said(world.finalize()) == "nothing can be read");
  CHECK(world.api.requests.empty());

  FakeApi api;
  KubeRouter::Wiring wiring;
  wiring.provider = std::make_unique<TwoObjects>();
  wiring.describe = [](const Canary&) -> Result<RoutedCanary> {
    return fail(ErrorKind::NotFound, "no such Canary");
  };
  KubeRouter router{api, std::move(wiring)};
  CHECK(said(router.reconcile(world.canary)) == "no such Canary");
  CHECK(said(router.routes(world.canary)) == "no such Canary");
  CHECK(api.requests.empty());
}

TEST_CASE("RT-COMMON-50: provider kubernetes has no router: nothing is read or written") {
  World world{canary_of("kubernetes", "{port: 80}", "{interval: 1m, threshold: 5, iterations: 5}"),
              nullptr};
  require_done(world.reconcile());
  require_done(world.set(split(0, 100)));
  require_done(world.finalize());
  CHECK(world.routes() == split(100, 0));
  world.canary.status.iterations = 1;
  CHECK(world.routes() == split(0, 100));
  CHECK(world.api.requests.empty());
}

TEST_CASE("RT-COMMON-62: messages call an object by its kind, unknown ones by their plural") {
  CHECK(kind_of({"networking.istio.io", "v1beta1", "virtualservices"}) == "VirtualService");
  CHECK(kind_of({"appmesh.k8s.aws", "v1beta2", "virtualservices"}) == "App Mesh VirtualService");
  CHECK(kind_of({"", "v1", "services"}) == "Service");
  CHECK(kind_of({"serving.knative.dev", "v1", "services"}) == "Knative Service");
  CHECK(kind_of({"", "v1", "widgets"}) == "widgets");
}
