#include "live/retry.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "live/rfc3339.hpp"

namespace volary::live {
namespace {

using namespace std::chrono_literals;

constexpr Duration longest_pause = 30s;

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<Instant> http_date(std::string_view text) {
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
  const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
  if (month == months.end()) return std::nullopt;
  const auto number_of_month = month - months.begin() + 1;
  const std::string iso = std::string{text.substr(12, 4)} + "-" +
                          (number_of_month < 10 ? "0" : "") + std::to_string(number_of_month) +
                          "-" + std::string{text.substr(5, 2)} + "T" +
                          std::string{text.substr(17, 8)} + "Z";
  return rfc3339(std::string_view{iso});
}

}  // namespace

bool may_retry(const Result<HttpResponse>& answer) {
  if (!answer)
    return answer.error().kind == ErrorKind::Unavailable ||
           answer.error().kind == ErrorKind::Timeout;
  return answer->status == 429 || (answer->status >= 500 && answer->status != 501);
}

Duration retry_pause(int i, const Result<HttpResponse>& answer, Instant now) {
  if (answer && (answer->status == 429 || answer->status == 503))
    if (const auto asked = retry_after(header(*answer, "retry-after"), now))
      return std::clamp<Duration>(*asked, Duration::zero(), longest_pause);
  return std::min<Duration>(1s * (std::int64_t{1} << std::clamp(i, 0, 10)), longest_pause);
}

std::optional<Duration> retry_after(std::string_view text, Instant now) {
  if (const auto wait = number(text)) return Duration{std::chrono::seconds{*wait}};
  if (const auto when = http_date(text)) return *when - now;
  return std::nullopt;
}

std::string_view header(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

std::string masked(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string{url};
  const auto host = scheme + 3;
  const auto end = std::min(url.find_first_of("/?#", host), url.size());
  const auto at = url.substr(host, end - host).rfind('@');
  if (at == std::string_view::npos) return std::string{url};
  return std::string{url.substr(0, host)} + std::string{url.substr(host + at + 1)};
}

bool is_http_url(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!url.starts_with(scheme)) continue;
    const std::string_view rest = url.substr(scheme.size());
    return !rest.empty() && rest.front() != '/' && rest.front() != '?' && rest.front() != '#' &&
           std::all_of(url.begin(), url.end(),
                       [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; });
  }
  return false;
}

}  // namespace volary::live
