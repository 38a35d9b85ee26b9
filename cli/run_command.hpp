#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/session.hpp"
#include "policies/policy.hpp"
#include "scenarios/quick.hpp"
#include "sim/experiment.hpp"
#include "sim/run.hpp"
#include "sim/scenario.hpp"

namespace volary::cli {

/// `volary run` as it was typed.
struct RunFlags {
  std::vector<std::string> files;  ///< a scenario, told from its kind, and policies
  std::uint64_t seed = 1;
  std::optional<int> seeds;  ///< set: many flights and a table, `seed` being the first
  int jobs = 0;              ///< 0 = as many as there are cores
  std::optional<double> speed;
  bool json = false;
  std::string report;
  std::string compat = "strict";
  std::string wiring = "direct";
  std::string mesh;  ///< empty: as policy and scenario say
  std::string expect;
  std::vector<std::string> bind;  ///< canary=service
  std::string missing_metrics = "error";
  QuickFlags world;  ///< where no scenario is given

  [[nodiscard]] bool describes_world() const {
    return !world.rps.empty() || !world.p50.empty() || !world.p99.empty() ||
           !world.errors.empty() || !world.bad.empty();
  }
};

/// What `run` asks of the layers below; tests answer with runs written by hand.
struct RunPorts {
  std::function<Result<sim::Scenario>(const std::string& file)> load_scenario;
  std::function<Result<std::vector<Policy>>(const std::vector<std::string>& files)> load_policies;
  /// The good and the bad release of a world built from flags.
  std::function<Result<std::vector<sim::Scenario>>(const Policy& policy, const QuickFlags& flags)>
      quick;
  std::function<Result<sim::Run>(const sim::Scenario&, const Policy&, const sim::RunOptions&)>
      simulate;
  /// How the two semantics end.
  std::function<Result<sim::CompatDifference>(const sim::Scenario&, const Policy&,
                                              const sim::RunOptions&)>
      compat;
  /// Each policy over the same seeds.
  std::function<Result<std::vector<sim::Experiment>>(const std::vector<sim::Arm>&,
                                                     const sim::ExperimentOptions&)>
      experiments;
  /// The run as records, one JSON object a line.
  std::function<std::string(const sim::Run&)> records;
};

/// The layers below, as they are.
[[nodiscard]] RunPorts run_ports();

[[nodiscard]] Exit run(const Session& session, const RunFlags& flags, const RunPorts& ports);

}  // namespace volary::cli
