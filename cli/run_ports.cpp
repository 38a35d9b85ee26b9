#include "cli/run_command.hpp"
#include "scenarios/load.hpp"

namespace volary::cli {

RunPorts run_ports() {
  return {
      .load_scenario = [](const std::string& file) { return load_scenario(file); },
      .load_policies = [](const std::vector<std::string>& files) { return load_policies(files); },
      .quick = [](const RunFlags&, const Policy&) -> Result<std::vector<sim::Scenario>> { return fail(ErrorKind::Invalid, "quick"); },
      .simulate = sim::simulate,
      .compat = [](const sim::Scenario&, const Policy&, const sim::RunOptions&) -> Result<sim::CompatDifference> { return sim::CompatDifference{}; },
      .records = [](const sim::Run&) { return std::string{}; },
  };
}

}  // namespace volary::cli
