#include "live/net/http_client.hpp"

#include <cstdlib>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/net/scripted_server.hpp"
#include "tests/support/scratch.hpp"

namespace volary::live {
namespace {

using namespace std::chrono_literals;
using test::answer;
using test::chunk;
using test::chunked_head;
using test::Script;
using test::ScriptedServer;
using test::Seen;
using test::Step;

HttpRequest get(const std::string& url) { return {.url = url, .timeout = 5s}; }
HttpRequest post(const std::string& url, std::string body) {
  return {.method = HttpRequest::Method::Post, .url = url, .body = std::move(body), .timeout = 5s};
}

/// What a client makes of one scripted answer.
Result<HttpResponse> with(const Script& script, HttpRequest request = {.timeout = 5s}) {
  const ScriptedServer server{[&](const Seen&) { return script; }};
  HttpClient client{std::stop_token{}};
  request.url = server.url() + "/";
  return client.send(request);
}

struct Took {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  [[nodiscard]] std::chrono::milliseconds so_far() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start);
  }
};

TEST_CASE("Http carries method, headers and body, and gives back status, headers and body") {
  const ScriptedServer server{[](const Seen& seen) {
    return answer(seen.target == "/broken" ? 500 : 202, "pong", "X-Thing: Value\r\n");
  }};
  HttpClient client{std::stop_token{}, "volary/test"};
  HttpRequest request = post(server.url() + "/hook?x=1", R"({"a":1})");
  request.headers = {{"Authorization", "Bearer t"}};
  const auto said = client.send(request);
  REQUIRE(said);
  CHECK(said->status == 202);
  CHECK(said->body == "pong");
  CHECK(std::count(said->headers.begin(), said->headers.end(),
                   std::pair<std::string, std::string>{"x-thing", "Value"}) == 1);
  const auto broken = client.send(get(server.url() + "/broken"));
  REQUIRE(broken);  // an answer with an error status is an answer
  CHECK(broken->status == 500);

  const auto seen = server.seen();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].method == "POST");
  CHECK(seen[0].target == "/hook?x=1");
  CHECK(seen[0].body == R"({"a":1})");
  CHECK(seen[0].headers.at("authorization") == "Bearer t");
  CHECK(seen[0].headers.at("content-type") == "application/json");
  CHECK(seen[0].headers.at("user-agent") == "volary/test");
  CHECK(seen[1].method == "GET");
}

TEST_CASE("Http keeps connections, and never sends a POST twice (FLT-06)") {
  std::atomic<bool> dropping = false;
  const ScriptedServer server{[&](const Seen&) {
    return dropping ? Script{{.then = Step::Then::Reset}} : answer(200, "x");
  }};
  HttpClient client{std::stop_token{}};
  for (int i = 0; i < 3; ++i) REQUIRE(client.send(get(server.url())));
  for (int i = 0; i < 3; ++i) REQUIRE(client.send(post(server.url(), "x")));
  CHECK(server.connections() == 1);
  // On a kept connection, no answer looks as if the server had gone before the request came.
  dropping = true;
  for (const std::string body : {"once", ""}) {
    const std::size_t before = server.seen().size();
    const auto said = client.send(post(server.url(), body));
    REQUIRE_FALSE(said);
    CHECK(said.error().kind == ErrorKind::Unavailable);
    CHECK(server.seen().size() == before + 1);
    dropping = false;
    REQUIRE(client.send(get(server.url())));
    dropping = true;
  }
}

