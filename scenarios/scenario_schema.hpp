#pragma once

#include <utility>
#include <vector>

#include "policies/schema.hpp"
#include "sim/scenario.hpp"

namespace volary {

/// The table of a Scenario's `spec`: reads it, checks it, and can print its reference.
[[nodiscard]] const Schema<sim::Scenario>& scenario_spec_schema();
/// The table of a release's `changes`, which the command line's `--bad` shares.
[[nodiscard]] const Schema<sim::Changes>& changes_schema();
/// `lognormal`, `exponential`, `constant`, or a bare duration.
[[nodiscard]] Format<sim::Latency> latency_format();
/// The names of fault kinds and what they are.
[[nodiscard]] const std::vector<std::pair<std::string, sim::Fault::Kind>>& fault_kinds();
/// What no single value can tell: names that must exist, shares that must fit, calls that must end.
void check_scenario(const sim::Scenario& scenario, const Node& spec, Reader& reader);

}  // namespace volary
