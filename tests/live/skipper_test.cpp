#include "live/routers/skipper_predicates.hpp"
#include "tests/live/route_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using Catch::Matchers::Contains;

// The worked examples of spec/routing/skipper.md, and what people do to them.

namespace {

const Resource ingresses{"networking.k8s.io", "v1", "ingresses"};
const ObjectPath users = World::path(ingresses, "podinfo-ingress");
const ObjectPath ours = World::path(ingresses, "podinfo-ingress-canary");
const char* const weights_only = "{interval: 1m, threshold: 5, stepWeight: 10}";

json users_ingress() {
  return json_of_yaml(R"(
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: podinfo-ingress
  namespace: test
  labels: {app: podinfo}
  annotations:
    kubernetes.io/ingress.class: skipper
    zalando.org/skipper-predicate: Method("GET")
spec:
  rules:
  - host: app.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {service: {name: podinfo, port: {number: 80}}}
)");
}

struct Skipper : World {
  explicit Skipper(Compat compat = Compat::Strict, const char* analysis = weights_only)
      : World{canary_of("skipper", "{port: 80}", analysis,
                        "ingressRef: {apiVersion: networking.k8s.io/v1, kind: Ingress, name: "
                        "podinfo-ingress}"),
              skipper_provider(), compat} {
    api.put(users, users_ingress());
  }
  [[nodiscard]] json annotations() const { return at_rest(ours)["metadata"]["annotations"]; }
  [[nodiscard]] std::string weights() const { return annotations()["zalando.org/backend-weights"]; }
  [[nodiscard]] std::string predicate() const {
    return annotations()["zalando.org/skipper-predicate"];
  }
};

}  // namespace

TEST_CASE("RT-SKIPPER-02, 05, 06: from nothing to the page's initial state") {
  Skipper world;
  require_done(world.reconcile());
  CHECK(world.writes() == std::vector<std::string>{"POST Ingress podinfo-ingress-canary"});
  CHECK(world.at_rest(ours) == json_of_yaml(fmt::format(R"(
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: podinfo-ingress-canary
  namespace: test
  labels: {{app: podinfo}}
  annotations:
    kubernetes.io/ingress.class: skipper
    zalando.org/backend-weights: '{{"podinfo-canary":0,"podinfo-primary":100}}'
    zalando.org/skipper-predicate: 'Weight(100) && Method("GET")'
  ownerReferences:
  - {}
spec:
  rules:
  - host: app.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {{service: {{name: podinfo-primary, port: {{number: 80}}}}}}
      - path: /
        pathType: Prefix
        backend: {{service: {{name: podinfo-canary, port: {{number: 80}}}}}}
)",
                                                        owner)));
  CHECK(world.at_rest(users) == users_ingress());
  CHECK(world.routes() == split(100, 0));
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().empty());  // RT-COMMON-40
}

TEST_CASE("RT-SKIPPER-15, 16, 17: weights and the predicate, 0 to 100 and back") {
  Skipper world;
  require_done(world.reconcile());
  const json initial = world.at_rest(ours);
  require_done(world.set(split(90, 10)));
  CHECK(world.weights() == R"({"podinfo-canary":10,"podinfo-primary":90})");
  CHECK(world.predicate() == R"(Weight(100) && Method("GET"))");
  CHECK(world.routes() == split(90, 10));
  CHECK(world.spec(ours) == initial["spec"]);
  require_done(world.set(split(0, 100)));
  CHECK(world.routes() == split(0, 100));
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().empty());
  require_done(world.set(split(100, 0)));  // promotion and rollback alike
  CHECK(world.weights() == R"({"podinfo-canary":0,"podinfo-primary":100})");
  CHECK(world.predicate() == R"(False() && Method("GET"))");
  CHECK(world.routes() == split(100, 0));
}

