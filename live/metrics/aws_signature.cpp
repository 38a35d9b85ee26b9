#include "live/metrics/aws_signature.hpp"

#include <algorithm>
#include <array>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "engine/contract.hpp"
#include "live/checksum.hpp"
#include "live/rfc3339.hpp"

namespace volary::live {
namespace {

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const auto* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  expects(made != nullptr, "HMAC-SHA-256 is there");
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string hexadecimal(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

/// "20150830T123600Z".
std::string basic_time(Instant now) {
  std::string text = rfc3339(now);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

}  // namespace

std::map<std::string, std::string> aws_signature(const AwsRequest& request, const AwsKeys& keys,
                                                 const std::string& region,
                                                 const std::string& service, Instant now) {
  const std::string time = basic_time(now), day = time.substr(0, 8);
  std::map<std::string, std::string> headers = request.headers;
  headers["host"] = request.host;
  headers["x-amz-date"] = time;
  if (!keys.session_token.empty()) headers["x-amz-security-token"] = keys.session_token;
  std::string canonical_headers, names;
  for (const auto& [name, value] : headers) {
    canonical_headers += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string canonical = request.method + "\n" + request.path + "\n" + request.query + "\n" +
                                canonical_headers + "\n" + names + "\n" + sha256(request.body);
  const std::string scope = day + "/" + region + "/" + service + "/aws4_request";
  const std::string to_sign = "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + sha256(canonical);
  const std::string key =
      hmac(hmac(hmac(hmac("AWS4" + keys.secret, day), region), service), "aws4_request");
  std::map<std::string, std::string> sent{
      {"X-Amz-Date", time},
      {"Authorization", "AWS4-HMAC-SHA256 Credential=" + keys.id + "/" + scope +
                            ", SignedHeaders=" + names +
                            ", Signature=" + hexadecimal(hmac(key, to_sign))}};
  if (!keys.session_token.empty()) sent["X-Amz-Security-Token"] = keys.session_token;
  return sent;
}

}  // namespace volary::live
