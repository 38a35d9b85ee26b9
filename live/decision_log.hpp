#pragma once

#include <cstdint>
#include <string>

#include "engine/plan.hpp"
#include "engine/tick_record.hpp"

namespace volary::live {

/// What a decision log begins with: which rules are applied to which object.
struct LogHeader {
  ObjectName canary;
  Compat compat{};
  Plan plan;
  std::string world;   ///< "simulated", or the cluster's context
  std::string source;  ///< scenario or server
  std::uint64_t seed = 0;
};

/// One record a line, JSON with sorted keys; docs/decision-log.md says what is in them. Times are
/// seconds.
[[nodiscard]] std::string header_record(const LogHeader& header);
/// A `tick` record, followed by one `event`, `alert`, `check` or `hook` record for everything that
/// it said.
[[nodiscard]] std::string tick_records(const TickRecord& tick);

}  // namespace volary::live
