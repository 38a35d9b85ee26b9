#include <catch2/catch.hpp>

#include "sim/traffic_world.hpp"
#include "tests/support/statistics.hpp"

using namespace volary;
using namespace volary::sim;
using namespace volary::sim::test;
using namespace std::chrono_literals;

// docs/models/traffic.md: time-outs and retries of clients and of calls.
namespace {

Scenario web(double rate, Duration work) {
  Scenario scenario;
  scenario.services = {
      {.name = "web", .replicas = 2, .concurrency = 4, .queue = 50, .latency = {.p50 = work}}};
  scenario.traffic = {{.name = "users", .to = "web", .rate = rate}};
  return scenario;
}

double attempts_a_request(const TrafficWorld& world) {
  const auto books = world.conservation();
  return static_cast<double>(books[1].arrived) / static_cast<double>(books[0].arrived);
}

}  // namespace

TEST_CASE("failures are tried again, as often as the client does, each with a draw of its own") {
  // A share e fails by itself: e^(r+1) of the requests fail in the end, after 1 + e + … + e^r
  // attempts. Six statistics at 4.42 standard errors: 6e-5.
  for (const int retries : {0, 1, 3}) {
    Scenario scenario = web(200, 1ms);
    scenario.services[0].errors = 0.3;
    scenario.services[0].concurrency = 1000;
    scenario.traffic[0].retries = retries;
    TrafficWorld world{scenario, 2};
    world.run_until(Instant{200s});
    const auto n = static_cast<double>(world.edge(0).requests);
    CHECK(std::abs(binomial_z(static_cast<double>(world.edge(0).failures), n,
                              std::pow(0.3, retries + 1))) < 4.42);
    double expected = 0, squares = 0;
    for (int k = 0; k <= retries; ++k) {
      const double p = std::pow(0.3, k);  // that there is an attempt k
      expected += p;
      squares += (2 * k + 1) * p;
    }
    const double error = std::sqrt((squares - expected * expected) / n);
    CHECK(std::abs(attempts_a_request(world) - expected) <= 4.42 * error + 1e-3);
  }
}

TEST_CASE("a hundred retries are a hundred different draws") {
  // With 90 % errors 100 retries leave 0.9^101 = 2.4e-5 of the requests: of 2,000, more than three
  // with probability 2e-7.
  Scenario scenario = web(20, 1ms);
  scenario.services[0].errors = 0.9;
  scenario.services[0].concurrency = 1000;
  scenario.traffic[0].retries = 100;
  TrafficWorld world{scenario, 3};
  world.run_until(Instant{100s});
  CHECK(world.edge(0).requests > 1500);
  CHECK(world.edge(0).failures <= 3);
}

TEST_CASE("a client that has waited its time-out hangs up, the server works on") {
  Scenario scenario = web(10, 300ms);
  scenario.traffic[0].timeout = 200ms;
  TrafficWorld world{scenario, 4};
  world.run_until(Instant{60s});
  const auto& edge = world.edge(0);
  CHECK(edge.requests > 400);
  CHECK(edge.failures == edge.requests);
  const auto books = world.conservation();
  CHECK(books[1].failed == 0);  // the service answered them all, into the void
  CHECK(books[1].answered > 400);
  const auto quantiles = edge.latency.quantiles_since({}, std::array{0.5});
  CHECK(*quantiles[0] == Approx(200).epsilon(1.0 / 32));
}

TEST_CASE("retries wait, twice as long each time") {
  Scenario scenario = web(1, 1ms);
  scenario.services[0].errors = 1;
  scenario.traffic[0].retries = 3;
  scenario.traffic[0].backoff = 100ms;
  TrafficWorld world{scenario, 5};
  world.run_until(Instant{100s});
  // 1 + 100 + 1 + 200 + 1 + 400 + 1 milliseconds.
  const auto quantiles = world.edge(0).latency.quantiles_since({}, std::array{0.5});
  CHECK(*quantiles[0] == Approx(704).epsilon(1.0 / 32));
}

TEST_CASE("a retry storm multiplies the load, and the books balance in the midst of it") {
  Scenario scenario = web(100, 50ms);  // 5 of 8 workers busy
  scenario.traffic[0].timeout = 500ms;
  scenario.traffic[0].retries = 3;
  scenario.faults = {{.kind = Fault::Kind::SlowDependency,
                      .at = 60s,
                      .duration = 60s,
                      .target = "web",
                      .latency = 3}};
  TrafficWorld world{scenario, 6};
  const auto attempts = [&](Instant until) {
    const auto before = world.conservation();
    world.run_until(until);
    const auto after = world.conservation();
    for (const Conservation& books : after) CHECK(books.holds());
    return static_cast<double>(after[1].arrived - before[1].arrived) /
           static_cast<double>(after[0].arrived - before[0].arrived);
  };
  CHECK(attempts(Instant{60s}) == Approx(1).margin(0.01));
  attempts(Instant{70s});
  CHECK(attempts(Instant{120s}) > 2.5);  // 15 of 8 workers are asked for, times three
  // The storm feeds itself when its cause is gone: without a budget for retries it does not end.
  attempts(Instant{150s});
  CHECK(attempts(Instant{200s}) > 1.5);
}

TEST_CASE("a call that times out is tried again, and its caller answers in time") {
  Scenario scenario = web(20, 1ms);
  scenario.services.push_back(
      {.name = "slow", .replicas = 2, .concurrency = 1000, .latency = {.p50 = 10s}});
  scenario.services[0].concurrency = 1000;
  scenario.services[0].calls = {{.service = "slow", .timeout = 100ms, .retries = 2}};
  TrafficWorld world{scenario, 7};
  world.run_until(Instant{60s});
  const auto books = world.conservation();
  CHECK(static_cast<double>(books[2].arrived) / static_cast<double>(books[1].arrived) ==
        Approx(3).margin(0.05));
  CHECK(world.edge(0).failures == world.edge(0).requests);
  const auto quantiles = world.edge(0).latency.quantiles_since({}, std::array{0.5});
  CHECK(*quantiles[0] == Approx(301).epsilon(1.0 / 32));
  for (const Conservation& service : books) CHECK(service.holds());
}

TEST_CASE("more calls than fit into a byte are made, each once") {
  Scenario scenario = web(1, 1ms);
  scenario.services.push_back({.name = "db", .replicas = 1, .concurrency = 100});
  scenario.services[0].calls.assign(700, {.service = "db"});
  TrafficWorld world{scenario, 8};
  world.run_until(Instant{60s});
  const auto books = world.conservation();
  CHECK(books[1].answered > 30);
  CHECK(books[2].answered == books[1].answered * 700);
}
