#pragma once

#include <cstdint>

#include "sim/run.hpp"

namespace volary::sim {

/// FNV-1a over everything that a run says: equal runs have equal digests, on any machine (INV-50).
[[nodiscard]] std::uint64_t digest(const Run& run);

}  // namespace volary::sim
