#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/units.hpp"

namespace volary::live {

/// "2026-11-24T09:12:00Z": times of the Kubernetes API, UTC, whole seconds (FLT-57).
[[nodiscard]] std::string rfc3339(Instant instant);
/// "2026-11-24T09:12:00.000000Z": the MicroTime of Leases and events.
[[nodiscard]] std::string rfc3339_micro(Instant instant);
/// Both forms, with any offset; nothing for what is no such time.
[[nodiscard]] std::optional<Instant> rfc3339(std::string_view text);

}  // namespace volary::live
