// What metric sources there are in the cluster itself: Keptn and external metrics.

#include "live/metrics/quantity.hpp"
#include "tests/live/metric_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using nlohmann::json;

namespace {

const ObjectPath response_time{
    {"metrics.keptn.sh", "v1beta1", "keptnmetrics"}, "shop", "response-time"};

json keptn_metric(const json& value) {
  return {{"metadata", {{"name", "response-time"}}}, {"status", {{"value", value}}}};
}

std::string items(const std::string& value, const std::string& more = {}) {
  return R"({"kind":"ExternalMetricValueList","items":[{"metricName":"q",)"
         R"("timestamp":"2023-11-14T22:13:00Z","value":)" +
         value + "}" + more + "]}";
}

MetricWorld external(const std::string& address = {}) {
  return MetricWorld{"externalmetrics", address};
}

}  // namespace

TEST_CASE("PRV-80, PRV-81, MT-28: a KeptnMetric is read") {
  MetricWorld world{"keptn"};
  world.api.put(response_time, keptn_metric("98.5"));
  for (const char* query : {"keptnmetric/shop/response-time", "KeptnMetrics/Shop/response-time\n",
                            "  keptnmetric/shop/response-time/2m  "})
    CHECK(verdict(world.ask(query)) == "98.5");
  for (const char* query :
       {"", "keptnmetric", "keptnmetric/shop", "keptnmetric/shop/", "keptnmetric//x",
        "metric/shop/response-time", "analysis/shop/", "keptnmetric/shop/other"})
    CHECK_FALSE(world.ask(query));
  struct Row {
    json value;
    const char *strict, *flagger;
  };
  for (const Row& row : std::vector<Row>{{"", "error", "error"},
                                         {nullptr, "error", "error"},
                                         {7, "error", "error"},
                                         {"seven", "error", "error"},
                                         {"1_0", "error", "error"},
                                         {"NaN", "no values", "nan"},
                                         {"inf", "error", "inf"},
                                         {"1e2", "100", "100"}}) {
    INFO(row.value);
    world.compat = Compat::Strict;
    world.api.put(response_time, keptn_metric(row.value));
    CHECK(verdict(world.ask("keptnmetric/shop/response-time")) == row.strict);
    world.compat = Compat::Flagger;
    CHECK(verdict(world.ask("keptnmetric/shop/response-time")) == row.flagger);
  }
  CHECK(world.online());  // PRV-83
  CHECK(world.http.asked.empty());
}

TEST_CASE("PRV-82: an Analysis is created, awaited and deleted in every case") {
  MetricWorld world{"keptn"};
  json seen;
  std::string name;
  int polls = 0, completes_after = 3;
  bool passes = true;
  world.api.meanwhile = [&](const std::string& request) {
    if (!request.starts_with("GET ")) return;
    name = request.substr(request.rfind(' ') + 1);
    const ObjectPath path{{"metrics.keptn.sh", "v1beta1", "analyses"}, "shop", name};
    const json* object = world.api.find(path);
    REQUIRE(object != nullptr);
    seen = *object;
    if (++polls != completes_after) return;
    json done = *object;
    done["status"] = {{"state", "Completed"}, {"pass", passes}};
    world.api.put(path, done);
  };
  const auto ask = [&](const std::string& query) {
    polls = 0;
    world.waited.clear();
    world.api.requests.clear();
    const auto answer = world.ask(query);
    const ObjectPath path{{"metrics.keptn.sh", "v1beta1", "analyses"}, "shop", name};
    CHECK(world.api.find(path) == nullptr);
    return verdict(answer);
  };
  CHECK(ask("analysis/shop/slo/5m/region=eu;tier=web") == "1");
  CHECK(world.waited == std::vector<Duration>{1s, 1s, 1s});
  CHECK(name.size() == std::string{"slo-123456"}.size());
  CHECK(name.find_first_not_of("0123456789abcdef", 4) == std::string::npos);
  CHECK(seen["spec"] == json::parse(R"({"analysisDefinition":{"name":"slo"},"timeframe":)"
                                    R"({"recent":"5m"},"args":{"region":"eu","tier":"web"}})"));
  passes = false;
  CHECK(ask("analyses/shop/slo") == "0");
  CHECK(seen["spec"] ==
        json::parse(R"({"analysisDefinition":{"name":"slo"},"timeframe":{"recent":"1m"}})"));
  completes_after = 11;
  CHECK(ask("analysis/shop/slo") == "timeout");
  CHECK(world.waited.size() == 10);
  CHECK(verdict(world.ask("analysis/shop/slo/1m/novalue")) == "error");
  world.api.errors["POST " + world.api.requests.front().substr(5)] = {KubeError::Kind::Forbidden,
                                                                      "no"};
  CHECK(verdict(world.ask("analysis/shop/slo")) == "unavailable");
}

TEST_CASE("PRV-102: Kubernetes quantities") {
  for (const auto& [text, value] : std::vector<std::pair<const char*, double>>{{"1500m", 1.5},
                                                                               {"1", 1},
                                                                               {"-2.5", -2.5},
                                                                               {"+3", 3},
                                                                               {"2Ki", 2048},
                                                                               {"1.5Mi", 1572864},
                                                                               {"3k", 3000},
                                                                               {"2M", 2e6},
                                                                               {"1e3", 1000},
                                                                               {"1E3", 1000},
                                                                               {"12E", 12e18},
                                                                               {"250u", 250e-6},
                                                                               {"7n", 7e-9},
                                                                               {"0", 0},
                                                                               {"1Ei", 0x1p60}})
    CHECK(quantity(text) == Approx(value));
  for (const char* text :
       {"", "m", "K", "1K", "1 m", "1mm", "1e3k", "+-1", "0x1", "NaN", "1e999", "Ki"})
    CHECK_FALSE(quantity(text));
}

