#include "engine/builtin_queries.hpp"

#include <array>
#include <cctype>

#include "engine/contract.hpp"

namespace volary {
namespace {

struct Texts {
  QueryFamily family;
  std::string_view success_rate, duration;
};

// The texts on the wire, word for word (metrics.md §5), in the order of their OBS numbers.
// clang-format off
constexpr std::array<Texts, 13> texts{{
    // OBS-01 Istio
    {QueryFamily::Istio,
     R"q(sum( rate( istio_requests_total{ reporter="destination", )q"
     R"q(destination_workload_namespace="{{ namespace }}", destination_workload=~"{{ target }}", )q"
     R"q(response_code!~"5.*" }[{{ interval }}] ) ) / sum( rate( istio_requests_total{ )q"
     R"q(reporter="destination", destination_workload_namespace="{{ namespace }}", )q"
     R"q(destination_workload=~"{{ target }}" }[{{ interval }}] ) ) * 100)q",
     R"q(histogram_quantile( 0.99, sum( rate( istio_request_duration_milliseconds_bucket{ )q"
     R"q(reporter="destination", destination_workload_namespace="{{ namespace }}", )q"
     R"q(destination_workload=~"{{ target }}" }[{{ interval }}] ) ) by (le) ))q"},
    // OBS-02 Linkerd
    {QueryFamily::Linkerd,
     R"q(sum( rate( response_total{ namespace="{{ namespace }}", deployment=~"{{ target }}", )q"
     R"q(classification!="failure", direction="inbound" }[{{ interval }}] ) ) / sum( rate( )q"
     R"q(response_total{ namespace="{{ namespace }}", deployment=~"{{ target }}", )q"
     R"q(direction="inbound" }[{{ interval }}] ) ) * 100)q",
     R"q(histogram_quantile( 0.99, sum( rate( response_latency_ms_bucket{ namespace="{{ )q"
     R"q(namespace }}", deployment=~"{{ target }}", direction="inbound" }[{{ interval }}] ) ) by )q"
     R"q((le) ))q"},
    // OBS-03 App Mesh
    {QueryFamily::AppMesh,
     R"q(sum( rate( envoy_cluster_upstream_rq{ kubernetes_namespace="{{ namespace }}", )q"
     R"q(kubernetes_pod_name=~"{{ target }}-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)", )q"
     R"q(envoy_response_code!~"5.*" }[{{ interval }}] ) ) / sum( rate( )q"
     R"q(envoy_cluster_upstream_rq{ kubernetes_namespace="{{ namespace }}", )q"
     R"q(kubernetes_pod_name=~"{{ target }}-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)" }[{{ interval }}] ) ) * )q"
     R"q(100)q",
     R"q(histogram_quantile( 0.99, sum( rate( envoy_cluster_upstream_rq_time_bucket{ )q"
     R"q(kubernetes_namespace="{{ namespace }}", kubernetes_pod_name=~"{{ target )q"
     R"q(}}-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)" }[{{ interval }}] ) ) by (le) ))q"},
    // OBS-04 NGINX ingress
    {QueryFamily::Nginx,
     R"q(sum( rate( nginx_ingress_controller_requests{ namespace="{{ namespace }}", ingress="{{ )q"
     R"q(ingress }}", canary!="", status!~"5.*" }[{{ interval }}] ) ) / sum( rate( )q"
     R"q(nginx_ingress_controller_requests{ namespace="{{ namespace }}", ingress="{{ ingress )q"
     R"q(}}", canary!="" }[{{ interval }}] ) ) * 100)q",
     R"q(sum( rate( nginx_ingress_controller_response_duration_seconds_sum{ namespace="{{ )q"
     R"q(namespace }}", ingress="{{ ingress }}", canary!="" }[{{ interval }}] ) ) / sum( rate( )q"
     R"q(nginx_ingress_controller_response_duration_seconds_count{ namespace="{{ namespace }}", )q"
     R"q(ingress="{{ ingress }}", canary!="" }[{{ interval }}] ) ) * 1000)q"},
    // OBS-05 Contour
    {QueryFamily::Contour,
     R"q(sum( rate( envoy_cluster_upstream_rq{ envoy_cluster_name=~"{{ namespace }}_{{ service )q"
     R"q(}}-canary_[0-9a-zA-Z-]+", envoy_response_code!~"5.*" }[{{ interval }}] ) ) / sum( rate( )q"
     R"q(envoy_cluster_upstream_rq{ envoy_cluster_name=~"{{ namespace }}_{{ service )q"
     R"q(}}-canary_[0-9a-zA-Z-]+", }[{{ interval }}] ) ) * 100)q",
     R"q(histogram_quantile( 0.99, sum( rate( envoy_cluster_upstream_rq_time_bucket{ )q"
     R"q(envoy_cluster_name=~"{{ namespace }}_{{ service }}-canary_[0-9a-zA-Z-]+", }[{{ interval )q"
     R"q(}}] ) ) by (le) ))q"},
    // OBS-06 Gloo
    {QueryFamily::Gloo,
     R"q(sum( rate( envoy_cluster_upstream_rq{ envoy_cluster_name=~"{{ namespace }}-{{ target )q"
     R"q(}}-canaryupstream-[0-9a-zA-Z-]+_[0-9a-zA-Z-]+", envoy_response_code!~"5.*" }[{{ )q"
     R"q(interval }}] ) ) / sum( rate( envoy_cluster_upstream_rq{ envoy_cluster_name=~"{{ )q"
     R"q(namespace }}-{{ target }}-canaryupstream-[0-9a-zA-Z-]+_[0-9a-zA-Z-]+", }[{{ interval )q"
     R"q(}}] ) ) * 100)q",
     R"q(histogram_quantile( 0.99, sum( rate( envoy_cluster_upstream_rq_time_bucket{ )q"
     R"q(envoy_cluster_name=~"{{ namespace }}-{{ target )q"
     R"q(}}-canaryupstream-[0-9a-zA-Z-]+_[0-9a-zA-Z-]+", }[{{ interval }}] ) ) by (le) ))q"},
    // OBS-07 plain HTTP instrumentation (`kubernetes`, `gatewayapi:*`)
    {QueryFamily::PlainHttp,
     R"q(sum( rate( http_request_duration_seconds_count{ kubernetes_namespace="{{ namespace }}", )q"
     R"q(kubernetes_pod_name=~"{{ target }}-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)", status!~"5.*" }[{{ )q"
     R"q(interval }}] ) ) / sum( rate( http_request_duration_seconds_count{ )q"
     R"q(kubernetes_namespace="{{ namespace }}", kubernetes_pod_name=~"{{ target )q"
     R"q(}}-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)" }[{{ interval }}] ) ) * 100)q",
     R"q(histogram_quantile( 0.99, sum( rate( http_request_duration_seconds_bucket{ )q"
     R"q(kubernetes_namespace="{{ namespace }}", kubernetes_pod_name=~"{{ target )q"
     R"q(}}-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)" }[{{ interval }}] ) ) by (le) ))q"},
    // OBS-08 Skipper
    {QueryFamily::Skipper,
     R"q(sum(rate(skipper_response_duration_seconds_bucket{route=~"kube(ew)?_{{ namespace }}__{{ )q"
     R"q(ingress }}_canary__.*__{{ service }}_canary(_[0-9]+)?",code!~"5..",le="+Inf"}[{{ )q"
     R"q(interval }}])) / sum(rate(skipper_response_duration_seconds_bucket{route=~"kube(ew)?_{{ )q"
     R"q(namespace }}__{{ ingress }}_canary__.*__{{ service }}_canary(_[0-9]+)?",le="+Inf"}[{{ )q"
     R"q(interval }}])) * 100)q",
     R"q(sum(rate(skipper_serve_route_duration_seconds_sum{route=~"kube(ew)?_{{ namespace }}__{{ )q"
     R"q(ingress }}_canary__.*__{{ service }}_canary(_[0-9]+)?"}[{{ interval }}])) / )q"
     R"q(sum(rate(skipper_serve_route_duration_seconds_count{route=~"kube(ew)?_{{ namespace )q"
     R"q(}}__{{ ingress }}_canary__.*__{{ service }}_canary(_[0-9]+)?"}[{{ interval }}])) * 1000)q"},
    // OBS-09 Traefik
    {QueryFamily::Traefik,
     R"q(sum( rate( traefik_service_request_duration_seconds_bucket{ service=~"{{ namespace )q"
     R"q(}}-{{ target }}-canary-[0-9a-zA-Z-]+@kubernetescrd", code!~"5..", le="+Inf" }[{{ )q"
     R"q(interval }}] ) ) / sum( rate( traefik_service_request_duration_seconds_bucket{ )q"
     R"q(service=~"{{ namespace }}-{{ target }}-canary-[0-9a-zA-Z-]+@kubernetescrd", le="+Inf" )q"
     R"q(}[{{ interval }}] ) ) * 100)q",
     R"q(histogram_quantile( 0.99, sum( rate( traefik_service_request_duration_seconds_bucket{ )q"
     R"q(service=~"{{ namespace }}-{{ target }}-canary-[0-9a-zA-Z-]+@kubernetescrd" }[{{ )q"
     R"q(interval }}] ) ) by (le) ) * 1000)q"},
    // OBS-10 OSM
    {QueryFamily::Osm,
     R"q(sum( rate( osm_request_total{ destination_namespace="{{ namespace }}", )q"
     R"q(destination_kind="Deployment", destination_name="{{ target }}", response_code!~"5.*" )q"
     R"q(}[{{ interval }}] ) ) / sum( rate( osm_request_total{ destination_namespace="{{ )q"
     R"q(namespace }}", destination_kind="Deployment", destination_name="{{ target }}" }[{{ )q"
     R"q(interval }}] ) ) * 100)q",
     R"q(histogram_quantile( 0.99, sum( rate( osm_request_duration_ms_bucket{ )q"
     R"q(destination_namespace="{{ namespace }}", destination_kind="Deployment", )q"
     R"q(destination_name="{{ target }}" }[{{ interval }}] ) ) by (le) ))q"},
    // OBS-11 Kuma
    {QueryFamily::Kuma,
     R"q(sum( rate( envoy_cluster_upstream_rq{ service=~"{{ target }}-canary_{{ namespace )q"
     R"q(}}_svc_[0-9a-zA-Z-]+", envoy_response_code!~"5.*" }[{{ interval }}] ) ) / sum( rate( )q"
     R"q(envoy_cluster_upstream_rq{ service=~"{{ target }}-canary_{{ namespace )q"
     R"q(}}_svc_[0-9a-zA-Z-]+", }[{{ interval }}] ) ) * 100)q",
     R"q(histogram_quantile( 0.99, sum( rate( envoy_cluster_upstream_rq_time_bucket{ )q"
     R"q(service=~"{{ target }}-canary_{{ namespace }}_svc_[0-9a-zA-Z-]+", }[{{ interval }}] ) ) )q"
     R"q(by (le) ))q"},
    // OBS-12 APISIX
    {QueryFamily::Apisix,
     R"q(sum( rate( apisix_http_status{ route=~"{{ namespace }}_{{ route }}-{{ target )q"
     R"q(}}-canary_.+", code!~"5.." }[{{ interval }}] ) ) / sum( rate( apisix_http_status{ )q"
     R"q(route=~"{{ namespace }}_{{ route }}-{{ target }}-canary_.+" }[{{ interval }}] ) ) * 100)q",
     R"q(histogram_quantile( 0.99, sum( rate( apisix_http_latency_bucket{ type=~"request", )q"
     R"q(route=~"{{ namespace }}_{{ route }}-{{ target }}-canary_.+" }[{{ interval }}] ) ) by )q"
     R"q((le) ))q"},
    // OBS-13 Knative
    {QueryFamily::Knative,
     R"q(sum( rate( envoy_cluster_upstream_rq{ envoy_cluster_name=~"{{ namespace }}/{{ route )q"
     R"q(}}", envoy_response_code!~"5.*" }[{{ interval }}] ) ) / sum( rate( )q"
     R"q(envoy_cluster_upstream_rq{ envoy_cluster_name=~"{{ namespace }}/{{ route }}", }[{{ )q"
     R"q(interval }}] ) ) * 100)q",
     R"q(histogram_quantile( 0.99, sum( rate( envoy_cluster_upstream_rq_time_bucket{ )q"
     R"q(envoy_cluster_name=~"{{ namespace }}/{{ route }}", }[{{ interval }}] ) ) by (le) ))q"},
}};
// clang-format on

}  // namespace

