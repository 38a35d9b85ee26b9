#include <memory>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "live/metrics/google_token.hpp"
#include "tests/live/metric_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;
using nlohmann::json;

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

/// A key of this process; its text is a secret like any other.
struct ServiceAccount {
  Key key{EVP_RSA_gen(2048), &EVP_PKEY_free};
  std::string pem;

  ServiceAccount() {
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out, &text);
    pem.assign(text, static_cast<std::size_t>(size));
    BIO_free(out);
  }
  [[nodiscard]] json document() const {
    return {{"type", "service_account"},
            {"client_email", "volary@p.iam.gserviceaccount.com"},
            {"private_key_id", "key-1"},
            {"private_key", pem},
            {"token_uri", "https://oauth2.googleapis.com/token"}};
  }
  [[nodiscard]] bool verifies(const std::string& text, const std::string& signature) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free};
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                            signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                            text.size()) == 1;
  }
};

std::string from_base64url(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (text.size() % 4 != 0) text += '=';
  return from_base64(text).value_or("");
}

const ServiceAccount& account() {
  static const ServiceAccount made;
  return made;
}

MetricWorld stackdriver() {
  MetricWorld world{"stackdriver"};
  world.secret({{"project", "my-project"}, {"serviceAccountKey", account().document().dump()}});
  world.canaries = {"canary-access", account().pem.substr(60, 40)};
  return world;
}

const char* const token = R"({"access_token":"canary-access","expires_in":3599})";
std::string points(const std::string& value, const std::string& more = {}) {
  return R"({"timeSeriesData":[{"pointData":[{"values":[)" + value +
         R"(],"timeInterval":{"endTime":"2023-11-14T22:13:00Z"}}]}])" + more + "}";
}
const std::string good = points(R"({"doubleValue":98.5})");

Result<Measurement> told(MetricWorld& world, const std::string& body, int status = 200) {
  world.http.answers = {ScriptedHttp::status(200, token), ScriptedHttp::status(status, body)};
  return world.ask("fetch x");
}

}  // namespace

