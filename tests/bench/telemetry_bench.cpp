#include <benchmark/benchmark.h>

#include "engine/builtin_queries.hpp"
#include "engine/query_template.hpp"
#include "policies/promql/promql.hpp"
#include "sim/telemetry/exporter.hpp"
#include "tests/bench/shipped.hpp"

// One scrape and one evaluation, as a check costs them.
namespace volary::sim {
namespace {

using namespace std::chrono_literals;

const Canary& canary() {
  static const Canary it = bench::policy("default-progressive").canary;
  return it;
}

/// The checkout service of the shipped release, scraped for five minutes with its canary at work.
struct Scraped {
  TrafficWorld world{bench::scenario("checkout-good-release"), 1};
  Exporter exporter{
      world,
      QueryFamily::Istio,
      {.ns = "shop", .target = "checkout", .service = "checkout", .released = "checkout"}};
  promql::SeriesStore store;

  Scraped() {
    world.create_primary("checkout", 3);
    world.set_version(world.workload("checkout", Role::Target), 1);
    world.run_until(Instant{60s});
    world.set_route("checkout",
                    {.active = true, .apex = Role::Primary, .routes = {80_pct, 20_pct}});
    for (int scrape = 0; scrape < 20; ++scrape) {
      world.run_until(world.now() + 15s);
      exporter.write(exporter.scrape(), store);
    }
  }
};

void scrape(benchmark::State& state) {
  Scraped scraped;
  std::size_t samples = 0;
  for (auto _ : state) {
    auto read = scraped.exporter.scrape();
    samples += read.values.size();
    benchmark::DoNotOptimize(read);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(samples));
  state.SetLabel("items = samples");
}
BENCHMARK(scrape)->Unit(benchmark::kMicrosecond);

void query(benchmark::State& state, MetricQuery::Kind kind) {
  Scraped scraped;
  const auto text =
      render_query(builtin_query(QueryFamily::Istio, kind), template_values(canary(), {}, "1m"));
  const auto expression = promql::parse(*text);
  for (auto _ : state) {
    const auto value = promql::evaluate(*expression, scraped.store, scraped.world.now());
    if (!value || value->vector.size() != 1) state.SkipWithError("no answer");
    benchmark::DoNotOptimize(value);
  }
  state.counters["series"] = static_cast<double>(scraped.store.size());
}
BENCHMARK_CAPTURE(query, success_rate, MetricQuery::Kind::BuiltinSuccessRate)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(query, duration, MetricQuery::Kind::BuiltinDuration)
    ->Unit(benchmark::kMicrosecond);

void parse(benchmark::State& state) {
  const auto text =
      render_query(builtin_query(QueryFamily::Istio, MetricQuery::Kind::BuiltinSuccessRate),
                   template_values(canary(), {}, "1m"));
  for (auto _ : state) benchmark::DoNotOptimize(promql::parse(*text));
}
BENCHMARK(parse)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace volary::sim