TEST_CASE("RT-SKIPPER-07: the page's table of predicates") {
  const auto with = skipper::with_predicate;
  CHECK(with("", "Weight(100)") == "Weight(100)");
  CHECK(with(R"(Weight(100) && Path("/a"))", "Weight(100)") == R"(Weight(100) && Path("/a"))");
  CHECK(with(R"(Path("/a")&&False())", "False()") == R"(False() && Path("/a"))");
  CHECK(with(R"(Path("/a") &&  False() && Method("GET"))", "Weight(100)") ==
        R"(Weight(100) && Path("/a") && Method("GET"))");
  CHECK(with(" && && ", "False()") == "False()");
}

TEST_CASE("RT-SKIPPER-08, RT-COMMON-41 [Q]: drift rebuilds spec and annotations") {
  const auto compat = GENERATE(Compat::Strict, Compat::Flagger);
  Skipper world{compat};
  require_done(world.reconcile());
  require_done(world.set(split(90, 10)));
  world.meddle(ours, json_of_yaml("metadata: {annotations: {foreign: x}}"));
  json ingress = users_ingress();
  ingress["spec"]["rules"][0]["http"]["paths"].push_back(json_of_yaml(
      "{path: /b, pathType: Prefix, backend: {service: {name: podinfo, port: {number: 80}}}}"));
  world.api.put(users, ingress);
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes() == std::vector<std::string>{"PUT Ingress podinfo-ingress-canary"});
  CHECK(world.routes() == (compat == Compat::Strict ? split(90, 10) : split(100, 0)));
  json annotations = world.annotations();
  annotations["zalando.org/backend-weights"] = nullptr;
  CHECK(annotations == json_of_yaml(R"(
kubernetes.io/ingress.class: skipper
kustomize.toolkit.fluxcd.io/reconcile: disabled
helm.toolkit.fluxcd.io/driftDetection: disabled
zalando.org/backend-weights: null
zalando.org/skipper-predicate: 'Weight(100) && Method("GET")'
)"));
  const json paths = world.spec(ours)["rules"][0]["http"]["paths"];
  REQUIRE(paths.size() == 4);  // the further ones at the end, in the order of the originals
  const auto is = [&](int i, const char* path, const char* service) {
    return paths[i]["path"] == path && paths[i]["backend"]["service"]["name"] == service;
  };
  CHECK(is(0, "/", "podinfo-primary"));
  CHECK(is(1, "/b", "podinfo-primary"));
  CHECK(is(2, "/", "podinfo-canary"));
  CHECK(is(3, "/b", "podinfo-canary"));
}

TEST_CASE("INV-01, INV-06, FLT-60: weights that may not stand are taken back in strict mode") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    const bool strict = compat == Compat::Strict;
    Skipper world{compat};
    require_done(world.reconcile());
    world.meddle(
        ours,
        {{"metadata",
          {{"annotations",
            {{"zalando.org/backend-weights", R"({"podinfo-canary":10,"podinfo-primary":10})"}}}}}});
    require_done(world.reconcile());
    CHECK(world.routes() == (strict ? split(100, 0) : split(10, 10)));
    require_done(world.set(split(60, 40)));
    world.writes();
    require_done(world.set(split(60, 40)));
    CHECK(world.writes().empty() == strict);  // INV-34
    world.canary.status.phase = Phase::Initializing;
    require_done(world.reconcile());
    CHECK(world.routes() == (strict ? split(100, 0) : split(60, 40)));
  }
}

TEST_CASE("RT-SKIPPER-04 [Q]: no annotations, and rules without http, crash nobody") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    Skipper world{compat};
    json ingress = users_ingress();
    ingress["metadata"].erase("annotations");
    ingress["spec"]["rules"].push_back({{"host", "bare.example.com"}});
    world.api.put(users, ingress);
    require_done(world.reconcile());
    CHECK(world.annotations() == json_of_yaml(R"(
zalando.org/backend-weights: '{"podinfo-canary":0,"podinfo-primary":100}'
zalando.org/skipper-predicate: Weight(100)
)"));
    CHECK(world.spec(ours)["rules"][1] == ingress["spec"]["rules"][1]);
    require_done(world.set(split(90, 10)));
    CHECK(world.routes() == split(90, 10));
  }
}

