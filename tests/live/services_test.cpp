#include "live/services.hpp"

#include "tests/live/route_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using Catch::Matchers::Contains;

// The worked examples of spec/routing/kubernetes.md, and Services that people made or changed.

namespace {

const Resource services{"", "v1", "services"};
const ObjectPath apex = World::path(services, "podinfo");
const ObjectPath primary = World::path(services, "podinfo-primary");
const ObjectPath canary = World::path(services, "podinfo-canary");

json deployment() {
  return json_of_yaml(R"(
apiVersion: apps/v1
kind: Deployment
metadata: {name: podinfo, namespace: test}
spec:
  selector: {matchLabels: {app: podinfo}}
  template:
    spec:
      initContainers: [{name: init, ports: [{name: early, containerPort: 1}]}]
      containers:
      - name: podinfod
        ports:
        - {name: http, containerPort: 9898}
        - {name: grpc, containerPort: 9999}
        - {containerPort: 9797}
      - name: istio-proxy
        ports: [{containerPort: 15090}]
)");
}

/// The page's Canary over a small API server; each operation is read, asked and performed.
struct Cluster : World {
  explicit Cluster(const std::string& service = R"(
port: 80
targetPort: 9898
appProtocol: http
portDiscovery: true
apex:
  labels: {team: web}
  annotations: {note: public}
)",
                   Compat compat = Compat::Strict)
      : World{canary_of("kubernetes", service, "{interval: 30s, threshold: 5, iterations: 5}"),
              nullptr, compat} {
    settings.compat = compat;
  }

  RoutingSettings settings;
  json workload = deployment();

  [[nodiscard]] RouteContext context() const { return {World::canary, object, settings, "app"}; }
  [[nodiscard]] Result<ServiceTarget> target() const {
    return service_target(context(), workload, {"app", "name", "app.kubernetes.io/name"});
  }
  template <class Ask>
  Result<void> perform_asked(Ask question) {
    const auto known = target();
    if (!known) return tl::unexpected(known.error());
    const ServicePaths paths = service_paths(context());
    const auto snapshot = read_objects(api, {paths.canary, paths.primary, paths.apex});
    if (!snapshot) return tl::unexpected(snapshot.error());
    const Result<RouteWrites> asked = question(*known, *snapshot);
    if (!asked) return tl::unexpected(asked.error());
    remarks.insert(remarks.end(), asked->remarks.begin(), asked->remarks.end());
    return perform(api, *asked);
  }
  Result<void> initialize() {
    return perform_asked([this](const ServiceTarget& known, const Snapshot& snapshot) {
      return Result<RouteWrites>{role_services(context(), known, snapshot)};
    });
  }
  Result<void> reconcile_apex() {
    return perform_asked([this](const ServiceTarget& known, const Snapshot& snapshot) {
      return Result<RouteWrites>{apex_service(context(), known, snapshot)};
    });
  }
  Result<void> revert() {
    return perform_asked([this](const ServiceTarget& known, const Snapshot& snapshot) {
      return finalize_services(context(), known, snapshot);
    });
  }
};

json ports_of(const std::string& service, Compat compat = Compat::Strict) {
  Cluster cluster{service, compat};
  require_done(cluster.reconcile_apex());
  return cluster.spec(apex)["ports"];
}

/// A LoadBalancer somebody made with kubectl.
json load_balancer() {
  return json_of_yaml(R"(
apiVersion: v1
kind: Service
metadata: {name: podinfo, namespace: test, labels: {theirs: x}}
spec:
  type: LoadBalancer
  clusterIP: 10.0.0.1
  sessionAffinity: ClientIP
  selector: {app: podinfo}
  ports: [{name: http, protocol: TCP, port: 80, targetPort: 9898, nodePort: 30080}]
)");
}

}  // namespace

