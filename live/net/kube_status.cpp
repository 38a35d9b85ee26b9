#include "live/net/kube_status.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "live/kube_objects.hpp"
#include "policies/document.hpp"

namespace volary::live {
namespace {

using nlohmann::json;
using Kind = KubeError::Kind;

constexpr std::size_t longest_text = 1024;  // INV-41: copied into conditions
constexpr std::size_t most_causes = 20;
constexpr std::int64_t longest_wait_s = 3600;

Kind kind_of(int code, const std::string& reason) {
  if (reason == "AlreadyExists") return Kind::AlreadyExists;
  if (reason == "Expired") return Kind::Gone;
  switch (code) {
    case 401: return Kind::Unauthorized;
    case 403: return Kind::Forbidden;
    case 404: return Kind::NotFound;
    case 409: return Kind::Conflict;
    case 410: return Kind::Gone;
    case 429: return Kind::Throttled;
    case 504: return Kind::Timeout;
    default: return code >= 400 && code < 500 ? Kind::Invalid : Kind::Unavailable;
  }
}

bool nested_too_deep(const std::string& text) {
  constexpr int deepest = 256;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > deepest) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

KubeError error_of_status(const json& status, int code) {
  if (const auto stated = integer_at(status, {"code"}); stated && *stated >= 400 && *stated < 600)
    code = static_cast<int>(*stated);
  KubeError error;
  error.kind = kind_of(code, text_at(status, {"reason"}));
  error.message = printable(text_at(status, {"message"}), longest_text);
  if (error.message.empty()) error.message = fmt::format("status {}", code);
  for (const json& cause : list_at(status, {"details", "causes"})) {
    if (error.causes.size() == most_causes) break;
    const std::string field = text_at(cause, {"field"});
    const std::string message = printable(text_at(cause, {"message"}), longest_text);
    error.causes.push_back(field.empty() ? message : printable(field, 200) + ": " + message);
  }
  if (const auto wait = integer_at(status, {"details", "retryAfterSeconds"}))
    error.retry_after = std::chrono::seconds{std::clamp<std::int64_t>(*wait, 0, longest_wait_s)};
  return error;
}

KubeError error_of_answer(const Answer& answer) {
  if (answer.status >= 300 && answer.status < 400)
    return {.kind = Kind::Unavailable,
            .message = fmt::format(
                "redirect refused: the server answered {}, and credentials do not follow",
                answer.status)};
  const KubeResult<json> body = parse_reply(answer.body);
  KubeError error;
  if (body && text_at(*body, {"kind"}) == "Status") {
    error = error_of_status(*body, answer.status);
  } else {
    error.kind = kind_of(answer.status, {});
    error.message = fmt::format("status {}: {}", answer.status, printable(answer.body, 120));
  }
  error.retry_after = std::max(error.retry_after, answer.retry_after);
  return error;
}

KubeError error_of_exchange(const ExchangeError& error) {
  using From = ExchangeError::Kind;
  const bool late = error.kind == From::Timeout || error.kind == From::Silence;
  const bool wrong = error.kind == From::Invalid || error.kind == From::TooLarge;
  return {.kind = late    ? Kind::Timeout
                  : wrong ? Kind::Invalid
                          : Kind::Unavailable,
          .message = error.message};
}

KubeResult<json> parse_reply(const std::string& text) {
  json value =
      nested_too_deep(text) ? json(json::value_t::discarded) : json::parse(text, nullptr, false);
  if (!value.is_object())
    return tl::unexpected<KubeError>(KubeError{
        .kind = Kind::Unavailable,
        .message =
            fmt::format("the answer is no JSON object: {}", printable(text.substr(0, 480), 120))});
  return value;
}

}  // namespace volary::live
