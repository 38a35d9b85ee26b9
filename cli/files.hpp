#pragma once

#include <string>
#include <string_view>

#include "engine/result.hpp"

namespace volary::cli {

/// Puts `text` into `path` whole or not at all: it is written beside it, flushed and renamed
/// (INV-54). "-" and devices are written straight. Errors: Output, with the system's own words.
[[nodiscard]] Result<void> write_whole(const std::string& path, std::string_view text);

}  // namespace volary::cli
