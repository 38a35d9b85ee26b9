#include "live/metrics/parts.hpp"
#include "tests/live/metric_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using nlohmann::json;

namespace {

/// A whole answer with one series.
std::string vector(const std::string& value, double time = 1'700'000'000) {
  return fmt::format(R"({{"status":"success","data":{{"resultType":"vector","result":[)"
                     R"({{"metric":{{}},"value":[{:.3f},"{}"]}}]}}}})",
                     time, value);
}
std::string answer(const std::string& type, const std::string& result,
                   const std::string& more = {}) {
  return R"({"status":"success",)" + more + R"("data":{"resultType":")" + type + R"(","result":)" +
         result + "}}";
}

MetricWorld prometheus(const std::string& address = "http://prometheus:9090") {
  return MetricWorld{"prometheus", address};
}

}  // namespace

TEST_CASE("PRV-01, PRV-02: the request of Prometheus: path joined, blanks collapsed, 5 s") {
  for (const auto& [address, url] : std::vector<std::pair<std::string, std::string>>{
           {"http://p:9090", "http://p:9090/api/v1/query"},
           {"http://p:9090/prom/", "http://p:9090/prom/api/v1/query"},
           {"https://p/a//b/?x=1#y", "https://p/a/b/api/v1/query"},
           {"http://p?tenant=1", "http://p/api/v1/query"},
           {"http://user:pw@p:9090/", "http://user:pw@p:9090/api/v1/query"},
           {"http://[::1]:9090/x", "http://[::1]:9090/x/api/v1/query"}}) {
    MetricWorld world = prometheus(address);
    CHECK(verdict(world.told(vector("1"), 200, "\n  sum(\n\trate(a{b=\"c+d\"}[1m])) ")) == "1");
    const HttpRequest& asked = world.http.asked.at(0);
    CHECK(asked.url == url + "?query=+sum%28+rate%28a%7Bb%3D%22c%2Bd%22%7D%5B1m%5D%29%29+");
    CHECK(asked.method == HttpRequest::Method::Get);
    CHECK(asked.body.empty());
    CHECK(asked.headers.empty());
    CHECK(asked.timeout == 5s);
    CHECK(asked.verify_peer);
    CHECK(asked.body_limit == std::size_t{4} << 20);
  }
  MetricWorld world = prometheus();
  world.metric.insecure_skip_verify = true;  // MT-15
  (void)world.ask();
  CHECK_FALSE(world.http.asked.at(0).verify_peer);
}

TEST_CASE("MET-33, INV-42: an address that is none is an error that does not show it") {
  for (const char* address :
       {"", "prometheus:9090", "ftp://p/", "http://", "http://u:canary12 @p"}) {
    MetricWorld world = prometheus(address);
    world.canaries = {"canary12"};
    CHECK(verdict(world.ask()) == "error");
    CHECK_FALSE(world.online());
    CHECK(world.http.asked.empty());
  }
}

TEST_CASE("PRV-03, MT-18: bearer token or basic authentication, read anew for each evaluation") {
  MetricWorld world = prometheus();
  world.secret({{"token", "canary-token-1"}});
  REQUIRE(world.told(vector("1")));
  CHECK(sent(world, "Authorization") == "Bearer canary-token-1");
  world.secret({{"token", "canary-token-2"}});  // rotated (FLT-94)
  REQUIRE(world.told(vector("1")));
  CHECK(sent(world, "Authorization") == "Bearer canary-token-2");
  world.secret({{"username", "reader"}, {"password", "canary-password"}});
  REQUIRE(world.told(vector("1")));
  CHECK(sent(world, "Authorization") == "Basic " + to_base64("reader:canary-password"));
}

