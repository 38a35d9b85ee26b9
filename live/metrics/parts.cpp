#include "live/metrics/parts.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "live/base64.hpp"
#include "live/retry.hpp"
#include "policies/document.hpp"

namespace volary::live {
namespace {

using nlohmann::json;

constexpr std::size_t largest_body = std::size_t{4} << 20;
constexpr int deepest = 64;
constexpr std::size_t shortest_secret = 4;  // shorter ones are found in every second word
constexpr std::size_t longest_quote = 200;

bool digit(char c) { return c >= '0' && c <= '9'; }
bool unreserved(char c) {
  return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

std::string encoded(std::string_view text, bool blank_is_plus) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (unreserved(c)) {
      out += c;
    } else if (c == ' ' && blank_is_plus) {
      out += '+';
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%') {
      unsigned byte = 0;
      const char* const from = text.data() + i + 1;
      if (i + 2 >= text.size()) return std::nullopt;
      const auto [end, error] = std::from_chars(from, from + 2, byte, 16);
      if (error != std::errc{} || end != from + 2) return std::nullopt;
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool nested_too_deep(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > deepest) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 206: return " Partial Content";
    case 301: return " Moved Permanently";
    case 302: return " Found";
    case 307: return " Temporary Redirect";
    case 308: return " Permanent Redirect";
    case 400: return " Bad Request";
    case 401: return " Unauthorized";
    case 403: return " Forbidden";
    case 404: return " Not Found";
    case 405: return " Method Not Allowed";
    case 408: return " Request Timeout";
    case 422: return " Unprocessable Entity";
    case 429: return " Too Many Requests";
    case 500: return " Internal Server Error";
    case 502: return " Bad Gateway";
    case 503: return " Service Unavailable";
    case 504: return " Gateway Timeout";
    default: return "";
  }
}

/// Is it the server, or our standing with it, rather than what was asked?
bool servers_trouble(int status) {
  return status >= 500 || status == 401 || status == 403 || status == 408 || status == 429;
}

void replace_all(std::string& text, std::string_view what) {
  if (what.size() < shortest_secret) return;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 3))
    text.replace(at, what.size(), "***");
}

std::string_view user_info(std::string_view address) {
  const auto scheme = address.find("://");
  if (scheme == std::string_view::npos) return {};
  const auto host = scheme + 3;
  const auto end = std::min(address.find_first_of("/?#", host), address.size());
  const auto at = address.substr(host, end - host).rfind('@');
  return at == std::string_view::npos ? std::string_view{} : address.substr(host, at);
}

std::string redacted(const MetricQuestion& question, std::string text) {
  std::vector<std::string> secrets;
  const auto add = [&](std::string_view secret) {
    secrets.emplace_back(secret);
    while (!secret.empty() && static_cast<unsigned char>(secret.back()) <= ' ')
      secret.remove_suffix(1);  // a line end that came with the key
    secrets.emplace_back(secret);
    secrets.push_back(form_encoded(secret));
    secrets.push_back(path_encoded(secret));
    secrets.push_back(to_base64(secret));
  };
  for (const auto& [key, value] : question.secret) add(value);
  for (const auto& [name, values] : question.headers)
    for (const std::string& value : values) {
      add(value);
      // "Bearer abc": the word alone may be echoed.
      if (const auto blank = value.rfind(' '); blank != std::string::npos)
        add(std::string_view{value}.substr(blank + 1));
    }
  const auto key = [&](const char* name) {
    const auto found = question.secret.find(name);
    return found == question.secret.end() ? std::string{} : found->second;
  };
  if (const std::string user = key("username"); !user.empty()) add(user + ":" + key("password"));
  if (const std::string_view info = user_info(question.address); !info.empty()) {
    add(info);
    if (const auto colon = info.find(':'); colon != std::string_view::npos)
      add(info.substr(colon + 1));
  }
  // The longest first: one may be a part of another.
  std::stable_sort(secrets.begin(), secrets.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (const std::string& secret : secrets) replace_all(text, secret);
  return text;
}

}  // namespace

std::string form_encoded(std::string_view text) { return encoded(text, true); }
std::string path_encoded(std::string_view text) { return encoded(text, false); }

std::string query_text(const QueryValues& values) {
  std::string text;
  for (const auto& [key, value] : values) {
    if (!text.empty()) text += '&';
    text += form_encoded(key) + "=" + form_encoded(value);
  }
  return text;
}

std::optional<QueryValues> query_values(std::string_view text) {
  QueryValues values;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    if (pair.empty()) continue;
    if (pair.find(';') != std::string_view::npos) return std::nullopt;
    const auto equals = std::min(pair.find('='), pair.size());
    const auto key = decoded(pair.substr(0, equals));
    const auto value = decoded(pair.substr(std::min(equals + 1, pair.size())));
    if (!key || !value) return std::nullopt;
    values.emplace_back(*key, *value);
  }
  return values;
}

