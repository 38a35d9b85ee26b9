#include "live/checksum.hpp"

#include <array>
#include <initializer_list>
#include <utility>

#include <nlohmann/json.hpp>
#include <openssl/sha.h>

#include "engine/contract.hpp"

namespace volary::live {
namespace {

using nlohmann::json;

constexpr std::string_view own_prefix = "volary-";
constexpr std::size_t fingerprint_digits = 24;

/// Go's encoding/json leaves no <, >, & and line separators in texts (ST-21).
std::string escaped_as_go_does(std::string text) {
  for (const auto& [plain, escape] :
       std::initializer_list<std::pair<const char*, const char*>>{{"<", "\\u003c"},
                                                                  {">", "\\u003e"},
                                                                  {"&", "\\u0026"},
                                                                  {"\xE2\x80\xA8", "\\u2028"},
                                                                  {"\xE2\x80\xA9", "\\u2029"}})
    for (auto at = text.find(plain); at != std::string::npos; at = text.find(plain, at))
      text.replace(at, std::char_traits<char>::length(plain), escape);
  return text;
}

/// Without what means nothing: null, {} and [].
json essence(const json& value) {
  if (value.is_object()) {
    json kept = json::object();
    for (const auto& [key, member] : value.items()) {
      json part = essence(member);
      if (!part.is_null()) kept[key] = std::move(part);
    }
    return kept.empty() ? json{} : kept;
  }
  if (value.is_array()) {
    json kept = json::array();
    for (const json& item : value) kept.push_back(essence(item));
    return kept.empty() ? json{} : kept;
  }
  return value;
}

}  // namespace

std::string sha256(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  static constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

std::string config_checksum(const json& data) {
  const std::string text =
      escaped_as_go_does(data.dump(-1, ' ', false, json::error_handler_t::replace));
  return sha256(text).substr(0, 16);
}

std::string content_fingerprint(const json& content) {
  const std::string text = essence(content).dump(-1, ' ', false, json::error_handler_t::replace);
  return std::string{own_prefix} + sha256(text).substr(0, fingerprint_digits);
}

bool is_own_fingerprint(std::string_view text) {
  return text.starts_with(own_prefix) && text.size() == own_prefix.size() + fingerprint_digits;
}

std::string uuid_of(std::string_view text) {
  std::string hex = sha256(text).substr(0, 32);
  hex[12] = '4';  // version
  const auto variant = std::string_view{"0123456789abcdef"}.find(hex[16]);
  expects(variant < 16, "hexadecimal digits are hexadecimal digits");
  hex[16] = "89ab"[variant % 4];
  for (const std::size_t dash : {20U, 16U, 12U, 8U}) hex.insert(dash, "-");
  return hex;
}

}  // namespace volary::live
