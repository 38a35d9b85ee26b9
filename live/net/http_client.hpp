#pragma once

#include <stop_token>
#include <string>

#include "live/http.hpp"
#include "live/net/transport.hpp"

namespace volary::live {

/// Http over the network. Thread-safe: hooks and queries of many releases share its connections.
class HttpClient : public Http {
 public:
  explicit HttpClient(std::stop_token stop, std::string user_agent = "volary");
  [[nodiscard]] Result<HttpResponse> send(const HttpRequest& request) override;

 private:
  Transport transport_;
  std::string user_agent_;
};

}  // namespace volary::live
