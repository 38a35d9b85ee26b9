#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace volary::live {

/// SHA-256 (FIPS 180-4) as 64 lower-case hexadecimal digits.
[[nodiscard]] std::string sha256(std::string_view text);

/// ST-21: the checksum of the `data` of a ConfigMap or Secret as the API has it; null for none.
[[nodiscard]] std::string config_checksum(const nlohmann::json& data);

/// What a part of an object amounts to: equal for equal content in any order of fields, with absent
/// and empty parts taken as one (CHG-01, INV-24). "volary-" and 24 hexadecimal digits, so that it
/// can be told from a value of another controller (ST-20, Q-20).
[[nodiscard]] std::string content_fingerprint(const nlohmann::json& content);
[[nodiscard]] bool is_own_fingerprint(std::string_view text);

/// A version 4 UUID in form, made from a text: equal for equal texts.
[[nodiscard]] std::string uuid_of(std::string_view text);

}  // namespace volary::live
