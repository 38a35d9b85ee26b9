#pragma once

#include <map>
#include <string>

#include "engine/units.hpp"

namespace volary::live {

struct AwsKeys {
  std::string id;
  std::string secret;
  std::string session_token;  ///< "" for keys that do not expire
};

/// One request, as far as its signature covers it.
struct AwsRequest {
  std::string method;
  std::string host;
  std::string path = "/";
  std::string query{};                           ///< sorted and encoded
  std::map<std::string, std::string> headers{};  ///< in lower case, to be signed, beside host's
  std::string body{};
};

/// Signature Version 4: what is to be sent besides, `Authorization`, `X-Amz-Date` and, with a
/// session, `X-Amz-Security-Token`.
/// Source: AWS, "Create a signed AWS API request".
[[nodiscard]] std::map<std::string, std::string> aws_signature(const AwsRequest& request,
                                                               const AwsKeys& keys,
                                                               const std::string& region,
                                                               const std::string& service,
                                                               Instant now);

}  // namespace volary::live
