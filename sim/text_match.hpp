#pragma once

#include <string>

#include "engine/canary.hpp"

namespace volary::sim {

/// Does a text meet a match? Patterns are RE2 and anchored, as the proxies have them; one that
/// cannot be compiled is met by nothing.
[[nodiscard]] bool text_matches(const StringMatch& match, const std::string& text);

}  // namespace volary::sim