TEST_CASE("MT-25: a service account's claim is a JWT signed with its key") {
  const auto claim = google_claim(account().document().dump(), noon);
  REQUIRE(claim);
  CHECK(claim->token_uri == "https://oauth2.googleapis.com/token");
  const auto first = claim->jwt.find('.'), second = claim->jwt.rfind('.');
  REQUIRE(first < second);
  CHECK(json::parse(from_base64url(claim->jwt.substr(0, first))) ==
        json{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", "key-1"}});
  CHECK(json::parse(from_base64url(claim->jwt.substr(first + 1, second - first - 1))) ==
        json{{"iss", "volary@p.iam.gserviceaccount.com"},
             {"scope", "https://www.googleapis.com/auth/monitoring.read"},
             {"aud", "https://oauth2.googleapis.com/token"},
             {"iat", 1'700'000'000},
             {"exp", 1'700'003'600}});
  CHECK(account().verifies(claim->jwt.substr(0, second),
                           from_base64url(claim->jwt.substr(second + 1))));
  json broken = account().document();
  for (const auto& [member, value] :
       std::vector<std::pair<const char*, json>>{{"private_key", "no key"},
                                                 {"private_key", 7},
                                                 {"client_email", ""},
                                                 {"type", "authorized_user"},
                                                 {"token_uri", "ftp://x"}}) {
    json document = account().document();
    document[member] = value;
    CHECK_FALSE(google_claim(document.dump(), noon));
  }
  CHECK_FALSE(google_claim("", noon));
  CHECK_FALSE(google_claim("[]", noon));
}

TEST_CASE("PRV-50: the requests of Google Cloud Monitoring") {
  MetricWorld world = stackdriver();
  CHECK(verdict(told(world, good)) == "98.5");
  REQUIRE(world.http.asked.size() == 2);
  CHECK(world.http.asked[0].url == "https://oauth2.googleapis.com/token");
  CHECK(world.http.asked[0].redirects == 0);
  CHECK(world.http.asked[0].body.starts_with("assertion=ey"));
  CHECK(world.http.asked[0].body.ends_with(
      "&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"));
  CHECK(world.http.asked[1].url ==
        "https://monitoring.googleapis.com/v3/projects/my-project/timeSeries:query");
  CHECK(world.http.asked[1].method == HttpRequest::Method::Post);
  CHECK(world.http.asked[1].body == R"({"query":"fetch x"})");
  CHECK(sent(world, "Authorization") == "Bearer canary-access");
}

TEST_CASE("MT-25: ambient credentials are a file, else the metadata server") {
  MetricWorld world{"stackdriver"};
  world.secret({{"project", "my-project"}});
  world.canaries = {"canary-access"};
  CHECK(verdict(told(world, good)) == "98.5");
  CHECK(world.http.asked[0].url ==
        "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/"
        "token");
  CHECK(world.http.asked[0].headers ==
        std::vector<std::pair<std::string, std::string>>{{"Metadata-Flavor", "Google"}});
  world.http.asked.clear();
  world.environment["GOOGLE_APPLICATION_CREDENTIALS"] = "/key.json";
  CHECK(verdict(told(world, good)) == "error");  // no such file
  world.files["/key.json"] = account().document().dump();
  CHECK(verdict(told(world, good)) == "98.5");
  CHECK(world.http.asked[0].url == "https://oauth2.googleapis.com/token");
}

TEST_CASE("FLT-94: no project, no token") {
  MetricWorld world{"stackdriver"};
  CHECK(verdict(world.ask()) == "error");
  world.secret({{"serviceAccountKey", account().document().dump()}});
  CHECK(verdict(world.ask()) == "error");
  CHECK(world.http.asked.empty());
  world = stackdriver();
  for (const auto& [status, body] : std::vector<std::pair<int, std::string>>{
           {400, R"({"error":"invalid_grant"})"}, {200, "{}"}, {200, ""}, {200, "[]"}}) {
    world.http.asked.clear();
    world.http.answers = {ScriptedHttp::status(status, body)};
    CHECK_FALSE(world.ask());
    CHECK_FALSE(world.http.asked.empty());
    CHECK(world.http.asked.size() == 1);
    world.http.answers = {ScriptedHttp::status(status, body)};
    CHECK_FALSE(world.online());
  }
}

TEST_CASE("PRV-51, INV-12: the answers of Google Cloud Monitoring, in both semantics") {
  struct Row {
    int status;
    std::string body;
    const char *strict, *flagger;
  };
  for (const Row& row : std::vector<Row>{
           {200, good, "98.5", "98.5"},
           {200, points(R"({"int64Value":"7"})"), "7", "0"},
           {200, points(R"({"int64Value":7})"), "7", "0"},
           {200, points(R"({"doubleValue":"NaN"})"), "no values", "nan"},
           {200, points(R"({"doubleValue":"Infinity"})"), "error", "inf"},
           {200, points(R"({"stringValue":"7"})"), "error", "0"},
           {200, points(R"({"doubleValue":true})"), "error", "error"},
           {200, points(""), "no values", "no values"},
           {200, "{}", "no values", "no values"},
           {200, R"({"timeSeriesData":[]})", "no values", "no values"},
           {200, R"({"timeSeriesData":[{}]})", "no values", "no values"},
           {200, R"({"timeSeriesData":[{"pointData":[]}]})", "no values", "no values"},
           {200, R"({"timeSeriesData":[{"pointData":[{"values":[{"doubleValue":1}]}]}]})", "error",
            "1"},
           {200, R"({"timeSeriesData":{}})", "error", "error"},
           {200, points(R"({"doubleValue":1})", R"(,"partialErrors":[{"code":1}])"), "error", "1"},
           {200, points(R"({"doubleValue":1})", R"(,"nextPageToken":"x")"), "error", "1"},
           {200, points(R"({"doubleValue":1})", R"(,"nextPageToken":"")"), "1", "1"},
           {200, "", "error", "error"},
           {403, "canary-access", "unavailable", "unavailable"},
           {400, good, "error", "error"}}) {
    INFO(row.body);
    MetricWorld world = stackdriver();
    CHECK(verdict(told(world, row.body, row.status)) == row.strict);
    world.compat = Compat::Flagger;
    CHECK(verdict(told(world, row.body, row.status)) == row.flagger);
  }
}

TEST_CASE("PRV-52: online is an empty query that is refused as such") {
  MetricWorld world = stackdriver();
  const auto online = [&](int status, const std::string& body) {
    world.http.answers = {ScriptedHttp::status(200, token), ScriptedHttp::status(status, body)};
    return world.online().has_value();
  };
  CHECK(online(200, "{}"));
  CHECK(world.http.asked.back().body == R"({"query":""})");
  CHECK(online(400, R"({"error":{"code":400,"status":"INVALID_ARGUMENT"}})"));
  CHECK_FALSE(online(400, "canary-access"));
  CHECK_FALSE(online(401, R"({"error":{"status":"UNAUTHENTICATED"}})"));
  CHECK_FALSE(online(503, ""));
}
