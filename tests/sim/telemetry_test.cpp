#include <catch2/catch.hpp>

#include "engine/builtin_queries.hpp"
#include "engine/query_template.hpp"
#include "sim/latency_law.hpp"
#include "sim/run.hpp"
#include "sim/telemetry/exporter.hpp"
#include "tests/support/shop.hpp"
#include "tests/support/statistics.hpp"

using namespace volary;
using namespace volary::sim;
using namespace volary::sim::test;
using namespace std::chrono_literals;

// docs/models/telemetry.md.
namespace {

constexpr Latency work{.law = Latency::Law::Lognormal, .p50 = 60ms, .p99 = 400ms};

Scenario shop_with(Protocol protocol, double errors) {
  Scenario scenario;
  scenario.services = {{.name = "checkout",
                        .ns = "shop",
                        .replicas = 3,
                        .startup = {.p50 = 1s},
                        .concurrency = 1000,
                        .latency = work,
                        .errors = errors,
                        .protocol = protocol}};
  scenario.traffic = {{.name = "shoppers", .to = "checkout", .rate = 100, .protocol = protocol}};
  scenario.releases = {{.at = 0s, .service = "checkout", .version = "v2"}};
  return scenario;
}

/// A canary at 50 % beside its primary, scraped every 15 s.
class Scraped {
 public:
  explicit Scraped(QueryFamily family, Protocol protocol = Protocol::Http, double errors = 0.05)
      : world{shop_with(protocol, errors), 1},
        exporter{world,
                 family,
                 {.ns = "shop",
                  .target = "checkout",
                  .service = "checkout",
                  .ingress = "checkout",
                  .route = "checkout",
                  .released = "checkout",
                  .protocol = protocol}} {
    world.create_primary("checkout", 3);
    world.run_until(Instant{10s});
    world.set_route("checkout", {.active = true, .apex = Role::Primary});
    world.set_version(target(), 1);
    world.run_until(Instant{60s});
  }
  [[nodiscard]] WorkloadId target() const { return world.workload("checkout", Role::Target); }
  void split(Weight canary) {
    world.set_route("checkout",
                    {.active = true, .apex = Role::Primary, .routes = {100_pct - canary, canary}});
  }
  void scrape(int times) {
    for (; times > 0; --times) {
      world.run_until(world.now() + 15s);
      exporter.write(exporter.scrape(), store);
    }
  }
  [[nodiscard]] promql::Value ask(const std::string& text) const {
    const auto expression = promql::parse(text);
    REQUIRE(expression);
    auto value = promql::evaluate(*expression, store, world.now());
    REQUIRE(value);
    return *std::move(value);
  }
  [[nodiscard]] double number(const std::string& text) const {
    INFO(text);
    const promql::Value value = ask(text);
    REQUIRE(value.vector.size() == 1);
    return value.vector[0].value;
  }
  TrafficWorld world;
  Exporter exporter;
  promql::SeriesStore store;
};

Canary canary() {
  Canary canary = policy().canary;
  canary.spec.ingress_ref = {"networking.k8s.io/v1", "Ingress", "checkout"};
  canary.spec.route_ref = {"apisix.apache.org/v2", "ApisixRoute", "checkout"};
  return canary;
}

std::string builtin(QueryFamily family, MetricQuery::Kind kind) {
  TemplateValues values = template_values(canary(), {.interval = "5m"}, "5m");
  if (family == QueryFamily::Skipper) values = skipper_values(std::move(values));
  return *render_query(builtin_query(family, kind), values);
}

/// What histogram_quantile makes of a lognormal law seen through Istio's buckets, in milliseconds.
double p99_through_buckets() {
  const double sigma = std::log(400.0 / 60) / 2.3263478740408408;
  double low = 0, below = 0;
  for (const double bound : istio_bounds_ms) {
    const double here = normal_cdf(std::log(bound / 60) / sigma);
    if (here >= 0.99) return low + (bound - low) * (0.99 - below) / (here - below);
    low = bound;
    below = here;
  }
  return low;
}

constexpr QueryFamily families[] = {
    QueryFamily::Istio,   QueryFamily::Linkerd, QueryFamily::AppMesh,   QueryFamily::Nginx,
    QueryFamily::Contour, QueryFamily::Gloo,    QueryFamily::PlainHttp, QueryFamily::Skipper,
    QueryFamily::Traefik, QueryFamily::Osm,     QueryFamily::Kuma,      QueryFamily::Apisix,
    QueryFamily::Knative};

}  // namespace

