#include "engine/units.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include "engine/canary.hpp"

namespace volary {
namespace {

/// A fraction without trailing zeros: 1.5, 1.515, 2.
std::string trimmed(std::int64_t whole, std::int64_t fraction, int digits) {
  if (fraction == 0) return fmt::format("{}", whole);
  std::string text = fmt::format("{}.{:0{}}", whole, fraction, digits);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

}  // namespace

std::string go_duration(Duration d) {
  if (d.count() == 0) return "0s";
  const bool negative = d.count() < 0;
  // Magnitude as unsigned: the most negative count has no positive twin.
  const std::uint64_t ns =
      negative ? 0 - static_cast<std::uint64_t>(d.count()) : static_cast<std::uint64_t>(d.count());
  std::string text;
  const auto part = [](std::uint64_t value, std::uint64_t unit, int digits) {
    return trimmed(static_cast<std::int64_t>(value / unit), static_cast<std::int64_t>(value % unit),
                   digits);
  };
  if (ns < 1'000) {
    text = fmt::format("{}ns", ns);
  } else if (ns < 1'000'000) {
    text = part(ns, 1'000, 3) + "µs";
  } else if (ns < 1'000'000'000) {
    text = part(ns, 1'000'000, 6) + "ms";
  } else {
    const std::uint64_t minutes = ns / 60'000'000'000U;
    const std::string rest = part(ns % 60'000'000'000U, 1'000'000'000, 9) + "s";
    if (minutes == 0) {
      text = rest;
    } else if (minutes < 60) {
      text = fmt::format("{}m{}", minutes, rest);
    } else {
      text = fmt::format("{}h{}m{}", minutes / 60, minutes % 60, rest);
    }
  }
  return negative ? "-" + text : text;
}

std::string spoken(Duration d) {
  using namespace std::chrono;
  if (d < Duration::zero()) return "-" + spoken(-d);
  if (d < std::chrono::seconds{1})
    return fmt::format("{} ms", duration_cast<milliseconds>(d).count());
  const auto total = duration_cast<std::chrono::seconds>(d).count();
  const auto h = total / 3600, m = total / 60 % 60, s = total % 60;
  std::string text;
  const auto add = [&text](std::int64_t count, const char* unit) {
    if (count == 0) return;
    if (!text.empty()) text += ' ';
    text += fmt::format("{} {}", count, unit);
  };
  add(h, "h");
  add(m, "min");
  if (h == 0) add(s, "s");
  return text;
}

std::optional<Duration> go_parse_duration(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text == "0") return Duration::zero();
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    std::size_t digits = 0;
    double value = 0, scale = 1;
    bool point = false, any = false;
    for (; digits < text.size(); ++digits) {
      const char c = text[digits];
      if (c == '.' && !point) {
        point = true;
      } else if (c >= '0' && c <= '9') {
        any = true;
        value = value * 10 + (c - '0');
        if (point) scale *= 10;
      } else {
        break;
      }
    }
    if (!any) return std::nullopt;
    text.remove_prefix(digits);
    static constexpr std::pair<std::string_view, double> units[] = {
        {"ns", 1},   {"us", 1e3}, {"µs", 1e3}, {"μs", 1e3},
        {"ms", 1e6}, {"s", 1e9},  {"m", 60e9}, {"h", 3600e9},
    };
    const std::pair<std::string_view, double>* unit = nullptr;
    for (const auto& candidate : units) {
      const bool longer = unit == nullptr || candidate.first.size() > unit->first.size();
      if (text.starts_with(candidate.first) && longer) unit = &candidate;
    }
    if (unit == nullptr) return std::nullopt;
    total += value / scale * unit->second;
    text.remove_prefix(unit->first.size());
    if (total > 9.2e18) return std::nullopt;  // Go refuses what overflows, too
  }
  const auto ns = static_cast<std::int64_t>(total + 0.5);
  return Duration{negative ? -ns : ns};
}

}  // namespace volary
