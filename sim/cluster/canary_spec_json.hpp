#pragma once

#include <nlohmann/json.hpp>

#include "engine/canary.hpp"

namespace volary::sim::cluster {

/// The spec of a Canary as a document has it: everything that the plain struct knows, and nothing
/// that stands at its default.
[[nodiscard]] nlohmann::json json_of_spec(const CanarySpec& spec);

}  // namespace volary::sim::cluster
