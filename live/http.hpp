#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/result.hpp"
#include "engine/units.hpp"

namespace volary::live {

/// One request to a metric server, a webhook or a chat service.
struct HttpRequest {
  enum class Method { Get, Post };
  Method method = Method::Get;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Duration timeout = std::chrono::seconds{10};  ///< for the whole exchange, per attempt
  bool verify_peer = true;  ///< INV-43: off only where a document says so, for that peer
  std::string proxy;        ///< empty: as the environment says (AP-32)
  int redirects = 3;  ///< to the same scheme, host and port; there are none to others (FLT-15)
  std::size_t body_limit = std::size_t{4} << 20;  ///< of the answer, decoded (INV-41)
  bool cut_body = false;  ///< what is beyond the limit is dropped, rather than an error
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  Duration retry_after{};  ///< Retry-After, in seconds or as a date (HOOK-03); zero: none
};

/// The narrow door to everything that speaks HTTP but the API server. An answer with an error
/// status is an answer: what it means is the caller's business (HOOK-02, PRV-05).
///
/// Errors: Timeout; Unavailable: no connection, or one that broke. Another try may help (HOOK-03).
/// Invalid: not a URL, a certificate refused, a redirect refused, a body beyond the limit. It will
/// not. Credentials never follow a redirect to another host (INV-42). No message holds a header, a
/// password or a query.
class Http {
 public:
  virtual ~Http() = default;
  [[nodiscard]] virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
};

}  // namespace volary::live
