#include "live/webhooks.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "live/retry.hpp"

namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::ordered_json;

constexpr Duration usual_timeout = 10s;
constexpr std::size_t longest_reason = 1024;  // INV-41

std::string text_of(const ordered_json& payload) {
  return payload.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json envelope(const ObjectName& canary, Phase phase, const std::string& checksum) {
  return {{"name", canary.name},
          {"namespace", canary.ns},
          {"phase", to_string(phase)},
          {"checksum", checksum}};
}

void put_event(ordered_json& metadata, const Event& event, Instant now) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  metadata["eventMessage"] = event.text;
  metadata["eventType"] = event.warning ? "Warning" : "Normal";
  metadata["timestamp"] = std::to_string(ms);
}

}  // namespace

std::string hook_payload(const HookCall& call, Instant now) {
  ordered_json payload = envelope(call.canary, call.phase, call.checksum);
  ordered_json metadata = ordered_json::object();
  for (const auto& [key, value] : call.hook->metadata) metadata[key] = value;
  if (call.event != nullptr) put_event(metadata, *call.event, now);  // its three keys win
  if (!metadata.empty()) payload["metadata"] = std::move(metadata);
  return text_of(payload);
}

Message global_event(const std::string& url, const ObjectName& canary, Phase phase,
                     const std::string& checksum, const Event& event, Instant now) {
  ordered_json payload = envelope(canary, phase, checksum);
  payload["metadata"] = ordered_json::object();
  put_event(payload["metadata"], event, now);
  return {.request = {.method = HttpRequest::Method::Post,
                      .url = url,
                      .headers = {{"Content-Type", "application/json"}},
                      .body = text_of(payload),
                      .timeout = usual_timeout},
          .retries = 0,
          .what = "event webhook"};
}

HttpWebhooks::HttpWebhooks(Http& http, Postbox& postbox, const Clock& clock, Compat compat,
                           std::function<void(Duration)> wait,
                           std::function<void(HookRecord)> record)
    : http_{http},
      postbox_{postbox},
      clock_{clock},
      compat_{compat},
      wait_{std::move(wait)},
      record_{std::move(record)} {}

Result<HttpRequest> HttpWebhooks::request(const HookCall& call) const {
  const Webhook& hook = *call.hook;
  Duration timeout = usual_timeout;
  const bool too_short = hook.timeout.size() < 2;  // ANA-63
  if (!hook.timeout.empty() && !(too_short && hook.type != HookType::Event)) {
    const auto written = go_parse_duration(hook.timeout);
    if (!written)
      return fail(ErrorKind::Invalid, "webhook {}: timeout '{}' is not a duration", hook.name,
                  hook.timeout);
    timeout = *written;
  }
  if (!is_http_url(hook.url))  // HOOK-01, FLT-106
    return fail(ErrorKind::Invalid, "webhook {}: its url is no http or https URL", hook.name);
  return HttpRequest{.method = HttpRequest::Method::Post,
                     .url = hook.url,
                     .headers = {{"Content-Type", "application/json"}},
                     .body = hook_payload(call, clock_.now()),
                     .timeout = timeout,
                     .verify_peer = !hook.disable_tls};
}

Result<void> HttpWebhooks::call(const HookCall& call) {
  if (call.hook->type == HookType::Event) {
    auto message = request(call);
    if (!message) return tl::unexpected(message.error());
    postbox_.post({.request = *std::move(message),
                   .retries = std::max(0, call.hook->retries),
                   .what = "event webhook " + call.hook->name});
    return {};
  }
  const Instant began = clock_.now();
  const auto answered = answer(call);
  record_({.hook = call.hook->name,
           .type = call.hook->type,
           .phase = call.phase,
           .passed = answered.has_value(),
           .error = answered ? std::string{} : answered.error().message,
           .took = clock_.now() - began});
  return answered;
}

Result<void> HttpWebhooks::answer(const HookCall& call) {
  const auto message = request(call);
  if (!message) return tl::unexpected(message.error());
  const int retries = std::clamp(call.hook->retries, 0, 100);
  for (int attempt = 0;; ++attempt) {
    const auto answer = http_.send(*message);
    if (answer) {
      // HOOK-02; strict mode takes every 2xx for a yes (FLT-102, Q-15).
      const int last = compat_ == Compat::Strict ? 299 : 202;
      if (answer->status >= 200 && answer->status <= last) return {};
    }
    if (may_retry(answer) && attempt < retries) {
      wait_(retry_pause(attempt, answer, clock_.now()));
      continue;
    }
    // HOOK-05.
    const std::string who = fmt::format("POST {}", masked(call.hook->url));
    if (!answer)
      return fail(answer.error().kind, "{} giving up after {} attempt(s): {}", who, attempt + 1,
                  answer.error().message);
    if (may_retry(answer))
      return fail(ErrorKind::Unavailable, "{} giving up after {} attempt(s): status {}", who,
                  attempt + 1, answer->status);
    return fail(ErrorKind::Invalid, "{}", answer->body.substr(0, longest_reason));
  }
}

}  // namespace volary::live
