#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "live/alerts.hpp"
#include "live/base64.hpp"
#include "live/retry.hpp"
#include "live/rfc3339.hpp"
#include "live/webhooks.hpp"
#include "tests/live/scripted_http.hpp"

using namespace volary;
using namespace volary::live;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

class StoppedClock : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return Instant{1'000'000ms}; }
};

struct Hooks {
  ScriptedHttp http;
  Outbox outbox{http, [](const std::string&, const Error&) {}};
  StoppedClock clock;
  std::vector<Duration> waited;
  std::vector<HookRecord> records;
  Compat compat = Compat::Strict;
  Webhook hook{.name = "smoke", .url = "http://tester/", .timeout = "5s", .metadata = {{"b", "2"}}};

  Result<void> call(const Event* event = nullptr) {
    HttpWebhooks webhooks{http,
                          outbox,
                          clock,
                          compat,
                          [this](Duration d) { waited.push_back(d); },
                          [this](HookRecord r) { records.push_back(std::move(r)); }};
    return webhooks.call({.hook = &hook,
                          .canary = {"test", "podinfo"},
                          .phase = Phase::Progressing,
                          .checksum = "758df7c9fc",
                          .event = event});
  }
};

AlertText text(Severity severity) {
  return {.canary = {"test", "podinfo"},
          .text = "New revision",
          .fields = {{"Target", "Deployment/podinfo.test"}},
          .severity = severity};
}

}  // namespace

TEST_CASE("HOOK-01, HOOK-04: a hook is posted the payload, its keys in their order") {
  Hooks hooks;
  REQUIRE(hooks.call());
  REQUIRE(hooks.http.asked.size() == 1);
  CHECK(hooks.http.asked[0].timeout == 5s);
  CHECK(hooks.http.asked[0].body ==
        R"({"name":"podinfo","namespace":"test","phase":"Progressing","checksum":"758df7c9fc",)"
        R"("metadata":{"b":"2"}})");
  REQUIRE(hooks.records.size() == 1);
  CHECK(hooks.records[0].passed);
  hooks.hook.metadata.clear();
  REQUIRE(hooks.call());
  CHECK(json::parse(hooks.http.asked[1].body).contains("metadata") == false);
}

TEST_CASE("HOOK-02, Q-15, FLT-102: which answers are a yes, in both semantics") {
  for (const int code : {200, 201, 202, 203, 204, 206, 299, 301, 400, 404, 500, 501}) {
    Hooks hooks;
    hooks.http.answers = {ScriptedHttp::status(code)};
    CHECK(hooks.call().has_value() == (code < 300));
    hooks.compat = Compat::Flagger;
    hooks.http.answers = {ScriptedHttp::status(code)};
    CHECK(hooks.call().has_value() == (code <= 202));
  }
}

TEST_CASE("HOOK-03: what is repeated, how often and after which pauses") {
  Hooks hooks;
  hooks.hook.retries = 3;
  const Result<HttpResponse> refused =
      tl::unexpected(Error{ErrorKind::Unavailable, "connection refused", {}, {}});
  Result<HttpResponse> throttled = ScriptedHttp::status(429);
  throttled->headers = {{"retry-after", "7"}};
  hooks.http.answers = {refused, throttled, ScriptedHttp::status(503), ScriptedHttp::status(200)};
  CHECK(hooks.call());
  CHECK(hooks.waited == std::vector<Duration>{1s, 7s, 4s});
  for (const int once : {400, 404, 501}) {
    hooks.http.asked.clear();
    hooks.http.answers = {ScriptedHttp::status(once, "why not")};
    const auto answer = hooks.call();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message == "why not");  // HOOK-05
    CHECK(hooks.http.asked.size() == 1);
  }
  hooks.hook.retries = 0;
  hooks.http.answers = {refused};
  const auto answer = hooks.call();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().message.find("POST http://tester/ giving up after 1 attempt(s)") == 0);
}

TEST_CASE("HOOK-03: Retry-After is seconds or a date, and never more than 30 s") {
  const Instant now = *rfc3339("1994-11-06T08:49:30Z");
  CHECK(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now) == Duration{7s});
  CHECK_FALSE(retry_after("tomorrow", now));
  Result<HttpResponse> busy = ScriptedHttp::status(503);
  busy->headers = {{"retry-after", "86400"}};
  CHECK(retry_pause(0, busy, now) == Duration{30s});
  CHECK(retry_pause(9, ScriptedHttp::status(500), now) == Duration{30s});
}

