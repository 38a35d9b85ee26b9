#include "live/net/http_client.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <optional>

#include <fmt/format.h>

#include "live/net/url.hpp"

namespace volary::live {
namespace {

using Clock = std::chrono::steady_clock;

ErrorKind kind_of(ExchangeError::Kind kind) {
  switch (kind) {
    case ExchangeError::Kind::Timeout:
    case ExchangeError::Kind::Silence: return ErrorKind::Timeout;
    case ExchangeError::Kind::Unavailable:
    case ExchangeError::Kind::Stopped: return ErrorKind::Unavailable;
    case ExchangeError::Kind::Refused:
    case ExchangeError::Kind::Invalid:
    case ExchangeError::Kind::TooLarge: return ErrorKind::Invalid;
  }
  return ErrorKind::Unavailable;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string header(const Answer& answer, std::string_view name) {
  const auto found = std::find_if(answer.headers.begin(), answer.headers.end(),
                                  [&](const auto& each) { return each.first == name; });
  return found == answer.headers.end() ? std::string{} : found->second;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

}  // namespace

HttpClient::HttpClient(std::stop_token stop, std::string user_agent)
    : transport_{std::move(stop)}, user_agent_{std::move(user_agent)} {}

Result<HttpResponse> HttpClient::send(const HttpRequest& request) {
  TlsSettings tls;
  tls.verify = request.verify_peer;
  const auto deadline = Clock::now() + request.timeout;

  Exchange exchange;
  exchange.url = request.url;
  exchange.tls = &tls;
  exchange.proxy = request.proxy;
  exchange.connect_limit = request.timeout;
  exchange.body_limit = request.body_limit;
  exchange.cut_body = request.cut_body;
  exchange.compressed = true;
  const auto describe_body = [&](bool post) {
    exchange.method = post ? "POST" : "GET";
    exchange.has_body = post;
    exchange.body = post ? request.body : std::string{};
    exchange.headers.clear();
    bool agent = false;
    bool type = false;
    for (const auto& [name, value] : request.headers) {
      const bool is_type = same_name(name, "content-type");
      if (is_type && !post) continue;  // it told of a body that is gone
      type = type || is_type;
      agent = agent || same_name(name, "user-agent");
      exchange.headers.emplace_back(name, Secret{value});
    }
    if (!agent) exchange.headers.emplace_back("User-Agent", Secret{user_agent_});
    if (post && !type) exchange.headers.emplace_back("Content-Type", Secret{"application/json"});
  };
  describe_body(request.method == HttpRequest::Method::Post);

  for (int redirects = 0;; ++redirects) {
    exchange.total_limit = deadline - Clock::now();
    if (exchange.total_limit <= Duration{})
      return tl::unexpected<Error>(
          Error{.kind = ErrorKind::Timeout,
                .message = fmt::format("no answer within {}", spoken(request.timeout)),
                .where = shown_url(exchange.url)});
    auto answer = transport_.exchange(exchange);
    if (!answer)
      return tl::unexpected<Error>(
          Error{.kind = kind_of(answer.error().kind),
                .message = answer.error().kind == ExchangeError::Kind::Timeout
                               ? fmt::format("no answer within {}", spoken(request.timeout))
                               : answer.error().message,
                .where = shown_url(exchange.url)});
    const std::string location = header(*answer, "location");
    if (!is_redirect(answer->status) || location.empty())
      return HttpResponse{.status = answer->status,
                          .headers = std::move(answer->headers),
                          .body = std::move(answer->body),
                          .retry_after = answer->retry_after};
    const std::optional<std::string> next = resolve_url(exchange.url, location);
    const auto refused = [&](const std::string& why) {
      return tl::unexpected<Error>(Error{.kind = ErrorKind::Invalid,
                                         .message = "redirect refused: " + why,
                                         .where = shown_url(exchange.url)});
    };
    if (!next) return refused("to something that is no http or https URL");
    if (!parse_url(*next)->same_origin(*parse_url(exchange.url)))
      return refused("to another server, " + shown_url(*next));
    if (redirects >= request.redirects)
      return refused(fmt::format("this is number {}", redirects + 1));
    exchange.url = *next;
    // HOOK-02: 301, 302 and 303 turn a POST into a GET; 307 and 308 repeat it.
    if (answer->status < 307) describe_body(false);
  }
}

}  // namespace volary::live
