#include <thread>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "live/net/kube_client.hpp"
#include "tests/net/scripted_server.hpp"

/// What KubeClient makes of an API server that misbehaves; tests/cluster/ has one that behaves.
namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using Kind = KubeError::Kind;
using test::answer;
using test::chunk;
using test::chunked_head;
using test::last_chunk;
using test::Script;
using test::ScriptedServer;
using test::Seen;
using test::Step;

const Resource config_maps{"", "v1", "configmaps"};
const ObjectPath config_map{config_maps, "test", "settings"};

ClusterAccess access_to(const ScriptedServer& server,
                        std::shared_ptr<Credentials> credentials = no_credentials()) {
  return {.context = "test",
          .server = server.url(),
          .default_ns = "default",
          .credentials = std::move(credentials)};
}

std::string object(const std::string& version) {
  return json{
      {"apiVersion", "v1"},
      {"kind", "ConfigMap"},
      {"metadata", {{"name", "settings"}, {"namespace", "test"}, {"resourceVersion", version}}}}
      .dump();
}

std::string frame(const std::string& type, const std::string& version) {
  return R"({"type":")" + type + R"(","object":)" + object(version) + "}\n";
}

std::string status(int code, const std::string& reason, const std::string& message,
                   json details = nullptr) {
  json body{{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Failure"},
            {"code", code},     {"reason", reason},   {"message", message}};
  if (!details.is_null()) body["details"] = std::move(details);
  return body.dump();
}

KubeError error_of_get(const Script& script, KubeClientLimits limits = {.request = 1s}) {
  const ScriptedServer server{[&](const Seen&) { return script; }};
  KubeClient client{access_to(server), std::stop_token{}, limits};
  const auto said = client.get(config_map);
  REQUIRE_FALSE(said);
  return said.error();
}

struct Watched {
  KubeResult<void> ended;
  std::vector<std::string> versions;
};

Watched watch(const Script& script, KubeClientLimits limits = {}) {
  const ScriptedServer server{[&](const Seen&) { return script; }};
  KubeClient client{access_to(server), std::stop_token{}, limits};
  Watched watched;
  watched.ended =
      client.watch(config_maps, "test", "5", [&](const KubeApi::WatchEvent& event, const json&) {
        watched.versions.push_back(event.resource_version);
        return true;
      });
  return watched;
}

TEST_CASE(
    "Each refusal of the API server has its kind, with the server's words (FLT-01 ... FLT-12)") {
  struct Row {
    int code;
    const char* reason;
    Kind kind;
  };
  for (const Row& row : {Row{400, "BadRequest", Kind::Invalid},
                         {401, "Unauthorized", Kind::Unauthorized},
                         {403, "Forbidden", Kind::Forbidden},
                         {404, "NotFound", Kind::NotFound},
                         {405, "MethodNotAllowed", Kind::Invalid},
                         {409, "Conflict", Kind::Conflict},
                         {409, "AlreadyExists", Kind::AlreadyExists},
                         {410, "Expired", Kind::Gone},
                         {410, "Gone", Kind::Gone},
                         {413, "RequestEntityTooLarge", Kind::Invalid},
                         {422, "Invalid", Kind::Invalid},
                         {429, "TooManyRequests", Kind::Throttled},
                         {504, "Timeout", Kind::Timeout}}) {
    INFO(row.code << " " << row.reason);
    const KubeError error = error_of_get(answer(row.code, status(row.code, row.reason, "because")));
    CHECK(error.kind == row.kind);
    CHECK(error.message == "because");
  }
  const KubeError invalid = error_of_get(answer(
      422, status(422, "Invalid", "is invalid",
                  {{"causes",
                    json::array({{{"field", "spec.replicas"}, {"message", "must be\ta number"}},
                                 {{"message", "and more"}}})}})));
  CHECK(invalid.causes ==
        std::vector<std::string>{"spec.replicas: must be\\ta number", "and more"});
}

TEST_CASE("A throttled request is not sent again, and says how long to wait (FLT-03)") {
  const ScriptedServer server{[](const Seen&) {
    return answer(429, status(429, "TooManyRequests", "slow down", {{"retryAfterSeconds", 3}}),
                  "Retry-After: 9\r\n");
  }};
  KubeClient client{access_to(server), std::stop_token{}};
  const auto said = client.get(config_map);
  REQUIRE_FALSE(said);
  CHECK(said.error().kind == Kind::Throttled);
  CHECK(said.error().retry_after == Duration{9s});
  CHECK(server.seen().size() == 1);
}

TEST_CASE("Reads are asked again when the way there failed, writes never (FLT-04, FLT-07)") {
  const auto failing_twice = [](int number) -> Script {
    if (number == 1) return {{.then = Step::Then::Reset}};
    if (number == 2) return answer(503, "upstream is away");
    return answer(200, object("7"));
  };
  std::atomic<int> number = 0;
  const ScriptedServer server{[&](const Seen&) { return failing_twice(++number); }};
  KubeClient client{access_to(server), std::stop_token{}};
  const auto read = client.get(config_map);
  REQUIRE(read);
  CHECK((*read)["metadata"]["resourceVersion"] == "7");
  CHECK(number == 3);

  for (const int first : {1, 2}) {
    number = first - 1;
    const auto written = client.update(config_map, json::parse(object("7")));
    REQUIRE_FALSE(written);
    CHECK(written.error().kind == Kind::Unavailable);
    CHECK(number == first);
  }
  // A 500 that stays is reported within the limit.
  const ScriptedServer down{[](const Seen&) { return answer(500, "<html>\x1b[31moops</html>"); }};
  KubeClient hopeful{access_to(down), std::stop_token{}};
  const auto said = hopeful.get(config_map);
  REQUIRE_FALSE(said);
  CHECK(said.error().kind == Kind::Unavailable);
  CHECK(said.error().message == "status 500: <html>\\x1b[31moops</html>");
  CHECK(down.seen().size() == 4);
}

TEST_CASE("What is not an object of the kind that was asked for is a failed request (FLT-13)") {
  for (const std::string& body : std::vector<std::string>{
           "<html>login</html>", "", "null", "[]", "\"text\"", object("1").substr(0, 40),
           R"({"apiVersion":"apps/v1","kind":"Deployment"})", R"({"kind":"ConfigMap"})",
           std::string(300, '[') + std::string(300, ']'),
           R"({"a":)" + std::string(300, '[') + std::string(300, ']') + "}"}) {
    INFO(body.substr(0, 60));
    CHECK(error_of_get(answer(200, body)).kind == Kind::Unavailable);
  }
  CHECK(error_of_get(answer(200, "<html>login</html>")).message ==
        "the answer is no JSON object: <html>login</html>");
}

TEST_CASE("An object beyond the limit is refused, and not asked for again (INV-41, FLT-33)") {
  const ScriptedServer server{
      [](const Seen&) { return answer(200, std::string(70'000, ' ') + object("1")); }};
  KubeClient client{access_to(server), std::stop_token{}, {.object_bytes = 64 << 10}};
  const auto said = client.get(config_map);
  REQUIRE_FALSE(said);
  CHECK(said.error().kind == Kind::Invalid);
  CHECK(said.error().message == "response too large: more than 64 KiB");
  CHECK(server.seen().size() == 1);
}

TEST_CASE("A server that does not answer in time (FLT-05, FLT-14)") {
  CHECK(error_of_get({{.before = 10s}}, {.request = 200ms}).kind == Kind::Timeout);
  CHECK(error_of_get({{.send = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", .before = 0ms},
                      {.before = 10s}},
                     {.request = 200ms})
            .kind == Kind::Timeout);
}

TEST_CASE("Credentials do not follow a redirect of the API server (FLT-15, INV-42)") {
  const ScriptedServer thief{[](const Seen&) { return answer(200, object("1")); }};
  const ScriptedServer server{
      [&](const Seen&) { return answer(307, "", "Location: " + thief.url() + "/api/v1\r\n"); }};
  KubeClient client{
      access_to(server, fixed_credentials({.authorization = bearer(Secret{"s3cret"})})),
      std::stop_token{}};
  const auto said = client.get(config_map);
  REQUIRE_FALSE(said);
  CHECK(said.error().kind == Kind::Unavailable);
  CHECK(said.error().message.find("redirect refused") == 0);
  CHECK(thief.connections() == 0);
  CHECK(server.seen().at(0).headers.at("authorization") == "Bearer s3cret");
}

TEST_CASE("Names cannot lead to another path, and what is written has to be text") {
  const ScriptedServer server{[](const Seen& seen) {
    return seen.target.find("..") == std::string::npos ? answer(200, object("1"))
                                                       : answer(200, "reached");
  }};
  KubeClient client{access_to(server), std::stop_token{}};
  for (const char* name : {"", ".", "..", "a/b", "../../secrets", "a%2fb"}) {
    CHECK(client.get({config_maps, "test", name}).error().kind == Kind::Invalid);
    CHECK(client.remove({config_maps, "test", name}, "").error().kind == Kind::Invalid);
  }
  CHECK(client.create(config_map, json{{"data", "\xff"}}).error().kind == Kind::Invalid);
  CHECK(server.seen().empty());
  REQUIRE(client.get({config_maps, "test", "a:b?c"}));
  CHECK(server.seen().at(0).target == "/api/v1/namespaces/test/configmaps/a%3Ab%3Fc");
}

TEST_CASE("A watch gives events and bookmarks until the server ends it") {
  const Watched watched =
      watch({{.send = chunked_head() + chunk(frame("ADDED", "6"))},
             // a frame in three pieces, and two in one
             {.send = chunk(frame("MODIFIED", "7").substr(0, 10)), .before = 20ms},
             {.send = chunk(frame("MODIFIED", "7").substr(10, 30)), .before = 20ms},
             {.send = chunk(frame("MODIFIED", "7").substr(40) + frame("DELETED", "8") + "\n" +
                            frame("BOOKMARK", "9") + frame("A KIND OF TOMORROW", "10"))},
             {.send = last_chunk}});
  CHECK(watched.ended);
  CHECK(watched.versions == std::vector<std::string>{"6", "7", "8", "9"});
}

TEST_CASE("A watch asks for bookmarks from its version on, and for an end") {
  const ScriptedServer server{
      [](const Seen&) { return Script{{.send = chunked_head() + last_chunk}}; }};
  KubeClient client{access_to(server), std::stop_token{}, {.watch_span = 100s}};
  REQUIRE(client.watch({"flagger.app", "v1beta1", "canaries"}, "", "41",
                       [](const auto&, const json&) { return true; }));
  const std::string target = server.seen().at(0).target;
  const std::string expected =
      "/apis/flagger.app/v1beta1/"
      "canaries?watch=true&allowWatchBookmarks=true&resourceVersion=41&timeoutSeconds=";
  REQUIRE(target.substr(0, expected.size()) == expected);
  const int span = std::stoi(target.substr(expected.size()));
  CHECK(span >= 100);
  CHECK(span <= 200);
}

TEST_CASE(
    "A watch that is cut at any byte gives whole events only, and says that it broke (FLT-21)") {
  const std::string first = frame("ADDED", "6");
  const std::string stream = first + frame("MODIFIED", "7");
  for (std::size_t cut = 1; cut <= stream.size(); ++cut) {
    INFO("after " << cut << " bytes");
    const Watched watched =
        watch({{.send = chunked_head() + chunk(stream.substr(0, cut)), .then = Step::Then::Close}});
    CHECK(watched.versions.size() == (cut >= stream.size() ? 2U : cut >= first.size() ? 1U : 0U));
    REQUIRE_FALSE(watched.ended);  // no last chunk came
    CHECK(watched.ended.error().kind == Kind::Unavailable);
  }
  // Ended in order, as HTTP sees it, and yet in the middle of an event.
  const Watched half =
      watch({{.send = chunked_head() + chunk(stream.substr(0, first.size() + 9)) + last_chunk}});
  CHECK(half.versions == std::vector<std::string>{"6"});
  REQUIRE_FALSE(half.ended);
  CHECK(half.ended.error().kind == Kind::Unavailable);
}

TEST_CASE("A version that is too old is Gone, as a status and in the stream (FLT-22, FLT-23)") {
  const std::string gone = status(410, "Expired", "too old resource version: 5 (900)");
  const Watched as_status = watch(answer(410, gone));
  REQUIRE_FALSE(as_status.ended);
  CHECK(as_status.ended.error().kind == Kind::Gone);
  const Watched in_stream = watch({{.send = chunked_head() + chunk(frame("ADDED", "6")) +
                                            chunk(R"({"type":"ERROR","object":)" + gone + "}\n")},
                                   {.before = 10s}});
  CHECK(in_stream.versions == std::vector<std::string>{"6"});
  REQUIRE_FALSE(in_stream.ended);
  CHECK(in_stream.ended.error().kind == Kind::Gone);
  CHECK(in_stream.ended.error().message == "too old resource version: 5 (900)");
}

TEST_CASE("A watch that says nonsense, or too much, breaks") {
  for (const std::string& nonsense :
       std::vector<std::string>{"nonsense\n", "[1]\n", std::string(5000, 'x')}) {
    const Watched watched = watch({{.send = chunked_head() + chunk(nonsense)}, {.before = 10s}},
                                  {.object_bytes = 4096});
    REQUIRE_FALSE(watched.ended);
    CHECK(watched.ended.error().kind == Kind::Unavailable);
  }
  const Watched garbage =
      watch({{.send = chunked_head() + chunk(frame("ADDED", "6")) + "zz\r\n"}, {.before = 10s}});
  CHECK(garbage.versions.size() == 1);
  CHECK_FALSE(garbage.ended);
}

TEST_CASE("A watch that falls silent is given up (FLT-27, INV-66)") {
  const auto start = std::chrono::steady_clock::now();
  const Watched watched =
      watch({{.send = chunked_head() + chunk(frame("ADDED", "6"))}, {.before = 10s}},
            {.watch_silence = 200ms});
  CHECK(watched.versions.size() == 1);
  REQUIRE_FALSE(watched.ended);
  CHECK(watched.ended.error().kind == Kind::Timeout);
  CHECK(std::chrono::steady_clock::now() - start < 2s);
}

TEST_CASE("A watch ends when its reader has enough, and at a stop (INV-70)") {
  std::stop_source stop;
  const ScriptedServer server{[](const Seen&) {
    return Script{{.send = chunked_head() + chunk(frame("ADDED", "6"))}, {.before = 10s}};
  }};
  KubeClient client{access_to(server), stop.get_token()};
  CHECK(client.watch(config_maps, "", "5", [](const auto&, const json&) { return false; }));
  std::thread stopper{[&] {
    std::this_thread::sleep_for(100ms);
    stop.request_stop();
  }};
  const auto start = std::chrono::steady_clock::now();
  CHECK(client.watch(config_maps, "", "5", [](const auto&, const json&) { return true; }));
  CHECK(std::chrono::steady_clock::now() - start < 1s);
  stopper.join();
  CHECK_FALSE(client.get(config_map));
}

TEST_CASE("What a reader of a watch throws comes out of it") {
  const ScriptedServer server{
      [](const Seen&) { return Script{{.send = chunked_head() + chunk(frame("ADDED", "6"))}}; }};
  KubeClient client{access_to(server), std::stop_token{}};
  CHECK_THROWS_AS(
      client.watch(config_maps, "", "5",
                   [](const auto&, const json&) -> bool { throw std::out_of_range("reader"); }),
      std::out_of_range);
}

TEST_CASE("A list gives its pages, and each item its kind") {
  const ScriptedServer server{[](const Seen& seen) {
    json list{{"apiVersion", "v1"},
              {"kind", "ConfigMapList"},
              {"metadata", {{"resourceVersion", "12"}}},
              {"items", json::array({{{"metadata", {{"name", "a"}}}}})}};
    if (seen.target.find("continue=") == std::string::npos)
      list["metadata"]["continue"] = "to ken&";
    return answer(200, list.dump());
  }};
  KubeClient client{access_to(server), std::stop_token{}, {.page_items = 1}};
  const auto first = client.list(config_maps, "test", "");
  REQUIRE(first);
  CHECK(first->items.at(0)["kind"] == "ConfigMap");
  CHECK(first->items.at(0)["apiVersion"] == "v1");
  CHECK(first->resource_version == "12");
  const auto second = client.list(config_maps, "", first->next);
  REQUIRE(second);
  CHECK(second->next.empty());
  CHECK(server.seen().at(0).target == "/api/v1/namespaces/test/configmaps?limit=1");
  CHECK(server.seen().at(1).target == "/api/v1/configmaps?limit=1&continue=to%20ken%26");
}

TEST_CASE("A client keeps to its rate (FLAG-03, FLAG-04, INV-35)") {
  const ScriptedServer server{[](const Seen&) { return answer(200, object("1")); }};
  KubeClient client{access_to(server), std::stop_token{}, {.requests_per_second = 50, .burst = 5}};
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 15; ++i) REQUIRE(client.get(config_map));
  CHECK(std::chrono::steady_clock::now() - start >= 190ms);  // ten of them waited for 20 ms each
  KubeClient slow{access_to(server),
                  std::stop_token{},
                  {.requests_per_second = 0.01, .burst = 1, .request = 1s}};
  REQUIRE(slow.get(config_map));
  CHECK(slow.get(config_map).error().kind == Kind::Throttled);
}

/// Gives a new token each time it is asked anew.
class Rotating : public Credentials {
 public:
  Result<Presented> present(const std::stop_token&) override {
    return Presented{.authorization = bearer(Secret{"token-" + std::to_string(number)})};
  }
  void refused(const Presented&) override { ++number; }
  [[nodiscard]] bool renewable() const override { return true; }
  std::atomic<int> number = 1;
};

TEST_CASE("A refused token is asked for anew, once a request (FLT-08)") {
  std::string good = "Bearer token-2";
  const ScriptedServer server{[&](const Seen& seen) {
    return seen.headers.at("authorization") == good
               ? answer(200, object("1"))
               : answer(401, status(401, "Unauthorized", "Unauthorized"));
  }};
  const auto rotating = std::make_shared<Rotating>();
  KubeClient client{access_to(server, rotating), std::stop_token{}};
  CHECK(client.update(config_map, json::parse(object("1"))));
  CHECK(server.seen().size() == 2);
  good = "none";
  const auto said = client.get(config_map);
  REQUIRE_FALSE(said);
  CHECK(said.error().kind == Kind::Unauthorized);
  CHECK(said.error().message.find("token-") == std::string::npos);
  CHECK(server.seen().size() == 4);
}

TEST_CASE("A delete names its object, and who is impersonated is said") {
  const ScriptedServer server{[](const Seen&) { return answer(200, status(200, "", "")); }};
  ClusterAccess access = access_to(server);
  access.impersonation = {{"Impersonate-User", "jane"}, {"Impersonate-Group", "a"}};
  KubeClient client{access, std::stop_token{}};
  REQUIRE(client.remove(config_map, "uid-1"));
  const Seen seen = server.seen().at(0);
  CHECK(seen.method == "DELETE");
  CHECK(seen.headers.at("impersonate-user") == "jane");
  CHECK(json::parse(seen.body)["preconditions"]["uid"] == "uid-1");
}

}  // namespace
}  // namespace volary::live
