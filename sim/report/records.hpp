#pragma once

#include <string>

#include "sim/run.hpp"

namespace volary::sim::report {

/// The run as a decision log, one JSON record a line: the header, each tick with what it said, then
/// what only a simulated world can know: `sample` records and the `verdict` (docs/decision-log.md).
[[nodiscard]] std::string records(const Run& run);

}  // namespace volary::sim::report
