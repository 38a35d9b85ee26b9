#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace volary::live {

/// RFC 4648 §4, with padding.
[[nodiscard]] std::string to_base64(std::string_view bytes);
/// White space is skipped, as in a kubeconfig that was folded by hand. Nothing if it is not base64.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace volary::live
