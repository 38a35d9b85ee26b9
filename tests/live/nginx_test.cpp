#include "tests/live/route_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using Catch::Matchers::Contains;

// The worked examples of spec/routing/nginx.md, and what people do to them.

namespace {

const Resource ingresses{"networking.k8s.io", "v1", "ingresses"};
const ObjectPath users = World::path(ingresses, "podinfo");
const ObjectPath ours = World::path(ingresses, "podinfo-canary");
const char* const reference =
    "ingressRef: {apiVersion: networking.k8s.io/v1, kind: Ingress, name: podinfo}";
const char* const weights_only = "{interval: 1m, threshold: 5, stepWeight: 10}";

json users_ingress() {
  return json_of_yaml(R"(
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: podinfo
  namespace: test
  labels: {app: podinfo}
  annotations: {kubernetes.io/ingress.class: nginx}
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

struct Nginx : World {
  explicit Nginx(const char* analysis = weights_only, Compat compat = Compat::Strict)
      : World{canary_of("nginx", "{port: 80}", analysis, reference), nginx_provider(), compat} {
    api.put(users, users_ingress());
  }
  [[nodiscard]] json annotations() const { return at_rest(ours)["metadata"]["annotations"]; }
};

/// The page's annotations with these of NGINX.
json annotated(std::string_view nginx) {
  json annotations = json_of_yaml(R"(
kubernetes.io/ingress.class: nginx
kustomize.toolkit.fluxcd.io/reconcile: disabled
helm.toolkit.fluxcd.io/driftDetection: disabled
)");
  const json marks = json_of_yaml(nginx);
  for (const auto& [key, value] : marks.items())
    annotations["nginx.ingress.kubernetes.io/" + key] = value;
  return annotations;
}

}  // namespace

TEST_CASE("RT-NGINX-02, 03, 04: from nothing to the page's initial state") {
  Nginx world;
  require_done(world.reconcile());
  CHECK(world.writes() == std::vector<std::string>{"POST Ingress podinfo-canary"});
  CHECK(world.at_rest(ours) == json_of_yaml(fmt::format(R"(
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: podinfo-canary
  namespace: test
  labels: {{app: podinfo}}
  annotations:
    kubernetes.io/ingress.class: nginx
    kustomize.toolkit.fluxcd.io/reconcile: disabled
    helm.toolkit.fluxcd.io/driftDetection: disabled
    nginx.ingress.kubernetes.io/canary: "true"
    nginx.ingress.kubernetes.io/canary-weight: "0"
  ownerReferences:
  - {}
spec:
  rules:
  - host: app.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {{service: {{name: podinfo-canary, port: {{number: 80}}}}}}
)",
                                                        owner)));
  CHECK(world.at_rest(users) == users_ingress());  // never written
  CHECK(world.routes() == split(100, 0));
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes().empty());   // RT-COMMON-40
  require_done(world.finalize());  // RT-NGINX-21
  CHECK(world.api.requests == std::vector<std::string>{});
}

TEST_CASE("RT-NGINX-11, 15, 16, 18, 19: weights live in an annotation, 0 to 100 and back") {
  Nginx world;
  require_done(world.reconcile());
  const json initial = world.at_rest(ours);
  world.writes();
  require_done(world.set(split(90, 10)));
  CHECK(world.writes() == std::vector<std::string>{"PUT Ingress podinfo-canary"});
  CHECK(world.annotations() == annotated("{canary: 'true', canary-weight: '10'}"));
  CHECK(world.routes() == split(90, 10));
  require_done(world.set(split(0, 100)));
  CHECK(world.routes() == split(0, 100));
  require_done(world.set(split(100, 0)));  // promotion and rollback alike
  CHECK(world.at_rest(ours) == initial);
  CHECK(world.routes() == split(100, 0));
}

