#include "live/net/url.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>

#include <curl/curl.h>
#include <fmt/format.h>

#include "policies/document.hpp"

namespace volary::live {
namespace {

struct Parsed {
  explicit Parsed(const std::string& text)
      : handle{curl_url(), &curl_url_cleanup},
        good{handle && curl_url_set(handle.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK} {}

  [[nodiscard]] std::string part(CURLUPart which, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_url_get(handle.get(), which, &text, flags) != CURLUE_OK || !text) return {};
    std::string copy{text};
    curl_free(text);
    return copy;
  }

  std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> handle;
  bool good;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return text;
}

}  // namespace

bool Url::loopback() const {
  return host == "localhost" || host.ends_with(".localhost") || host == "::1" ||
         host.starts_with("127.");
}

std::optional<Url> parse_url(const std::string& text) {
  const Parsed parsed{text};
  if (!parsed.good) return std::nullopt;
  Url url{.scheme = lower(parsed.part(CURLUPART_SCHEME)),
          .host = lower(parsed.part(CURLUPART_HOST)),
          .port = std::atoi(parsed.part(CURLUPART_PORT, CURLU_DEFAULT_PORT).c_str()),
          .carries_credentials =
              !parsed.part(CURLUPART_USER).empty() || !parsed.part(CURLUPART_PASSWORD).empty()};
  if (url.host.size() > 2 && url.host.front() == '[')
    url.host = url.host.substr(1, url.host.size() - 2);
  if ((url.scheme != "http" && url.scheme != "https") || url.host.empty()) return std::nullopt;
  return url;
}

std::optional<std::string> resolve_url(const std::string& base, const std::string& location) {
  const Parsed parsed{base};
  if (!parsed.good ||
      curl_url_set(parsed.handle.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK)
    return std::nullopt;
  std::string resolved = parsed.part(CURLUPART_URL);
  if (!parse_url(resolved)) return std::nullopt;
  return resolved;
}

std::string shown_url(const std::string& text) {
  const Parsed parsed{text};
  if (!parsed.good) return "(not a URL)";
  for (const CURLUPart hidden :
       {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY, CURLUPART_FRAGMENT})
    curl_url_set(parsed.handle.get(), hidden, nullptr, 0);
  return printable(parsed.part(CURLUPART_URL), 200);
}

std::string url_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && (std::isalnum(byte) || c == '-' || c == '.' || c == '_' || c == '~'))
      encoded += c;
    else
      encoded += fmt::format("%{:02X}", static_cast<unsigned>(byte));
  }
  return encoded;
}

}  // namespace volary::live