TEST_CASE("PRV-100, PRV-101: an external metric is asked of the API server, or of an address") {
  const std::string root = "/apis/external.metrics.k8s.io/v1beta1/namespaces/";
  MetricWorld world = external();
  std::string asked;
  world.api_text = [&](const std::string& path) -> KubeResult<std::string> {
    asked = path;
    return items("\"1500m\"");
  };
  for (const auto& [query, path] : std::vector<std::pair<std::string, std::string>>{
           {"queue", "default/queue"},
           {"shop/queue", "shop/queue"},
           {"shop/queue?labelSelector=app%3Da%2Cb+in+%28c%29",
            "shop/queue?labelSelector=app%3Da%2Cb+in+%28c%29"},
           {"shop/a:b c", "shop/a%3Ab%20c"}}) {
    CHECK(verdict(world.ask(query)) == "1.5");
    CHECK(asked == root + path);
  }
  asked.clear();
  for (const char* query : {"", "/", "shop/", "/queue", "a/b/c", "?labelSelector=a", "q?limit=1",
                            "q?labelSelector=%zz", "q?labelSelector=a&limit=1"})
    CHECK(verdict(world.ask(query)) == "error");
  CHECK(asked.empty());

  MetricWorld other = external("https://adapter.example:6443/");
  other.secret({{"token", "canary-token"}});
  other.metric.insecure_skip_verify = true;
  CHECK(verdict(other.told(items("\"2\""), 200, "shop/queue")) == "2");
  CHECK(other.http.asked.at(0).url == "https://adapter.example:6443" + root + "shop/queue");
  CHECK(sent(other, "Authorization") == "Bearer canary-token");
  CHECK(other.http.asked.at(0).timeout == 5s);
  CHECK_FALSE(other.http.asked.at(0).verify_peer);
  other.metric.secret_ref.clear();
  REQUIRE(other.told(items("\"2\""), 200, "shop/queue"));
  CHECK(sent(other, "Authorization").empty());
}

TEST_CASE("PRV-102, INV-12: the answers of external metrics, in both semantics") {
  struct Row {
    int status;
    std::string body;
    const char *strict, *flagger;
  };
  for (const Row& row : std::vector<Row>{
           {200, items("\"1500m\""), "1.5", "1.5"},
           {200, items("7"), "7", "7"},
           {200, R"({"items":[]})", "no values", "no values"},
           {200, "{}", "no values", "no values"},
           {200, items("\"1\"", R"(,{"value":"2"})"), "error", "1"},
           {200, items("\"x\""), "error", "error"},
           {200, items("null"), "error", "error"},
           {200, R"({"items":[7]})", "error", "error"},
           {200, R"({"items":{}})", "error", "error"},
           {200, R"({"items":[{"value":"1","timestamp":"2020-01-01T00:00:00Z"}]})", "error", "1"},
           {200, R"({"items":[{"value":"1","timestamp":"soon"}]})", "error", "1"},
           {200, R"({"items":[{"value":"1"}]})", "1", "1"},
           {200, R"({"metadata":{"continue":"x"},"items":[{"value":"1"}]})", "error", "1"},
           {200, R"({"metadata":{"continue":""},"items":[{"value":"1"}]})", "1", "1"},
           {200, "x", "error", "error"},
           {401, "canary-token", "unavailable", "unavailable"},
           {404, items("1"), "error", "error"}}) {
    INFO(row.body);
    MetricWorld world = external("https://adapter.example");
    world.secret({{"token", "canary-token"}});
    CHECK(verdict(world.told(row.body, row.status)) == row.strict);
    world.compat = Compat::Flagger;
    CHECK(verdict(world.told(row.body, row.status)) == row.flagger);
  }
}

TEST_CASE("PRV-101, INV-42: without a way to the API server, or with a token and no address") {
  MetricWorld world = external();
  CHECK(verdict(world.ask()) == "error");
  CHECK_FALSE(world.online());
  world.secret({{"token", "canary-token"}});
  CHECK(verdict(world.ask()) == "error");
  world = external();
  world.api_text = [](const std::string&) -> KubeResult<std::string> {
    return tl::unexpected(KubeError{KubeError::Kind::NotFound, "no such API", {}, {}});
  };
  CHECK_FALSE(world.ask());
  CHECK_FALSE(world.online());
}

TEST_CASE("PRV-103: online is a list of the dummy metric") {
  MetricWorld world = external("https://adapter.example");
  CHECK(world.online());
  CHECK(world.http.asked.at(0).url.ends_with("/namespaces/kube-system/dummy-metric"));
  world.http.answers = {ScriptedHttp::status(404)};
  CHECK_FALSE(world.online());
  world = external();
  std::string asked;
  world.api_text = [&](const std::string& path) -> KubeResult<std::string> {
    asked = path;
    return R"({"items":[]})";
  };
  CHECK(world.online());
  CHECK(asked.ends_with("/namespaces/kube-system/dummy-metric"));
}

TEST_CASE("FLT-87: a damaged list of external metrics never passes for another") {
  MetricWorld world = external("https://adapter.example");
  damage(world, items("98.5"));
}
