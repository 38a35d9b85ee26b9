#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace volary::live {

/// RFC 4648 §4, as Secrets carry their values.
[[nodiscard]] std::string base64_encoded(std::string_view bytes);
/// Nothing for what is no base64.
[[nodiscard]] std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace volary::live
