#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/units.hpp"

/// Numbers as people read them: a unit, and as many digits as they deserve. Terminal, report and
/// window share these.
namespace volary::sim::report {

/// "99.42 %", "0.86 %", "0.034 %", "30 %".
///
/// Units: percent, 0–100.
[[nodiscard]] std::string percent(double value);
/// A part of a whole in percent: "0.86 %"; "none" of nothing.
[[nodiscard]] std::string share(std::uint64_t part, std::uint64_t whole);
/// "214", "1.2 k", "48 k", "1.3 M".
[[nodiscard]] std::string count(std::uint64_t value);
/// "1 request", "214 requests".
[[nodiscard]] std::string counted(std::uint64_t value, std::string_view noun);
/// A measured value in the unit of its check: "99.41 %", "312 ms", "1.24 s", "0.84".
[[nodiscard]] std::string measured(double value, std::string_view unit);
/// A bound, with its own digits and no more: "99", "99.5", "500".
[[nodiscard]] std::string bound(double value);
/// "12:03:30": the clock of the run; days past the first are counted ("+1d 00:10:00").
[[nodiscard]] std::string clock_text(Duration starts_at, Instant at);

}  // namespace volary::sim::report
