#include "tests/live/metric_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;

namespace {

MetricWorld graphite() { return MetricWorld{"graphite", "http://graphite:8080/g/"}; }
constexpr const char* good =
    R"([{"target":"a","datapoints":[[1,1699999880],[98.5,1699999940],[null,1700000000]]}])";

}  // namespace

TEST_CASE("PRV-40, MT-24: the request of Graphite") {
  MetricWorld world = graphite();
  world.metric.insecure_skip_verify = true;
  CHECK(verdict(world.told(good, 200, "\n target=sum(a.*)&\n  from=-1min&target=b%2Bc \n")) ==
        "98.5");
  CHECK(world.http.asked.at(0).url ==
        "http://graphite:8080/g/render?+from=-1min&format=json&target=sum%28a.%2A%29&target=b%2Bc");
  CHECK(world.http.asked.at(0).headers.empty());
  CHECK(world.http.asked.at(0).timeout == 5s);
  CHECK_FALSE(world.http.asked.at(0).verify_peer);
  world.secret({{"username", "reader"}, {"password", "canary-password"}});
  REQUIRE(world.told(good, 200, "target=a"));
  CHECK(sent(world, "Authorization") == "Basic " + to_base64("reader:canary-password"));
}

TEST_CASE("PRV-41, INV-12: the answers of Graphite, in both semantics") {
  struct Row {
    int status;
    const char *body, *strict, *flagger;
  };
  for (const Row& row : std::vector<Row>{
           {200, good, "98.5", "98.5"},
           {200, "[]", "no values", "no values"},
           {200, R"([{"target":"a","datapoints":[]}])", "no values", "no values"},
           {200, R"([{"datapoints":[[null,1700000000]]}])", "no values", "no values"},
           {200, R"([{"datapoints":[["7.5",1700000000]]}])", "7.5", "7.5"},
           {200, R"([{"datapoints":[["NaN",1700000000]]}])", "no values", "nan"},
           {200, R"([{"datapoints":[["+Inf",1700000000]]}])", "no values", "inf"},
           {200, R"([{"datapoints":[["0x1",1700000000]]}])", "error", "error"},
           {200, R"([{"datapoints":[["x",1700000000]]}])", "error", "error"},
           {200, R"([{"datapoints":[[true,1700000000]]}])", "error", "error"},
           {200, R"([{"datapoints":[[1]]}])", "error", "error"},
           {200, R"([{"datapoints":[1]}])", "error", "error"},
           {200, R"([{"target":"a"}])", "error", "error"},
           {200, R"({"target":"a"})", "error", "error"},
           {200, R"([{"datapoints":[[1,1700000000]]},{"datapoints":[[2,1700000000]]}])", "error",
            "2"},
           {200, R"([{"datapoints":[[1,1600000000]]}])", "error", "1"},
           {200, "<html>", "error", "error"},
           {302, good, "error", "98.5"},
           {400, good, "error", "error"},
           {401, "canary-password", "unavailable", "unavailable"},
           {500, good, "unavailable", "unavailable"}}) {
    INFO(row.body);
    MetricWorld world = graphite();
    world.secret({{"username", "reader"}, {"password", "canary-password"}});
    CHECK(verdict(world.told(row.body, row.status, "target=a")) == row.strict);
    world.compat = Compat::Flagger;
    CHECK(verdict(world.told(row.body, row.status, "target=a")) == row.flagger);
  }
}

TEST_CASE("FLT-94, FLT-93: Graphite without half of its credentials, or with a broken query") {
  MetricWorld world = graphite();
  for (const char* query : {"target=%zz", "target=%4", "a;b=1"})
    CHECK(verdict(world.told(good, 200, query)) == "error");
  world.secret({{"username", "reader"}});
  CHECK(verdict(world.ask("target=a")) == "error");
  world.secret({{"password", "canary-password"}});
  CHECK(verdict(world.ask("target=a")) == "error");
  world.metric.secret_ref.clear();
  world.metric.address = "graphite";
  CHECK(verdict(world.ask("target=a")) == "error");
  CHECK(world.http.asked.empty());
}

TEST_CASE("PRV-42: online is an answer that can be read, even one without values") {
  MetricWorld world = graphite();
  world.http.answers = {ScriptedHttp::status(200, "[]"), ScriptedHttp::status(200, "<html>"),
                        ScriptedHttp::status(500, "[]")};
  CHECK(world.online());
  CHECK(world.http.asked.at(0).url == "http://graphite:8080/g/render?format=json&target=test");
  CHECK_FALSE(world.online());
  CHECK_FALSE(world.online());
}

TEST_CASE("FLT-87: a damaged answer of Graphite never passes for another") {
  MetricWorld world = graphite();
  damage(world, good, "target=a");
}
