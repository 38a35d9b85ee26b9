#include "tests/live/metric_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;

namespace {

MetricWorld newrelic() {
  MetricWorld world{"newrelic"};
  world.secret({{"newrelic_account_id", "canary1234"}, {"newrelic_query_key", "canary-query"}});
  return world;
}

}  // namespace

TEST_CASE("PRV-30, MT-23: the request of New Relic") {
  MetricWorld world = newrelic();
  world.interval = "90s";
  CHECK(verdict(world.told(R"({"results":[{"result":98.5}]})", 200, "SELECT x FROM y")) == "98.5");
  CHECK(world.http.asked.at(0).url ==
        "https://insights-api.newrelic.com/v1/accounts/canary1234/query?"
        "nrql=SELECT+x+FROM+y+SINCE+90+seconds+ago");
  CHECK(sent(world, "X-Query-Key") == "canary-query");
  CHECK(world.http.asked.at(0).timeout == 5s);
}

TEST_CASE("PRV-31, INV-12: the answers of New Relic") {
  struct Row {
    int status;
    const char *body, *verdict;
  };
  for (const Row& row :
       std::vector<Row>{{200, R"({"results":[{"result":1.5}]})", "1.5"},
                        {200, R"({"results":[{"result":null}]})", "no values"},
                        {200, R"({"results":[{"other":1}]})", "no values"},
                        {200, R"({"results":[]})", "no values"},
                        {200, R"({})", "no values"},
                        {200, R"({"results":[{"result":1},{"result":2}]})", "no values"},
                        {200, R"({"results":[{"result":"1"}]})", "error"},
                        {200, R"({"results":[{"result":[1]}]})", "error"},
                        {200, R"({"results":{"result":1}})", "error"},
                        {200, R"({"results":[{"result":1e999}]})", "error"},
                        {200, R"({"results":[{"result":NaN}]})", "error"},
                        {200, "", "error"},
                        {204, R"({"results":[{"result":1}]})", "error"},
                        {400, "canary-query", "error"},
                        {401, "canary-query canary1234", "unavailable"},
                        {503, "", "unavailable"}}) {
    INFO(row.body);
    MetricWorld world = newrelic();
    CHECK(verdict(world.told(row.body, row.status)) == row.verdict);
    world.compat = Compat::Flagger;
    CHECK(verdict(world.told(row.body, row.status)) == row.verdict);
  }
}

TEST_CASE("FLT-94: New Relic without account, key or interval") {
  MetricWorld world{"newrelic"};
  CHECK(verdict(world.ask()) == "error");
  world.secret({{"newrelic_account_id", "canary1234"}});
  CHECK(verdict(world.ask()) == "error");
  world.secret({{"newrelic_query_key", "canary-query"}});
  CHECK(verdict(world.ask()) == "error");
  world = newrelic();
  world.interval = "";
  CHECK(verdict(world.ask()) == "error");
  CHECK(world.http.asked.empty());
}

TEST_CASE("PRV-32: online is a query that is answered") {
  MetricWorld world = newrelic();
  CHECK(world.online());
  CHECK(world.http.asked.at(0).url.ends_with("?nrql=SELECT+%2A+FROM+Metric+SINCE+60+seconds+ago"));
  world.http.answers = {ScriptedHttp::status(403)};
  CHECK_FALSE(world.online());
}

TEST_CASE("FLT-87: a damaged answer of New Relic never passes for another") {
  MetricWorld world = newrelic();
  damage(world, R"({"results":[{"result":98.5}],"metadata":{"contents":[{"function":"x"}]}})");
}