TEST_CASE(
    "FLT-94, MET-30: a Secret that is missing, empty or wrong is an error without a request") {
  MetricWorld world = prometheus();
  world.metric.secret_ref = "credentials";
  auto answer = world.ask();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::NotFound);
  CHECK(answer.error().where == "MetricTemplate rate.test");
  for (const std::map<std::string, std::string>& keys :
       std::vector<std::map<std::string, std::string>>{
           {}, {{"username", "reader"}}, {{"password", "canary-password"}}, {{"token", ""}}}) {
    world.canaries.clear();
    world.secret(keys);
    world.canaries = {"canary-password"};
    CHECK(verdict(world.ask()) == "error");
    CHECK_FALSE(world.online());
  }
  world.api.put(credentials, {{"metadata", json::object()}, {"data", {{"token", "%%%"}}}});
  CHECK(verdict(world.ask()) == "error");
  world.canaries = {};
  world.secret({{"token", "canary-with-line-end\n"}});
  CHECK(verdict(world.ask()) == "error");
  CHECK(world.http.asked.empty());
}

TEST_CASE("PRV-04, Q-29: headers are canonicalised, one Authorization in strict mode") {
  MetricWorld world = prometheus();
  world.metric.headers = {{"x-scope-ORGID", {"a", "b"}},
                          {"authorization", {"Bearer canary-of-header"}},
                          {"host", {"elsewhere"}}};
  world.canaries = {"canary-of-header"};
  REQUIRE(world.told(vector("1")));
  CHECK(sent(world, "X-Scope-Orgid") == "a | b");
  CHECK(sent(world, "Authorization") == "Bearer canary-of-header");
  CHECK(sent(world, "Host").empty());
  world.secret({{"token", "canary-token"}});
  for (int evaluation = 0; evaluation < 3; ++evaluation) {
    REQUIRE(world.told(vector("1")));
    CHECK(sent(world, "Authorization") == "Bearer canary-token");
  }
  world.compat = Compat::Flagger;
  REQUIRE(world.told(vector("1")));
  CHECK(sent(world, "Authorization") == "Bearer canary-of-header | Bearer canary-token");
  world.metric.headers = {{"X-A", {"a\r\nX-B: b"}}};
  CHECK(verdict(world.told(vector("1"))) == "error");
}

TEST_CASE("MET-05: builtin and in-line queries carry no credentials") {
  MetricWorld world = prometheus();
  world.secret({{"token", "canary-token"}});
  world.http.answers = {ScriptedHttp::status(200, vector("2"))};
  const auto answer = world.source().query({.kind = MetricQuery::Kind::Inline,
                                            .metric = "rate",
                                            .provider_type = "prometheus",
                                            .server = "http://other:9090",
                                            .text = "q",
                                            .interval = "1m",
                                            .requests = {}});
  CHECK(verdict(answer) == "2");
  CHECK(world.http.asked.at(0).url == "http://other:9090/api/v1/query?query=q");
  CHECK(world.http.asked.at(0).headers.empty());
  CHECK(world.api.requests.empty());
}

TEST_CASE("FLT-83, PRV-08: which texts are numbers, in both semantics") {
  struct Row {
    const char *text, *strict, *flagger;
  };
  for (const Row& row : std::vector<Row>{{"1", "1", "1"},
                                         {"-0", "-0", "-0"},
                                         {"0.25", "0.25", "0.25"},
                                         {"-12.5e-1", "-1.25", "-1.25"},
                                         {"1E+3", "1000", "1000"},
                                         {"5e-324", "5e-324", "5e-324"},
                                         {"NaN", "no values", "no values"},
                                         {"+Inf", "no values", "inf"},
                                         {"-Inf", "no values", "-inf"},
                                         {"inf", "error", "inf"},
                                         {"nan", "error", "no values"},
                                         {"Infinity", "error", "inf"},
                                         {"+1", "error", "1"},
                                         {"", "error", "error"},
                                         {"1e309", "error", "error"},
                                         {"0x1p3", "error", "error"},
                                         {"1,5", "error", "error"},
                                         {"1_000", "error", "error"},
                                         {" 1", "error", "error"},
                                         {"1 ", "error", "error"},
                                         {"1 2", "error", "error"},
                                         {"--1", "error", "error"},
                                         {"+-1", "error", "error"},
                                         {"1e", "error", "error"},
                                         {".", "error", "error"},
                                         {"e5", "error", "error"},
                                         {"ten", "error", "error"}}) {
    INFO(row.text);
    MetricWorld world = prometheus();
    CHECK(verdict(world.told(vector(row.text))) == row.strict);
    world.compat = Compat::Flagger;
    CHECK(verdict(world.told(vector(row.text))) == row.flagger);
  }
}