TEST_CASE("RT-K8S-03, 04, 05, 06, 08, 09, 10: from nothing to the page's three Services") {
  Cluster cluster;
  require_done(cluster.initialize());
  CHECK(cluster.writes() ==
        std::vector<std::string>{"POST Service podinfo-canary", "POST Service podinfo-primary"});
  require_done(cluster.reconcile_apex());
  CHECK(cluster.writes() == std::vector<std::string>{"POST Service podinfo"});
  const auto expected = [](const char* name, const char* labels, const char* note,
                           const char* selected) {
    return json_of_yaml(fmt::format(R"(
apiVersion: v1
kind: Service
metadata:
  name: {}
  namespace: test
  labels: {}
  annotations:
    {}kustomize.toolkit.fluxcd.io/reconcile: disabled
    helm.toolkit.fluxcd.io/driftDetection: disabled
  ownerReferences:
  - {}
spec:
  type: ClusterIP
  selector: {{app: {}}}
  ports:
  - {{name: http, protocol: TCP, port: 80, targetPort: 9898, appProtocol: http}}
  - {{name: grpc, protocol: TCP, port: 9999, targetPort: 9999}}
  - {{name: tcp-podinfod-2, protocol: TCP, port: 9797, targetPort: 9797}}
)",
                                    name, labels, note, owner, selected));
  };
  CHECK(cluster.at_rest(canary) ==
        expected("podinfo-canary", "{app: podinfo-canary}", "", "podinfo"));
  CHECK(cluster.at_rest(primary) ==
        expected("podinfo-primary", "{app: podinfo-primary}", "", "podinfo-primary"));
  CHECK(cluster.at_rest(apex) ==
        expected("podinfo", "{app: podinfo, team: web}", "note: public\n    ", "podinfo-primary"));
  // RT-K8S-21: no difference, no request.
  cluster.writes();
  require_done(cluster.initialize());
  require_done(cluster.reconcile_apex());
  CHECK(cluster.writes().empty());
}

TEST_CASE("RT-K8S-02: the first known selector label counts, none is an error that names all") {
  Cluster cluster;
  cluster.workload["spec"]["selector"]["matchLabels"] =
      json_of_yaml("{app.kubernetes.io/name: web, name: other}");
  CHECK(cluster.target()->selector_key == "name");
  CHECK(cluster.target()->selector_value == "other");
  require_done(cluster.reconcile_apex());
  CHECK(cluster.spec(apex)["selector"] == json_of_yaml("{name: other-primary}"));
  CHECK(cluster.at_rest(apex)["metadata"]["labels"]["name"] == "podinfo");  // RT-K8S-08

  for (const char* selector : {"{tier: web}", "{}", "7"}) {
    cluster.workload["spec"]["selector"]["matchLabels"] = json_of_yaml(selector);
    CHECK_THAT(said(cluster.initialize()), Contains("Deployment podinfo.test") &&
                                               Contains("app, name, app.kubernetes.io/name"));
  }
}

TEST_CASE("RT-K8S-04, 05, 06, 07: headless, target ports, protocols, distribution") {
  const auto made = [](const char* service) {
    Cluster cluster{service};
    require_done(cluster.reconcile_apex());
    return cluster.spec(apex);
  };
  CHECK(made("{port: 80, headless: true}")["clusterIP"] == "None");
  CHECK_FALSE(made("{port: 80}").contains("clusterIP"));
  CHECK(made("{port: 80, trafficDistribution: PreferClose}")["trafficDistribution"] ==
        "PreferClose");
  const auto first = [&](const char* service) { return made(service)["ports"][0]; };
  CHECK(first("{port: 80}") ==
        json_of_yaml("{name: http, protocol: TCP, port: 80, targetPort: 80}"));
  CHECK(first("{port: 80, portName: web}")["name"] == "web");
  CHECK(first("{port: 80, targetPort: 0}")["targetPort"] == 80);
  CHECK(first("{port: 80, targetPort: '0'}")["targetPort"] == 80);
  CHECK(first("{port: 80, targetPort: web}")["targetPort"] == "web");
  CHECK(first("{port: 80, appProtocol: HTTP}")["appProtocol"] == "HTTP");
}

TEST_CASE("RT-K8S-08: the selector's label wins over one of the user") {
  Cluster cluster{
      "{port: 80, canary: {labels: {app: mine, team: a}}, primary: {annotations: {b: c}}}"};
  require_done(cluster.initialize());
  CHECK(cluster.at_rest(canary)["metadata"]["labels"] ==
        json_of_yaml("{app: podinfo-canary, team: a}"));
  CHECK(cluster.at_rest(primary)["metadata"]["annotations"]["b"] == "c");
}

TEST_CASE("RT-K8S-10: which container ports are left out") {
  const auto names = [](const std::string& service) {
    std::vector<std::string> all;
    for (const json& port : ports_of(service)) all.push_back(port["name"]);
    return all;
  };
  using Names = std::vector<std::string>;
  CHECK(names("{port: 9999, portDiscovery: true, portName: x}") ==
        Names{"x", "http", "tcp-podinfod-2"});
  CHECK(names("{port: 80, portDiscovery: true, targetPort: 9797, portName: x}") ==
        Names{"x", "grpc", "http"});
  CHECK(names("{port: 80, portDiscovery: true, targetPort: grpc, portName: x}") ==
        Names{"x", "http", "tcp-podinfod-2"});
  CHECK(names("{port: 80}") == Names{"http"});

  Cluster odd{"{port: 80, portDiscovery: true}"};
  odd.workload["spec"]["template"]["spec"]["containers"] =
      json_of_yaml("[7, {name: a}, {name: b, ports: 7}, {name: c, ports: [7, {name: x}]}]");
  require_done(odd.reconcile_apex());
  CHECK(odd.spec(apex)["ports"].size() == 1);
}

