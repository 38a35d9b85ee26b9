#include "tests/live/metric_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using nlohmann::json;

namespace {

MetricWorld influxdb() {
  MetricWorld world{"influxdb", "http://influx:8086/"};
  world.secret({{"token", "canary-token"}, {"org", "my org"}});
  world.canaries = {"canary-token"};
  return world;
}

std::string table(const std::string& rows, const std::string& type = "double") {
  return "#datatype,string,long,dateTime:RFC3339," + type +
         ",string\r\n#group,false,false,false,false,true\r\n#default,_result,,,,\r\n"
         ",result,table,_time,_value,app\r\n" +
         rows;
}
std::string row(const std::string& value, int number = 0) {
  return fmt::format(",,{},2023-11-14T22:13:00.5Z,{},\"a, \"\"b\"\"\"\r\n", number, value);
}

}  // namespace

TEST_CASE("PRV-60, MT-26: the request of InfluxDB") {
  MetricWorld world = influxdb();
  CHECK(verdict(world.told(table(row("98.5")), 200, "from(bucket: \"b\")")) == "98.5");
  const HttpRequest& asked = world.http.asked.at(0);
  CHECK(asked.url == "http://influx:8086/api/v2/query?org=my+org");
  CHECK(asked.method == HttpRequest::Method::Post);
  CHECK(asked.timeout == 15s);
  CHECK(sent(world, "Authorization") == "Token canary-token");
  CHECK(sent(world, "Content-Type") == "application/json");
  CHECK(json::parse(asked.body) ==
        json::parse(R"q({"query":"from(bucket: \"b\")","type":"flux","dialect":{"annotations":)q"
                    R"q(["datatype","group","default"],"delimiter":",","header":true}})q"));
}

TEST_CASE("PRV-61, Q-22, INV-12: the answers of InfluxDB, in both semantics") {
  struct Row {
    int status;
    std::string body;
    const char *strict, *flagger;
  };
  for (const Row& one : std::vector<Row>{
           {200, table(row("98.5")), "98.5", "98.5"},
           {200, table(row("98.5") + row("2")), "98.5", "98.5"},
           {200, table(row("")), "no values", "no values"},
           {200, "", "no values", "0"},
           {200, "\r\n", "no values", "0"},
           {200, table(""), "no values", "0"},
           {200, table(row("7"), "long"), "error", "error"},
           {200, table(row("7"), "string"), "error", "error"},
           {200, table(row("NaN")), "no values", "nan"},
           {200, table(row("+Inf")), "no values", "inf"},
           {200, table(row("seven")), "error", "error"},
           {200, table(row("0x7")), "error", "error"},
           {200, table(row("1", 0) + row("2", 1)), "error", "1"},
           {200, table(row("1")) + "\r\n" + table(row("2")), "error", "1"},
           {200, table(row("1")) + "\r\nerror,reference\r\nout of memory,897\r\n", "error",
            "error"},
           {200,
            "#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n"
            ",it failed,897\r\n",
            "error", "error"},
           {200, table(",,0,2023-11-14T22:13:00Z,1\r\n"), "error", "error"},
           {200, table(",,0,2022-11-14T22:13:00Z,1,a\r\n"), "error", "1"},
           {200, table(",,0,soon,1,a\r\n"), "error", "1"},
           {200, ",result,table,_value\r\n,,0,1\r\n", "error", "error"},
           {200, ",result,table\r\n,,0\r\n", "error", "error"},
           {200, table(row("1")) + "\"open", "error", "error"},
           {200, R"({"results":[]})", "no values", "0"},
           {200, table(row("1")) + "\r", "error", "error"},
           {200, table(row("1")) + std::string(1'000'000, '\n'), "1", "1"},
           {200, std::string(2000, ','), "error", "error"},
           {401, R"({"message":"canary-token"})", "unavailable", "unavailable"},
           {400, table(row("1")), "error", "error"},
           {204, table(row("1")), "error", "error"}}) {
    INFO(one.body);
    MetricWorld world = influxdb();
    CHECK(verdict(world.told(one.body, one.status)) == one.strict);
    world.compat = Compat::Flagger;
    CHECK(verdict(world.told(one.body, one.status)) == one.flagger);
  }
}

TEST_CASE("FLT-94: InfluxDB needs token and org where a Secret is named, else neither") {
  MetricWorld world{"influxdb", "http://influx:8086"};
  REQUIRE(world.told(table(row("1"))));
  CHECK(world.http.asked.at(0).url == "http://influx:8086/api/v2/query?org=");
  CHECK(sent(world, "Authorization").empty());
  world.secret({{"token", "canary-token"}});
  CHECK(verdict(world.ask()) == "error");
  world.secret({{"org", "my org"}});
  CHECK(verdict(world.ask()) == "error");
  CHECK(world.http.asked.size() == 1);
}

TEST_CASE("PRV-62: online is a query that is accepted") {
  MetricWorld world = influxdb();
  CHECK(world.online());
  CHECK(json::parse(world.http.asked.at(0).body)["query"] ==
        R"(from(bucket: "default") |> range(start: -2h))");
  world.http.answers = {ScriptedHttp::status(401, "canary-token")};
  CHECK_FALSE(world.online());
}

TEST_CASE("FLT-87: a damaged answer of InfluxDB never passes for another") {
  MetricWorld world = influxdb();
  damage(world, table(row("98.5")));
}
