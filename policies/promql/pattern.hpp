#pragma once

#include <string_view>

#include "engine/result.hpp"
#include "policies/promql/promql.hpp"

namespace volary::promql {

/// Errors: Invalid, with RE2's words.
[[nodiscard]] Result<std::shared_ptr<const Pattern>> compile_pattern(std::string_view text);

}  // namespace volary::promql
