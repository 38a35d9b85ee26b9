#pragma once

#include <string>
#include <vector>

#include "engine/result.hpp"
#include "policies/policy.hpp"
#include "sim/scenario.hpp"

/// A world for whoever has only a manifest: what the manifests say, a few flags, and sensible
/// figures for the rest.
namespace volary {

/// As typed; empty = not said.
struct QuickFlags {
  std::string rps;     ///< "200", "200/s", "3000/m"; unset 100/s
  std::string p50;     ///< of request durations; unset a sixth of p99
  std::string p99;     ///< unset 300ms
  std::string errors;  ///< "0.1%", which is what unset means
  /// "errors=+2%,latency=x1.5", "warmup.for=90s"; keys as of a release's `changes`; unset
  /// errors=+2%.
  std::vector<std::string> bad;
};

/// The same world twice: with a good release, then with a bad one. Names, replicas, autoscaler,
/// rollout, deadline and provider are those of the manifests; the concurrency of a pod is chosen so
/// that half of it is busy.
///
/// Errors: Invalid; `where` is the flag that is wrong.
[[nodiscard]] Result<std::vector<sim::Scenario>> quick_scenarios(const Policy& policy,
                                                                 const QuickFlags& flags);

/// What `volary init` writes: that world with its bad release, as a document to edit.
[[nodiscard]] Result<std::string> first_scenario(const Policy& policy, const QuickFlags& flags);

}  // namespace volary
