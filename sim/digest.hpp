#pragma once

#include <cstdint>

#include "sim/run.hpp"

namespace volary::sim {

/// FNV-1a over what was decided, on what evidence, and what was counted: equal runs have equal
/// digests, on any machine (INV-50), whether their samples were kept or not.
[[nodiscard]] std::uint64_t digest(const Run& run);

}  // namespace volary::sim
