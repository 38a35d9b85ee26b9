#include "sim/telemetry/exporter.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "engine/judge.hpp"

namespace volary::sim {
namespace {

/// What a family calls its series, and in which unit durations are.
struct Form {
  QueryFamily family;
  std::string_view total;      ///< counter of requests; empty = the histogram's count serves
  std::string_view duration;   ///< histogram without _bucket
  std::string_view sum_count;  ///< another name for _sum and _count; empty = `duration`
  std::string_view code;       ///< label of the status
  bool seconds;
};
constexpr std::array<Form, 13> forms{{
    {QueryFamily::Istio, "istio_requests_total", "istio_request_duration_milliseconds", "",
     "response_code", false},
    {QueryFamily::Linkerd, "response_total", "response_latency_ms", "", "status_code", false},
    {QueryFamily::AppMesh, "envoy_cluster_upstream_rq", "envoy_cluster_upstream_rq_time", "",
     "envoy_response_code", false},
    {QueryFamily::Nginx, "nginx_ingress_controller_requests",
     "nginx_ingress_controller_response_duration_seconds", "", "status", true},
    {QueryFamily::Contour, "envoy_cluster_upstream_rq", "envoy_cluster_upstream_rq_time", "",
     "envoy_response_code", false},
    {QueryFamily::Gloo, "envoy_cluster_upstream_rq", "envoy_cluster_upstream_rq_time", "",
     "envoy_response_code", false},
    {QueryFamily::PlainHttp, "http_requests_total", "http_request_duration_seconds", "", "status",
     true},
    {QueryFamily::Skipper, "", "skipper_response_duration_seconds",
     "skipper_serve_route_duration_seconds", "code", true},
    {QueryFamily::Traefik, "", "traefik_service_request_duration_seconds", "", "code", true},
    {QueryFamily::Osm, "osm_request_total", "osm_request_duration_ms", "", "response_code", false},
    {QueryFamily::Kuma, "envoy_cluster_upstream_rq", "envoy_cluster_upstream_rq_time", "",
     "envoy_response_code", false},
    {QueryFamily::Apisix, "apisix_http_status", "apisix_http_latency", "", "code", false},
    {QueryFamily::Knative, "envoy_cluster_upstream_rq", "envoy_cluster_upstream_rq_time", "",
     "envoy_response_code", false},
}};

const Form& form_of(QueryFamily family) { return *std::ranges::find(forms, family, &Form::family); }

std::string underscored(std::string text) {
  for (char& c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') c = '_';
  return text;
}

/// The labels that say whose requests these are. `suffix` is "" for the target, "-primary" for its
/// copy.
promql::Labels identity(QueryFamily family, const ExportNames& n, const std::string& workload,
                        const std::string& suffix, bool released) {
  const std::string role = suffix.empty() ? "canary" : "primary";
  const std::string pod = workload + "-6d5f8b7c9-x7k2p";
  const std::string service = released ? n.service + "-" + role : workload;
  const std::string target = released ? n.target + "-" + role : workload;
  switch (family) {
    case QueryFamily::Istio:
      return {{"reporter", n.reporter},
              {"destination_workload", workload},
              {"destination_workload_namespace", n.ns},
              {"destination_service_name", released ? n.service : workload},
              {"destination_service_namespace", n.ns},
              {"request_protocol", n.protocol == Protocol::Grpc ? "grpc" : "http"}};
    case QueryFamily::Linkerd:
      return {{"namespace", n.ns}, {"deployment", workload}, {"direction", "inbound"}};
    case QueryFamily::AppMesh:
      return {{"kubernetes_namespace", n.ns}, {"kubernetes_pod_name", pod}};
    case QueryFamily::PlainHttp:
      // As both of the usual ways to scrape pods name them, by annotations and by ServiceMonitors;
      // every request is to the root, which the demo of the public tutorials calls `root`.
      return {{"app", workload},
              {"job", service},
              {"method", "GET"},
              {"path", "root"},
              {"kubernetes_namespace", n.ns},
              {"kubernetes_pod_name", pod},
              {"namespace", n.ns},
              {"pod", pod}};
    case QueryFamily::Nginx:
      return {{"namespace", n.ns},
              {"ingress", n.ingress},
              {"service", service},
              {"canary", released && suffix.empty() ? n.ns + "-" + service + "-80" : ""}};
    case QueryFamily::Contour:
      return {{"envoy_cluster_name", fmt::format("{}_{}_80", n.ns, service)}};
    case QueryFamily::Gloo:
      return {{"envoy_cluster_name", fmt::format("{}-{}upstream-80_gloo-system", n.ns, target)}};
    case QueryFamily::Skipper:
      return {{"route", fmt::format("kube_{}__{}_{}__all__{}", underscored(n.ns),
                                    underscored(n.ingress), role, underscored(service))}};
    case QueryFamily::Traefik:
      return {{"service", fmt::format("{}-{}-80@kubernetescrd", n.ns, target)}};
    case QueryFamily::Osm:
      return {{"destination_namespace", n.ns},
              {"destination_kind", "Deployment"},
              {"destination_name", workload}};
    case QueryFamily::Kuma: return {{"service", fmt::format("{}_{}_svc_80", target, n.ns)}};
    case QueryFamily::Apisix:
      return {{"route", fmt::format("{}_{}-{}_rule", n.ns, n.route, target)}, {"type", "request"}};
    case QueryFamily::Knative:
      return {{"envoy_cluster_name",
               fmt::format("{}/{}", n.ns, suffix.empty() ? n.route : n.route + suffix)}};
  }
  return {};
}

}  // namespace

std::vector<std::string> Exporter::metric_names(QueryFamily family) {
  const Form& form = form_of(family);
  const std::string duration{form.duration};
  const std::string other{form.sum_count.empty() ? form.duration : form.sum_count};
  std::vector<std::string> names{duration + "_bucket", other + "_sum", other + "_count"};
  if (!form.total.empty()) names.emplace_back(form.total);
  return names;
}

Exporter::Exporter(const TrafficWorld& world, QueryFamily family, ExportNames names)
    : world_{world}, family_{family}, names_{std::move(names)} {}

std::size_t Exporter::add(std::string name, promql::Labels labels, std::string_view le) {
  labels.emplace_back("__name__", std::move(name));
  if (!le.empty()) labels.emplace_back("le", le);
  std::erase_if(labels, [](const auto& label) { return label.second.empty(); });
  series_.push_back({std::move(labels)});
  return series_.size() - 1;
}

void Exporter::make(WorkloadId id, std::size_t reply) {
  const Form& form = form_of(family_);
  const Service& service = world_.scenario().services[world_.service_of(id)];
  const bool released = service.name == names_.released;
  const std::string suffix = world_.workload_name(id).substr(service.name.size());
  ExportNames names = names_;
  names.protocol = service.protocol;
  if (!released) names.ns = service.ns;
  promql::Labels labels = identity(
      family_, names, (released ? names_.target : service.name) + suffix, suffix, released);

  const bool grpc = service.protocol == Protocol::Grpc;
  static constexpr std::array<std::string_view, reply_kinds> codes{"200", "500", "503"},
      statuses{"0", "13", "14"};
  labels.emplace_back(form.code, grpc ? "200" : codes[reply]);
  if (family_ == QueryFamily::Istio && grpc)
    labels.emplace_back("grpc_response_status", statuses[reply]);
  if (family_ == QueryFamily::Linkerd)
    labels.emplace_back("classification", reply == 0 ? "success" : "failure");

  Exported& made = exported_[id][reply];
  made.made = true;
  const std::string duration{form.duration};
  const std::string other{form.sum_count.empty() ? form.duration : form.sum_count};
  made.total =
      form.total.empty() ? add(duration + "_total", labels) : add(std::string{form.total}, labels);
  made.sum = add(other + "_sum", labels);
  made.count = add(other + "_count", labels);
  made.first_bucket = series_.size();
  for (const double bound : istio_bounds_ms)
    add(duration + "_bucket", labels, go_number(form.seconds ? bound / 1000 : bound));
  add(duration + "_bucket", labels, "+Inf");
}

Exporter::Scrape Exporter::scrape() {
  const Form& form = form_of(family_);
  Scrape scrape;
  scrape.ms = std::chrono::duration_cast<std::chrono::milliseconds>(world_.now().time_since_epoch())
                  .count();
  exported_.resize(world_.workload_count());
  stale_.resize(world_.workload_count());
  for (WorkloadId id = 0; id < world_.workload_count(); ++id) {
    const WorkloadCounters& counters = world_.counters(id);
    const bool gone = world_.view(id).replicas == 0;
    if (gone && stale_[id]) continue;
    stale_[id] = gone;
    for (std::size_t reply = 0; reply < reply_kinds; ++reply) {
      if (counters.replies[reply] == 0) continue;
      if (!exported_[id][reply].made) make(id, reply);
      const Exported& made = exported_[id][reply];
      const auto put = [&](std::size_t index, double value) {
        scrape.values.emplace_back(index, gone ? promql::stale_marker() : value);
      };
      const auto total = static_cast<double>(counters.replies[reply]);
      if (!form.total.empty()) put(made.total, total);
      put(made.sum, counters.sum_ms[reply] / (form.seconds ? 1000 : 1));
      put(made.count, total);
      double below = 0;
      for (std::size_t b = 0; b < counters.buckets[reply].size(); ++b) {
        below += static_cast<double>(counters.buckets[reply][b]);
        put(made.first_bucket + b, below);
      }
    }
  }
  return scrape;
}

void Exporter::write(const Scrape& scrape, promql::SeriesStore& store) {
  for (const auto& [index, value] : scrape.values) {
    Series& series = series_[index];
    if (!series.known) {
      series.id = store.series(series.labels);
      series.known = true;
    }
    store.append(series.id, scrape.ms, value);
  }
}

}  // namespace volary::sim
