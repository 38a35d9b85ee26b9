#include "live/net/kube_client.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "live/kube_objects.hpp"
#include "live/net/kube_status.hpp"
#include "live/net/pause.hpp"
#include "live/net/url.hpp"

namespace volary::live {
namespace {

using nlohmann::json;
using Kind = KubeError::Kind;
using Clock = std::chrono::steady_clock;

tl::unexpected<KubeError> no(Kind kind, std::string message) {
  return tl::unexpected<KubeError>(KubeError{.kind = kind, .message = std::move(message)});
}

std::string api_version(const Resource& resource) {
  return resource.group.empty() ? resource.version : resource.group + "/" + resource.version;
}

std::string collection(const Resource& resource, const std::string& ns) {
  const std::string root = resource.group.empty() ? "/api/" + url_encoded(resource.version)
                                                  : "/apis/" + url_encoded(resource.group) + "/" +
                                                        url_encoded(resource.version);
  return root + (ns.empty() ? "" : "/namespaces/" + url_encoded(ns)) + "/" +
         url_encoded(resource.plural);
}

/// A name that would lead to another path than that of an object.
bool leads_astray(const std::string& name) {
  return name.empty() || name == "." || name == ".." ||
         name.find_first_of("/%") != std::string::npos;
}

/// Frames of a watch: one JSON object a line, of which only the last may be incomplete.
class Frames {
 public:
  explicit Frames(std::size_t longest) : longest_{longest} {}

  enum class Next { More, Enough, TooLong };
  template <class OnFrame>
  Next take(std::string_view piece, const OnFrame& on_frame) {
    while (true) {
      const std::size_t end = piece.find('\n');
      if (rest_.size() + std::min(end, piece.size()) > longest_) return Next::TooLong;
      rest_.append(piece.substr(0, end));
      if (end == std::string_view::npos) return Next::More;
      piece.remove_prefix(end + 1);
      std::string frame;
      frame.swap(rest_);
      if (frame.find_first_not_of(" \t\r") != std::string::npos && !on_frame(frame))
        return Next::Enough;
    }
  }
  [[nodiscard]] bool cut() const { return !rest_.empty(); }

 private:
  std::size_t longest_;
  std::string rest_;
};

std::optional<KubeApi::WatchEvent::Kind> event_kind(const std::string& type) {
  using Event = KubeApi::WatchEvent::Kind;
  if (type == "ADDED") return Event::Added;
  if (type == "MODIFIED") return Event::Modified;
  if (type == "DELETED") return Event::Deleted;
  if (type == "BOOKMARK") return Event::Bookmark;
  return std::nullopt;
}

}  // namespace

struct KubeClient::Request {
  const char* method = "GET";
  std::string path;  ///< with its query
  std::string body{};
  const char* content_type = nullptr;
  Duration limit{};
  std::size_t body_limit = 0;
  std::function<bool(std::string_view)> on_body{};  ///< of a watch

