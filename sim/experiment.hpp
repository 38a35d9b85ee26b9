#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/run.hpp"

/// Many runs of one scenario under one policy: what usually happens, and how surely that is known.
namespace volary::sim {

/// A share that was counted, with its 95 % interval (Wilson 1927): a simulated probability never
/// stands without it.
struct Proportion {
  std::uint64_t count = 0, of = 0;
  double share = 0, low = 0, high = 1;
};
[[nodiscard]] Proportion proportion(std::uint64_t count, std::uint64_t of);

struct Spread {
  double median = 0, p95 = 0;
};
/// Linear between order statistics (Hyndman and Fan 1996, type 7); zeros for nothing.
[[nodiscard]] Spread spread(std::vector<double> values);

/// One run's part in the table.
struct SeedOutcome {
  std::uint64_t seed = 0;
  Outcome outcome{};
  std::uint64_t harmed_requests = 0, harmed_users = 0, failed_requests = 0;
  std::optional<Duration> decided_after;
  std::uint64_t digest = 0;
  bool conserved = true;
};

struct Experiment {
  std::string scenario, policy;
  bool bad_release = false;
  bool complete = true;               ///< false: cancelled, what was done is kept
  std::vector<SeedOutcome> outcomes;  ///< in the order of the seeds
  Proportion promoted, rolled_back, unfinished, right;
  std::optional<Proportion> false_rollback;     ///< of a good release
  std::optional<Proportion> missed_regression;  ///< of a bad one
  Spread harmed_requests, harmed_users;
  Spread duration;  ///< seconds from release to decision, of the decided
};

struct ExperimentOptions {
  RunOptions run;  ///< `seed` is the first; samples are not kept
  int seeds = 100;
  int jobs = 0;  ///< threads; 0 = one a core. Changes nothing in the result
  /// Called after each run, by one thread at a time; false cancels.
  std::function<bool(int done, int of)> on_progress;
};

/// Errors: those of simulate().
[[nodiscard]] Result<Experiment> experiment(const Scenario& scenario, const Policy& policy,
                                            const ExperimentOptions& options);

}  // namespace volary::sim
