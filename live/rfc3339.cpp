#include "live/rfc3339.hpp"

#include <charconv>
#include <chrono>

#include <fmt/format.h>

namespace volary::live {
namespace {

using namespace std::chrono;

struct Parts {
  year_month_day date;
  hh_mm_ss<Duration> time;
};

Parts parts_of(Instant instant) {
  const Duration since = instant.time_since_epoch();
  const auto day = floor<days>(since);
  return {year_month_day{sys_days{day}}, hh_mm_ss<Duration>{since - day}};
}

/// Takes `digits` digits off the front.
std::optional<int> number(std::string_view& text, std::size_t digits) {
  int value = 0;
  if (text.size() < digits) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc{} || end != text.data() + digits || text.front() == '-')
    return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// ".123456" → 123456000 ns; what is beyond nanoseconds is dropped.
std::optional<Duration> fraction(std::string_view& text) {
  if (!take(text, ".")) return Duration{};
  std::int64_t ns = 0, scale = 100'000'000;
  std::size_t digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    ns += (text.front() - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  return Duration{ns};
}

std::optional<Duration> offset(std::string_view& text) {
  if (take(text, "Zz")) return Duration{};
  const bool west = !text.empty() && text.front() == '-';
  if (!take(text, "+-")) return std::nullopt;
  const auto hour = number(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = number(text, 2);
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
  const Duration east = hours{*hour} + minutes{*minute};
  return west ? -east : east;
}

}  // namespace

std::string rfc3339(Instant instant) {
  const auto [date, time] = parts_of(instant);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string rfc3339_micro(Instant instant) {
  std::string text = rfc3339(instant);
  const auto micro = duration_cast<microseconds>(parts_of(instant).time.subseconds()).count();
  text.insert(text.size() - 1, fmt::format(".{:06}", micro));
  return text;
}

std::optional<Instant> rfc3339(std::string_view text) {
  const auto y = number(text, 4);
  if (!y || !take(text, "-")) return std::nullopt;
  const auto m = number(text, 2);
  if (!m || !take(text, "-")) return std::nullopt;
  const auto d = number(text, 2);
  if (!d || !take(text, "Tt ")) return std::nullopt;
  const auto hour = number(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = number(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = number(text, 2);
  if (!second) return std::nullopt;
  const auto part = fraction(text);
  if (!part) return std::nullopt;
  const auto east = offset(text);
  if (!east || !text.empty()) return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*m)},
                            day{static_cast<unsigned>(*d)}};
  // 60: a leap second counts as the second after it. The Timeline holds 1677 to 2262.
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60 || *y < 1678 || *y > 2261)
    return std::nullopt;
  const Duration since = sys_days{date}.time_since_epoch() + hours{*hour} + minutes{*minute} +
                         std::chrono::seconds{*second} + *part - *east;
  return Instant{since};
}

}  // namespace volary::live
