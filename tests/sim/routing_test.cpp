#include <catch2/catch.hpp>

#include "sim/traffic_world.hpp"
#include "tests/support/statistics.hpp"

using namespace volary;
using namespace volary::sim;
using namespace volary::sim::test;
using namespace std::chrono_literals;

// docs/models/traffic.md: routes, copies, users.
namespace {

/// A service with a canary beside its primary; both answer in 1 ms and never queue.
Scenario two_versions(double rate, int users) {
  Scenario scenario;
  scenario.services = {
      {.name = "web", .replicas = 2, .concurrency = 1000, .latency = {.p50 = 1ms}, .errors = 0.1}};
  scenario.traffic = {{.name = "users", .to = "web", .rate = rate, .users = users}};
  scenario.releases = {{.at = 0s, .service = "web", .version = "v2"}};
  return scenario;
}

struct Split {
  double canary = 0, primary = 0;
  [[nodiscard]] double all() const { return canary + primary; }
};

/// A world whose canary is ready and whose route is `rule`.
class Flown {
 public:
  Flown(const Scenario& scenario, RouteRule rule, std::uint64_t seed = 1) : world{scenario, seed} {
    world.create_primary("web", 2);
    world.run_until(Instant{30s});
    route({});
    world.set_version(world.workload("web", Role::Target), 1);
    world.run_until(Instant{60s});
    route(std::move(rule));
  }
  void route(RouteRule rule) {
    rule.active = true;
    rule.apex = Role::Primary;
    world.set_route("web", std::move(rule));
  }
  /// What the versions got during so much more time.
  Split during(Duration time) {
    const auto count = [this](int version) {
      return static_cast<double>(world.version_counters("web", version).requests);
    };
    const Split before{count(1), count(0)};
    world.run_until(world.now() + time);
    return {count(1) - before.canary, count(0) - before.primary};
  }
  TrafficWorld world;
};

}  // namespace

TEST_CASE("the canary gets the share that its weight says") {
  // Six weights at 4.42 standard errors: 6e-5. 0 and 100 are exact.
  for (const int weight : {0, 1, 10, 33, 50, 90, 99, 100}) {
    Flown flown{two_versions(500, 1000), {.routes = {Weight{100 - weight}, Weight{weight}}}};
    const Split split = flown.during(100s);
    INFO(weight << " %: " << split.canary << " of " << split.all());
    if (weight == 0 || weight == 100) {
      CHECK(split.canary == (weight == 0 ? 0 : split.all()));
    } else {
      CHECK(std::abs(binomial_z(split.canary, split.all(), weight / 100.0)) < 4.42);
    }
  }
}

TEST_CASE("A/B: matched segments are divided, everybody else meets the primary") {
  // Users are divided exactly: of 1,000, 200 are in the segment. 2e-5.
  Scenario scenario = two_versions(500, 1000);
  scenario.traffic[0].segments = {{.name = "beta", .share = 0.2}, {.name = "gamma", .share = 0.3}};
  const auto matched = [](bool beta, bool gamma, bool rest) {
    return RouteRule{
        .routes = {0_pct, 100_pct}, .matched_only = true, .matched = {{beta, gamma, rest}}};
  };
  const Split beta = Flown{scenario, matched(true, false, false)}.during(100s);
  CHECK(std::abs(binomial_z(beta.canary, beta.all(), 0.2)) < 4.42);
  const Split rest = Flown{scenario, matched(false, false, true)}.during(100s);
  CHECK(std::abs(binomial_z(rest.canary, rest.all(), 0.5)) < 4.42);
  CHECK(Flown{scenario, matched(false, false, false)}.during(10s).canary == 0);
}

