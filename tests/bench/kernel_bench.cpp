#include <benchmark/benchmark.h>

#include "sim/traffic_world.hpp"

// The queue of events alone, a station served by the kernel alone, and the same station as a
// scenario.
namespace volary::sim {
namespace {

using namespace std::chrono_literals;

/// The hold model (Jones 1986): pop the first of `n` pending events, schedule another a random time
/// later.
void hold(benchmark::State& state) {
  EventQueue queue;
  Stream stream{1, "bench/hold"};
  std::uint32_t sequence = 0;
  // Increments come from a table, so that the queue is measured and not the logarithm.
  std::array<std::uint64_t, 4096> steps{};
  for (std::uint64_t& step : steps)
    step = 1 + static_cast<std::uint64_t>(stream.exponential() * 1e6);
  const auto n = static_cast<std::uint32_t>(state.range(0));
  for (; sequence < n; ++sequence) queue.push({steps[sequence % steps.size()], sequence, 0});
  for (auto _ : state) {
    const QueuedEvent event = queue.pop();
    queue.push({event.ns + steps[sequence % steps.size()], sequence, event.what});
    ++sequence;
  }
  state.SetItemsProcessed(state.iterations());
  state.SetLabel("items = events");
}
BENCHMARK(hold)->Arg(8)->Arg(100)->Arg(1'000)->Arg(10'000)->Arg(1'000'000);

/// M/M/4 at utilization 0.8 on the kernel: the least that a customer can cost here.
void station(benchmark::State& state) {
  constexpr std::uint32_t arrival = 0, departure = 1;
  constexpr int customers = 200'000;
  for (auto _ : state) {
    Kernel kernel;
    Stream arrivals{1, "bench/arrivals"}, services{1, "bench/services"};
    int free = 4, waiting = 0, served = 0;
    const auto later = [&](Stream& stream, double mean) {
      return kernel.now() + from_seconds(stream.exponential() * mean);
    };
    kernel.schedule(later(arrivals, 1 / 3.2), arrival, 0);
    kernel.run_until(
        Instant{1'000'000s},
        [&](std::uint32_t kind, std::uint32_t) {
          if (kind == arrival) {
            kernel.schedule(later(arrivals, 1 / 3.2), arrival, 0);
            if (free == 0) {
              ++waiting;
              return;
            }
            --free;
          } else {
            if (++served == customers) kernel.stop();
            if (waiting == 0) {
              ++free;
              return;
            }
            --waiting;
          }
          kernel.schedule(later(services, 1), departure, 0);
        },
        [](std::uint32_t, std::uint32_t) {});
    benchmark::DoNotOptimize(served);
    state.counters["events/s"] +=
        benchmark::Counter(static_cast<double>(kernel.events()), benchmark::Counter::kIsRate);
  }
  state.SetItemsProcessed(state.iterations() * customers);
  state.SetLabel("items = customers");
}
BENCHMARK(station)->Unit(benchmark::kMillisecond);

/// The same M/M/4 as a scenario: users, routes, counters and histograms included.
void station_as_scenario(benchmark::State& state) {
  Scenario scenario;
  scenario.services = {{.name = "station",
                        .replicas = 4,
                        .concurrency = 1,
                        .queue = 1'000'000,
                        .shared_queue = true,
                        .latency = {.law = Latency::Law::Exponential, .mean = 1s}}};
  scenario.traffic = {{.name = "customers", .to = "station", .rate = 3.2}};
  std::uint64_t requests = 0, events = 0;
  for (auto _ : state) {
    TrafficWorld world{scenario, 1};
    world.run_until(Instant{60'000s});
    requests += world.hops();
    events += world.kernel_events();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(requests));
  state.counters["events/s"] =
      benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate);
  state.SetLabel("items = customers");
}
BENCHMARK(station_as_scenario)->Unit(benchmark::kMillisecond);

/// A front end that calls two services one after the other, each of which calls a database, under a
/// client's time-out: five hops and a timer a request.
void five_hops(benchmark::State& state) {
  const Latency work{.law = Latency::Law::Exponential, .mean = 3ms};
  const auto service = [&](const char* name, std::vector<Call> calls) {
    return Service{
        .name = name, .replicas = 4, .concurrency = 16, .latency = work, .calls = std::move(calls)};
  };
  Scenario scenario;
  scenario.services = {service("frontend", {{.service = "cart"}, {.service = "catalog"}}),
                       service("cart", {{.service = "db"}}),
                       service("catalog", {{.service = "db"}}), service("db", {})};
  scenario.traffic = {{.name = "shoppers", .to = "frontend", .rate = 1000, .timeout = 500ms}};
  std::uint64_t requests = 0, hops = 0, events = 0;
  for (auto _ : state) {
    TrafficWorld world{scenario, 1};
    world.run_until(Instant{60s});
    requests += world.edge(0).requests;
    hops += world.hops();
    events += world.kernel_events();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(requests));
  const auto rate = [](std::uint64_t n) {
    return benchmark::Counter(static_cast<double>(n), benchmark::Counter::kIsRate);
  };
  state.counters["events/s"] = rate(events);
  state.counters["hops/s"] = rate(hops);
  state.SetLabel("items = requests of users");
}
BENCHMARK(five_hops)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace volary::sim
