#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/result.hpp"
#include "live/http.hpp"
#include "live/metrics/provider.hpp"

/// What the providers have in common: URLs, numbers, and answers that may be anything.
namespace volary::live {

inline constexpr std::size_t most_series = 100;  ///< INV-41

// --- asking --------------------------------------------------------------------------------------

using QueryValues = std::vector<std::pair<std::string, std::string>>;

/// As in a form: blank becomes `+`, what is not of A–Z a–z 0–9 - _ . ~ becomes %XX.
[[nodiscard]] std::string form_encoded(std::string_view text);
/// As a part of a path.
[[nodiscard]] std::string path_encoded(std::string_view text);
/// `a=1&b=2`, in the order given.
[[nodiscard]] std::string query_text(const QueryValues& values);
/// The way back; nothing for a broken escape or a `;`.
[[nodiscard]] std::optional<QueryValues> query_values(std::string_view text);

/// The address with a path joined to its own, without its query (PRV-01).
/// Errors: Invalid when it is no http or https URL; its text may hold a password and is not shown.
[[nodiscard]] Result<std::string> joined_url(std::string_view address, std::string_view path);
/// The address, or what stands for none, without a slash at its end.
/// Errors: Invalid.
[[nodiscard]] Result<std::string> base_url(std::string_view address, std::string_view otherwise);

/// A key of the Secret. Errors: Invalid when it is missing or empty (FLT-94).
[[nodiscard]] Result<std::string> secret_key(const MetricQuestion& question,
                                             const std::string& key);
/// `times` the metric's interval, for servers that are asked for a range (MT-21 …).
/// Errors: Invalid when the interval is no duration (MET-30).
[[nodiscard]] Result<Duration> range_of(const MetricQuestion& question, int times);
/// Unix time.
[[nodiscard]] std::int64_t unix_seconds(Instant instant);
[[nodiscard]] Instant from_unix_seconds(double s);
[[nodiscard]] bool has_control_characters(std::string_view text);

// --- answers -------------------------------------------------------------------------------------

/// FLT-83: a number in plain decimal or scientific form, all of it, and finite.
[[nodiscard]] std::optional<double> plain_number(std::string_view text);
/// PRV-08: also NaN, +Inf and -Inf as Prometheus writes them, which ClusterMetrics then refuses;
/// `flagger` mode knows the other spellings of Go too.
[[nodiscard]] std::optional<double> number_in(std::string_view text, Compat compat);
/// A JSON number.
[[nodiscard]] std::optional<double> number_of(const nlohmann::json& value);

/// Does the status say that the answer is whole? 200, and nothing else but what `flagger` mode lets
/// through: below 400 where `lenient` (PRV-05).
/// Errors: Invalid, or Unavailable where the server rather than the question is the trouble; the
/// message holds status, its text and the beginning of the body (FLT-89).
[[nodiscard]] Result<void> accepted(const MetricQuestion& question, const HttpResponse& response,
                                    bool lenient = false);
/// The JSON value of a body, within the limits (INV-41, FLT-87).
[[nodiscard]] Result<nlohmann::json> json_of(const HttpResponse& response);
/// FLT-86: what every answer of an unexpected shape is told.
[[nodiscard]] tl::unexpected<Error> unexpected_shape(std::string_view what);
[[nodiscard]] tl::unexpected<Error> no_values();
/// INV-12: `strict` mode refuses what a server calls incomplete.
[[nodiscard]] Result<void> whole(const MetricQuestion& question, const nlohmann::json& warnings);

// --- what people are shown -----------------------------------------------------------------------

/// Text from outside without the question's secrets, in 200 characters that can do no harm
/// (INV-42, FLT-89).
[[nodiscard]] std::string shown(const MetricQuestion& question, std::string_view text);
/// The question's secrets out of a message, whoever wrote it.
[[nodiscard]] Error without_secrets(const MetricQuestion& question, Error error);

}  // namespace volary::live
