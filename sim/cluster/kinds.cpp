#include "sim/cluster/kinds.hpp"

#include <set>

#include "live/kube_objects.hpp"
#include "live/routers/gateway_api_spec.hpp"
#include "policies/flagger_schemas.hpp"

namespace volary::sim::cluster {
namespace {

using nlohmann::json;

void prune(json& value, const Outline& outline);

/// What the schema says about a list's or map's objects, it says about each of them.
void prune(json& value, const Shape& shape) {
  if (shape.object == nullptr) return;
  if (shape.kind == Shape::Kind::Object) {
    prune(value, *shape.object);
  } else if (value.is_structured()) {
    for (json& item : value) prune(item, *shape.object);
  }
}

void prune(json& value, const Outline& outline) {
  if (!value.is_object()) return;
  std::set<std::string> known;
  for (const Outline::Line& line : outline.lines()) {
    known.insert(line.key);
    if (const auto member = value.find(line.key); member != value.end()) prune(*member, line.shape);
  }
  for (auto member = value.begin(); member != value.end();)
    member = known.contains(member.key()) ? std::next(member) : value.erase(member);
}

/// API fact A9: the table that reads a document says which fields there are. Metadata and status
/// are not the author's.
void prune_object(json& object, const Outline& outline) {
  for (const Outline::Line& line : outline.lines())
    if (line.key == "spec" && object.contains("spec")) prune(object["spec"], line.shape);
}

void complete_canary(json& object) { prune_object(object, canary_schema()); }
void complete_template(json& object) { prune_object(object, metric_template_schema()); }
void complete_provider(json& object) { prune_object(object, alert_provider_schema()); }

void complete_http_route(json& object) {
  if (object.contains("spec"))
    object["spec"] = live::gateway_api::with_defaults(std::move(object["spec"]));
}

void complete_deployment(json& object) {
  json& spec = object["spec"];
  if (!spec.contains("replicas")) spec["replicas"] = 1;
  if (!spec.contains("progressDeadlineSeconds")) spec["progressDeadlineSeconds"] = 600;
}

void complete_service(json& object) {
  json& spec = object["spec"];
  if (!spec.contains("type")) spec["type"] = "ClusterIP";
  if (spec.contains("ports") && spec["ports"].is_array())
    for (json& port : spec["ports"])
      if (port.is_object() && !port.contains("protocol")) port["protocol"] = "TCP";
}

std::vector<std::string> causes_of_workload(const json& object) {
  std::vector<std::string> causes;
  if (live::integer_at(object, {"spec", "replicas"}).value_or(0) < 0)
    causes.push_back("spec.replicas: Invalid value: must be greater than or equal to 0");
  const live::Labels pods = live::labels_at(object, {"spec", "template", "metadata", "labels"});
  for (const auto& [key, value] : live::labels_at(object, {"spec", "selector", "matchLabels"}))
    if (const auto label = pods.find(key); label == pods.end() || label->second != value) {
      causes.push_back(
          "spec.template.metadata.labels: Invalid value: `selector` does not match template "
          "`labels`");
      break;
    }
  return causes;
}

}  // namespace

std::string Kind::spoken() const { return group.empty() ? plural : plural + "." + group; }

const std::vector<Kind>& known_kinds() {
  static const std::vector<Kind> kinds = [] {
    std::vector<Kind> all;
    const auto plain = [&all](const char* plural, const char* name) -> Kind& {
      all.push_back({.group = "",
                     .plural = plural,
                     .name = name,
                     .custom = false,
                     .status = false,
                     .counts_generations = false});
      return all.back();
    };
    plain("namespaces", "Namespace").namespaced = false;
    plain("configmaps", "ConfigMap");
    plain("secrets", "Secret");
    plain("events", "Event");
    plain("endpoints", "Endpoints");
    Kind& service = plain("services", "Service");
    service.status = true;
    service.complete = complete_service;
    plain("pods", "Pod").status = true;

    const auto grouped = [&all](const char* group, const char* plural, const char* name) -> Kind& {
      all.push_back({.group = group, .plural = plural, .name = name});
      return all.back();
    };
    const auto built_in = [&](const char* group, const char* plural, const char* name) -> Kind& {
      Kind& kind = grouped(group, plural, name);
      kind.custom = false;
      return kind;
    };
    for (const auto& [plural, name] :
         {std::pair{"deployments", "Deployment"}, std::pair{"daemonsets", "DaemonSet"}}) {
      Kind& workload = built_in("apps", plural, name);
      workload.causes = causes_of_workload;
      if (std::string_view{name} == "Deployment") workload.complete = complete_deployment;
    }
    built_in("autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
        .counts_generations = false;
    built_in("networking.k8s.io", "ingresses", "Ingress");
    Kind& lease = built_in("coordination.k8s.io", "leases", "Lease");
    lease.status = lease.counts_generations = false;
    Kind& definition =
        built_in("apiextensions.k8s.io", "customresourcedefinitions", "CustomResourceDefinition");
    definition.namespaced = false;

    grouped("flagger.app", "canaries", "Canary").complete = complete_canary;
    grouped("flagger.app", "metrictemplates", "MetricTemplate").complete = complete_template;
    grouped("flagger.app", "alertproviders", "AlertProvider").complete = complete_provider;
    grouped("keda.sh", "scaledobjects", "ScaledObject");
    grouped("serving.knative.dev", "services", "Service");
    grouped("serving.knative.dev", "revisions", "Revision");
    grouped("gateway.networking.k8s.io", "httproutes", "HTTPRoute").complete = complete_http_route;
    grouped("networking.istio.io", "virtualservices", "VirtualService");
    grouped("networking.istio.io", "destinationrules", "DestinationRule");
    grouped("split.smi-spec.io", "trafficsplits", "TrafficSplit").status = false;
    grouped("appmesh.k8s.aws", "virtualnodes", "VirtualNode");
    grouped("appmesh.k8s.aws", "virtualrouters", "VirtualRouter");
    grouped("appmesh.k8s.aws", "virtualservices", "VirtualService");
    grouped("projectcontour.io", "httpproxies", "HTTPProxy");
    grouped("gateway.solo.io", "routetables", "RouteTable");
    grouped("gloo.solo.io", "upstreams", "Upstream");
    grouped("traefik.io", "traefikservices", "TraefikService").status = false;
    grouped("apisix.apache.org", "apisixroutes", "ApisixRoute");
    Kind& traffic_route = grouped("kuma.io", "trafficroutes", "TrafficRoute");
    traffic_route.namespaced = traffic_route.status = false;
    return all;
  }();
  return kinds;
}

Kind kind_of_definition(const json& definition) {
  Kind kind{.group = live::text_at(definition, {"spec", "group"}),
            .plural = live::text_at(definition, {"spec", "names", "plural"}),
            .name = live::text_at(definition, {"spec", "names", "kind"}),
            .namespaced = live::text_at(definition, {"spec", "scope"}) != "Cluster",
            .status = false};
  for (const json& version : live::list_at(definition, {"spec", "versions"}))
    kind.status = kind.status || !live::at(version, {"subresources", "status"}).is_null();
  return kind;
}

}  // namespace volary::sim::cluster
