#include "sim/report/numbers.hpp"

#include <cmath>

#include <fmt/format.h>

namespace volary::sim::report {
namespace {

/// Drops the zeros after a decimal point, and the point with them.
std::string trimmed(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

/// Two significant digits below ten, whole numbers from there on.
std::string short_number(double value) {
  const double size = std::abs(value);
  if (size == 0) return "0";
  if (size >= 9.95) return fmt::format("{:.0f}", value);
  if (size >= 0.995) return fmt::format("{:.1f}", value);
  if (size < 1e-6) return fmt::format("{:.1e}", value);
  const int decimals = 1 - static_cast<int>(std::floor(std::log10(size)));
  return fmt::format("{:.{}f}", value, decimals);
}

}  // namespace

std::string percent(double value) {
  if (!std::isfinite(value)) return fmt::format("{} %", value);
  // Success rates live near 100, where the second decimal still tells releases apart.
  if (value >= 90 && value < 100) {
    const std::string text = fmt::format("{:.2f}", value);
    return (text == "100.00" ? "99.99" : text) + " %";
  }
  if (value == std::round(value)) return fmt::format("{:.0f} %", value);
  if (value > 9.95) return fmt::format("{:.1f} %", value);
  return short_number(value) + " %";
}

std::string share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "none";
  return percent(100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string count(std::uint64_t value) {
  if (value < 1000) return fmt::format("{}", value);
  const double number = static_cast<double>(value);
  if (value < 999'500) return short_number(number / 1e3) + " k";
  if (value < 999'500'000) return short_number(number / 1e6) + " M";
  return short_number(number / 1e9) + " G";
}

std::string counted(std::uint64_t value, std::string_view noun) {
  return fmt::format("{} {}{}", count(value), noun, value == 1 ? "" : "s");
}

std::string measured(double value, std::string_view unit) {
  if (!std::isfinite(value)) return fmt::format("{}{}{}", value, unit.empty() ? "" : " ", unit);
  if (unit == "%") return percent(value);
  if (unit == "ms") {
    if (std::abs(value) >= 9999.5) return fmt::format("{:.1f} s", value / 1000);
    if (std::abs(value) >= 9.95) return fmt::format("{:.0f} ms", value);
    return short_number(value) + " ms";
  }
  // A number of the user's own query: four digits tell it apart from its bound.
  const std::string number =
      trimmed(std::abs(value) >= 1000 || value == 0 ? fmt::format("{:.0f}", value)
              : std::abs(value) < 1e-4              ? fmt::format("{:.2e}", value)
              : std::abs(value) < 1                 ? fmt::format("{:.4f}", value)
                                                    : fmt::format("{:.2f}", value));
  return unit.empty() ? number : fmt::format("{} {}", number, unit);
}

std::string bound(double value) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  return fmt::format("{:.6g}", value);
}

std::string clock_text(Duration starts_at, Instant at) {
  using namespace std::chrono;
  const std::int64_t total = floor<std::chrono::seconds>(starts_at + at.time_since_epoch()).count();
  constexpr std::int64_t day = 86400;
  const std::int64_t of_day = (total % day + day) % day, days = (total - of_day) / day;
  const std::string text =
      fmt::format("{:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60);
  return days == 0 ? text : fmt::format("{:+}d {}", days, text);
}

}  // namespace volary::sim::report