TEST_CASE("PRV-06, PRV-07, FLT-84 … FLT-88, INV-12: the shapes of an answer, in both semantics") {
  struct Row {
    std::string body;
    const char *strict, *flagger;
  };
  const std::string two = R"([{"metric":{"a":"1"},"value":[1700000000,"1"]},)"
                          R"({"metric":{"a":"2"},"value":[1700000000,"2"]}])";
  const std::string one = R"([{"metric":{},"value":[1700000000,"7"]}])";
  std::string crowd = "[";
  for (int i = 0; i < 101; ++i) crowd += std::string{i > 0 ? "," : ""} + R"({"value":[1,"1"]})";
  crowd += "]";
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "[";
  for (const Row& row : std::vector<Row>{
           {answer("vector", "[]"), "no values", "no values"},
           {answer("vector", two), "error", "2"},
           {answer("vector", crowd), "error", "error"},
           {answer("vector", R"([{"value":[1700000000,"1"]},{"value":[1700000000,"NaN"]}])"),
            "error", "no values"},
           {answer("vector", R"([{"value":[1700000000,"1"]},{"value":[1700000000,2]}])"), "error",
            "1"},
           {answer("vector", R"([{"metric":{},"values":[[1700000000,"1"]]}])"), "error", "error"},
           {answer("vector", R"([{"value":[1700000000,"1"],"values":[[1,"1"]]}])"), "error",
            "error"},
           {answer("vector", R"([{"metric":{},"histogram":[1700000000,{"count":"1"}]}])"), "error",
            "no values"},
           {answer("vector", R"([{"value":[]}])"), "error", "no values"},
           {answer("vector", R"([{"value":["7"]}])"), "error", "no values"},
           {answer("vector", R"([{"value":[1700000000,"7",1]}])"), "error", "7"},
           {answer("vector", R"([{"value":[1700000000,7]}])"), "error", "no values"},
           {answer("vector", R"([{"value":["1700000000","7"]}])"), "error", "7"},
           {answer("vector", R"([{"value":"7"}])"), "error", "no values"},
           {answer("vector", R"(["7"])"), "error", "no values"},
           {answer("vector", R"({"value":[1700000000,"7"]})"), "error", "error"},
           {answer("vector", "null"), "error", "no values"},
           {answer("matrix", R"([{"metric":{},"values":[[1700000000,"1"],[1,"2"]]}])"), "error",
            "error"},
           {answer("scalar", R"([1700000000,"7"])"), "error", "no values"},
           {answer("string", R"([1700000000,"7"])"), "error", "no values"},
           {answer("vector", one, R"("warnings":["half of it"],)"), "error", "7"},
           {answer("vector", one, R"("warnings":[],)"), "7", "7"},
           {answer("vector", one, R"("infos":["not a counter?"],)"), "7", "7"},
           {answer("vector", one, R"("isPartial":true,)"), "error", "7"},
           {answer("vector", one, R"("isPartial":false,)"), "7", "7"},
           {R"({"status":"error","error":"bad query"})", "error", "no values"},
           {R"({"data":{"resultType":"vector","result":)" + one + "}}", "error", "7"},
           {R"({"status":"success"})", "error", "no values"},
           {"", "error", "error"},
           {"null", "error", "error"},
           {"[]", "error", "error"},
           {"7", "error", "error"},
           {"<html>", "error", "error"},
           {"\xff\xfe", "error", "error"},
           {"\x1f\x8b\x08", "error", "error"},
           {answer("vector", one).substr(0, 60), "error", "error"},
           {answer("vector", one) + "}", "error", "error"},
           {deep, "error", "error"},
           {std::string((std::size_t{4} << 20) + 1, ' '), "error", "error"}}) {
    INFO(row.body.substr(0, 200));
    MetricWorld world = prometheus();
    CHECK(verdict(world.told(row.body)) == row.strict);
    world.compat = Compat::Flagger;
    CHECK(verdict(world.told(row.body)) == row.flagger);
  }
}

