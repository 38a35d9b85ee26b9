#include <algorithm>

#include "policies/flagger_schemas.hpp"

/// `flagger.app/v1beta1 Canary`. Source: canary-resource.md §2, §3.
namespace volary {
namespace {

struct ReplicaBounds {
  std::optional<int> least, most;
};

Format<ObjectRef> autoscaler_reference() {
  static const Schema<ReplicaBounds> bounds{
      "ScalerReplicas",
      {field("minReplicas", &ReplicaBounds::least, integer(1)),  // VAL-05
       field("maxReplicas", &ReplicaBounds::most, integer(1))}};
  static const Schema<ObjectRef> schema{
      "AutoscalerRef",
      {
          field("apiVersion", &ObjectRef::api_version, text(), {.required = true, .rule = "CR-40"}),
          field("kind", &ObjectRef::kind, one_of({"HorizontalPodAutoscaler", "ScaledObject"}),
                {.required = true, .rule = "CR-41"}),
          field("name", &ObjectRef::name, text(), {.required = true, .rule = "CR-42"}),
          field_into<ObjectRef>("primaryScalerQueries", map_of(text()), [](ObjectRef&, auto) {},
                                {.rule = "CR-43"}),
          field_into<ObjectRef>("primaryScalerReplicas", object(bounds), [](ObjectRef&, auto) {},
                                {.rule = "CR-44, CR-45"}),
      }};
  return object(schema);
}

Format<std::string> provider() {
  return one_of({"apisix", "appmesh", "appmesh:v1beta2", "contour", "gatewayapi:v1",
                 "gatewayapi:v1beta1", "gloo", "istio", "knative", "kubernetes", "kuma", "linkerd",
                 "nginx", "osm", "skipper", "smi:v1alpha1", "smi:v1alpha2", "smi:v1alpha3",
                 "traefik"});
}

Format<GatewayRef> gateway_reference() {
  static const Schema<GatewayRef> schema{
      "GatewayRef",
      {
          field("name", &GatewayRef::name, text(), {.required = true}),
          field("namespace", &GatewayRef::ns, text(), {.unset = "the Canary's namespace"}),
          field("group", &GatewayRef::group, text(), {.unset = "gateway.networking.k8s.io"}),
          field("kind", &GatewayRef::kind, text(), {.unset = "Gateway"}),
          field("sectionName", &GatewayRef::section_name, text()),
          field("port", &GatewayRef::port, integer(1, 65535)),
      }};
  return object(schema);
}

void check_target(const CanarySpec& spec, const Node& node, Reader& reader) {
  const ObjectRef& target = spec.target_ref;
  const bool knative_target =
      target.kind == "Service" && target.api_version == "serving.knative.dev/v1";  // CR-36
  if (knative_target != (spec.provider == "knative"))                              // VAL-11
    reader.refuse(node.at,
                  knative_target
                      ? "a Knative Service needs provider: knative"
                      : "provider knative needs a target of serving.knative.dev/v1, kind Service");
  if (knative_target && spec.autoscaler_ref)  // VAL-12
    reader.refuse(node.at, "a Knative Service may not have an autoscalerRef");
}

}  // namespace

const Schema<ServiceSpec>& service_schema() {
  // clang-format off
  static const Schema<ServiceSpec> schema{"CanaryService", {
      field("name", &ServiceSpec::name, text(), {.unset = "targetRef.name", .rule = "SVC-01"}),
      field("port", &ServiceSpec::port, integer(), {.required = true, .rule = "SVC-02", .doc = "port of the generated Services"}),
      field("portName", &ServiceSpec::port_name, text(), {.unset = "http", .rule = "SVC-03"}),
      field("targetPort", &ServiceSpec::target_port, int_or_text(), {.unset = "port", .rule = "SVC-04"}),
      field("appProtocol", &ServiceSpec::app_protocol, text(), {.rule = "SVC-05"}),
      field_into<ServiceSpec>("trafficDistribution", one_of({"PreferClose", "PreferSameZone", "PreferSameNode"}),
                              [](ServiceSpec&, const std::string&) {}, {.rule = "SVC-06"}),
      known("portDiscovery", {.rule = "SVC-07"}),
      known("headless", {.rule = "SVC-08"}),
      field("timeout", &ServiceSpec::timeout, text(), {.rule = "SVC-09"}),
      known("backendTimeout", {.rule = "SVC-10"}),
      field("gateways", &ServiceSpec::gateways, list_of(text()), {.rule = "SVC-11"}),
      field("gatewayRefs", &ServiceSpec::gateway_refs, list_of(gateway_reference()), {.rule = "SVC-12"}),
      field("hosts", &ServiceSpec::hosts, list_of(text()), {.rule = "SVC-13"}),
      known("delegation", {.rule = "SVC-14"}),
      known("trafficPolicy", {.rule = "SVC-15"}),
      field("match", &ServiceSpec::match, list_of(object(http_match_schema())), {.rule = "SVC-16"}),
      known("rewrite", {.rule = "SVC-17"}),
      known("retries", {.rule = "SVC-18"}),
      known("headers", {.rule = "SVC-19"}),
      known("mirror", {.rule = "SVC-20"}),
      known("corsPolicy", {.rule = "SVC-21"}),
      known("meshName", {.rule = "SVC-22"}),
      known("backends", {.rule = "SVC-23"}),
      known("apex", {.rule = "SVC-24"}),
      known("primary", {.rule = "SVC-24"}),
      known("canary", {.rule = "SVC-24"}),
      known("unmanagedMetadata", {.rule = "SVC-25"}),
  }};
  // clang-format on
  return schema;
}

const Schema<CanarySpec>& canary_spec_schema() {
  // clang-format off
  static const Schema<CanarySpec> schema = Schema<CanarySpec>{"CanarySpec", {
      field("provider", &CanarySpec::provider, provider(), {.unset = "that of the controller", .rule = "CR-10"}),
      field("metricsServer", &CanarySpec::metrics_server, text(), {.rule = "CR-11"}),
      field("targetRef", &CanarySpec::target_ref, object_reference({"DaemonSet", "Deployment", "Service"}),
            {.required = true, .rule = "CR-12", .doc = "the workload to release"}),
      field("autoscalerRef", &CanarySpec::autoscaler_ref, autoscaler_reference(), {.rule = "CR-13"}),
      field("ingressRef", &CanarySpec::ingress_ref, object_reference({"Ingress"}), {.rule = "CR-14"}),
      field("routeRef", &CanarySpec::route_ref, object_reference({"ApisixRoute"}), {.rule = "CR-15"}),
      field("upstreamRef", &CanarySpec::upstream_ref, object_reference({"Upstream"}, {"namespace"}), {.rule = "CR-16"}),
      field("service", &CanarySpec::service, object(service_schema()), {.rule = "CR-17"}),
      field("analysis", &CanarySpec::analysis, object(analysis_schema()),
            {.required = true, .rule = "CR-18", .doc = "how a revision is validated"}),
      known("canaryAnalysis", {.rule = "CR-05", .doc = "the old name of analysis, which the API server drops"}),
      field("progressDeadlineSeconds", &CanarySpec::progress_deadline_seconds, integer(), {.unset = "600", .rule = "CR-19"}),
      field("skipAnalysis", &CanarySpec::skip_analysis, truth(), {.unset = "false", .rule = "CR-20"}),
      field("revertOnDeletion", &CanarySpec::revert_on_deletion, truth(), {.unset = "false", .rule = "CR-21"}),
      field("suspend", &CanarySpec::suspend, truth(), {.unset = "false", .rule = "CR-22"}),
  }}.check([](const CanarySpec& spec, const Node& node, Reader& reader) {
    if (const Node* old = node.find("canaryAnalysis"))
      reader.remark(old->at, "canaryAnalysis is dropped by the API server", "its name is analysis now (CR-05)");
    check_target(spec, node, reader);
  });
  // clang-format on
  return schema;
}

const Schema<Canary>& canary_schema() {
  static const Schema<Canary> schema{
      "Canary",
      {
          known("apiVersion"),
          known("kind"),
          field_into<Canary>("metadata", object(object_meta_schema()),
                             [](Canary& canary, ObjectMeta meta) {
                               canary.name = std::move(meta.name);
                               canary.labels = std::move(meta.labels);
                               canary.annotations = std::move(meta.annotations);
                             },
                             {.required = true}),
          field("spec", &Canary::spec, object(canary_spec_schema()), {.required = true}),
          known("status"),
      }};
  return schema;
}

}  // namespace volary