TEST_CASE("Http: broken answers are Unavailable, whatever broke (FLT-07)") {
  const std::vector<std::pair<const char*, Script>> broken{
      {"closed before a word", {{.then = Step::Then::Close}}},
      {"reset before a word", {{.then = Step::Then::Reset}}},
      {"cut in the headers", {{.send = "HTTP/1.1 200 OK\r\nContent-", .then = Step::Then::Close}}},
      {"shorter than promised",
       {{.send = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", .then = Step::Then::Close}}},
      {"reset in mid body",
       {{.send = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", .then = Step::Then::Reset}}},
      {"garbage for a chunk",
       {{.send = chunked_head() + "zz\r\nhello\r\n", .then = Step::Then::Close}}},
      {"a chunk cut off", {{.send = chunked_head() + "ff\r\nhello", .then = Step::Then::Close}}},
      {"no HTTP at all", {{.send = "SSH-2.0-OpenSSH_9.2\r\n", .then = Step::Then::Close}}},
      {"not gzip",
       {{.send = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"}}},
  };
  for (const auto& [name, script] : broken) {
    INFO(name);
    const auto said = with(script);
    REQUIRE_FALSE(said);
    CHECK(said.error().kind == ErrorKind::Unavailable);
    CHECK_FALSE(said.error().message.empty());
  }
}

TEST_CASE("Http: nobody listening is Unavailable, and the message says where") {
  int port = 0;
  {
    const ScriptedServer gone{[](const Seen&) { return answer(200, ""); }};
    port = gone.port();
  }
  HttpClient client{std::stop_token{}};
  const auto said =
      client.send(get("http://user:hunter2@127.0.0.1:" + std::to_string(port) + "/p?key=hunter2"));
  REQUIRE_FALSE(said);
  CHECK(said.error().kind == ErrorKind::Unavailable);
  CHECK(said.error().where == "http://127.0.0.1:" + std::to_string(port) + "/p");
  CHECK(to_string(said.error()).find("hunter2") == std::string::npos);  // INV-42
}

TEST_CASE(
    "Http: the time limit holds for a server that says nothing, and for one that drips (FLT-14)") {
  Script dripping{{.send = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"}};
  for (int i = 0; i < 1000; ++i) dripping.push_back({.send = "x", .before = 20ms});
  for (const Script& script : {Script{{.before = 10s}}, dripping}) {
    const Took took;
    const auto said = with(script, {.timeout = 200ms});
    REQUIRE_FALSE(said);
    CHECK(said.error().kind == ErrorKind::Timeout);
    CHECK(said.error().message == "no answer within 200 ms");
    CHECK(took.so_far() >= 190ms);
    CHECK(took.so_far() < 2s);
  }
}

TEST_CASE("Http: bodies are capped, decoded ones too (INV-41, FLT-87, FLT-101)") {
  const std::string big(100'000, 'x');
  CHECK(with(answer(200, big), {.timeout = 5s, .body_limit = 100'000})->body.size() == 100'000);
  const auto refused = with(answer(200, big), {.timeout = 5s, .body_limit = 99'999});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::Invalid);
  CHECK(refused.error().message.find("response too large") == 0);

  const auto cut = with(answer(404, big), {.timeout = 5s, .body_limit = 1000, .cut_body = true});
  REQUIRE(cut);  // a hook is judged by its status
  CHECK(cut->status == 404);
  CHECK(cut->body == std::string(1000, 'x'));

  Script endless{{.send = chunked_head()}};
  for (int i = 0; i < 2000; ++i) endless.push_back({.send = chunk(big)});
  CHECK(with(endless, {.timeout = 5s}).error().kind == ErrorKind::Invalid);

  const std::string file = test::scratch("bomb.gz");
  REQUIRE(std::system(("head -c 64M /dev/zero | gzip >" + file).c_str()) == 0);
  FILE* bomb = std::fopen(file.c_str(), "rb");
  REQUIRE(bomb);
  std::string bytes(1 << 20, '\0');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), bomb));
  std::fclose(bomb);
  REQUIRE(bytes.size() < 100'000);
  const auto exploded = with(answer(200, bytes, "Content-Encoding: gzip\r\n"));
  REQUIRE_FALSE(exploded);
  CHECK(exploded.error().kind == ErrorKind::Invalid);
}

TEST_CASE("Http follows redirects on the same server only, three at most (FLT-15, INV-42)") {
  const ScriptedServer other{[](const Seen&) { return answer(200, "stolen"); }};
  const ScriptedServer server{[&](const Seen& seen) {
    const auto to = [](int status, const std::string& location) {
      return answer(status, "", "Location: " + location + "\r\n");
    };
    if (seen.target == "/away") return to(307, other.url() + "/");
    if (seen.target == "/file") return to(302, "file:///etc/passwd");
    if (seen.target == "/303") return to(303, "/end");
    if (seen.target == "/307") return to(307, "end");
    if (seen.target == "/loop") return to(302, "/loop");
    if (seen.target == "/nowhere") return answer(304, "");
    return answer(200, "end");
  }};
  HttpClient client{std::stop_token{}};
  const auto send = [&](const std::string& path) {
    HttpRequest request = post(server.url() + path, "payload");
    request.headers = {{"Authorization", "Bearer t0ken"}};
    return client.send(request);
  };
  const auto away = send("/away");
  REQUIRE_FALSE(away);
  CHECK(away.error().kind == ErrorKind::Invalid);
  CHECK(away.error().message == "redirect refused: to another server, " + other.url() + "/");
  CHECK(other.connections() == 0);
  CHECK(send("/file").error().message.find("redirect refused") == 0);
  CHECK(send("/loop").error().message == "redirect refused: this is number 4");
  CHECK(send("/nowhere")->status == 304);

  REQUIRE(send("/303"));  // HOOK-02: a GET without the body
  CHECK(server.seen().back().method == "GET");
  CHECK(server.seen().back().body.empty());
  CHECK(server.seen().back().headers.count("content-type") == 0);
  CHECK(server.seen().back().headers.at("authorization") == "Bearer t0ken");
  REQUIRE(send("/307"));  // repeats it
  CHECK(server.seen().back().method == "POST");
  CHECK(server.seen().back().body == "payload");
}

TEST_CASE("Http reads Retry-After in seconds and as a date (HOOK-03)") {
  CHECK(with(answer(429, "", "Retry-After: 7\r\n"))->retry_after == Duration{7s});
  CHECK(with(answer(503, "", "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n"))->retry_after ==
        Duration{1h});
  CHECK(with(answer(429, "", "Retry-After: soon\r\n"))->retry_after == Duration{});
  CHECK(with(answer(429, ""))->retry_after == Duration{});
}

TEST_CASE("Http: a stop ends an exchange at once (INV-70)") {
  std::stop_source stop;
  const ScriptedServer server{[](const Seen&) { return Script{{.before = 10s}}; }};
  HttpClient client{stop.get_token()};
  std::thread stopper{[&] {
    std::this_thread::sleep_for(100ms);
    stop.request_stop();
  }};
  const Took took;
  CHECK_FALSE(client.send(get(server.url())));
  CHECK(took.so_far() < 1s);
  stopper.join();
}

TEST_CASE("Http refuses what is no http URL, and headers with line breaks") {
  HttpClient client{std::stop_token{}};
  for (const char* url : {"", "file:///etc/passwd", "gopher://127.0.0.1/", "127.0.0.1:80",
                          "http://", "http://a b/"}) {
    INFO(url);
    const auto said = client.send(get(url));
    REQUIRE_FALSE(said);
    CHECK(said.error().kind == ErrorKind::Invalid);
  }
  const ScriptedServer server{[](const Seen&) { return answer(200, ""); }};
  HttpRequest request = get(server.url());
  request.headers = {{"X-A", "b\r\nX-Injected: c"}};
  CHECK(client.send(request).error().kind == ErrorKind::Invalid);
  CHECK(server.connections() == 0);
}

TEST_CASE(
    "Http: a proxy that a document names is used, the environment's is not for this machine") {
  const ScriptedServer proxy{[](const Seen&) { return answer(200, "by proxy"); }};
  const ScriptedServer server{[](const Seen&) { return answer(200, "direct"); }};
  HttpClient client{std::stop_token{}};
  HttpRequest request = get(server.url() + "/x");
  request.proxy = proxy.url();
  CHECK(client.send(request)->body == "by proxy");
  CHECK(proxy.seen().at(0).target == server.url() + "/x");
  setenv("http_proxy", proxy.url().c_str(), 1);
  CHECK(client.send(get(server.url()))->body == "direct");
  unsetenv("http_proxy");
}

TEST_CASE("Http serves many threads") {
  const ScriptedServer server{[](const Seen& seen) { return answer(200, seen.target); }};
  HttpClient client{std::stop_token{}};
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string path = "/" + std::to_string(t) + "/" + std::to_string(i);
        const auto said = client.send(get(server.url() + path));
        right += said && said->body == path ? 1 : 0;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 400);
  CHECK(server.connections() <= 8);
}

}  // namespace
}  // namespace volary::live
