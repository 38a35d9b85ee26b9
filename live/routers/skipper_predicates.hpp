#pragma once

#include <string>
#include <string_view>

namespace volary::live::skipper {

/// RT-SKIPPER-07: a predicate put first among those of an annotation, in the place of an earlier
/// `Weight(100)` or `False()`.
[[nodiscard]] std::string with_predicate(std::string_view old, std::string_view predicate);

}  // namespace volary::live::skipper