TEST_CASE("FLT-85: several series are refused with their number") {
  MetricWorld world = prometheus();
  const auto answered = world.told(answer(
      "vector", R"([{"value":[1700000000,"1"]},{"value":[1700000000,"1"]},{"value":[1,"1"]}])"));
  REQUIRE_FALSE(answered);
  CHECK(answered.error().message == "the query answers 3 series where one is wanted");
}

TEST_CASE("PRV-05, FLT-89: error answers keep status and 200 safe characters, no secret") {
  MetricWorld world = prometheus();
  world.secret({{"token", "canary-token"}});
  struct Row {
    int status;
    const char *text, *verdict;
  };
  for (const Row& row : std::vector<Row>{{206, "206 Partial Content", "error"},
                                         {302, "302 Found", "error"},
                                         {400, "400 Bad Request", "error"},
                                         {401, "401 Unauthorized", "unavailable"},
                                         {403, "403 Forbidden", "unavailable"},
                                         {404, "404 Not Found", "error"},
                                         {422, "422 Unprocessable Entity", "error"},
                                         {429, "429 Too Many Requests", "unavailable"},
                                         {500, "500 Internal Server Error", "unavailable"},
                                         {503, "503 Service Unavailable", "unavailable"}}) {
    const auto answered = world.told(
        "you said 'Bearer canary-token', \x1b[31m" + std::string(1000, 'x') + "canary-token",
        row.status);
    CHECK(verdict(answered) == row.verdict);
    REQUIRE_FALSE(answered);
    const std::string& message = answered.error().message;
    CHECK(message.find(std::string{"the metric server answered "} + row.text +
                       ": you said 'Bearer ***', \\x1b[31mxxx") == 0);
    CHECK(message.size() < 280);
    CHECK(answered.error().where == "MetricTemplate rate.test");
  }
  // An error status is one, whatever the body says.
  CHECK(verdict(world.told(vector("1"), 500)) == "unavailable");
  CHECK(verdict(world.told(vector("1"), 206)) == "error");
  world.compat = Compat::Flagger;  // PRV-05: only from 400
  CHECK(verdict(world.told(vector("1"), 302)) == "1");
  CHECK(verdict(world.told(vector("1"), 400)) == "error");
}

TEST_CASE("INV-42: a secret in an answer of 200 or of the transport is not repeated") {
  MetricWorld world = prometheus("http://user:canary-in-url@prometheus:9090");
  world.secret({{"username", "reader"}, {"password", "canary-password"}});
  world.canaries = {"canary-in-url", "canary-password", to_base64("reader:canary-password")};
  for (const std::string& said : world.canaries) {
    CHECK_FALSE(world.told(R"({"status":"error","error":")" + said + "\"}"));
    CHECK_FALSE(world.told(R"({"status":")" + said + "\"}"));
    CHECK_FALSE(world.told(vector(said)));
    CHECK_FALSE(world.told(answer(said, "[]")));
    CHECK_FALSE(world.told(said, 401));
    world.http.answers = {
        tl::unexpected(Error{ErrorKind::Unavailable, "no route: " + said, "http://" + said, said})};
    CHECK(verdict(world.ask()) == "unavailable");
  }
}