TEST_CASE("RT-K8S-11 [Q]: two ports of one name or number are one, with a remark") {
  const auto doubles = [](const char* service, std::size_t strictly, std::size_t in_reference) {
    Cluster cluster{service};
    require_done(cluster.initialize());
    CHECK(cluster.spec(canary)["ports"].size() == strictly);
    CHECK(cluster.remarks.size() == in_reference - strictly);
    for (const std::string& remark : cluster.remarks) CHECK_THAT(remark, Contains("RT-K8S-11"));
    CHECK(ports_of(service, Compat::Flagger).size() == in_reference);
  };
  doubles("{port: 7070, portDiscovery: true}", 3, 4);  // two called http
  doubles("{port: 9898, targetPort: web, portDiscovery: true, portName: x}", 3, 4);  // two of 9898
  doubles("{port: 80, targetPort: 9898, portDiscovery: true}", 3, 3);
}

TEST_CASE("RT-K8S-15, 16, 17: ports and selector are repaired, the rest of the spec is not") {
  Cluster cluster;
  require_done(cluster.reconcile_apex());
  const json before = cluster.at_rest(apex);
  json turned = before["spec"]["ports"];
  std::swap(turned[0], turned[2]);
  cluster.meddle(apex, {{"spec", {{"ports", turned}, {"sessionAffinity", "ClientIP"}}}});
  cluster.edit(json_of_yaml("spec: {service: {headless: true, trafficDistribution: PreferClose}}"));
  cluster.writes();
  require_done(cluster.reconcile_apex());
  CHECK(cluster.writes().empty());

  cluster.meddle(apex, json_of_yaml("spec: {selector: {app: other}}"));
  cluster.writes();
  require_done(cluster.reconcile_apex());
  CHECK(cluster.writes() == std::vector<std::string>{"PUT Service podinfo"});
  json expected = before;
  expected["spec"]["sessionAffinity"] = "ClientIP";
  CHECK(cluster.at_rest(apex) == expected);

  cluster.edit(json_of_yaml("spec: {service: {targetPort: 9999}}"));
  require_done(cluster.reconcile_apex());
  CHECK(cluster.spec(apex)["ports"][0]["targetPort"] == 9999);
  CHECK_FALSE(cluster.spec(apex).contains("clusterIP"));
}

TEST_CASE("RT-K8S-17, 18: an owned Service's labels are whole, but for what is not managed") {
  Cluster cluster;
  require_done(cluster.reconcile_apex());
  const json before = cluster.at_rest(apex);
  cluster.meddle(apex, json_of_yaml("metadata: {labels: {foreign: x}, annotations: {note: z}}"));
  cluster.writes();
  require_done(cluster.reconcile_apex());
  CHECK(cluster.writes() == std::vector<std::string>{"PUT Service podinfo"});
  CHECK(cluster.at_rest(apex) == before);

  cluster.edit(
      json_of_yaml("spec: {service: {unmanagedMetadata: {labels: [foreign, team, gone], "
                   "annotations: [note]}}}"));
  cluster.meddle(apex, json_of_yaml("metadata: {labels: {foreign: x}, annotations: {note: z}}"));
  cluster.writes();
  require_done(cluster.reconcile_apex());
  CHECK(cluster.writes().empty());
  cluster.meddle(apex, json_of_yaml("metadata: {labels: {foreign: x, team: null, other: y}}"));
  require_done(cluster.reconcile_apex());
  CHECK(cluster.at_rest(apex)["metadata"]["labels"] == json_of_yaml("{app: podinfo, foreign: x}"));
  CHECK(cluster.at_rest(apex)["metadata"]["annotations"]["note"] == "z");

  // The owner is known by kind and name alone.
  cluster.meddle(apex,
                 {{"metadata",
                   {{"ownerReferences", json_of_yaml("[{apiVersion: x/v9, kind: Canary, name: "
                                                     "podinfo, uid: else, controller: true}]")},
                    {"labels", {{"foreign", nullptr}, {"another", "y"}}}}}});
  require_done(cluster.reconcile_apex());
  CHECK(cluster.at_rest(apex)["metadata"]["labels"] == json_of_yaml("{app: podinfo}"));
}