Result<std::string> joined_url(std::string_view address, std::string_view path) {
  if (!is_http_url(address))
    return fail(ErrorKind::Invalid, "the address of the metric server is no http or https URL");
  address = address.substr(0, address.find_first_of("?#"));
  const auto authority = address.find("://") + 3;
  const auto slash = std::min(address.find('/', authority), address.size());
  std::string url{address.substr(0, slash)};
  for (std::string_view part : {address.substr(slash), path}) {
    while (!part.empty()) {
      const std::string_view segment = part.substr(0, part.find('/'));
      part.remove_prefix(std::min(segment.size() + 1, part.size()));
      if (!segment.empty() && segment != ".") url += "/" + std::string{segment};
    }
  }
  return url;
}

Result<std::string> base_url(std::string_view address, std::string_view otherwise) {
  if (address.empty()) address = otherwise;
  if (!is_http_url(address))
    return fail(ErrorKind::Invalid, "the address of the metric server is no http or https URL");
  while (address.ends_with('/')) address.remove_suffix(1);
  return std::string{address};
}

Result<std::string> secret_key(const MetricQuestion& question, const std::string& key) {
  const auto found = question.secret.find(key);
  if (found != question.secret.end() && !found->second.empty()) return found->second;
  if (!question.has_secret)
    return fail(ErrorKind::Invalid, "a secretRef with the key {} is needed", key);
  return fail(ErrorKind::Invalid, "the Secret has no key {}", key);
}

Result<Duration> range_of(const MetricQuestion& question, int times) {
  const auto interval = go_parse_duration(question.interval);
  if (!interval || *interval <= Duration{} || *interval > std::chrono::hours{24 * 365})
    return fail(ErrorKind::Invalid, "the interval '{}' of the metric is no duration",
                printable(question.interval));
  return *interval * times;
}

std::int64_t unix_seconds(Instant instant) {
  return std::chrono::floor<std::chrono::seconds>(instant.time_since_epoch()).count();
}

Instant from_unix_seconds(double s) {
  constexpr double farthest = 9.2e9;  // what 64 bits of nanoseconds hold
  if (!(s > -farthest && s < farthest)) return Instant{s > 0 ? Duration::max() : Duration::min()};
  return Instant{from_seconds(s)};
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::optional<double> plain_number(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && digit(text[at])) ++at;
    return at - from;
  };
  if (at < text.size() && text[at] == '-') ++at;
  std::size_t count = digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    count += digits();
  }
  if (count == 0) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return std::nullopt;
  }
  if (at != text.size()) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::optional<double> number_in(std::string_view text, Compat compat) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "+Inf") return inf;
  if (text == "-Inf") return -inf;
  if (compat == Compat::Strict) return plain_number(text);
  std::string lower{text};
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  const bool negative = lower.starts_with('-');
  const std::string_view rest =
      negative || lower.starts_with('+') ? std::string_view{lower}.substr(1) : lower;
  if (lower == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (rest == "inf" || rest == "infinity") return negative ? -inf : inf;
  if (rest.starts_with('-')) return std::nullopt;
  const auto value = plain_number(rest);
  if (!value) return std::nullopt;
  return negative ? -*value : *value;
}

std::optional<double> number_of(const json& value) {
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

Result<void> accepted(const MetricQuestion& question, const HttpResponse& response, bool lenient) {
  const bool good = lenient && !question.strict() ? response.status < 400 : response.status == 200;
  if (!good)
    return fail(servers_trouble(response.status) ? ErrorKind::Unavailable : ErrorKind::Invalid,
                "the metric server answered {}{}: {}", response.status,
                reason_phrase(response.status), shown(question, response.body));
  if (question.strict() && !header(response, "warning").empty())  // FLT-88
    return fail(ErrorKind::Invalid, "the answer is not whole: {}",
                shown(question, header(response, "warning")));
  return {};
}

Result<json> json_of(const HttpResponse& response) {
  if (response.body.size() > largest_body)
    return fail(ErrorKind::Invalid, "response too large: more than 4 MiB");
  if (nested_too_deep(response.body)) return unexpected_shape("JSON of reasonable depth");
  json value = json::parse(response.body, nullptr, false);
  if (value.is_discarded()) return unexpected_shape("JSON");
  return value;
}

tl::unexpected<Error> unexpected_shape(std::string_view what) {
  return fail(ErrorKind::Invalid, "the answer of the metric server is not {}", what);
}

tl::unexpected<Error> no_values() { return fail(ErrorKind::NoData, "no values found"); }

Result<void> whole(const MetricQuestion& question, const json& warnings) {
  if (!question.strict() || warnings.is_null() || warnings.empty() || warnings == json(false) ||
      warnings == json(""))
    return {};
  return fail(ErrorKind::Invalid, "the answer is not whole: {}",
              shown(question, warnings.dump(-1, ' ', false, json::error_handler_t::replace)));
}

std::string shown(const MetricQuestion& question, std::string_view text) {
  // What is cut could no longer be recognized, so secrets go first; of a long text only a part is
  // looked at that is longer than what is shown by far.
  std::string clean = redacted(question, std::string{text.substr(0, 64 * 1024)});
  for (char& c : clean)
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  return printable(clean, longest_quote);
}

Error without_secrets(const MetricQuestion& question, Error error) {
  error.message = redacted(question, std::move(error.message));
  error.where = redacted(question, std::move(error.where));
  error.hint = redacted(question, std::move(error.hint));
  return error;
}

}  // namespace volary::live