QueryFamily query_family(const Canary& canary, const EngineSettings& settings) {
  // MET-07, MET-08
  std::string provider = settings.mesh_provider.find("crossover") != std::string::npos
                             ? "crossover"
                             : settings.mesh_provider;
  if (!canary.spec.provider.empty()) provider = canary.spec.provider;
  if (settings.mesh_provider.find("linkerd") != std::string::npos) provider = "linkerd";
  const ObjectRef& target = canary.spec.target_ref;
  if (target.kind == "Service" && !target.api_version.starts_with("serving.knative.dev"))
    provider += ":service";

  // MET-09
  if (provider.starts_with("appmesh")) return QueryFamily::AppMesh;
  if (provider == "linkerd") return QueryFamily::Linkerd;
  if (provider == "istio") return QueryFamily::Istio;
  if (provider == "contour") return QueryFamily::Contour;
  if (provider.starts_with("gloo")) return QueryFamily::Gloo;
  if (provider == "nginx") return QueryFamily::Nginx;
  if (provider == "kubernetes" || provider.starts_with("gatewayapi")) return QueryFamily::PlainHttp;
  if (provider == "skipper") return QueryFamily::Skipper;
  if (provider == "traefik") return QueryFamily::Traefik;
  if (provider == "osm") return QueryFamily::Osm;
  if (provider == "kuma") return QueryFamily::Kuma;
  if (provider == "apisix") return QueryFamily::Apisix;
  if (provider == "knative") return QueryFamily::Knative;
  return QueryFamily::Istio;
}

