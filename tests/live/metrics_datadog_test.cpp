#include "tests/live/metric_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;

namespace {

MetricWorld datadog() {
  MetricWorld world{"datadog"};
  world.secret({{"datadog_api_key", "canary-api"}, {"datadog_application_key", "canary-app"}});
  return world;
}
constexpr const char* good =
    R"({"status":"ok","series":[{"pointlist":[[1699999400000,98.5],[1700000000000,1]]}]})";

}  // namespace

TEST_CASE("PRV-10, MT-21: the request of Datadog") {
  MetricWorld world = datadog();
  CHECK(verdict(world.told(good, 200, "avg:http{env:p} / 2")) == "98.5");
  const HttpRequest& asked = world.http.asked.at(0);
  CHECK(asked.url ==
        "https://api.datadoghq.com/api/v1/query?from=1699999400&"
        "query=avg%3Ahttp%7Benv%3Ap%7D+%2F+2&to=1700000000");
  CHECK(asked.method == HttpRequest::Method::Get);
  CHECK(asked.timeout == 5s);
  CHECK(asked.headers == std::vector<std::pair<std::string, std::string>>{
                             {"DD-API-KEY", "canary-api"}, {"DD-APPLICATION-KEY", "canary-app"}});
  world.metric.address = "https://api.datadoghq.eu/";
  (void)world.ask();
  CHECK(world.http.asked.back().url.starts_with("https://api.datadoghq.eu/api/v1/query?from="));
}

TEST_CASE("PRV-11, PRV-12, INV-12: the answers of Datadog, in both semantics") {
  struct Row {
    int status;
    const char *body, *strict, *flagger;
  };
  for (const Row& row : std::vector<Row>{
           {200, good, "98.5", "98.5"},
           {200, R"({"series":[]})", "no values", "no values"},
           {200, R"({})", "no values", "no values"},
           {200, R"({"series":[{"pointlist":[]}]})", "no values", "no values"},
           {200, R"({"series":[{"pointlist":[[1699999400000,null]]}]})", "no values", "0"},
           {200, R"({"series":[{"pointlist":[[1699999400000,"1"]]}]})", "error", "error"},
           {200, R"({"series":[{"pointlist":[[1699999400000]]}]})", "error", "error"},
           {200, R"({"series":[{"pointlist":[1]}]})", "error", "error"},
           {200, R"({"series":[{"pointlist":{}}]})", "error", "error"},
           {200, R"({"series":{}})", "error", "error"},
           {200, R"({"series":[{"pointlist":[[1699999400000,1]]},{"pointlist":[]}]})", "error",
            "1"},
           {200, R"({"series":[{"pointlist":[[1699000000000,1]]}]})", "error", "1"},
           {200, R"({"status":"error","error":"no","series":[]})", "error", "no values"},
           {200, R"([])", "error", "error"},
           {200, R"(no)", "error", "error"},
           {201, good, "error", "error"},
           {302, good, "error", "error"},
           {403, "forbidden", "unavailable", "unavailable"},
           {429, "slow down", "unavailable", "unavailable"},
           {500, good, "unavailable", "unavailable"}}) {
    INFO(row.body);
    MetricWorld world = datadog();
    CHECK(verdict(world.told(row.body, row.status)) == row.strict);
    world.compat = Compat::Flagger;
    CHECK(verdict(world.told(row.body, row.status)) == row.flagger);
  }
}

TEST_CASE("FLT-94, MET-30: what Datadog needs is asked for by name") {
  MetricWorld world{"datadog"};
  CHECK(verdict(world.ask()) == "error");
  world.secret({{"datadog_api_key", "canary-api"}});
  const auto answer = world.ask();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().message == "the Secret has no key datadog_application_key");
  world = datadog();
  for (const char* interval : {"", "soon", "-1m", "0s"}) {
    world.interval = interval;
    CHECK(verdict(world.ask()) == "error");
  }
  CHECK(world.http.asked.empty());
  CHECK_FALSE(datadog().told("canary-api and canary-app", 403));
}

TEST_CASE("PRV-13: online is a valid key") {
  MetricWorld world = datadog();
  CHECK(world.online());
  CHECK(world.http.asked.at(0).url == "https://api.datadoghq.com/api/v1/validate");
  CHECK(sent(world, "DD-API-KEY") == "canary-api");
  world.http.answers = {ScriptedHttp::status(403, "canary-api")};
  CHECK_FALSE(world.online());
}

TEST_CASE("FLT-87: a damaged answer of Datadog never passes for another") {
  MetricWorld world = datadog();
  damage(world, good);
}
