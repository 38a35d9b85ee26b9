#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/canary.hpp"
#include "engine/event.hpp"
#include "engine/plan.hpp"
#include "engine/ports.hpp"
#include "engine/result.hpp"
#include "engine/tick_record.hpp"
#include "policies/policy.hpp"
#include "sim/scenario.hpp"

/// Scenario × Policy × Seed → Run: one simulated release, as immutable data that terminal, report
/// and window read.
namespace volary::sim {

using volary::HookRecord;
using volary::TickRecord;

/// What happened between two points of the axis, per version of the released service.
struct VersionSample {
  std::uint32_t requests = 0;  ///< answered or failed
  std::uint32_t failures = 0;
  std::optional<double> p50_ms, p95_ms, p99_ms;  ///< nothing when nobody asked
  int ready_pods = 0;
  int queued = 0;
};
struct Sample {
  Instant at{};  ///< end of the interval
  Duration length{};
  VersionSample primary, canary, mirrored;
  std::uint32_t user_requests = 0,
                user_failures = 0;  ///< as users felt it, after retries, all traffic
  std::optional<double> user_p50_ms, user_p95_ms, user_p99_ms;
};

enum class Outcome { Promoted, RolledBack, Unfinished, NoRelease };
[[nodiscard]] std::string_view to_string(Outcome outcome);

/// How the run is scored against the truth that the scenario knows.
struct Score {
  Outcome outcome = Outcome::NoRelease;
  bool bad_release = false;
  [[nodiscard]] bool right() const {
    return outcome == (bad_release ? Outcome::RolledBack : Outcome::Promoted);
  }
  std::optional<Duration> decided_after;  ///< from the release to its promotion or rollback
  /// Answered by the new version, copies left out, until the end of the run: as a canary, and, once
  /// promoted, as the primary.
  std::uint64_t exposed_requests = 0;
  /// Failures of the new version beyond what the old one's share of errors would have given, at
  /// least 0.
  std::uint64_t harmed_requests = 0;
  std::uint64_t failed_requests = 0;  ///< failures that users saw from the release on
  std::uint64_t user_requests = 0;    ///< from the release to the end of the run
  std::uint64_t harmed_users = 0;     ///< users that met them; never more than harmed requests
  std::uint64_t users = 0;
  int max_canary_weight = 0;  ///< percent
};

/// Requests generated = answered + failed + in flight, per service and in total (INV-56).
struct Conservation {
  std::string service;  ///< "" = at the users' edge
  std::uint64_t arrived = 0, answered = 0, failed = 0, in_flight = 0;
  [[nodiscard]] bool holds() const { return arrived == answered + failed + in_flight; }
};

/// What is between the engine and the simulated pods: nothing, or the adapters of a live run and
/// a simulated cluster. Decisions are the same; the full wiring flies the code that runs in
/// production, and costs more.
enum class Wiring { Direct, Full };
/// "direct", "full".
[[nodiscard]] std::string_view to_string(Wiring wiring);
[[nodiscard]] std::optional<Wiring> wiring_named(std::string_view name);

struct Run {
  std::string scenario;
  std::string policy;
  std::uint64_t seed = 0;
  Compat compat = Compat::Strict;
  Wiring wiring = Wiring::Direct;
  ObjectName canary;
  std::string service;  ///< that is released
  Plan plan;
  Instant release_at{};
  Instant ended{};
  std::vector<TickRecord> ticks;
  std::vector<Sample> samples;
  std::vector<std::string>
      notes;  ///< bindings and assumptions: "Canary podinfo is bound to service checkout"
  Score score;
  std::vector<Conservation> conservation;
  std::uint64_t requests = 0;  ///< simulated, all services
  std::uint64_t kernel_events = 0;
  std::uint64_t digest = 0;  ///< equal runs have equal digests (digest.hpp)
};

struct RunOptions {
  std::uint64_t seed = 1;
  Compat compat = Compat::Strict;
  Wiring wiring = Wiring::Direct;
  /// `canary=service` (--bind); what is not named is found as design.md says.
  std::map<std::string, std::string> bind;
  /// A query on a metric that the world does not export gives no data instead of an error
  /// (--missing-metrics no-data).
  bool missing_metrics_are_no_data = false;
  /// Series for charts and reports; off for Monte Carlo.
  bool keep_samples = true;
  /// Called after each tick; false ends the run there.
  std::function<bool(const TickRecord&)> on_tick;
};

/// Flies one release.
///
/// Errors: Invalid when the policy cannot be bound to the scenario (no released service, a query on
/// a metric that is not exported, an analysis the schema refuses), with a hint.
[[nodiscard]] Result<Run> simulate(const Scenario& scenario, const Policy& policy,
                                   const RunOptions& options);

/// Where two semantics part (`--compat`): the outcome of the other one, and the quirks that made
/// the difference.
struct CompatDifference {
  Outcome strict{}, flagger{};
  std::vector<std::string> quirks;  ///< "Q-06", in the order they were met
};

/// Flies the same inputs under both semantics.
/// Errors: those of simulate().
[[nodiscard]] Result<CompatDifference> compat_difference(const Scenario& scenario,
                                                         const Policy& policy,
                                                         const RunOptions& options);

}  // namespace volary::sim
