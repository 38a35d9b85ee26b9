#include <filesystem>

#include <benchmark/benchmark.h>

#include "sim/experiment.hpp"
#include "tests/bench/shipped.hpp"

// Whole releases, from the first request to the digest.
namespace volary::sim {
namespace {

using namespace std::chrono_literals;

benchmark::Counter rate(std::uint64_t n) {
  return benchmark::Counter(static_cast<double>(n), benchmark::Counter::kIsRate);
}

/// Flies with seeds 1, 2, 3 … and counts.
void fly(benchmark::State& state, const Scenario& scenario, const Policy& policy,
         bool keep_samples) {
  std::uint64_t seed = 0, users = 0, hops = 0, events = 0, checks = 0;
  double simulated = 0;
  for (auto _ : state) {
    const auto run = simulate(scenario, policy, {.seed = ++seed, .keep_samples = keep_samples});
    if (!run) {
      state.SkipWithError(run.error().message.c_str());
      return;
    }
    users += run->conservation.front().arrived;
    hops += run->requests;
    events += run->kernel_events;
    simulated += seconds(run->ended.time_since_epoch());
    for (const TickRecord& tick : run->ticks) checks += tick.checks.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(users));
  state.counters["hops/s"] = rate(hops);
  state.counters["events/s"] = rate(events);
  const auto per_run = [&](double n) {
    return benchmark::Counter(n, benchmark::Counter::kAvgIterations);
  };
  state.counters["simulated_min"] = per_run(simulated / 60);
  state.counters["checks"] = per_run(static_cast<double>(checks));
  state.SetLabel("items = requests of users");
}

/// The promise of the README: forty minutes at 200 requests per second, the dependency behind them,
/// scrapes every 15 s and two builtin checks a minute, in less than half a second of one core.
/// Range: 1 = with the samples that reports draw, as `volary run`; 0 = without, as `--seeds`.
void forty_minutes(benchmark::State& state) {
  const Scenario scenario = bench::scenario("checkout-good-release");
  Policy policy = bench::policy("default-progressive");
  policy.canary.spec.analysis.step_weight = 2;  // so that it takes all of them
  policy.canary.spec.analysis.max_weight = 60;
  fly(state, scenario, policy, state.range(0) != 0);
}
BENCHMARK(forty_minutes)->Arg(1)->Arg(0)->ArgName("samples")->Unit(benchmark::kMillisecond);

/// Many users and a hundred times the traffic, for two minutes.
void rush(benchmark::State& state) {
  Scenario scenario = bench::scenario("checkout-good-release");
  scenario.duration = 2min;
  scenario.releases.clear();
  scenario.traffic[0].rate = 20'000;
  scenario.traffic[0].users = 1'000'000;
  for (Service& service : scenario.services) {
    service.replicas = 300;
    service.max_replicas.reset();
  }
  fly(state, scenario, bench::policy("default-progressive"), false);
}
BENCHMARK(rush)->Unit(benchmark::kMillisecond);

/// Monte Carlo as `volary run --seeds` does it, on one thread.
void seeds(benchmark::State& state) {
  const Scenario scenario = bench::scenario("checkout-latency-regression");
  const Policy policy = bench::policy("default-progressive");
  constexpr int runs = 10;
  for (auto _ : state) {
    const auto result = experiment(scenario, policy, {.run = {}, .seeds = runs, .jobs = 1});
    if (!result) state.SkipWithError(result.error().message.c_str());
    benchmark::DoNotOptimize(result);
  }
  state.SetItemsProcessed(state.iterations() * runs);
  state.SetLabel("items = releases");
}
BENCHMARK(seeds)->Unit(benchmark::kMillisecond);

/// Every scenario that ships, under the policy that most teams begin with.
const int registered = [] {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{VOLARY_SOURCE_DIR "/scenarios"})
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  for (const std::string& name : names)
    benchmark::RegisterBenchmark(("shipped/" + name).c_str(), [name](benchmark::State& state) {
      fly(state, bench::scenario(name), bench::policy("default-progressive"), true);
    })->Unit(benchmark::kMillisecond);
  return 0;
}();

}  // namespace
}  // namespace volary::sim