TEST_CASE("FLT-89: a 429 that says when is asked once more, within the time of one answer") {
  MetricWorld world = prometheus();
  auto busy = ScriptedHttp::status(429, "later");
  busy->retry_after = 3s;
  world.http.answers = {busy, ScriptedHttp::status(200, vector("1"))};
  CHECK(verdict(world.ask()) == "1");
  CHECK(world.waited == std::vector<Duration>{3s});
  busy->retry_after = 6s;
  world.http.answers = {busy, ScriptedHttp::status(200, vector("1"))};
  CHECK(verdict(world.ask()) == "unavailable");
  busy->retry_after = 1s;
  world.http.answers = {busy, busy, ScriptedHttp::status(200, vector("1"))};
  CHECK(verdict(world.ask()) == "unavailable");
  CHECK(world.http.asked.size() == 5);
}

TEST_CASE("FLT-80, FLT-81: nobody there, or too slow, is passed on as it is") {
  MetricWorld world = prometheus();
  world.http.answers = {tl::unexpected(Error{ErrorKind::Unavailable, "connection refused"}),
                        tl::unexpected(Error{ErrorKind::Timeout, "no answer within 5 s"})};
  CHECK(verdict(world.ask()) == "unavailable");
  CHECK(verdict(world.ask()) == "timeout");
  CHECK(world.http.asked.size() == 2);  // MET-01: no retry
}

TEST_CASE("FLT-90: stale samples and samples of the future are refused in strict mode") {
  MetricWorld world = prometheus();
  const double now = 1'700'000'000;
  CHECK(verdict(world.told(vector("1", now - 419), 200, "rate(a[1m])")) == "1");
  CHECK(verdict(world.told(vector("1", now - 421), 200, "rate(a[1m])")) == "error");
  CHECK(verdict(world.told(vector("1", now - 421), 200, "rate(a[2m])")) == "1");
  CHECK(verdict(world.told(vector("1", now + 59))) == "1");
  CHECK(verdict(world.told(vector("1", now + 61))) == "error");
  CHECK(verdict(world.told(vector("1", -1e300))) == "error");
  const auto stale = world.told(vector("1", now - 1000));
  REQUIRE_FALSE(stale);
  CHECK(stale.error().message == "stale sample (1000 s old)");
  world.compat = Compat::Flagger;
  CHECK(verdict(world.told(vector("1", now - 1e6))) == "1");
}

