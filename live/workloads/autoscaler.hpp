#pragma once

#include <optional>

#include <nlohmann/json.hpp>

#include "live/kube_api.hpp"
#include "live/workloads/primary.hpp"

/// The primary's HorizontalPodAutoscaler or KEDA ScaledObject, as pure functions. Source:
/// controller.md §8.6, §8.7, §9.
namespace volary::live {

/// CR-41: which API an `autoscalerRef` means; nothing for kinds that nobody knows.
[[nodiscard]] std::optional<Resource> autoscaler_resource(const std::string& kind);

/// GEN-53, GEN-57..59: the primary's autoscaler as it is created. `canary` is the Canary as the API
/// has it (`autoscalerRef.primaryScaler…`).
[[nodiscard]] nlohmann::json new_primary_autoscaler(const nlohmann::json& target,
                                                    const Canary& canary,
                                                    const nlohmann::json& canary_object,
                                                    const WorkloadSettings& settings);
/// GEN-55, GEN-59b: the update that a promotion makes; nothing when there is none to make. Strict
/// mode compares what it would write (cures Q-26) and never hands a pause on.
[[nodiscard]] std::optional<nlohmann::json> updated_primary_autoscaler(
    const nlohmann::json& primary, const nlohmann::json& target, const Canary& canary,
    const nlohmann::json& canary_object, const WorkloadSettings& settings);

/// SCL-01: what pauses a ScaledObject.
inline constexpr const char* keda_pause_annotation = "autoscaling.keda.sh/paused-replicas";
[[nodiscard]] bool is_scaled_object(const nlohmann::json& autoscaler);
/// SCL-10: the least replicas that an autoscaler asks for.
[[nodiscard]] std::optional<int> least_replicas(const nlohmann::json& autoscaler);

}  // namespace volary::live
