#include "tests/live/metric_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;

namespace {

MetricWorld splunk(const std::string& address = "https://api.us1.signalfx.com") {
  MetricWorld world{"splunk", address};
  world.secret({{"sf_token_key", "canary-token"}});
  return world;
}

const std::string end = "event: control-message\ndata: {\"event\": \"END_OF_CHANNEL\"}\n\n";
std::string data(const std::string& elements, const std::string& time = "1699999990000") {
  return "event: data\nid: data-1\ndata: {\ndata:   \"data\" : [" + elements +
         "],\ndata:   \"logicalTimestampMs\" : " + time + "\ndata: }\n\n";
}
std::string element(const std::string& value, const std::string& id = "AAAA") {
  return R"({"tsId":")" + id + R"(","value":)" + value + "}";
}

}  // namespace

TEST_CASE("PRV-90, PRV-91, MT-29: a program is run over the last ten intervals") {
  for (const char* address : {"https://api.us1.signalfx.com", "wss://stream.us1.signalfx.com",
                              "https://stream.us1.signalfx.com/"}) {
    MetricWorld world = splunk(address);
    CHECK(verdict(world.told(data(element("98.5")) + end, 200, "data('x').publish()")) == "98.5");
    const HttpRequest& asked = world.http.asked.at(0);
    CHECK(asked.url ==
          "https://stream.us1.signalfx.com/v2/signalflow/execute?start=1699999400000&"
          "stop=1700000000000&resolution=0&maxDelay=0&immediate=true");
    CHECK(asked.method == HttpRequest::Method::Post);
    CHECK(asked.body == "data('x').publish()");
    CHECK(asked.timeout == 5s);
    CHECK(sent(world, "X-SF-Token") == "canary-token");
    CHECK(sent(world, "Content-Type") == "text/plain");
  }
}

TEST_CASE("PRV-92, PRV-93, INV-12: the streams of SignalFlow") {
  struct Row {
    int status;
    std::string body;
    const char* verdict;
  };
  for (const Row& row : std::vector<Row>{
           {200, data(element("1")) + data(element("98.5")) + end, "98.5"},
           {200,
            ": hello\r\nevent: data\r\ndata: {\"data\":[" + element("2") +
                "],\"logicalTimestampMs\":1699999990000}\r\n\r\n" + end,
            "2"},
           {200, "event: metadata\ndata: {\"tsId\":\"AAAA\"}\n\n" + data(element("2")) + end, "2"},
           {200, end, "no values"},
           {200, data("") + end, "no values"},
           {200, "", "error"},
           {200, data(element("1")), "error"},  // no end: cut
           {200, data(element("1")) + end.substr(0, end.size() - 1), "error"},
           {200, data(element("1") + "," + element("2", "BBBB")) + end, "error"},
           {200, data(element("1")) + data(element("1", "BBBB")) + end, "error"},
           {200, data(element("null")) + end, "error"},
           {200, data(element("\"1\"")) + end, "error"},
           {200, data("7") + end, "error"},
           {200, data(element("1"), "null") + end, "error"},
           {200, data(element("1"), "1600000000000") + end, "error"},  // stale
           {200, "event: data\ndata: {\n\n" + end, "error"},
           {200, "event: error\ndata: {\"message\":\"canary-token\"}\n\n" + end, "error"},
           {200,
            data(element("1")) +
                "event: control-message\ndata: {\"event\":\"CHANNEL_ABORT\",\"abortInfo\":"
                "{\"sf_job_abortReason\":\"canary-token\"}}\n\n",
            "error"},
           {401, "canary-token", "unavailable"},
           {400, data(element("1")) + end, "error"}}) {
    INFO(row.body);
    MetricWorld world = splunk();
    CHECK(verdict(world.told(row.body, row.status)) == row.verdict);
  }
}

TEST_CASE("FLT-94: SignalFlow without token, address or interval") {
  MetricWorld world{"splunk", "https://api.us1.signalfx.com"};
  CHECK(verdict(world.ask()) == "error");
  world.secret({{"token", "canary-token"}});
  CHECK(verdict(world.ask()) == "error");
  world = splunk("");
  CHECK(verdict(world.ask()) == "error");
  world = splunk();
  world.interval = "";
  CHECK(verdict(world.ask()) == "error");
  CHECK(world.http.asked.empty());
}

TEST_CASE("PRV-94: online is one metric that can be listed") {
  for (const char* address : {"https://api.us1.signalfx.com", "wss://stream.us1.signalfx.com"}) {
    MetricWorld world = splunk(address);
    CHECK(world.online());
    CHECK(world.http.asked.at(0).url == "https://api.us1.signalfx.com/v2/metric?limit=1");
    CHECK(sent(world, "X-SF-Token") == "canary-token");
    world.http.answers = {ScriptedHttp::status(401, "canary-token")};
    CHECK_FALSE(world.online());
  }
}

TEST_CASE("FLT-87: a damaged stream of SignalFlow never passes for another") {
  MetricWorld world = splunk();
  damage(world, data(element("98.5")) + end);
}
