#pragma once

#include <optional>
#include <string>
#include <string_view>

/// What is asked of URLs, answered by libcurl's own parser, so that what was checked is what is
/// asked.
namespace volary::live {

struct Url {
  std::string scheme;  ///< lower case
  std::string host;    ///< lower case; an IPv6 address without brackets
  int port = 0;
  bool carries_credentials = false;

  /// FLT-15: may what was meant for one be sent to the other?
  [[nodiscard]] bool same_origin(const Url& other) const {
    return scheme == other.scheme && host == other.host && port == other.port;
  }
  /// 127.0.0.0/8, ::1, localhost.
  [[nodiscard]] bool loopback() const;
};

/// Nothing unless it is an absolute http or https URL.
[[nodiscard]] std::optional<Url> parse_url(const std::string& text);
/// `location` as seen from `base` (RFC 3986); nothing when it leads to no http or https URL.
[[nodiscard]] std::optional<std::string> resolve_url(const std::string& base,
                                                     const std::string& location);
/// For messages: scheme, host, port and path. User, password and query are left out, as either may
/// be a secret (INV-42).
[[nodiscard]] std::string shown_url(const std::string& text);
/// One path segment or query value, percent-encoded.
[[nodiscard]] std::string url_encoded(std::string_view text);

}  // namespace volary::live