  [[nodiscard]] bool is_read() const { return method == std::string_view{"GET"}; }
};

KubeClient::KubeClient(ClusterAccess access, std::stop_token stop, KubeClientLimits limits,
                       std::string user_agent)
    : access_{std::move(access)},
      limits_{limits},
      user_agent_{std::move(user_agent)},
      rate_{limits.requests_per_second, limits.burst},
      transport_{std::move(stop)} {}

struct KubeClient::Failure {
  KubeError error;
  bool transient = false;  ///< another try may fare better
};

tl::expected<Answer, KubeClient::Failure> KubeClient::send_once(const Request& request,
                                                                Duration limit) {
  const auto failed = [](KubeError error, bool transient = false) {
    return tl::unexpected<Failure>(Failure{std::move(error), transient});
  };
  const auto deadline = Clock::now() + limit;
  switch (rate_.take(transport_.stop(), limit)) {
    case RateLimit::Turn::Now: break;
    case RateLimit::Turn::Stopped:
      return failed({.kind = Kind::Unavailable, .message = "interrupted"});
    case RateLimit::Turn::TooLong:
      return failed(
          {.kind = Kind::Throttled,
           .message = fmt::format("more than {} requests a second are waiting in this client",
                                  limits_.requests_per_second),
           .causes = {},
           .retry_after = std::chrono::seconds{1}});
  }
  for (bool again = false;; again = true) {
    const Result<Presented> presented = access_.credentials->present(transport_.stop());
    if (!presented)
      return failed(
          {.kind = Kind::Unauthorized,
           .message = to_string(presented.error()) +
                      (presented.error().hint.empty() ? "" : "; " + presented.error().hint)});
    TlsSettings tls = access_.tls;
    tls.certificate = presented->certificate;
    tls.key = presented->key;

    Exchange exchange;
    exchange.method = request.method;
    exchange.url = access_.server + request.path;
    exchange.tls = &tls;
    exchange.proxy = access_.proxy;
    exchange.connect_limit = limits_.connect;
    if (request.on_body) {
      exchange.total_limit =
          limit + 2 * limits_.watch_span;  // by then the server should have ended it
      exchange.silence_limit = limits_.watch_silence;
      exchange.on_body = request.on_body;
    } else {
      exchange.total_limit =
          std::max<Duration>(deadline - Clock::now(), std::chrono::milliseconds{1});
      exchange.silence_limit = limits_.request;  // FLT-14: headers, and then nothing
    }
    exchange.body_limit = request.body_limit;
    exchange.headers.emplace_back("User-Agent", Secret{user_agent_});
    exchange.headers.emplace_back("Accept", Secret{"application/json"});
    if (!presented->authorization.empty())
      exchange.headers.emplace_back("Authorization", presented->authorization);
    for (const auto& [name, value] : access_.impersonation)
      exchange.headers.emplace_back(name, Secret{value});
    if (request.content_type) {
      exchange.headers.emplace_back("Content-Type", Secret{request.content_type});
      exchange.has_body = true;
      exchange.body = request.body;
    }
    auto answer = transport_.exchange(exchange);
    if (!answer)
      return failed(error_of_exchange(answer.error()),
                    answer.error().kind == ExchangeError::Kind::Unavailable);
    if (answer->status == 401 && !again && access_.credentials->renewable()) {
      access_.credentials->refused(*presented);
      continue;  // FLT-08: once, with what the source says now
    }
    if (answer->status < 200 || answer->status > 299)
      return failed(error_of_answer(*answer), answer->status >= 500);
    return std::move(*answer);
  }
}

KubeResult<Answer> KubeClient::send(const Request& request) {
  constexpr int most_retries = 3;
  const auto deadline = Clock::now() + request.limit;
  Backoff backoff{random_seed()};
  for (int retries = 0;; ++retries) {
    const Duration left = deadline - Clock::now();
    auto answer = send_once(request, std::max<Duration>(left, std::chrono::milliseconds{1}));
    if (answer) return std::move(*answer);
    KubeError& error = answer.error().error;
    // FLT-04: what was read may be asked again; what was written may have been applied.
    const bool again =
        answer.error().transient && request.is_read() && !request.on_body && retries < most_retries;
    const Duration wait = again ? backoff.next(error.retry_after) : Duration{};
    if (!again || Clock::now() + wait >= deadline || !pause_for(transport_.stop(), wait))
      return tl::unexpected<KubeError>(std::move(error));
  }
}

KubeResult<json> KubeClient::object_from(const Request& request, const Resource& resource) {
  const KubeResult<Answer> answer = send(request);
  if (!answer) return tl::unexpected<KubeError>(answer.error());
  KubeResult<json> object = parse_reply(answer->body);
  // FLT-13: JSON, and yet not what was asked for.
  if (object && text_at(*object, {"apiVersion"}) != api_version(resource))
    return no(Kind::Unavailable,
              fmt::format("asked for {} of {}, the server sent {} of {}", resource.plural,
                          api_version(resource), text_at(*object, {"kind"}),
                          text_at(*object, {"apiVersion"})));
  return object;
}

KubeResult<json> KubeClient::get(const ObjectPath& path) {
  if (leads_astray(path.name)) return no(Kind::Invalid, "not a name");
  return object_from({.path = collection(path.resource, path.ns) + "/" + url_encoded(path.name),
                      .limit = limits_.request,
                      .body_limit = limits_.object_bytes},
                     path.resource);
}

KubeResult<KubeApi::Page> KubeClient::list(const Resource& resource, const std::string& ns,
                                           const std::string& page) {
  std::string path = fmt::format("{}?limit={}", collection(resource, ns), limits_.page_items);
  if (!page.empty()) path += "&continue=" + url_encoded(page);
  KubeResult<json> reply = object_from(
      {.path = std::move(path), .limit = limits_.list_page, .body_limit = limits_.page_bytes},
      resource);
  if (!reply) return tl::unexpected<KubeError>(reply.error());
  std::string kind = text_at(*reply, {"kind"});
  if (!kind.ends_with("List"))
    return no(Kind::Unavailable,
              fmt::format("asked for a list of {}, the server sent a {}", resource.plural, kind));
  kind.resize(kind.size() - std::string_view{"List"}.size());
  Page result{.items = {},
              .next = text_at(*reply, {"metadata", "continue"}),
              .resource_version = text_at(*reply, {"metadata", "resourceVersion"})};
  if (const auto items = reply->find("items"); items != reply->end() && items->is_array()) {
    result.items.reserve(items->size());
    for (json& item : *items) {
      if (item.is_object()) {  // the server leaves out in a list what it says of a single object
        if (!item.contains("kind")) item["kind"] = kind;
        if (!item.contains("apiVersion")) item["apiVersion"] = api_version(resource);
      }
      result.items.push_back(std::move(item));
    }
  }
  return result;
}

KubeResult<void> KubeClient::watch(
    const Resource& resource, const std::string& ns, const std::string& resource_version,
    const std::function<bool(const WatchEvent&, const json&)>& on_event) {
  // Between once and twice the span, so that watches that began together do not all end together.
  const double span = seconds(limits_.watch_span);
  const double share = static_cast<double>(random_seed() >> 11U) * 0x1p-53;
  const auto span_s = static_cast<long>(span * (1 + share));
  Frames frames{limits_.object_bytes};
  std::optional<KubeError> problem;
  const auto on_frame = [&](const std::string& frame) {
    const KubeResult<json> event = parse_reply(frame);
    if (!event) {
      problem = KubeError{.kind = Kind::Unavailable,
                          .message = "the watch broke: " + event.error().message};
      return false;
    }
    const std::string type = text_at(*event, {"type"});
    const json& object = at(*event, {"object"});
    if (type == "ERROR") {
      problem = error_of_status(object, 500);
      return false;
    }
    const auto kind = event_kind(type);
    if (!kind || !object.is_object()) return true;  // a kind of event of a later server
    return on_event(
        {.kind = *kind, .resource_version = text_at(object, {"metadata", "resourceVersion"})},
        object);
  };
  bool ended = false;
  const KubeResult<Answer> answer =
      send({.path = fmt::format(
                "{}?watch=true&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}",
                collection(resource, ns), url_encoded(resource_version), std::max(span_s, 1L)),
            .limit = limits_.request,
            .body_limit = limits_.object_bytes,
            .on_body = [&](std::string_view piece) {
              switch (frames.take(piece, on_frame)) {
                case Frames::Next::More: return true;
                case Frames::Next::Enough: ended = true; return false;
                case Frames::Next::TooLong:
                  problem = KubeError{.kind = Kind::Unavailable,
                                      .message = "one event is larger than an object may be"};
                  return false;
              }
              return false;
            }});
  if (problem) return tl::unexpected<KubeError>(std::move(*problem));
  if (ended || transport_.stop().stop_requested()) return {};
  if (!answer) return tl::unexpected<KubeError>(answer.error());
  if (frames.cut())
    return no(Kind::Unavailable, "the watch broke in the middle of an event");  // FLT-21
  return {};
}

KubeResult<json> KubeClient::write(const char* method, const ObjectPath& path,
                                   const char* subresource, const json& object) {
  const bool is_create = method == std::string_view{"POST"};
  if (!is_create && leads_astray(path.name)) return no(Kind::Invalid, "not a name");
  Request request{.method = method,
                  .path = collection(path.resource, path.ns) +
                          (is_create ? "" : "/" + url_encoded(path.name) + subresource),
                  .content_type = method == std::string_view{"PATCH"}
                                      ? "application/merge-patch+json"
                                      : "application/json",
                  .limit = limits_.request,
                  .body_limit = limits_.object_bytes};
  try {
    request.body = object.dump();
  } catch (const json::type_error&) {
    return no(Kind::Invalid, "the object holds bytes that are not UTF-8");
  }
  return object_from(request, path.resource);
}

KubeResult<json> KubeClient::create(const ObjectPath& path, const json& object) {
  return write("POST", path, "", object);
}

KubeResult<json> KubeClient::update(const ObjectPath& path, const json& object) {
  return write("PUT", path, "", object);
}

KubeResult<json> KubeClient::update_status(const ObjectPath& path, const json& object) {
  return write("PUT", path, "/status", object);
}

KubeResult<json> KubeClient::patch(const ObjectPath& path, const json& merge) {
  return write("PATCH", path, "", merge);
}

KubeResult<json> KubeClient::create_subresource(const ObjectPath& path,
                                                const std::string& subresource,
                                                const json& object) {
  if (leads_astray(path.name)) return no(Kind::Invalid, "not a name");
  const KubeResult<Answer> answer =
      send({.method = "POST",
            .path = collection(path.resource, path.ns) + "/" + url_encoded(path.name) + "/" +
                    url_encoded(subresource),
            .body = object.dump(-1, ' ', false, json::error_handler_t::replace),
            .content_type = "application/json",
            .limit = limits_.request,
            .body_limit = limits_.object_bytes});
  if (!answer) return tl::unexpected<KubeError>(answer.error());
  return parse_reply(
      answer->body);  // of whatever kind: a token comes from another group than its account
}

KubeResult<void> KubeClient::remove(const ObjectPath& path, const std::string& uid) {
  json options{{"propagationPolicy", "Background"}};
  if (!uid.empty()) options["preconditions"] = {{"uid", uid}};
  return remove_with(path, options);
}

KubeResult<void> KubeClient::remove_with(const ObjectPath& path, const json& options) {
  if (leads_astray(path.name)) return no(Kind::Invalid, "not a name");
  json body = options;
  body["kind"] = "DeleteOptions";
  body["apiVersion"] = "v1";
  const KubeResult<Answer> answer =
      send({.method = "DELETE",
            .path = collection(path.resource, path.ns) + "/" + url_encoded(path.name),
            .body = body.dump(-1, ' ', false, json::error_handler_t::replace),
            .content_type = "application/json",
            .limit = limits_.request,
            .body_limit = limits_.object_bytes});
  if (!answer) return tl::unexpected<KubeError>(answer.error());
  return {};
}

KubeResult<std::string> KubeClient::get_text(const std::string& path) {
  return send({.path = path, .limit = limits_.request, .body_limit = limits_.object_bytes})
      .map([](Answer&& answer) { return std::move(answer.body); });
}

}  // namespace volary::live