TEST_CASE("a measurement says how many series, when and over which window") {
  MetricWorld world = prometheus();
  world.interval = "30s";
  const auto answer =
      world.told(vector("98.5", 1'699'999'990), 200, "sum(rate(a[2m])) / sum(rate(b[2m]))");
  REQUIRE(answer);
  CHECK(answer->value == 98.5);
  CHECK(answer->series == 1);
  CHECK(answer->newest == noon - 10s);
  CHECK(answer->window == 2min);
  CHECK_FALSE(answer->samples);
  // A query our own reader does not know: the interval stands for its range.
  const auto other = world.told(vector("1"), 200, "some_day(a[2m])");
  REQUIRE(other);
  CHECK(other->window == 30s);
}

TEST_CASE("the companion query of a builtin check gives its samples, and fails no check") {
  MetricWorld world = prometheus();
  MetricQuery query{.kind = MetricQuery::Kind::BuiltinSuccessRate,
                    .metric = "request-success-rate",
                    .provider_type = "prometheus",
                    .server = "http://prometheus:9090",
                    .text = "sum(rate(good[1m])) / sum(rate(all[1m])) * 100",
                    .interval = "1m",
                    .requests = "sum(rate(all[1m]))"};
  const auto ask = [&](const Result<HttpResponse>& companion) {
    world.http.answers = {ScriptedHttp::status(200, vector("99")), companion};
    auto answer = world.source().query(query);
    REQUIRE(answer);
    CHECK(answer->value == 99);
    CHECK(world.http.asked.back().url.ends_with("query=sum%28rate%28all%5B1m%5D%29%29"));
    return answer->samples;
  };
  CHECK(ask(ScriptedHttp::status(200, vector("2.5"))) == 150.0);
  CHECK(ask(ScriptedHttp::status(200, vector("0"))) == 0.0);
  CHECK_FALSE(ask(ScriptedHttp::status(200, vector("NaN"))));
  CHECK_FALSE(ask(ScriptedHttp::status(200, vector("-1"))));
  CHECK_FALSE(ask(ScriptedHttp::status(200, answer("vector", "[]"))));
  CHECK_FALSE(ask(ScriptedHttp::status(503)));
  world.http.answers = {ScriptedHttp::status(200, vector("NaN"))};
  world.http.asked.clear();
  CHECK_FALSE(world.source().query(query));
  CHECK(world.http.asked.size() == 1);  // nobody asks how many are behind nothing
}

TEST_CASE("PRV-09, MET-50: online is an answer of exactly 1 to vector(1)") {
  MetricWorld world = prometheus();
  world.http.answers = {ScriptedHttp::status(200, vector("1"))};
  CHECK(world.online());
  CHECK(world.http.asked.back().url == "http://prometheus:9090/api/v1/query?query=vector%281%29");
  for (const char* other : {"0", "2", "NaN", "1.5", "+Inf"}) {
    world.http.answers = {ScriptedHttp::status(200, vector(other))};
    CHECK_FALSE(world.online());
  }
  world.http.answers = {ScriptedHttp::status(503)};
  CHECK_FALSE(world.online());
  world.http.answers = {ScriptedHttp::status(200, answer("vector", "[]"))};
  CHECK_FALSE(world.online());
}

TEST_CASE("MT-10: an unknown type is asked as Prometheus is") {
  MetricWorld world = prometheus();
  world.metric.provider_type = "thanos";
  CHECK(verdict(world.told(vector("3"))) == "3");
}

TEST_CASE("MET-30, INV-40: templates are read from the API or a cache, behind the fence") {
  MetricWorld world = prometheus();
  const ObjectPath path{{"flagger.app", "v1beta1", "metrictemplates"}, "test", "rate"};
  ClusterMetrics source = world.source();
  const auto missing = source.find_template({"test", "rate"});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::NotFound);
  world.api.put(path, {{"apiVersion", "flagger.app/v1beta1"},
                       {"kind", "MetricTemplate"},
                       {"metadata", {{"name", "rate"}, {"namespace", "test"}}},
                       {"spec",
                        {{"provider",
                          {{"type", "prometheus"},
                           {"address", "http://p:9090"},
                           {"headers", {{"X-Scope-OrgID", json::array({"a"})}}},
                           {"insecureSkipVerify", true},
                           {"secretRef", {{"name", "credentials"}}}}},
                         {"query", "up"}}}});
  const auto found = source.find_template({"test", "rate"});
  REQUIRE(found);
  CHECK(found->provider_type == "prometheus");
  CHECK(found->address == "http://p:9090");
  CHECK(found->secret_ref == "credentials");
  CHECK(found->insecure_skip_verify);
  CHECK(found->headers.at("X-Scope-OrgID") == std::vector<std::string>{"a"});

  ClusterMetrics fenced{
      {.http = world.http, .api = world.api, .entropy = world.entropy, .wait = {}},
      world.clock,
      {.canary_ns = "prod", .cross_namespace_refs = false},
      [](const ObjectName& name) -> Result<MetricTemplate> {
        return MetricTemplate{.name = name};
      }};
  CHECK(fenced.find_template({"prod", "rate"}));
  CHECK_FALSE(fenced.find_template({"test", "rate"}));
}

TEST_CASE("FLT-87: a damaged answer of Prometheus never crashes and never passes for another") {
  MetricWorld world = prometheus();
  damage(world, vector("98.5"));
}
