#include "live/metrics/aws_signature.hpp"
#include "tests/live/metric_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using nlohmann::json;

namespace {

MetricWorld cloudwatch() {
  MetricWorld world{"cloudwatch"};
  world.metric.region = "eu-west-1";
  world.environment = {{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                       {"AWS_SECRET_ACCESS_KEY", "canary-secret"}};
  world.canaries = {"canary-secret", "canary-session", "canary-identity"};
  return world;
}
constexpr const char* queries = R"([{"Id":"e1","Expression":"m1 / 2","Label":"rate"}])";
constexpr const char* good =
    R"({"MetricDataResults":[{"Id":"e1","Label":"rate","StatusCode":"Complete",)"
    R"("Timestamps":[1699999980,1699999920],"Values":[98.5,1]}],"Messages":[]})";

}  // namespace

TEST_CASE("Signature Version 4: the worked example of its description") {
  const auto sent = aws_signature(
      {.method = "GET",
       .host = "iam.amazonaws.com",
       .query = "Action=ListUsers&Version=2010-05-08",
       .headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}}},
      {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""}, "us-east-1", "iam",
      Instant{1'440'938'160s});
  CHECK(sent.at("X-Amz-Date") == "20150830T123600Z");
  CHECK(sent.at("Authorization") ==
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
  CHECK_FALSE(sent.contains("X-Amz-Security-Token"));
}

TEST_CASE("PRV-20, PRV-21, MT-22: the request of CloudWatch") {
  MetricWorld world = cloudwatch();
  world.environment["AWS_SESSION_TOKEN"] = "canary-session";
  CHECK(verdict(world.told(good, 200, queries)) == "98.5");
  const HttpRequest& asked = world.http.asked.at(0);
  CHECK(asked.url == "https://monitoring.eu-west-1.amazonaws.com/");
  CHECK(asked.method == HttpRequest::Method::Post);
  CHECK(asked.redirects == 0);
  CHECK(json::parse(asked.body) == json{{"MetricDataQueries", json::parse(queries)},
                                        {"StartTime", 1'699'999'400},
                                        {"EndTime", 1'700'000'000},
                                        {"MaxDatapoints", 20}});
  CHECK(sent(world, "Content-Type") == "application/x-amz-json-1.0");
  CHECK(sent(world, "X-Amz-Target") == "GraniteServiceVersion20100801.GetMetricData");
  CHECK(sent(world, "X-Amz-Date") == "20231114T221320Z");
  CHECK(sent(world, "X-Amz-Security-Token") == "canary-session");
  CHECK(sent(world, "Authorization")
            .starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20231114/eu-west-1/monitoring/"
                         "aws4_request, SignedHeaders=content-type;host;x-amz-date;"
                         "x-amz-security-token;x-amz-target, Signature="));
  world.metric.region = "cn-north-1";
  REQUIRE(world.told(good, 200, queries));
  CHECK(world.http.asked.back().url == "https://monitoring.cn-north-1.amazonaws.com.cn/");
}

TEST_CASE("PRV-20, FLT-94: what CloudWatch cannot be asked with") {
  MetricWorld world = cloudwatch();
  for (const char* query : {"", "q", "{}", "7", "[", "null"})
    CHECK(verdict(world.ask(query)) == "error");
  for (const char* region : {"", "eu-west-1.evil.example/", "a@b", "EU", "a b"}) {
    world.metric.region = region;
    CHECK(verdict(world.ask(queries)) == "error");
    CHECK_FALSE(world.online());
  }
  world = cloudwatch();
  world.interval = "";
  CHECK(verdict(world.ask(queries)) == "error");
  world = cloudwatch();
  world.environment.clear();
  const auto answer = world.ask(queries);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().message.find("AWS_WEB_IDENTITY_TOKEN_FILE") != std::string::npos);
  CHECK(world.http.asked.empty());
}

TEST_CASE("PRV-22, INV-12: the answers of CloudWatch, in both semantics") {
  const auto results = [](const std::string& more, const std::string& values,
                          const std::string& times = "[1700000000]") {
    return R"({"MetricDataResults":[{"Id":"a",)" + more + R"("Values":)" + values +
           R"(,"Timestamps":)" + times + "}]}";
  };
  struct Row {
    int status;
    std::string body;
    const char *strict, *flagger;
  };
  for (const Row& row : std::vector<Row>{
           {200, good, "98.5", "98.5"},
           {200, "{}", "no values", "no values"},
           {200, R"({"MetricDataResults":[]})", "no values", "no values"},
           {200, R"({"MetricDataResults":[{}]})", "no values", "no values"},
           {200, results("", "[]", "[]"), "no values", "no values"},
           {200, results(R"("StatusCode":"PartialData",)", "[1]"), "error", "1"},
           {200, results(R"("StatusCode":"InternalError",)", "[1]"), "error", "1"},
           {200, results("", "[\"1\"]"), "error", "error"},
           {200, results("", "[null]"), "error", "error"},
           {200, results("", "7"), "error", "error"},
           {200, results("", "[1]", "[]"), "error", "1"},
           {200, results("", "[1]", "[1600000000]"), "error", "1"},
           {200, R"({"NextToken":"x",)" + results("", "[1]").substr(1), "error", "1"},
           {200, R"({"NextToken":"",)" + results("", "[1]").substr(1), "1", "1"},
           {200, R"({"Messages":[{"Code":"x"}],)" + results("", "[1]").substr(1), "error", "1"},
           {200, R"({"MetricDataResults":[{"Values":[1],"Timestamps":[1700000000]},{}]})", "error",
            "1"},
           {200, "[]", "error", "error"},
           {200, "", "error", "error"},
           {400, "canary-secret", "error", "error"},
           {403, "canary-secret", "unavailable", "unavailable"}}) {
    INFO(row.body);
    MetricWorld world = cloudwatch();
    CHECK(verdict(world.told(row.body, row.status, queries)) == row.strict);
    world.compat = Compat::Flagger;
    CHECK(verdict(world.told(row.body, row.status, queries)) == row.flagger);
  }
}

TEST_CASE("PRV-21: CloudWatch is asked up to three times more, where that may help") {
  MetricWorld world = cloudwatch();
  const Result<HttpResponse> refused =
      tl::unexpected(Error{ErrorKind::Unavailable, "connection refused"});
  world.http.answers = {refused, ScriptedHttp::status(500), ScriptedHttp::status(429),
                        ScriptedHttp::status(200, good)};
  CHECK(verdict(world.ask(queries)) == "98.5");
  CHECK(world.waited == std::vector<Duration>{1s, 2s, 4s});
  world.http.asked.clear();
  world.http.answers = {refused, refused, refused, refused, ScriptedHttp::status(200, good)};
  CHECK(verdict(world.ask(queries)) == "unavailable");
  CHECK(world.http.asked.size() == 4);
  world.http.asked.clear();
  world.http.answers = {ScriptedHttp::status(403), ScriptedHttp::status(200, good)};
  CHECK(verdict(world.ask(queries)) == "unavailable");
  CHECK(world.http.asked.size() == 1);
}

TEST_CASE("MT-22: a web identity is exchanged for keys") {
  MetricWorld world = cloudwatch();
  world.environment = {{"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"},
                       {"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"}};
  CHECK(verdict(world.ask(queries)) == "error");  // no such file
  world.files["/token"] = "canary-identity\n";
  const std::string keys =
      "<AssumeRoleWithWebIdentityResponse><Credentials><AccessKeyId>ASIA1</AccessKeyId>"
      "<SecretAccessKey>canary-secret</SecretAccessKey><SessionToken>canary-session</SessionToken>"
      "</Credentials></AssumeRoleWithWebIdentityResponse>";
  world.http.answers = {ScriptedHttp::status(200, keys), ScriptedHttp::status(200, good)};
  CHECK(verdict(world.ask(queries)) == "98.5");
  CHECK(world.http.asked.at(0).url == "https://sts.eu-west-1.amazonaws.com/");
  CHECK(world.http.asked.at(0).body ==
        "Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&"
        "RoleSessionName=volary&Version=2011-06-15&WebIdentityToken=canary-identity");
  CHECK(sent(world, "X-Amz-Security-Token") == "canary-session");
  CHECK(sent(world, "Authorization").find("Credential=ASIA1/") != std::string::npos);
  for (const auto& [status, body] : std::vector<std::pair<int, std::string>>{
           {403, "canary-identity"}, {200, "<x/>"}, {200, "<AccessKeyId>"}, {200, ""}}) {
    world.http.answers = {ScriptedHttp::status(status, body)};
    CHECK_FALSE(world.ask(queries));
  }
}

TEST_CASE("PRV-23: online is a refusal of the empty question, not of the credentials") {
  MetricWorld world = cloudwatch();
  CHECK(world.online());
  CHECK(json::parse(world.http.asked.at(0).body) == json{{"MetricDataQueries", json::array()},
                                                         {"StartTime", 0},
                                                         {"EndTime", 0},
                                                         {"MaxDatapoints", 20}});
  const auto online = [&](int status, const std::string& body) {
    world.http.answers = {ScriptedHttp::status(status, body)};
    return world.online().has_value();
  };
  CHECK(online(400, R"({"__type":"com.amazonaws.cloudwatch#ValidationError"})"));
  CHECK(online(400, ""));
  CHECK_FALSE(online(400, R"({"__type":"com.amazon.coral.service#ExpiredTokenException"})"));
  CHECK_FALSE(online(400, R"({"__type":"UnrecognizedClientException"})"));
  CHECK_FALSE(online(403, "canary-secret"));
  CHECK_FALSE(online(302, ""));
}

TEST_CASE("FLT-87: a damaged answer of CloudWatch never passes for another") {
  MetricWorld world = cloudwatch();
  damage(world, good, queries);
}
