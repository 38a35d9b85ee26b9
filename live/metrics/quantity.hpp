#pragma once

#include <optional>
#include <string_view>

namespace volary::live {

/// A Kubernetes quantity as a number: "1500m" is 1.5, "2Ki" is 2048, "1e3" is 1000. Nothing for
/// what is none. Source: PRV-102.
[[nodiscard]] std::optional<double> quantity(std::string_view text);

}  // namespace volary::live
