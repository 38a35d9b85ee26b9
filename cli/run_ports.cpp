#include "cli/run_command.hpp"
#include "scenarios/load.hpp"
#include "scenarios/quick.hpp"

namespace volary::cli {

RunPorts run_ports() {
  return {.load_scenario = load_scenario,
          .load_policies = load_policies,
          .quick = quick_scenarios,
          .simulate = sim::simulate,
          .compat = {},
          .records = {}};
}

}  // namespace volary::cli
