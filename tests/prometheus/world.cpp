#include "tests/prometheus/world.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/prometheus/dice.hpp"

namespace volary::test {
namespace {

constexpr std::int64_t scrape_ms = 15'000;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

class World {
 public:
  explicit World(std::uint64_t seed) : dice_{seed} {}

  std::vector<Series> run() {
    counters();
    gauges();
    histograms();
    odd_histograms();
    meshes();
    // As a block stores them: sums then add up in one order on both sides.
    std::ranges::sort(series_, {}, &Series::labels);
    return std::move(series_);
  }

 private:
  /// When a target was scraped: on the grid or beside it, with scrapes lost, a pause longer than
  /// the lookback, a late start, an early end.
  std::vector<std::int64_t> scrapes() {
    const std::int64_t phase = dice_.chance(50) ? 0 : dice_.below(scrape_ms);
    const std::int64_t begin = dice_.chance(25) ? dice_.below(world_length / 2) : 0;
    const std::int64_t end =
        dice_.chance(25) ? world_length - dice_.below(world_length / 2) : world_length;
    const std::int64_t pause = dice_.chance(25) ? dice_.below(world_length) : world_length;
    const int lost = dice_.chance(30) ? 20 : 0;
    std::vector<std::int64_t> times;
    for (std::int64_t at = phase; at <= end; at += scrape_ms) {
      if (at < begin || (at > pause && at < pause + 6 * 60'000) || dice_.chance(lost)) continue;
      times.push_back(world_begin + at);
    }
    return times;
  }

  void add(promql::Labels labels, const std::vector<std::int64_t>& times, auto next) {
    std::ranges::sort(labels);
    Series one{std::move(labels), {}};
    for (const std::int64_t at : times) one.samples.push_back({at, next()});
    if (!one.samples.empty()) series_.push_back(std::move(one));
  }

  void counter(promql::Labels labels, const std::vector<std::int64_t>& times) {
    double value = static_cast<double>(dice_.chance(50) ? 0 : dice_.below(1000));
    const auto step = 1 + dice_.below(200);
    const bool resets = dice_.chance(40), whole = dice_.chance(70);
    add(std::move(labels), times, [&] {
      const double before = value;
      value += static_cast<double>(dice_.below(step)) * (whole ? 1 : 0.123);
      if (resets && dice_.chance(4)) value = static_cast<double>(dice_.below(20));
      return before;
    });
  }

  void counters() {
    for (const char* name : {"requests_total", "errors_total", "jobs:done_total"})
      for (const char* pod : {"a", "b", "web-1"})
        for (const char* code : {"200", "404", "500"}) {
          promql::Labels labels{{"__name__", name}, {"pod", pod}, {"code", code}};
          if (*pod != 'b') labels.emplace_back("zone", *pod == 'a' ? "x" : "y");
          counter(std::move(labels), scrapes());
        }
    counter({{"__name__", "requests_total"}, {"pod", "q\"uo\\te\nd"}, {"Job", "\u00e9"}},
            scrapes());
  }

  void gauges() {
    for (const char* name : {"load", "spare"})
      for (const char* pod : {"a", "b", "c", "d"})
        add({{"__name__", name}, {"pod", pod}, {"zone", *pod < 'c' ? "x" : "y"}}, scrapes(),
            [&] { return static_cast<double>(dice_.below(2001) - 1000) / 8; });
    for (const char* zone : {"x", "y", "z"})
      add({{"__name__", "limit"}, {"zone", zone}, {"unit", "core"}}, scrapes(),
          [&] { return static_cast<double>(dice_.below(50)); });
    for (const char* pod : {"a", "b"})
      add({{"__name__", "odd"}, {"pod", pod}}, scrapes(), [&] {
        const double odd[] = {nan, inf, -inf, 0, -0.0, 1e308, -1e308, 5e-324, 1};
        return odd[dice_.below(9)];
      });
  }

  /// `shape`: how many new observations each bucket sees, drawn anew at each scrape.
  void histogram(const promql::Labels& labels, const std::vector<std::string>& bounds, int most) {
    const auto times = scrapes();
    std::vector<std::vector<double>> counts(bounds.size());
    std::vector<double> now(bounds.size());
    for (std::size_t at = 0; at < times.size(); ++at) {
      double below = 0;
      for (std::size_t b = 0; b < bounds.size(); ++b) {
        below += static_cast<double>(most > 0 ? dice_.below(most) : 0);
        now[b] += below;
        counts[b].push_back(now[b]);
      }
    }
    for (std::size_t b = 0; b < bounds.size(); ++b) {
      promql::Labels bucket = labels;
      bucket.emplace_back("le", bounds[b]);
      std::size_t at = 0;
      add(std::move(bucket), times, [&] { return counts[b][at++]; });
    }
  }

  void histograms() {
    for (const char* pod : {"a", "b", "c"})
      histogram({{"__name__", "latency_bucket"}, {"pod", pod}},
                {"0.005", "0.1", "0.5", "1", "2.5", "+Inf"}, *pod == 'c' ? 0 : 30);
  }

  /// One gauge a bucket: the counts are what a test wants them to be.
  void buckets(const char* shape, const std::vector<std::pair<std::string, double>>& all) {
    for (const auto& [bound, count] : all) {
      promql::Labels labels{{"__name__", "shape_bucket"}, {"shape", shape}};
      if (!bound.empty()) labels.emplace_back("le", bound);
      add(std::move(labels), {world_begin + 60'000}, [&, value = count] { return value; });
    }
  }

  void odd_histograms() {
    buckets("no inf", {{"1", 3}, {"2", 5}});
    buckets("only inf", {{"+Inf", 5}});
    buckets("inf in words", {{"1", 3}, {"Inf", 5}});
    buckets("empty", {{"1", 0}, {"2", 0}, {"+Inf", 0}});
    buckets("all above", {{"1", 0}, {"2", 0}, {"+Inf", 7}});
    buckets("below zero", {{"-2", 1}, {"-1", 2}, {"0", 3}, {"1", 4}, {"+Inf", 4}});
    buckets("from zero", {{"0", 5}, {"1", 9}, {"+Inf", 9}});
    buckets("falling", {{"1", 10}, {"2", 6}, {"4", 20}, {"8", 15}, {"+Inf", 18}});
    buckets("one bound twice", {{"1", 2}, {"1.0", 3}, {"2", 8}, {"2.00", 9}, {"+Inf", 20}});
    buckets("no bound", {{"", 2}, {"1", 3}, {"+Inf", 8}});
    buckets("not a bound", {{"one", 2}, {"1", 3}, {"+Inf", 8}});
    buckets("bound in hex", {{"0x1p1", 2}, {"1e1", 3}, {".5", 1}, {"+Inf", 8}});
    buckets("holes", {{"1", nan}, {"2", 5}, {"4", 9}, {"+Inf", 9}});
    buckets("no total", {{"1", 2}, {"2", 5}, {"+Inf", nan}});
    buckets("below nothing", {{"1", -4}, {"2", -3}, {"+Inf", -1}});
    buckets("endless", {{"1", 4}, {"2", inf}, {"+Inf", inf}});
    buckets("exact", {{"1", 10}, {"2", 10}, {"4", 40}, {"+Inf", 40}});
    buckets("wide", {{"1e300", 1}, {"1e308", 2}, {"+Inf", 2}});
    // The same labels under another name: two histograms or an error?
    add({{"__name__", "other_bucket"}, {"shape", "empty"}, {"le", "+Inf"}}, {world_begin + 60'000},
        [] { return 4.0; });
  }

  void mesh(const std::string& name, const promql::Labels& labels, const std::string& code_label,
            const std::vector<std::string>& codes) {
    for (const std::string& code : codes) {
      promql::Labels all = labels;
      all.emplace_back("__name__", name);
      if (!code_label.empty()) all.emplace_back(code_label, code);
      counter(std::move(all), scrapes());
    }
  }

  void mesh_histogram(const std::string& name, promql::Labels labels) {
    labels.emplace_back("__name__", name);
    histogram(labels, {"0.5", "1", "5", "10", "25", "50", "100", "+Inf"}, 40);
  }

  /// metrics.md §5: both versions of a workload, as far as the family can tell them apart.
  void meshes() {
    const std::vector<std::string> codes{"200", "404", "500", "503"};
    for (const std::string workload : {"web", "web-primary"}) {
      const std::string service = workload == "web" ? "web-canary" : workload;
      const promql::Labels istio{{"reporter", "destination"},
                                 {"destination_workload_namespace", "shop"},
                                 {"destination_workload", workload}};
      mesh("istio_requests_total", istio, "response_code", codes);
      mesh_histogram("istio_request_duration_milliseconds_bucket", istio);
      const promql::Labels linkerd{
          {"namespace", "shop"}, {"deployment", workload}, {"direction", "inbound"}};
      mesh("response_total", linkerd, "classification", {"success", "failure"});
      mesh_histogram("response_latency_ms_bucket", linkerd);
      for (const promql::Labels& envoy :
           {promql::Labels{{"kubernetes_namespace", "shop"},
                           {"kubernetes_pod_name", workload + "-5d9c-x7k2p"}},
            promql::Labels{{"envoy_cluster_name", "shop_" + service + "_80"}},
            promql::Labels{{"envoy_cluster_name",
                            "shop-web-" + (workload == "web" ? std::string{"canary"} : "primary") +
                                "upstream-80_gloo-system"}},
            promql::Labels{{"service", service + "_shop_svc_80"}},
            promql::Labels{{"envoy_cluster_name", "shop/" + workload}}}) {
        mesh("envoy_cluster_upstream_rq", envoy, "envoy_response_code", codes);
        mesh_histogram("envoy_cluster_upstream_rq_time_bucket", envoy);
      }
      promql::Labels nginx{{"namespace", "shop"}, {"ingress", "web"}};
      if (workload == "web") nginx.emplace_back("canary", "shop-web-canary-80");
      mesh("nginx_ingress_controller_requests", nginx, "status", codes);
      mesh("nginx_ingress_controller_response_duration_seconds_sum", nginx, "", {""});
      mesh("nginx_ingress_controller_response_duration_seconds_count", nginx, "", {""});
      const promql::Labels plain{{"kubernetes_namespace", "shop"},
                                 {"kubernetes_pod_name", workload + "-5d9c-x7k2p"}};
      mesh("http_request_duration_seconds_count", plain, "status", codes);
      mesh_histogram("http_request_duration_seconds_bucket", plain);
      const std::string skipper = workload == "web" ? "kubeew_shop__web_canary__all__web_canary_0"
                                                    : "kube_shop__web__all__web_primary";
      for (const std::string& code : codes)
        histogram({{"__name__", "skipper_response_duration_seconds_bucket"},
                   {"route", skipper},
                   {"code", code}},
                  {"0.1", "1", "+Inf"}, 20);
      mesh("skipper_serve_route_duration_seconds_sum", {{"route", skipper}}, "", {""});
      mesh("skipper_serve_route_duration_seconds_count", {{"route", skipper}}, "", {""});
      for (const std::string& code : codes)
        histogram({{"__name__", "traefik_service_request_duration_seconds_bucket"},
                   {"service", "shop-" + service + "-80@kubernetescrd"},
                   {"code", code}},
                  {"0.1", "0.3", "1.2", "5", "+Inf"}, 20);
      const promql::Labels osm{{"destination_namespace", "shop"},
                               {"destination_kind", "Deployment"},
                               {"destination_name", workload}};
      mesh("osm_request_total", osm, "response_code", codes);
      mesh_histogram("osm_request_duration_ms_bucket", osm);
      const std::string apisix = "shop_web-" + service + "_0";
      mesh("apisix_http_status", {{"route", apisix}}, "code", codes);
      mesh_histogram("apisix_http_latency_bucket", {{"type", "request"}, {"route", apisix}});
    }
  }

  Dice dice_;
  std::vector<Series> series_;
};

}  // namespace

std::vector<Series> make_world(std::uint64_t seed) { return World{seed}.run(); }

std::vector<Series> make_late_world(std::uint64_t seed) {
  Dice dice{seed};
  std::vector<Series> all;
  for (const char* name : {"fading", "fading_total"})
    for (const char* pod : {"a", "b", "c", "d", "e", "f"}) {
      Series one{{{"__name__", name}, {"pod", pod}}, {}};
      double value = 0;
      for (std::int64_t at = 0; at <= 15 * 60'000; at += scrape_ms) {
        value += static_cast<double>(dice.below(30));
        one.samples.push_back({late_begin + at, dice.chance(15) ? promql::stale_marker() : value});
      }
      all.push_back(std::move(one));
    }
  return all;
}

}  // namespace volary::test
