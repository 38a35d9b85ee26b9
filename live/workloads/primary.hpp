#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/canary.hpp"
#include "engine/ports.hpp"
#include "live/workloads/config_refs.hpp"

/// The primary workload of a Deployment or DaemonSet, as pure functions over JSON values. Source:
/// controller.md §8.2–8.4.
namespace volary::live {

/// Flags of the process that concern generated workloads (FLAG-11..13).
struct WorkloadSettings {
  std::vector<std::string> selector_labels{"app", "name", "app.kubernetes.io/name"};
  std::vector<std::string> include_label_prefixes;
  bool config_tracking = true;
  Compat compat = Compat::Strict;
};

/// GEN-10: what selects the target's pods.
struct Selector {
  std::string key, value;
};
/// Errors: Invalid when no known label is among the selector's (names the workload and the list).
[[nodiscard]] Result<Selector> selector_of(const nlohmann::json& target,
                                           const WorkloadSettings& settings);

/// GEN-05.
[[nodiscard]] Labels included(const Labels& labels, const std::vector<std::string>& prefixes);
[[nodiscard]] Labels without_toolkit_keys(Labels labels);

/// CHG-01: the part of the target that makes a revision.
[[nodiscard]] nlohmann::json revision_content(const nlohmann::json& target);

/// What a primary is made of beside its target.
struct PrimaryParts {
  const Canary& canary;
  const WorkloadSettings& settings;
  Selector selector;
  std::vector<ConfigRef> configs;  ///< those that are tracked and exist
  std::string pod_id;              ///< `flagger-id` of the pod template (GEN-28)
};

/// GEN-20..35: the primary as it is created.
[[nodiscard]] nlohmann::json new_primary(const nlohmann::json& target, const PrimaryParts& parts);
/// GEN-40..45: an existing primary with the target's content.
[[nodiscard]] nlohmann::json promoted_primary(const nlohmann::json& primary,
                                              const nlohmann::json& target,
                                              const PrimaryParts& parts);
/// Does the primary run what a promotion of the target would give it, but for its `flagger-id`?
[[nodiscard]] bool runs_the_same(const nlohmann::json& primary, const nlohmann::json& target,
                                 const PrimaryParts& parts);

/// CR-34: the key of the node selector that no node carries.
inline constexpr const char* scale_to_zero_key = "flagger.app/scale-to-zero";
[[nodiscard]] bool is_daemon_set(const nlohmann::json& workload);

/// What a controller can read of a Deployment's or DaemonSet's status (state-machine.md §5).
[[nodiscard]] WorkloadView view_of(const nlohmann::json& workload);

}  // namespace volary::live
