#pragma once

#include <string_view>

#include "policies/document.hpp"

namespace volary {

/// RFC 7386: null removes, maps merge, everything else replaces.
void merge_patch(Node& base, const Node& patch);
/// Sets the value at a path such as `spec.analysis.threshold` or
/// `spec.analysis.metrics[0].threshold`. Errors: Invalid when the path leads through something that
/// is neither there nor a map.
[[nodiscard]] Result<void> set_path(Node& base, std::string_view path, const Node& value);

}  // namespace volary
