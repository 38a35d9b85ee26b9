#pragma once

#include <optional>
#include <string_view>

/// Numbers as the server reads them, whatever the locale.
namespace volary::promql {

/// A literal of the query language: decimal, `0x1F`, and octal where it begins with 0 (`010` is 8),
/// with fraction and exponent. Nothing for what is none, or too great.
[[nodiscard]] std::optional<double> read_literal(std::string_view text);

/// The bound in a bucket's `le`: signs, `Inf` and `0x1p4` too.
[[nodiscard]] std::optional<double> read_bound(std::string_view text);

}  // namespace volary::promql