TEST_CASE("RT-NGINX-10, 17, 18: an A/B test by header and cookie, and its end") {
  Nginx world{
      "{interval: 1m, threshold: 5, iterations: 10, match: [{headers: {x-canary: {exact: "
      "insider}}}, {headers: {cookie: {exact: canary}}}]}"};
  require_done(world.reconcile());
  require_done(world.set(split(0, 100)));
  CHECK(world.annotations() == annotated("{canary: 'true', canary-weight: '0', canary-by-header: "
                                         "x-canary, canary-by-header-value: insider, "
                                         "canary-by-cookie: canary}"));
  CHECK(world.routes() == split(0, 100));
  require_done(world.set(split(100, 0)));
  CHECK(world.annotations() == annotated("{canary: 'true', canary-weight: '0'}"));
  CHECK(world.routes() == split(100, 0));

  Nginx pattern{
      "{interval: 1m, threshold: 5, iterations: 10, match: [{headers: {x-canary: {regex: "
      "in.*}}}]}"};
  require_done(pattern.reconcile());
  require_done(pattern.set(split(0, 100)));
  CHECK(pattern.annotations() == annotated("{canary: 'true', canary-weight: '0', canary-by-header: "
                                           "x-canary, canary-by-header-pattern: in.*}"));
  CHECK(pattern.remarks.empty());

  Nginx prefix{
      "{interval: 1m, threshold: 5, iterations: 10, match: [{headers: {x-canary: {prefix: in}}}]}"};
  require_done(prefix.reconcile());
  require_done(prefix.set(split(0, 100)));
  CHECK(prefix.annotations() ==
        annotated("{canary: 'true', canary-weight: '0', canary-by-header: x-canary}"));
  REQUIRE(prefix.remarks.size() == 1);
  CHECK_THAT(prefix.remarks[0], Contains("x-canary") && Contains("Canary podinfo.test"));
}

TEST_CASE("RT-NGINX-17: a test by nothing that NGINX can match is not started") {
  const char* const by_query =
      "{interval: 1m, threshold: 5, iterations: 10, match: [{queryParams: {try: {exact: '1'}}}]}";
  Nginx world{by_query};
  require_done(world.reconcile());
  CHECK_THAT(said(world.set(split(0, 100))), Contains("Canary podinfo.test"));
  CHECK(world.writes() == std::vector<std::string>{"POST Ingress podinfo-canary"});
  require_done(world.set(split(100, 0)));  // the way back is open
  CHECK(world.routes() == split(100, 0));

  Nginx reference_{by_query, Compat::Flagger};
  require_done(reference_.reconcile());
  require_done(reference_.set(split(0, 100)));
  CHECK(reference_.annotations() == annotated("{canary: 'true', canary-weight: '0'}"));
  CHECK(reference_.routes() == split(100, 0));
}

TEST_CASE("RT-COMMON-20: strict mode says that NGINX cannot mirror") {
  Nginx world;
  require_done(world.reconcile());
  require_done(world.set(split(90, 10, true)));
  CHECK(world.routes() == split(90, 10));
  REQUIRE(world.remarks.size() == 1);
  CHECK_THAT(world.remarks[0], Contains("cannot mirror"));
}

TEST_CASE("RT-NGINX-04: annotations that are not carried over, and another prefix") {
  json ingress = users_ingress();
  ingress["metadata"]["annotations"] = json_of_yaml(R"(
nginx.ingress.kubernetes.io/canary-by-header: x
nginx.ingress.kubernetes.io/rewrite-target: /
kubectl.kubernetes.io/last-applied-configuration: "{}"
)");
  Nginx world;
  world.api.put(users, ingress);
  require_done(world.reconcile());
  json expected = annotated("{canary: 'true', canary-weight: '0', rewrite-target: /}");
  expected.erase("kubernetes.io/ingress.class");
  CHECK(world.annotations() == expected);

  const RoutingSettings settings{.ingress_annotations_prefix = "custom.example"};
  const RouteContext context{
      .canary = world.canary, .object = world.object, .settings = settings, .selector_key = "app"};
  Snapshot snapshot;
  snapshot.put(users, users_ingress());
  const auto made = nginx_provider()->reconcile(context, snapshot);
  REQUIRE(made);
  CHECK(made->writes[0].body["metadata"]["annotations"]["custom.example/canary"] == "true");
}

