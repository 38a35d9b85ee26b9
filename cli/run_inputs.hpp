#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/run_command.hpp"

/// What `run` reads before it flies, and what it holds the flights to.
namespace volary::cli {

/// The worlds and the policies that the command line names.
struct Inputs {
  std::vector<sim::Scenario> worlds;
  std::vector<Policy> policies;
  bool from_flags = false;  ///< a good and a bad release, made of --rps and its like
};

/// Errors: those of the readers; Invalid for what does not go together.
[[nodiscard]] Result<Inputs> read_inputs(const Session& session, const RunFlags& flags,
                                         const RunPorts& ports);
[[nodiscard]] Result<sim::RunOptions> options_of(const RunFlags& flags);

/// Is this end as --expect says? Of a world from flags, which is flown with a good and with a bad
/// release, "promoted" speaks of the good one and "rolled-back" of the bad one.
[[nodiscard]] bool met(const RunFlags& flags, const Inputs& inputs, const sim::Scenario& world,
                       sim::Outcome outcome);

/// INV-56: no request is lost or counted twice.
[[nodiscard]] std::optional<Error> lost_requests(const Session& session, const sim::Run& run);

/// `volary run --seeds`: many flights and the table over them.
[[nodiscard]] Exit run_seeds(const Session& session, const RunFlags& flags, const RunPorts& ports,
                             const Inputs& inputs, const sim::RunOptions& options);

}  // namespace volary::cli
