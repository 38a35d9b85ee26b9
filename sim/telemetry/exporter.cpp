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
  bool by_pod;                 ///< counted beside or in each pod; otherwise by an ingress
  std::string_view total;      ///< counter of requests; empty = the histogram's count serves
  std::string_view duration;   ///< histogram without _bucket
  std::string_view sum_count;  ///< another name for _sum and _count; empty = `duration`
  std::string_view code;       ///< label of the status
  bool seconds;
};
constexpr std::array<Form, 13> forms{{
    {QueryFamily::Istio, true, "istio_requests_total", "istio_request_duration_milliseconds", "",
     "response_code", false},
    {QueryFamily::Linkerd, true, "response_total", "response_latency_ms", "", "status_code", false},
    {QueryFamily::AppMesh, true, "envoy_cluster_upstream_rq", "envoy_cluster_upstream_rq_time", "",
     "envoy_response_code", false},
    {QueryFamily::Nginx, false, "nginx_ingress_controller_requests",
     "nginx_ingress_controller_response_duration_seconds", "", "status", true},
    {QueryFamily::Contour, false, "envoy_cluster_upstream_rq", "envoy_cluster_upstream_rq_time", "",
     "envoy_response_code", false},
    {QueryFamily::Gloo, false, "envoy_cluster_upstream_rq", "envoy_cluster_upstream_rq_time", "",
     "envoy_response_code", false},
    {QueryFamily::PlainHttp, true, "http_requests_total", "http_request_duration_seconds", "",
     "status", true},
    {QueryFamily::Skipper, false, "", "skipper_response_duration_seconds",
     "skipper_serve_route_duration_seconds", "code", true},
    {QueryFamily::Traefik, false, "", "traefik_service_request_duration_seconds", "", "code", true},
    {QueryFamily::Osm, true, "osm_request_total", "osm_request_duration_ms", "", "response_code",
     false},
    {QueryFamily::Kuma, true, "envoy_cluster_upstream_rq", "envoy_cluster_upstream_rq_time", "",
     "envoy_response_code", false},
    {QueryFamily::Apisix, false, "apisix_http_status", "apisix_http_latency", "", "code", false},
    {QueryFamily::Knative, false, "envoy_cluster_upstream_rq", "envoy_cluster_upstream_rq_time", "",
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
/// `pod` is its name; empty for families that are not counted by pod.
promql::Labels identity(QueryFamily family, const ExportNames& n, const std::string& workload,
                        const std::string& suffix, bool released, const std::string& pod) {
  const std::string role = suffix.empty() ? "canary" : "primary";
  const std::string service = released ? n.service + "-" + role : workload;
  const std::string target = released ? n.target + "-" + role : workload;
  switch (family) {
    case QueryFamily::Istio:
      return {{"reporter", n.reporter},
              {"destination_workload", workload},
              {"destination_workload_namespace", n.ns},
              {"destination_service_name", released ? n.service : workload},
              {"destination_service_namespace", n.ns},
              {"request_protocol", n.protocol == Protocol::Grpc ? "grpc" : "http"},
              {"pod", pod}};
    case QueryFamily::Linkerd:
      return {
          {"namespace", n.ns}, {"deployment", workload}, {"direction", "inbound"}, {"pod", pod}};
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
              {"destination_name", workload},
              {"destination_pod", pod}};
    case QueryFamily::Kuma:
      return {{"service", fmt::format("{}_{}_svc_80", target, n.ns)}, {"pod", pod}};
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

bool Exporter::by_pod() const { return form_of(family_).by_pod; }

void Exporter::make(Target& target, std::size_t reply) {
  const Form& form = form_of(family_);
  const WorkloadId id = target.workload;
  const Service& service = world_.scenario().services[world_.service_of(id)];
  const bool released = service.name == names_.released;
  const std::string suffix = world_.workload_name(id).substr(service.name.size());
  ExportNames names = names_;
  names.protocol = service.protocol;
  if (!released) names.ns = service.ns;
  const std::string workload = (released ? names_.target : service.name) + suffix;
  std::string pod;
  if (form.by_pod) {
    const std::string parts = world_.pod_name(target.pod).substr(world_.workload_name(id).size());
    pod = workload + (released && names_.daemon_set ? parts.substr(parts.rfind('-')) : parts);
  }
  promql::Labels labels = identity(family_, names, workload, suffix, released, pod);

  const bool grpc = service.protocol == Protocol::Grpc;
  static constexpr std::array<std::string_view, reply_kinds> codes{"200", "500", "503"},
      statuses{"0", "13", "14"};
  labels.emplace_back(form.code, grpc ? "200" : codes[reply]);
  if (family_ == QueryFamily::Istio && grpc)
    labels.emplace_back("grpc_response_status", statuses[reply]);
  if (family_ == QueryFamily::Linkerd) {
    labels.emplace_back("classification", reply == 0 ? "success" : "failure");
    if (grpc) labels.emplace_back("grpc_status_code", statuses[reply]);
  }

  Exported& made = target.exported[reply];
  made.made = true;
  const std::string duration{form.duration};
  const std::string other{form.sum_count.empty() ? form.duration : form.sum_count};
  if (!form.total.empty()) made.total = add(std::string{form.total}, labels);
  made.sum = add(other + "_sum", labels);
  made.count = add(other + "_count", labels);
  made.first_bucket = series_.size();
  for (const double bound : istio_bounds_ms)
    add(duration + "_bucket", labels, go_number(form.seconds ? bound / 1000 : bound));
  add(duration + "_bucket", labels, "+Inf");
}

void Exporter::find_targets() {
  if (by_pod()) {
    for (; found_ < world_.pod_count(); ++found_) {
      const auto pod = static_cast<PodId>(found_);
      if (!world_.gone(pod)) targets_.push_back({world_.workload_of(pod), pod});
    }
  } else {
    for (; found_ < world_.workload_count(); ++found_)
      targets_.push_back({static_cast<WorkloadId>(found_)});
  }
}

void Exporter::read(Target& target, const RequestCounters& as_answered, bool gone, Scrape& scrape) {
  const Form& form = form_of(family_);
  // A gRPC reply is an HTTP 200 whatever became of it; only two families label what is behind.
  const bool grpc =
      world_.scenario().services[world_.service_of(target.workload)].protocol == Protocol::Grpc;
  const bool blind = grpc && family_ != QueryFamily::Istio && family_ != QueryFamily::Linkerd;
  const RequestCounters counters = blind ? as_answered.alike() : as_answered;
  for (std::size_t reply = 0; reply < reply_kinds; ++reply) {
    const RequestCounters::OfReply& counted = counters.of[reply];
    if (counted.count == 0) continue;
    if (!target.exported[reply].made) {
      if (gone) continue;  // nobody has seen it, so there is nothing to end
      make(target, reply);
    }
    const Exported& made = target.exported[reply];
    const auto put = [&](std::size_t index, double value) {
      scrape.values.emplace_back(index, gone ? promql::stale_marker() : value);
    };
    const auto total = static_cast<double>(counted.count);
    if (!form.total.empty()) put(made.total, total);
    put(made.sum, counted.sum_ms / (form.seconds ? 1000 : 1));
    put(made.count, total);
    std::uint64_t below = 0;
    for (std::size_t b = 0; b < counted.buckets.size(); ++b) {
      below += counted.buckets[b];
      put(made.first_bucket + b, static_cast<double>(below));
    }
  }
}

Exporter::Scrape Exporter::scrape() {
  Scrape scrape;
  scrape.ms = std::chrono::duration_cast<std::chrono::milliseconds>(world_.now().time_since_epoch())
                  .count();
  find_targets();
  scrape.values.reserve(series_.size());
  for (Target& target : targets_) {
    if (by_pod()) {
      read(target, world_.pod_counters(target.pod), world_.gone(target.pod), scrape);
    } else {
      read(target, world_.ingress_counters(target.workload), false, scrape);
    }
  }
  if (by_pod())
    std::erase_if(targets_, [this](const Target& target) { return world_.gone(target.pod); });
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
