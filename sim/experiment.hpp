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
  std::string scenario, policy, service;
  Compat compat = Compat::Strict;
  bool bad_release = false;
  bool complete = true;               ///< false: cancelled, what was done is kept
  std::vector<std::string> notes;     ///< bindings and assumptions, as of a run
  std::vector<SeedOutcome> outcomes;  ///< in the order of the seeds
  Proportion promoted, rolled_back, unfinished, no_release;
  std::optional<Proportion> right;              ///< where a release took place
  std::optional<Proportion> false_rollback;     ///< of a good release
  std::optional<Proportion> missed_regression;  ///< of a bad one
  Spread harmed_requests, harmed_users;
  Spread duration;  ///< seconds from release to decision, of the decided

  [[nodiscard]] std::vector<double> harms() const;      ///< harmed requests, one a seed
  [[nodiscard]] std::vector<double> durations() const;  ///< seconds, one a decided seed
};

/// What is flown over the same seeds: one policy in one world.
struct Arm {
  const Scenario* scenario = nullptr;
  const Policy* policy = nullptr;
};

struct ExperimentOptions {
  RunOptions run;  ///< `seed` is the first; samples are not kept
  int seeds = 100;
  int jobs = 0;  ///< threads; 0 = one a core. Changes nothing in the result
  /// Called after each run, by one thread at a time; false cancels. Units: runs of all arms.
  std::function<bool(int done, int of)> on_progress;
  /// Asked between the ticks of a run, by any thread: true cancels.
  std::function<bool()> stop;
};

/// Errors: those of simulate().
[[nodiscard]] Result<Experiment> experiment(const Scenario& scenario, const Policy& policy,
                                            const ExperimentOptions& options);
/// One experiment an arm, in their order. Every arm meets the same seeds (common random numbers),
/// and a seed is flown through all arms before the next one, so that a cancelled experiment still
/// compares like with like.
[[nodiscard]] Result<std::vector<Experiment>> experiments(const std::vector<Arm>& arms,
                                                          const ExperimentOptions& options);

/// Two policies over the same traffic, seed by seed.
struct Paired {
  Proportion differ;  ///< of the seeds that both have flown
  std::uint64_t only_first_right = 0, only_second_right = 0;
};
[[nodiscard]] Paired paired(const Experiment& first, const Experiment& second);

/// A seed worth looking at.
struct Example {
  enum class Why { Wrong, Unfinished, MostHarm } why{};
  SeedOutcome outcome;
};
/// The first seed that ended wrong; else the first that did not end; else the one that did most
/// harm. Nothing where no release took place or none did harm.
[[nodiscard]] std::optional<Example> example(const Experiment& experiment);

}  // namespace volary::sim