TEST_CASE("RT-SKIPPER-03 [Q]: an Ingress that does not lead to the apex is refused by name") {
  json ingress = users_ingress();
  ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] = "other";
  Skipper world;
  world.api.put(users, ingress);
  CHECK_THAT(said(world.reconcile()),
             Contains("Ingress podinfo-ingress.test") && Contains("Service podinfo"));
  CHECK(world.writes().empty());
  Skipper reference{Compat::Flagger};
  reference.api.put(users, ingress);
  require_done(reference.reconcile());
  CHECK(reference.spec(ours) == ingress["spec"]);
}

TEST_CASE("RT-SKIPPER-18, RT-COMMON-20, 21: what Skipper cannot do is said, in strict mode") {
  const char* const ab =
      "{interval: 1m, threshold: 5, iterations: 5, match: [{headers: {x: {exact: y}}}]}";
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    Skipper world{compat, ab};
    require_done(world.reconcile());
    require_done(world.set(split(0, 100, true)));
    CHECK(world.weights() == R"({"podinfo-canary":100,"podinfo-primary":0})");
    CHECK(world.remarks.size() == (compat == Compat::Strict ? 2 : 0));
    require_done(world.set(split(100, 0)));
    CHECK(world.routes() == split(100, 0));
    CHECK(world.remarks.size() == (compat == Compat::Strict ? 2 : 0));
  }
}

TEST_CASE("RT-SKIPPER-21: finalize deletes the canary Ingress") {
  Skipper world;
  CHECK_THAT(said(world.finalize()), Contains("Ingress podinfo-ingress-canary.test not found"));
  require_done(world.reconcile());
  world.writes();
  require_done(world.finalize());
  CHECK(world.writes() == std::vector<std::string>{"DELETE Ingress podinfo-ingress-canary"});
  CHECK(world.api.find(ours) == nullptr);
  CHECK(world.api.find(users) != nullptr);
}

TEST_CASE("RT-SKIPPER-01, 15, 20: every error names its object") {
  Skipper world;
  CHECK_THAT(said(world.routes()), Contains("Ingress podinfo-ingress-canary.test not found"));
  CHECK_THAT(said(world.set(split(90, 10))), Contains("not found"));
  require_done(world.reconcile());
  for (const char* odd :
       {"", "{", "[]", "{}", R"({"podinfo-canary":1})", R"({"podinfo-primary":1})",
        R"({"podinfo-canary":"a","podinfo-primary":1})"}) {
    world.meddle(ours, {{"metadata", {{"annotations", {{"zalando.org/backend-weights", odd}}}}}});
    CHECK_THAT(said(world.routes()), Contains("Ingress podinfo-ingress-canary.test") &&
                                         Contains("zalando.org/backend-weights"));
  }
  world.meddle(ours, json_of_yaml("metadata: {annotations: null}"));
  CHECK_FALSE(world.routes());
  require_done(world.set(split(90, 10)));
  CHECK(world.routes() == split(90, 10));

  world.api.erase(users);
  CHECK_THAT(said(world.reconcile()), Contains("Ingress podinfo-ingress.test not found"));
  world.edit(json_of_yaml("spec: {ingressRef: null}"));
  world.api.requests.clear();
  for (const std::string& text : {said(world.reconcile()), said(world.routes()),
                                  said(world.set(split(90, 10))), said(world.finalize())})
    CHECK_THAT(text, Contains("Canary podinfo.test") && Contains("ingressRef"));
  CHECK(world.api.requests.empty());
}

TEST_CASE("RT-SKIPPER-05: with two clusters the owners of the copy stay") {
  const Skipper world;
  RoutingSettings settings;
  settings.owner_references = false;
  const RouteContext context{
      .canary = world.canary, .object = world.object, .settings = settings, .selector_key = "app"};
  json ingress = users_ingress();
  ingress["metadata"]["ownerReferences"] = json_of_yaml("[{kind: Chart, name: shop}]");
  Snapshot snapshot;
  snapshot.put(users, ingress);
  const auto made = skipper_provider()->reconcile(context, snapshot);
  REQUIRE(made);
  CHECK(made->writes[0].body["metadata"]["ownerReferences"] ==
        ingress["metadata"]["ownerReferences"]);
}
