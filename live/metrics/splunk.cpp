#include <fmt/format.h>

#include "live/kube_objects.hpp"
#include "live/metrics/parts.hpp"

/// Splunk Observability Cloud (SignalFlow). Source: PRV-90 … PRV-94, MT-29.
///
/// The reference runs its program over a WebSocket, which Http cannot express. The same service
/// takes the same program, with the same parameters, as one POST that is answered by a stream of
/// server-sent events; a job with a stop in the past ends by itself. That is what is used here.
namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr int intervals = 10;

std::string replaced_once(std::string text, std::string_view from, std::string_view to) {
  if (const auto found = text.find(from); found != std::string::npos)
    text.replace(found, from.size(), to);
  return text;
}

/// One message of the stream.
struct Message {
  std::string event, data;
};

/// The event stream format of the HTML standard, as far as it is sent: `event:` and `data:` lines,
/// a blank line after each message. What is unfinished at the end is no message.
std::vector<Message> messages_of(std::string_view stream) {
  std::vector<Message> messages;
  Message message;
  while (!stream.empty()) {
    const auto end = stream.find('\n');
    if (end == std::string_view::npos) break;
    std::string_view line = stream.substr(0, end);
    stream.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) {
      if (!message.data.empty()) messages.push_back(std::move(message));
      message = {};
      continue;
    }
    const auto colon = line.find(':');
    std::string_view value =
        colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    const std::string_view field = line.substr(0, colon);
    if (field == "event") message.event = value;
    if (field == "data") message.data += (message.data.empty() ? "" : "\n") + std::string{value};
  }
  return messages;
}

class Splunk final : public HttpProvider {
 public:
  Result<HttpRequest> request(const MetricQuestion& question) const override {
    const auto range = range_of(question, intervals);
    if (!range) return tl::unexpected(range.error());
    // PRV-90: `api` becomes `stream`; an address that was written as ws:// or wss:// is one of
    // http:// or https:// here.
    std::string stream = question.address;
    if (stream.starts_with("ws")) stream = "http" + stream.substr(2);
    stream = replaced_once(stream, "api", "stream");
    const auto ms = [](Instant instant) {
      return std::to_string(
          std::chrono::floor<std::chrono::milliseconds>(instant.time_since_epoch()).count());
    };
    auto request =
        with_token(question, stream,
                   "/v2/signalflow/execute?" + query_text({{"start", ms(question.now - *range)},
                                                           {"stop", ms(question.now)},
                                                           {"resolution", "0"},
                                                           {"maxDelay", "0"},
                                                           {"immediate", "true"}}));
    if (!request) return request;
    request->method = HttpRequest::Method::Post;
    request->headers.emplace_back("Content-Type", "text/plain");
    request->headers.emplace_back("Accept", "text/event-stream");
    request->body = question.query;
    return request;
  }

  Result<Measurement> read(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    if (auto good = accepted(question, response); !good) return tl::unexpected(good.error());
    Measurement last{.value = 0,
                     .series = 1,
                     .newest = {},
                     .window = range_of(question, intervals).value_or(Duration{}),
                     .samples = std::nullopt};
    std::string series;
    bool any = false, ended = false;
    for (const Message& message : messages_of(response.body)) {
      const auto content =
          json_of({.status = 200, .headers = {}, .body = message.data, .retry_after = {}});
      if (!content) return tl::unexpected(content.error());
      if (message.event == "control-message") {
        const std::string said = text_at(*content, {"event"});
        if (said == "CHANNEL_ABORT")
          return fail(ErrorKind::Invalid, "the program was aborted: {}",
                      shown(question, text_at(*content, {"abortInfo", "sf_job_abortReason"})));
        ended = ended || said == "END_OF_CHANNEL";
      } else if (message.event == "error") {
        return fail(ErrorKind::Invalid, "the program was refused: {}",
                    shown(question, message.data));
      } else if (message.event == "data") {
        const json& elements = at(*content, {"data"});
        const auto ms = number_of(at(*content, {"logicalTimestampMs"}));
        if (!elements.is_array() || !ms) return unexpected_shape("a stream of data with times");
        for (const json& element : elements) {
          const auto value = number_of(at(element, {"value"}));
          const std::string id = text_at(element, {"tsId"});
          if (!value || id.empty()) return unexpected_shape("a stream of numbers of series");
          if (any && id != series)  // PRV-93
            return fail(ErrorKind::Invalid, "the program answers multiple values: several series");
          any = true;
          series = id;
          last.value = *value;
          last.newest = from_unix_seconds(*ms / 1000);
        }
      }
    }
    if (!ended)  // FLT-87
      return fail(ErrorKind::Invalid, "the stream broke off before the end of the channel");
    if (!any) return no_values();
    return last;
  }

  Result<HttpRequest> online_request(const MetricQuestion& question) const override {  // PRV-90
    std::string api = question.address;
    if (api.starts_with("ws")) api = "http" + api.substr(2);
    return with_token(question, replaced_once(api, "stream", "api"), "/v2/metric?limit=1");
  }
  Result<void> read_online(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    return accepted(question, response);
  }

 private:
  static Result<HttpRequest> with_token(const MetricQuestion& question, const std::string& address,
                                        const std::string& path) {
    const auto base = base_url(address, {});
    if (!base) return tl::unexpected(base.error());
    const auto token = secret_key(question, "sf_token_key");
    if (!token) return tl::unexpected(token.error());
    return HttpRequest{.url = *base + path,
                       .headers = {{"X-SF-Token", *token}},
                       .body = {},
                       .timeout = 5s,
                       .proxy = {}};
  }
};

}  // namespace

const HttpProvider& splunk_provider() {
  static const Splunk provider;
  return provider;
}

}  // namespace volary::live
