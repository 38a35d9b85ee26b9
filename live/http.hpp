#pragma once

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
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;                                          ///< cut at the limits of INV-41
};

/// The narrow door to everything that speaks HTTP but the API server. An answer with an error
/// status is an answer: what it means is the caller's business (HOOK-02, PRV-05).
///
/// Errors: Timeout, Unavailable (no connection, TLS refused, too many redirects), Invalid (not a
/// URL). Credentials never follow a redirect (INV-42).
class Http {
 public:
  virtual ~Http() = default;
  [[nodiscard]] virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
};

}  // namespace volary::live