std::string_view builtin_query(QueryFamily family, MetricQuery::Kind kind) {
  for (const Texts& entry : texts)
    if (entry.family == family)
      return kind == MetricQuery::Kind::BuiltinSuccessRate ? entry.success_rate : entry.duration;
  return {};
}

std::string_view requests_query(QueryFamily family) {
  // good / all * 100: what stands between is the rate of all requests.
  const std::string_view success = builtin_query(family, MetricQuery::Kind::BuiltinSuccessRate);
  constexpr std::string_view over = " / ";
  const std::size_t from = success.find(over), to = success.rfind(" * 100");
  expects(from != std::string_view::npos && to != std::string_view::npos,
          "a success rate is a quotient in percent");
  return success.substr(from + over.size(), to - from - over.size());
}

TemplateValues template_values(const Canary& canary, const MetricCheck& check,
                               std::string_view default_interval) {
  const CanarySpec& spec = canary.spec;
  TemplateValues values{
      .name = canary.name.name,
      .ns = canary.name.ns,
      .target = spec.target_ref.name,
      .service = apex_name(canary),
      .ingress = spec.ingress_ref ? spec.ingress_ref->name : spec.target_ref.name,
      .route = spec.route_ref ? spec.route_ref->name : spec.target_ref.name,
      .interval = check.interval.empty() ? std::string{default_interval} : check.interval,
      .variables = check.variables,
  };
  return values;
}

TemplateValues skipper_values(TemplateValues values) {
  for (std::string* text :
       {&values.name, &values.ns, &values.target, &values.service, &values.ingress})
    for (char& c : *text)
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') c = '_';
  return values;
}

}  // namespace volary
