#include "policies/promql/numbers.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

namespace volary::promql {
namespace {

/// Without a sign.
std::optional<double> read_float(std::string_view text, std::chars_format format) {
  double value = 0;
  const auto [end, problem] =
      std::from_chars(text.data(), text.data() + text.size(), value, format);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (problem == std::errc{}) return value;
  // Out of range: too small is 0, too great is refused.
  if (problem == std::errc::result_out_of_range && text.find('-') != std::string_view::npos)
    return 0.0;
  return std::nullopt;
}

std::optional<double> read_integer(std::string_view digits, int base) {
  std::int64_t value = 0;
  const auto [end, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (problem != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return static_cast<double>(value);
}

bool is_hex(std::string_view text) { return text.starts_with("0x") || text.starts_with("0X"); }

}  // namespace

std::optional<double> read_literal(std::string_view text) {
  if (is_hex(text)) return read_integer(text.substr(2), 16);
  if (text.size() > 1 && text[0] == '0')
    if (const auto octal = read_integer(text.substr(1), 8)) return octal;
  return read_float(text, std::chars_format::general);
}

std::optional<double> read_bound(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.starts_with('-')) return std::nullopt;
  std::string lower{text};
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  std::optional<double> value;
  if (lower == "inf" || lower == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (lower == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (is_hex(text)) {
    // The exponent of a number in hex must be written.
    if (lower.find('p') != std::string::npos)
      value = read_float(text.substr(2), std::chars_format::hex);
  } else if (!text.empty() && (text[0] == '.' || (text[0] >= '0' && text[0] <= '9'))) {
    value = read_float(text, std::chars_format::general);
  }
  if (value && negative) value = -*value;
  return value;
}

}  // namespace volary::promql
