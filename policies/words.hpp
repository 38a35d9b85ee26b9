#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What somebody may have meant.
namespace volary {

/// The known name nearest to what was written, if it is near enough to be meant; "" otherwise.
[[nodiscard]] std::string nearest(std::string_view written, const std::vector<std::string>& known);
/// The known name nearest to what was written, however far; "" when none is known.
[[nodiscard]] std::string closest(std::string_view written, const std::vector<std::string>& known);

}  // namespace volary
