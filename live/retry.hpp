#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "live/http.hpp"

/// When a request is worth repeating, and after how long. Source: HOOK-03.
namespace volary::live {

/// Connection errors, time-outs, 429, and 5xx but 501; nothing else.
[[nodiscard]] bool may_retry(const Result<HttpResponse>& answer);
/// Before repetition `i` (from 0): min(1 s × 2^i, 30 s); what a 429 or 503 asks for replaces it,
/// cut at 30 s (FLT-03). `now` is Unix time, for dates.
[[nodiscard]] Duration retry_pause(int i, const Result<HttpResponse>& answer, Instant now);
/// `Retry-After`: seconds, or a date of RFC 9110 §5.6.7 (its preferred form).
[[nodiscard]] std::optional<Duration> retry_after(std::string_view header, Instant now);
/// A header by its name in lower case; "" when there is none.
[[nodiscard]] std::string_view header(const HttpResponse& response, std::string_view name);

/// A URL without user and password, for people (INV-42).
[[nodiscard]] std::string masked(std::string_view url);
/// Absolute, http or https, with a host (FLT-106, AP-43).
[[nodiscard]] bool is_http_url(std::string_view url);

}  // namespace volary::live