TEST_CASE("ANA-63, FLT-106: a hook that cannot be asked is a no without a request") {
  Hooks hooks;
  for (const char* url :
       {"", "tester", "file:///etc/passwd", "http://", "http:///x", "http://a b/"}) {
    hooks.hook.url = url;
    CHECK_FALSE(hooks.call());
  }
  hooks.hook.url = "http://tester/";
  hooks.hook.timeout = "soon";
  CHECK_FALSE(hooks.call());
  CHECK(hooks.http.asked.empty());
  hooks.hook.timeout = "1";
  CHECK(hooks.call());
  CHECK(hooks.http.asked[0].timeout == 10s);
  CHECK(masked("http://user:secret@host/x?y=@") == "http://host/x?y=@");
}

TEST_CASE("HOOK-61, FLT-105: events go through the outbox and delay nobody") {
  Hooks hooks;
  hooks.hook.type = HookType::Event;
  hooks.hook.metadata = {{"eventType", "mine"}, {"team", "x"}};
  const Event event{.id = EventId::Start, .warning = true, .text = "Starting"};
  CHECK(hooks.call(&event));
  REQUIRE(hooks.outbox.drain(5s));
  REQUIRE(hooks.http.asked.size() == 1);
  const json metadata = json::parse(hooks.http.asked[0].body)["metadata"];
  CHECK(metadata == json({{"eventMessage", "Starting"},
                          {"eventType", "Warning"},
                          {"team", "x"},
                          {"timestamp", "1000000"}}));
  CHECK(hooks.records.empty());
}

TEST_CASE("AP-20, Q-08: the severity filter, and what an unset one means") {
  const auto row = [](const char* entry, Compat compat) {
    return std::string{wants(entry, Severity::Info, compat) ? "i" : "-"} +
           (wants(entry, Severity::Warn, compat) ? "w" : "-") +
           (wants(entry, Severity::Error, compat) ? "e" : "-");
  };
  CHECK(row("info", Compat::Flagger) == "iwe");
  CHECK(row("warn", Compat::Flagger) == "-we");
  CHECK(row("error", Compat::Flagger) == "--e");
  CHECK(row("", Compat::Flagger) == "---");
  CHECK(row("", Compat::Strict) == "iwe");
}

TEST_CASE("AP-30..42: one alert as each chat service reads it") {
  ChatService slack{"slack", "https://hooks.example/a", "tok", "ops", "bot", "http://proxy"};
  const auto message = chat_message(slack, text(Severity::Error));
  REQUIRE(message);
  CHECK(message->request.timeout == 5s);
  CHECK(message->request.proxy == "http://proxy");
  CHECK(
      message->request.body ==
      R"({"channel":"ops","username":"bot","icon_url":"","icon_emoji":":rocket:","attachments":)"
      R"([{"color":"danger","author_name":"podinfo.test","text":"New revision","mrkdwn_in":)"
      R"(["text"],"fields":[{"title":"Target","value":"Deployment/podinfo.test","short":false}]}]})");
  CHECK(message->request.headers.back().second == "Bearer tok");

  ChatService discord = slack;
  discord.type = "discord";
  CHECK(chat_message(discord, text(Severity::Info))->request.url ==
        "https://hooks.example/a/slack");
  CHECK(chat_message(discord, text(Severity::Info))->request.headers.size() == 1);  // AP-31
  ChatService rocket = slack;
  rocket.type = "rocket";
  CHECK(json::parse(
            chat_message(rocket, text(Severity::Warn))->request.body)["attachments"][0]["color"] ==
        "#0076D7");
  ChatService teams = slack;
  teams.type = "msteams";
  CHECK(json::parse(chat_message(teams, text(Severity::Error))->request.body)["themeColor"] ==
        "FF0000");
  ChatService google = slack;
  google.type = "gchat";
  const json card = json::parse(chat_message(google, text(Severity::Info))->request.body);
  CHECK(card["cards"][0]["sections"][1]["widgets"][0]["textParagraph"]["text"] ==
        "Target<br><font color=#848484><strong>Deployment/podinfo.test</strong></font>");

  ChatService unknown = slack;
  unknown.type = "pager";
  CHECK_FALSE(chat_message(unknown, text(Severity::Info)));
  slack.address = "hooks.example";
  const auto refused = chat_message(slack, text(Severity::Info));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("hooks.example") == std::string::npos);  // INV-42
}

TEST_CASE("Secrets carry base64, and what is none is nothing") {
  for (const char* plain : {"", "a", "ab", "abc", "https://hooks.example/T0/B0"})
    CHECK(from_base64(to_base64(plain)) == plain);
  CHECK_FALSE(from_base64("abc"));
  CHECK_FALSE(from_base64("????"));
}