TEST_CASE("OBS-01 … OBS-13: every family's builtin queries answer the simulated truth") {
  // Success rate: exact, as the scrapes lie on the window's ends. P99: within its sampling error,
  // and the error of linear interpolation that the server itself makes, which is computed. 13
  // statistics at 4.9 standard errors: 1.3e-5.
  for (const QueryFamily family : families) {
    INFO("family " << static_cast<int>(family));
    Scraped scraped{family};
    scraped.split(50_pct);
    scraped.scrape(4);
    const VersionCounters before = scraped.world.version_counters("checkout", 1);
    scraped.scrape(20);  // five minutes
    const VersionCounters after = scraped.world.version_counters("checkout", 1);
    const auto requests = static_cast<double>(after.requests - before.requests),
               failures = static_cast<double>(after.failures - before.failures);
    CHECK(requests > 14'000);
    const double success = scraped.number(builtin(family, MetricQuery::Kind::BuiltinSuccessRate));
    CHECK(success == Approx(100 * (1 - failures / requests)).epsilon(1e-9));

    double duration = scraped.number(builtin(family, MetricQuery::Kind::BuiltinDuration));
    if (family == QueryFamily::PlainHttp) duration *= 1000;  // the controller does (OBS-07)
    const double sigma = std::log(400.0 / 60) / 2.3263478740408408;
    if (family == QueryFamily::Nginx || family == QueryFamily::Skipper) {
      const double mean = 60 * std::exp(sigma * sigma / 2),
                   deviation = mean * std::sqrt(std::exp(sigma * sigma) - 1);
      CHECK(std::abs(z_score(duration, mean, deviation / std::sqrt(requests))) < 4.9);
    } else {
      // The share below 250 ms and below 500 ms decide; the quantile moves by bucket width / share
      // in the bucket for each unit of share: a bound on its standard error.
      const double f250 = normal_cdf(std::log(250.0 / 60) / sigma),
                   f500 = normal_cdf(std::log(500.0 / 60) / sigma);
      const double error = 250 / (f500 - f250) * std::sqrt(0.01 * 0.99 / requests) * 1.5;
      CHECK(std::abs(z_score(duration, p99_through_buckets(), error)) < 4.9);
    }
  }
}

TEST_CASE("gRPC failures are HTTP 200: only who looks at grpc_response_status sees them") {
  Scraped scraped{QueryFamily::Istio, Protocol::Grpc, 0.2};
  scraped.split(50_pct);
  scraped.scrape(24);
  CHECK(scraped.number(builtin(QueryFamily::Istio, MetricQuery::Kind::BuiltinSuccessRate)) == 100);
  const double seen = scraped.number(
      R"(sum(rate(istio_requests_total{destination_workload="checkout",grpc_response_status!="0",)"
      R"(request_protocol="grpc",response_code="200"}[5m])) /)"
      R"(sum(rate(istio_requests_total{destination_workload="checkout"}[5m])))");
  CHECK(std::abs(binomial_z(seen * 15'000, 15'000, 0.2)) < 4.42);  // 1e-5
}

TEST_CASE("who cannot see a gRPC failure counts it with the successes, in one series") {
  for (const QueryFamily family : {QueryFamily::Osm, QueryFamily::AppMesh, QueryFamily::Nginx}) {
    Scraped scraped{family, Protocol::Grpc, 0.2};
    scraped.split(50_pct);
    scraped.scrape(24);  // two series of equal labels would break the store's promise
    CHECK(scraped.number(builtin(family, MetricQuery::Kind::BuiltinSuccessRate)) == 100);
  }
}

TEST_CASE("there is no series before the first request, and no rate before the second scrape") {
  Scraped scraped{QueryFamily::Istio};
  const std::string count = R"(count(istio_requests_total{destination_workload="checkout"}))";
  // The target answered users before the primary took over; its new pods have answered nobody.
  scraped.scrape(2);
  CHECK(scraped.ask(count).vector.empty());
  const std::string success = builtin(QueryFamily::Istio, MetricQuery::Kind::BuiltinSuccessRate);
  CHECK(scraped.ask(success).vector.empty());
  scraped.split(10_pct);
  scraped.scrape(1);
  CHECK(scraped.number(count) >= 3);  // pods, and replies
  CHECK(scraped.ask(success).vector.empty());
  scraped.scrape(1);
  CHECK(scraped.ask(success).vector.size() == 1);
}

TEST_CASE("each pod counts for itself from zero, and goes stale when it is gone") {
  Scraped scraped{QueryFamily::Istio, Protocol::Http, 0};
  scraped.split(50_pct);
  scraped.scrape(4);
  const std::string pods =
      R"(count(count(istio_requests_total{destination_workload="checkout"}) by (pod)))";
  CHECK(scraped.number(pods) == 3);
  const std::string all = R"(sum(istio_requests_total{destination_workload="checkout"}))";
  const double before = scraped.number(all);
  CHECK(before == static_cast<double>(scraped.world.version_counters("checkout", 1).requests));

  scraped.world.set_version(scraped.target(), 0);  // three other pods
  scraped.scrape(4);
  CHECK(scraped.number(pods) == 3);
  CHECK(scraped.number(all) < before + 50 * 60);  // they began at zero
  // The rate is that of the traffic all the same, but for the first counts of the new series, which
  // no rate sees: one scrape interval of five.
  const double rate =
      scraped.number(R"(sum(rate(istio_requests_total{destination_workload="checkout"}[75s])))");
  CHECK(rate < 55);
  CHECK(rate > 30);

  scraped.world.scale(scraped.target(), 0);
  scraped.scrape(2);
  CHECK(scraped.ask(all).vector.empty());
  CHECK(scraped.number(R"(sum(istio_requests_total{destination_workload="checkout-primary"}))") >
        0);
}

TEST_CASE("an ingress outlives the pods behind it, and counts its own 503s") {
  Scraped scraped{QueryFamily::Nginx, Protocol::Http, 0};
  scraped.split(50_pct);
  scraped.scrape(8);
  const std::string all = R"(sum(nginx_ingress_controller_requests{canary!=""}))",
                    bad = R"(sum(nginx_ingress_controller_requests{canary!="",status="503"}))";
  CHECK(scraped.ask(bad).vector.empty());
  const double before = scraped.number(all);
  scraped.world.scale(scraped.target(), 0);
  scraped.scrape(4);
  CHECK(scraped.number(all) > before + 2000);
  CHECK(scraped.number(bad) ==
        static_cast<double>(scraped.world.version_counters("checkout", 1).failures));
}

TEST_CASE("buckets are cumulative, and the last holds them all") {
  Scraped scraped{QueryFamily::Istio, Protocol::Http, 0};
  scraped.split(50_pct);
  scraped.scrape(8);
  const promql::Value buckets = scraped.ask(
      R"(sum(istio_request_duration_milliseconds_bucket{destination_workload="checkout"}) by (le))");
  REQUIRE(buckets.vector.size() == istio_bounds_ms.size() + 1);
  std::map<double, double> by_bound;
  for (const promql::Element& element : buckets.vector)
    by_bound[std::stod(*promql::find_label(element.labels, "le"))] = element.value;
  double below = 0;
  for (const auto& [bound, count] : by_bound) {
    CHECK(count >= below);
    below = count;
  }
  CHECK(by_bound.count(0.5) == 1);
  CHECK(by_bound.count(3'600'000) == 1);
  const char* const counts =
      R"(sum(istio_request_duration_milliseconds_count{destination_workload="checkout"}))";
  CHECK(by_bound.rbegin()->second == scraped.number(counts));
  CHECK(by_bound.rbegin()->second ==
        scraped.number(R"(sum(istio_requests_total{destination_workload="checkout"}))"));
}

TEST_CASE("a scrape carries its own time, and is seen only after its delay") {
  // A tick that begins a minute after the first weight sees, with 40 s of delay, only the scrape of
  // the first 15 s: one sample makes no rate, and it must wait for the next tick.
  Scenario scenario = shop(false);
  Policy rules = policy();
  for (MetricCheck& check : rules.canary.spec.analysis.metrics) check.interval = "2m";
  const auto first_value = [&](Duration delay) {
    scenario.telemetry.delay = delay;
    const auto run = simulate(scenario, rules, {.seed = 2});
    REQUIRE(run);
    std::optional<Instant> weighted;
    for (const TickRecord& tick : run->ticks) {
      for (const CheckEvidence& check : tick.checks)
        if (check.value && weighted) return tick.began - *weighted;
      if (!weighted && tick.status.canary_weight > 0) weighted = tick.began;
    }
    return Duration{};
  };
  CHECK(first_value(2s) == Duration{1min});
  CHECK(first_value(40s) == Duration{2min});

  // By hand: what is written late stands at the time of its scrape.
  Scraped scraped{QueryFamily::Istio};
  scraped.split(50_pct);
  scraped.world.run_until(scraped.world.now() + 15s);
  const auto early = scraped.exporter.scrape();
  const auto scraped_at = early.ms;
  scraped.world.run_until(scraped.world.now() + 15s);
  scraped.exporter.write(early, scraped.store);
  std::vector<promql::SeriesView> series;
  const promql::Matcher any{.op = promql::Matcher::Op::NotEqual, .name = "__name__", .value = ""};
  scraped.store.select({&any, 1}, 0, scraped_at, series);
  REQUIRE_FALSE(series.empty());
  for (const promql::SeriesView& view : series) CHECK(view.samples.back().ms == scraped_at);
}

TEST_CASE("scrapes are lost with their probability, and none is taken in a gap") {
  // Each check sees four scrapes or fewer; the number lost is binomial: 1e-5.
  Scenario scenario = shop(false);
  scenario.telemetry.gap_probability = 0.3;
  scenario.telemetry.delay = {};
  scenario.traffic[0].rate = 5;
  scenario.duration = 40min;
  Policy rules = policy();
  // The age of the newest sample cannot be asked for; the number of samples in a window can.
  rules.canary.spec.analysis.metrics = {
      {.name = "samples",
       .interval = "1m",
       .range = ThresholdRange{.min = 0, .max = {}},
       .query = "max(count_over_time(istio_requests_total[1m]))"}};
  const auto samples = [&] {
    const auto run = simulate(scenario, rules, {.seed = 3});
    REQUIRE(run);
    std::vector<double> seen;
    for (const TickRecord& tick : run->ticks)
      for (const CheckEvidence& check : tick.checks) seen.push_back(check.value.value_or(0));
    return seen;
  };
  const auto lossy = samples();
  REQUIRE(lossy.size() >= 5);
  double all = 0;
  for (const double count : lossy) all += count;
  const double scrapes = 4 * static_cast<double>(lossy.size());
  CHECK(all < scrapes);
  CHECK(binomial_z(all, scrapes, 0.7) > -4.42);

  scenario.telemetry.gap_probability = 0;
  scenario.faults = {{.kind = Fault::Kind::ScrapeGap, .at = 6min, .duration = 4min}};
  const auto gap = samples();
  CHECK(std::ranges::count(gap, 0.0) >= 2);
  CHECK(std::ranges::max(gap) >= 4);
}