TEST_CASE("RT-NGINX-05, RT-COMMON-40: a new path is carried over, at the live weight") {
  Nginx world;
  require_done(world.reconcile());
  require_done(world.set(split(90, 10)));
  world.meddle(ours, json_of_yaml("{metadata: {annotations: {a: b}, labels: {c: d}}}"));
  json ingress = users_ingress();
  ingress["spec"]["ingressClassName"] = "nginx";
  ingress["spec"]["tls"] = json_of_yaml("[{hosts: [app.example.com], secretName: tls}]");
  ingress["spec"]["defaultBackend"] =
      json_of_yaml("{service: {name: podinfo, port: {number: 80}}}");
  ingress["spec"]["rules"][0]["http"]["paths"].push_back(json_of_yaml(
      "{path: /other, pathType: Prefix, backend: {service: {name: other, port: {number: 1}}}}"));
  ingress["spec"]["rules"][0]["http"]["paths"].push_back(json_of_yaml(
      "{path: /files, pathType: Prefix, backend: {resource: {kind: Bucket, name: podinfo}}}"));
  ingress["metadata"]["annotations"]["later"] = "not carried over";
  world.api.put(users, ingress);
  world.writes();
  require_done(world.reconcile());
  CHECK(world.writes() == std::vector<std::string>{"PUT Ingress podinfo-canary"});
  json spec = ingress["spec"];
  spec["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] = "podinfo-canary";
  CHECK(world.spec(ours) == spec);
  CHECK(world.routes() == split(90, 10));
  CHECK(world.annotations()["a"] == "b");
  CHECK_FALSE(world.annotations().contains("later"));
  CHECK(world.at_rest(ours)["metadata"]["labels"]["c"] == "d");
}

TEST_CASE("INV-01, INV-06, FLT-60: a weight that may not stand is taken back in strict mode") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    const bool strict = compat == Compat::Strict;
    for (const char* odd : {"150", "-1", "ten"}) {
      Nginx world{weights_only, compat};
      require_done(world.reconcile());
      world.meddle(
          ours,
          {{"metadata", {{"annotations", {{"nginx.ingress.kubernetes.io/canary-weight", odd}}}}}});
      world.writes();
      require_done(world.reconcile());
      CHECK(world.writes().size() == (strict ? 1 : 0));
      CHECK((world.routes() == split(100, 0)) == strict);
    }
    Nginx world{weights_only, compat};
    require_done(world.reconcile());
    require_done(world.set(split(60, 40)));
    world.writes();
    require_done(world.set(split(60, 40)));
    CHECK(world.writes().empty() == strict);  // INV-34
    world.canary.status.phase = Phase::Initializing;
    require_done(world.reconcile());
    CHECK(world.routes() == (strict ? split(100, 0) : split(60, 40)));
  }
}

TEST_CASE("RT-NGINX-02 [Q]: rules without http and an Ingress without annotations crash nobody") {
  for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
    Nginx world{weights_only, compat};
    json ingress = users_ingress();
    ingress["metadata"].erase("annotations");
    ingress["spec"]["rules"].push_back({{"host", "bare.example.com"}});
    ingress["spec"]["rules"].push_back({{"http", nullptr}});
    ingress["spec"]["rules"].push_back({{"http", {{"paths", {{{"path", "/"}}}}}}});
    world.api.put(users, ingress);
    require_done(world.reconcile());
    CHECK(world.spec(ours)["rules"].size() == 4);
    CHECK(world.spec(ours)["rules"][1] == ingress["spec"]["rules"][1]);
    world.writes();
    require_done(world.reconcile());
    CHECK(world.writes().empty());
  }
}

TEST_CASE("RT-NGINX-01, 02, 11, 20: every error names its object") {
  Nginx world;
  CHECK_THAT(said(world.routes()), Contains("Ingress podinfo-canary.test not found"));
  CHECK_THAT(said(world.set(split(90, 10))), Contains("Ingress podinfo-canary.test not found"));
  require_done(world.reconcile());
  for (const char* odd : {"ten", "", "1.5", "99999999999999999999"}) {
    world.meddle(ours, {{"metadata",
                         {{"annotations", {{"nginx.ingress.kubernetes.io/canary-weight", odd}}}}}});
    CHECK_THAT(said(world.routes()),
               Contains("Ingress podinfo-canary.test") && Contains("canary-weight"));
  }
  world.meddle(ours, json_of_yaml("metadata: {annotations: null}"));
  CHECK(world.routes() == split(100, 0));  // missing is 0
  require_done(world.set(split(90, 10)));
  CHECK(world.routes() == split(90, 10));

  json other = users_ingress();
  other["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] = "other";
  for (const json& spec : {other["spec"], json::object(), json(nullptr)}) {
    other["spec"] = spec;
    world.api.put(users, other);
    CHECK_THAT(said(world.reconcile()),
               Contains("Ingress podinfo.test") && Contains("Service podinfo"));
  }
  world.api.erase(users);
  CHECK_THAT(said(world.reconcile()), Contains("Ingress podinfo.test not found"));

  world.edit(json_of_yaml("spec: {ingressRef: null}"));
  world.api.requests.clear();
  for (const std::string& text :
       {said(world.reconcile()), said(world.routes()), said(world.set(split(90, 10)))})
    CHECK_THAT(text, Contains("Canary podinfo.test") && Contains("ingressRef"));
  CHECK(world.api.requests.empty());
}
