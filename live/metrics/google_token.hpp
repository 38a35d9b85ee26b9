#pragma once

#include <string>

#include "engine/result.hpp"
#include "live/metrics/provider.hpp"

namespace volary::live {

/// A service account's claim to a short-lived token: a JWT signed with its key (RS256).
/// Source: RFC 7523; RFC 7518 §3.3.
struct GoogleClaim {
  std::string token_uri;
  std::string jwt;
};
/// Errors: Invalid when the key is no service account key. Its text is never shown.
[[nodiscard]] Result<GoogleClaim> google_claim(const std::string& service_account_key, Instant now);

/// An access token for reading metrics: with the given key, else with the file that
/// GOOGLE_APPLICATION_CREDENTIALS names, else from the metadata server of the machine.
/// Errors: Invalid, Unavailable, Timeout.
[[nodiscard]] Result<std::string> google_access_token(const MetricQuestion& question,
                                                      const std::string& service_account_key,
                                                      const MetricDoors& doors);

}  // namespace volary::live
