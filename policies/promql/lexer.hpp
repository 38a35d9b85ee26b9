#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/result.hpp"

namespace volary::promql {

struct Token {
  enum class Kind { Identifier, Number, Duration, Text, Symbol, End } kind{};
  std::string text;  ///< of Text: unescaped
  int line = 1, column = 1;
};

/// Errors: Invalid with the position of what is no token.
[[nodiscard]] Result<std::vector<Token>> tokenize(std::string_view text);

/// "5m", "1h30m", "500ms", "2d", "1w", "1y" in milliseconds; nothing when it is not one.
[[nodiscard]] Result<std::int64_t> duration_ms(std::string_view text);

}  // namespace volary::promql
