// ClusterMetrics over the real sockets of live/net, in front of the real server.

#include <chrono>
#include <cmath>
#include <memory>

#include <catch2/catch.hpp>

#include "live/metrics/cluster_metrics.hpp"
#include "live/net/http_client.hpp"
#include "tests/live/fake_api.hpp"
#include "tests/prometheus/server.hpp"

using namespace volary;
using namespace volary::live;
using namespace std::chrono_literals;

namespace {

class WallClock : public Clock {
 public:
  [[nodiscard]] Instant now() const override {
    return Instant{std::chrono::system_clock::now().time_since_epoch()};
  }
};

class NoLetters : public Entropy {
 public:
  std::string letters(int count) override {
    return std::string(static_cast<std::size_t>(count), 'x');
  }
};

/// Two gauges, and a counter of one request a second, up to now: what is asked live is always asked
/// about now.
std::vector<test::Series> last_minutes(Instant now) {
  std::vector<test::Series> series{{{{"__name__", "gauge"}, {"app", "a"}}, {}},
                                   {{{"__name__", "gauge"}, {"app", "b"}}, {}},
                                   {{{"__name__", "requests_total"}}, {}}};
  const std::int64_t end =
      std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count();
  for (int scrape = 0; scrape <= 20; ++scrape) {
    const std::int64_t at = end - (20 - scrape) * 15'000;
    series[0].samples.push_back({at, 98.5});
    series[1].samples.push_back({at, 1});
    series[2].samples.push_back({at, 1000.0 + 15 * scrape});
  }
  return series;
}

struct Live {
  std::unique_ptr<test::PrometheusServer> server;
  WallClock clock;
  NoLetters entropy;
  world::FakeApi api;
  HttpClient http{std::stop_token{}};
  Compat compat = Compat::Strict;
  std::string address;

  Live()
      : server{std::make_unique<test::PrometheusServer>(
            std::vector<test::Series>{{{{"__name__", "old"}}, {{1'600'005'600'000, 1}}}})} {
    server->append(last_minutes(clock.now()));
    address = fmt::format("http://127.0.0.1:{}", server->port());
  }
  MetricQuery question(const std::string& text, const std::string& requests = {}) const {
    return {.kind = MetricQuery::Kind::BuiltinSuccessRate,
            .metric = "request-success-rate",
            .provider_type = "prometheus",
            .server = address,
            .text = text,
            .interval = "1m",
            .requests = requests};
  }
  ClusterMetrics source() {
    return ClusterMetrics{{.http = http, .api = api, .entropy = entropy, .wait = [](Duration) {}},
                          clock,
                          {.compat = compat, .canary_ns = "test"}};
  }
  Result<Measurement> ask(const std::string& text, const std::string& requests = {}) {
    return source().query(question(text, requests));
  }
  ErrorKind refusal(const std::string& text) {
    const auto answer = ask(text);
    INFO(text);
    REQUIRE_FALSE(answer);
    return answer.error().kind;
  }
};

}  // namespace

TEST_CASE("PRV-01 … PRV-09, INV-12: a real Prometheus answers the checks of a release") {
  Live live;
  const auto value = live.ask(" gauge{ app=\"a\" }\n");
  REQUIRE(value);
  CHECK(value->value == 98.5);
  CHECK(value->series == 1);
  CHECK(std::abs(seconds(value->newest - live.clock.now())) < 30);
  CHECK_FALSE(value->samples);

  // One request a second for a minute are sixty, within what extrapolation to the edges costs.
  const auto builtin =
      live.ask("sum(rate(requests_total[1m])) / sum(rate(requests_total[1m])) * 100",
               "sum(rate(requests_total[1m]))");
  REQUIRE(builtin);
  CHECK(builtin->value == 100);
  CHECK(builtin->window == 1min);
  REQUIRE(builtin->samples);
  CHECK(*builtin->samples == Approx(60).margin(15));

  CHECK(live.refusal("nothing_of_this_name") == ErrorKind::NoData);   // FLT-84
  CHECK(live.refusal("vector(0) / vector(0)") == ErrorKind::NoData);  // FLT-82
  CHECK(live.refusal("vector(1) / vector(0)") == ErrorKind::NoData);  // FLT-83
  CHECK(live.refusal("gauge") == ErrorKind::Invalid);                 // FLT-85
  CHECK(live.refusal("gauge{app=\"a\"}[5m]") == ErrorKind::Invalid);  // FLT-86
  CHECK(live.refusal("time()") == ErrorKind::Invalid);                // FLT-86
  CHECK(live.refusal("\"text\"") == ErrorKind::Invalid);              // FLT-86
  CHECK(live.refusal("sum(") == ErrorKind::Invalid);                  // FLT-89
  CHECK(live.ask("sum(").error().message.find("400 Bad Request") != std::string::npos);
  CHECK(live.source().online(live.question("vector(1)")));

  live.compat = Compat::Flagger;
  CHECK(live.ask("gauge"));  // PRV-06: the last one
  const auto infinite = live.ask("vector(1) / vector(0)");
  REQUIRE(infinite);
  CHECK(std::isinf(infinite->value));

  live.compat = Compat::Strict;
  live.server.reset();  // FLT-80
  CHECK(live.refusal("gauge{app=\"a\"}") == ErrorKind::Unavailable);
  const auto online = live.source().online(live.question("vector(1)"));
  REQUIRE_FALSE(online);
  CHECK(online.error().kind == ErrorKind::Unavailable);
}
