#include "tests/live/metric_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;

namespace {

MetricWorld dynatrace() {
  MetricWorld world{"dynatrace", "https://env.live.dynatrace.com"};
  world.secret({{"dynatrace_token", "canary-token"}});
  return world;
}
constexpr const char* good =
    R"({"totalCount":1,"nextPageKey":null,"result":[{"metricId":"m","data":[)"
    R"({"dimensions":[],"timestamps":[1700000000000],"values":[98.5]}]}]})";

std::string data(const std::string& sets) { return R"({"result":[{"data":[)" + sets + "]}]}"; }
std::string set(const std::string& values) {
  return R"({"timestamps":[1700000000000],"values":)" + values + "}";
}

}  // namespace

TEST_CASE("PRV-70, MT-27: the request of Dynatrace") {
  MetricWorld world = dynatrace();
  world.clock.time = noon + 700ms;
  CHECK(verdict(world.told(good, 200, "m:avg()")) == "98.5");
  CHECK(world.http.asked.at(0).url ==
        "https://env.live.dynatrace.com/api/v2/metrics/query?from=1699999400000&"
        "metricSelector=m%3Aavg%28%29&resolution=Inf&to=1700000000000");
  CHECK(sent(world, "Authorization") == "Api-Token canary-token");
  CHECK(world.http.asked.at(0).timeout == 5s);
}

TEST_CASE("PRV-71, INV-12: the answers of Dynatrace, in both semantics") {
  struct Row {
    int status;
    std::string body;
    const char *strict, *flagger;
  };
  for (const Row& row : std::vector<Row>{
           {200, good, "98.5", "98.5"},
           {200, "{}", "no values", "no values"},
           {200, R"({"result":[]})", "no values", "no values"},
           {200, data(""), "no values", "no values"},
           {200, data(set("[]")), "no values", "no values"},
           {200, data(set("[null]")), "no values", "0"},
           {200, data(set("[\"1\"]")), "error", "error"},
           {200, data(set("7")), "error", "error"},
           {200, data(R"({"values":[7]})"), "error", "7"},
           {200, data(set("[1]") + "," + set("[2]")), "error", "2"},
           {200, R"({"result":[{"data":[)" + set("[1]") + "]},{}]}", "error", "1"},
           {200, R"({"result":{}})", "error", "error"},
           {200, R"({"nextPageKey":"x","result":[{"data":[)" + set("[1]") + "]}]}", "error", "1"},
           {200, R"({"result":[{"warnings":["cut"],"data":[)" + set("[1]") + "]}]}", "error", "1"},
           {200, "", "error", "error"},
           {204, good, "error", "error"},
           {401, "canary-token", "unavailable", "unavailable"},
           {400, good, "error", "error"}}) {
    INFO(row.body);
    MetricWorld world = dynatrace();
    CHECK(verdict(world.told(row.body, row.status)) == row.strict);
    world.compat = Compat::Flagger;
    CHECK(verdict(world.told(row.body, row.status)) == row.flagger);
  }
}

TEST_CASE("FLT-94: Dynatrace without token, address or interval") {
  MetricWorld world{"dynatrace", "https://env.live.dynatrace.com"};
  CHECK(verdict(world.ask()) == "error");
  world.secret({{"other", "canary-token"}});
  CHECK(verdict(world.ask()) == "error");
  world = dynatrace();
  world.interval = "";
  CHECK(verdict(world.ask()) == "error");
  world = dynatrace();
  world.metric.address = "";
  CHECK(verdict(world.ask()) == "error");
  CHECK(world.http.asked.empty());
}

TEST_CASE("PRV-72: online is one metric that can be listed") {
  MetricWorld world = dynatrace();
  CHECK(world.online());
  CHECK(world.http.asked.at(0).url == "https://env.live.dynatrace.com/api/v2/metrics?pageSize=1");
  world.http.answers = {ScriptedHttp::status(401, "canary-token")};
  CHECK_FALSE(world.online());
}

TEST_CASE("FLT-87: a damaged answer of Dynatrace never passes for another") {
  MetricWorld world = dynatrace();
  damage(world, good);
}