TEST_CASE("RT-K8S-15, 19, 20: a Service that was there keeps its type, node port, labels, owner") {
  Cluster cluster{"{port: 80, targetPort: 9898}"};
  cluster.api.put(apex, load_balancer());
  require_done(cluster.reconcile_apex());
  json expected = load_balancer();
  expected["spec"]["selector"] = json_of_yaml("{app: podinfo-primary}");
  expected["metadata"]["annotations"] = json_of_yaml(
      "{kustomize.toolkit.fluxcd.io/reconcile: disabled, helm.toolkit.fluxcd.io/driftDetection: "
      "disabled}");
  CHECK(cluster.at_rest(apex) == expected);
  cluster.meddle(apex, json_of_yaml("metadata: {labels: {more: y}, annotations: null}"));
  cluster.writes();
  require_done(cluster.reconcile_apex());  // RT-K8S-19: only with the ports or the selector
  CHECK(cluster.writes().empty());
}

TEST_CASE("RT-K8S-30..33: finalize gives a taken-over Service its selector back") {
  Cluster owned;
  CHECK_THAT(said(owned.revert()), Contains("Service podinfo.test not found"));
  require_done(owned.initialize());
  require_done(owned.reconcile_apex());
  owned.writes();
  require_done(owned.revert());  // RT-K8S-30, RT-K8S-33
  CHECK(owned.writes().empty());

  Cluster plain{"{port: 80, targetPort: 9898}"};
  plain.api.put(apex, load_balancer());
  require_done(plain.reconcile_apex());
  plain.writes();
  require_done(plain.revert());  // RT-K8S-32
  CHECK(plain.writes() == std::vector<std::string>{"PUT Service podinfo"});
  CHECK(plain.spec(apex) == load_balancer()["spec"]);
  CHECK(plain.at_rest(apex)["metadata"]["annotations"].size() == 2);  // the toolkit's stay on

  Cluster applied{"{port: 80, targetPort: 9898}"};
  json service = load_balancer();
  service["metadata"]["annotations"][last_applied_annotation] =
      R"({"spec":{"selector":{"theirs":"own"},"ports":[{"port":1}]}})";
  applied.api.put(apex, service);
  require_done(applied.reconcile_apex());
  require_done(applied.revert());  // RT-K8S-31: the selector only
  CHECK(applied.spec(apex)["selector"] == json_of_yaml("{theirs: own}"));
  CHECK(applied.spec(apex)["ports"][0]["port"] == 80);

  for (const char* broken : {"{", "[]", "7"}) {
    applied.meddle(apex, {{"metadata", {{"annotations", {{last_applied_annotation, broken}}}}}});
    CHECK_THAT(said(applied.revert()),
               Contains("Service podinfo.test") && Contains(last_applied_annotation));
  }
  // Another Canary's Service is left alone, too.
  applied.meddle(
      apex,
      {{"metadata",
        {{"ownerReferences", json_of_yaml("[{kind: Canary, name: another, controller: true}]")}}}});
  applied.writes();
  require_done(applied.revert());
  CHECK(applied.writes().empty());
}

TEST_CASE("RT-K8S-25: the first failure ends it: no primary after a refused canary") {
  Cluster cluster;
  cluster.api.errors["POST Service podinfo-canary"] = {
      .kind = KubeError::Kind::Forbidden, .message = "may not", .causes = {}, .retry_after = {}};
  CHECK_THAT(said(cluster.initialize()), Contains("Service podinfo-canary.test: may not"));
  CHECK(cluster.writes() == std::vector<std::string>{"POST Service podinfo-canary"});
}

TEST_CASE("RT-COMMON-01, 35: another name for the apex, and owners even with two clusters") {
  Cluster cluster{"{port: 80, name: web}"};
  cluster.settings.owner_references = false;
  require_done(cluster.initialize());
  require_done(cluster.reconcile_apex());
  const json made = cluster.at_rest(World::path(services, "web"));
  CHECK(made["metadata"]["labels"]["app"] == "web");
  CHECK(made["metadata"]["ownerReferences"] == json::array({json_of_yaml(owner)}));
  CHECK(made["spec"]["selector"]["app"] == "podinfo-primary");
  CHECK(cluster.spec(World::path(services, "web-canary"))["selector"]["app"] == "podinfo");
}