TEST_CASE("INV-18: copies change no answer, and no user is counted for one") {
  Scenario scenario = two_versions(200, 500);
  scenario.releases[0].changes.errors = 0.9;  // copies fail; users must not notice
  scenario.traffic[0].retries = 2;
  scenario.traffic[0].timeout = 1s;
  const auto seen = [&](bool mirrored) {
    Flown flown{scenario, {.routes = {100_pct, 0_pct, mirrored}}, 3};
    const Split split = flown.during(60s);
    const EdgeCounters& edge = flown.world.edge(0);
    const auto copies = flown.world.counters(flown.world.workload("web", Role::Target)).mirrored;
    CHECK(split.canary == 0);
    CHECK((copies > 10'000) == mirrored);
    CHECK(flown.world.harmed_users("web", 1) == 0);
    return std::tuple{edge.requests, edge.failures, split.primary,
                      flown.world.harmed_users("web", 0)};
  };
  CHECK(seen(true) == seen(false));
}

TEST_CASE("the same requests meet the same fate under two ways to route them") {
  // Second by second: what arrives, what fails, and who is harmed do not depend on the split, as
  // long as the versions are equal and nothing queues.
  const Scenario scenario = two_versions(300, 2000);
  const auto history = [&](Weight canary) {
    Flown flown{scenario, {.routes = {100_pct - canary, canary}}, 4};
    std::vector<std::array<std::uint64_t, 3>> seconds;
    for (int i = 0; i < 60; ++i) {
      flown.during(1s);
      const auto& edge = flown.world.edge(0);
      seconds.push_back({flown.world.conservation().front().arrived, edge.requests, edge.failures});
    }
    return seconds;
  };
  CHECK(history(5_pct) == history(80_pct));
}

TEST_CASE("SA-14: who has met the canary stays with it, whatever the weight becomes") {
  const Scenario scenario = two_versions(500, 50);
  Flown flown{scenario, {.routes = {90_pct, 10_pct}, .canary_cookie = 1}};
  flown.during(60s);  // 600 requests a user: none is left that never met it, but for 50 · 0.9^600
  CHECK(flown.during(20s).primary == 0);
  flown.route({.routes = {99_pct, 1_pct}, .canary_cookie = 1});
  CHECK(flown.during(20s).primary == 0);
  // The cookie of another release is another cookie: everybody is drawn again.
  flown.route({.routes = {100_pct, 0_pct}, .canary_cookie = 2});
  flown.during(1s);  // what was under way
  CHECK(flown.during(20s).canary == 0);

  Scenario forgetful = scenario;
  forgetful.traffic[0].keeps_cookies = false;
  Flown other{forgetful, {.routes = {90_pct, 10_pct}, .canary_cookie = 1}};
  const Split split = other.during(60s);
  CHECK(std::abs(binomial_z(split.canary, split.all(), 0.1)) < 4.42);  // 1e-5
}

TEST_CASE("a primary's cookie keeps its users away from the canary while it lasts") {
  // Each of 2,000 users is drawn once. 2e-5.
  Flown flown{two_versions(1000, 2000),
              {.routes = {80_pct, 20_pct},
               .canary_cookie = 1,
               .primary_cookie = true,
               .primary_cookie_age = 1h}};
  flown.during(20s);  // 10 requests a user: 2000 · e^-10 = 0.1 are still to come
  const Split split = flown.during(60s);
  // Shares of requests follow the shares of users: add the users' binomial to that of requests.
  const double users_error = std::sqrt(0.2 * 0.8 / 2000),
               requests_error = std::sqrt(0.2 * 0.8 / split.all());
  CHECK(std::abs(z_score(split.canary / split.all(), 0.2,
                         std::hypot(users_error, requests_error))) < 4.42);
  // When it has run out, they are drawn again, and again: in the end everybody is with the canary.
  Flown brief{two_versions(1000, 2000),
              {.routes = {80_pct, 20_pct},
               .canary_cookie = 1,
               .primary_cookie = true,
               .primary_cookie_age = 1s}};
  brief.during(120s);  // 40 draws a user: 2000 · 0.8^40 = 0.3 are left
  CHECK(brief.during(20s).primary < 0.01 * 20'000);
}

TEST_CASE("half of all route changes have reached the proxies after p50, 99 % after p99") {
  // 400 writes; both counts at 4.42 standard errors, 2e-5. A change is seen within 20 ms: 40
  // requests come in that time, and none of them with probability 4e-18.
  Scenario scenario = two_versions(2000, 100);
  scenario.mesh.propagation = {.law = Latency::Law::Lognormal, .p50 = 400ms, .p99 = 800ms};
  scenario.services[0].startup = {.p50 = 100ms};
  int after_p50 = 0, after_p99 = 0;
  constexpr int writes = 400;
  TrafficWorld world{scenario, 9};
  world.create_primary("web", 2);
  world.run_until(Instant{1s});
  world.set_version(world.workload("web", Role::Target), 1);
  world.run_until(Instant{2s});
  world.set_route("web", {.active = true, .apex = Role::Primary});
  world.run_until(Instant{10s});
  for (int i = 0; i < writes; ++i) {
    const bool to_canary = i % 2 == 0;
    world.set_route("web", {.active = true,
                            .apex = Role::Primary,
                            .routes = to_canary ? Routes{0_pct, 100_pct} : Routes{}});
    const Instant written = world.now();
    const auto changed = [&](Duration after) {
      world.run_until(written + after);
      const auto before = world.version_counters("web", to_canary ? 1 : 0).requests;
      world.run_until(written + after + 20ms);
      return world.version_counters("web", to_canary ? 1 : 0).requests > before + 5;
    };
    after_p50 += changed(390ms);
    after_p99 += changed(790ms);
    world.run_until(written + 5s);
  }
  const double sigma = std::log(2.0) / 2.3263478740408408;
  const auto by = [&](double ms) { return normal_cdf(std::log(ms / 400) / sigma); };
  // The change falls into the window's 20 ms, too: the truth is between its two ends.
  CHECK(binomial_z(after_p50, writes, by(390)) > -4.42);
  CHECK(binomial_z(after_p50, writes, by(410)) < 4.42);
  CHECK(binomial_z(after_p99, writes, by(790)) > -4.42);
  CHECK(after_p99 < writes);
}
