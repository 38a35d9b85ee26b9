#include "cli/run_command.hpp"
#include "scenarios/load.hpp"
#include "scenarios/quick.hpp"
#include "sim/report/records.hpp"

namespace volary::cli {

RunPorts run_ports() {
  return {.load_scenario = load_scenario,
          .load_policies = load_policies,
          .quick = quick_scenarios,
          .simulate = sim::simulate,
          .compat = sim::compat_difference,
          .experiments = sim::experiments,
          .records = sim::report::records};
}

}  // namespace volary::cli
