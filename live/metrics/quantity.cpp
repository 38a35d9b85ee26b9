#include "live/metrics/quantity.hpp"

#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "live/metrics/parts.hpp"

namespace volary::live {

std::optional<double> quantity(std::string_view text) {
  struct Suffix {
    std::string_view text;
    double times;
    bool divides = false;  ///< by a whole number, so that 1500m is 1.5 to the last bit
  };
  static constexpr std::array suffixes{
      Suffix{"Ki", 0x1p10},   Suffix{"Mi", 0x1p20}, Suffix{"Gi", 0x1p30},   Suffix{"Ti", 0x1p40},
      Suffix{"Pi", 0x1p50},   Suffix{"Ei", 0x1p60}, Suffix{"n", 1e9, true}, Suffix{"u", 1e6, true},
      Suffix{"m", 1e3, true}, Suffix{"k", 1e3},     Suffix{"M", 1e6},       Suffix{"G", 1e9},
      Suffix{"T", 1e12},      Suffix{"P", 1e15},    Suffix{"E", 1e18},
  };
  double times = 1;
  bool divides = false, has_suffix = false;
  for (const Suffix& suffix : suffixes) {
    if (!text.ends_with(suffix.text)) continue;
    text.remove_suffix(suffix.text.size());
    times = suffix.times;
    divides = suffix.divides;
    has_suffix = true;
    break;
  }
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  // An exponent is a suffix too: there cannot be both.
  if (has_suffix && text.find_first_of("eE") != std::string_view::npos) return std::nullopt;
  const auto number = plain_number(text);
  if (!number) return std::nullopt;
  const double value = divides ? *number / times : *number * times;
  return std::isfinite(value) ? std::optional{value} : std::nullopt;
}

}  // namespace volary::live
