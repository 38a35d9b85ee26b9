#pragma once

#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "engine/ports.hpp"
#include "live/cluster_store.hpp"
#include "live/workloads/primary.hpp"

namespace volary::live {

/// A Deployment or DaemonSet that is released: the target, its primary, the copies of what it
/// refers to, and the autoscalers of both. Made anew for every tick, so that it reads the target
/// once (SM-04) and forgets it.
///
/// Errors of all calls: those of the API server, naming kind and object (EV-ERROR).
class PodWorkload : public Workload {
 public:
  /// `store` holds the Canary as it was read last.
  PodWorkload(KubeApi& api, const ClusterStore& store, const WorkloadSettings& settings,
              std::function<void(Duration)> wait);

  [[nodiscard]] Result<void> check_target() override;
  [[nodiscard]] Result<void> reconcile_services() override;
  [[nodiscard]] Result<void> create_primary_if_missing() override;
  [[nodiscard]] Result<void> create_primary_autoscaler_if_missing() override;
  [[nodiscard]] Result<void> update_primary_autoscaler() override;
  [[nodiscard]] Result<void> pause_autoscaler() override;
  [[nodiscard]] Result<void> resume_autoscaler() override;
  [[nodiscard]] Result<void> reconcile_apex() override;
  [[nodiscard]] Result<WorkloadView> view(Role role) override;
  [[nodiscard]] Result<Fingerprint> fingerprint() override;
  [[nodiscard]] Result<std::optional<TrackedConfigs>> tracked_configs() override;
  [[nodiscard]] Result<void> scale_to_zero() override;
  [[nodiscard]] Result<void> scale_up() override;
  [[nodiscard]] Result<void> promote() override;
  [[nodiscard]] Result<void> restore_target() override;
  [[nodiscard]] Result<void> revert_services() override;
  void wait(Duration time) override { wait_(time); }

 private:
  using Json = nlohmann::json;
  /// The tracked references with the objects that they mean (CHG-20..22).
  struct Config {
    ConfigRef ref;
    Json object;
  };

  enum class Services { Roles, Apex, Revert };
  [[nodiscard]] Result<void> keep(Services which);
  [[nodiscard]] Result<Canary> canary() const;
  [[nodiscard]] ObjectPath path(Role role) const;
  [[nodiscard]] std::string kind() const;
  [[nodiscard]] std::string named(Role role) const;
  [[nodiscard]] Result<Json> get(Role role);
  /// The target as this tick has read it last.
  [[nodiscard]] Result<Json> target();
  [[nodiscard]] Result<std::optional<Json>> primary();
  [[nodiscard]] Result<std::vector<Config>> configs(const Json& target);
  [[nodiscard]] Result<void> copy_configs(const std::vector<Config>& configs, const Canary& canary);
  [[nodiscard]] Result<Json> target_autoscaler(const Canary& canary, bool& known);
  [[nodiscard]] Result<void> set_pause(bool paused);
  [[nodiscard]] Result<void> patch_target(const Json& merge);
  [[nodiscard]] Result<bool> promote_once();

  KubeApi& api_;
  const ClusterStore& store_;
  const WorkloadSettings& settings_;
  std::function<void(Duration)> wait_;
  std::optional<Json> target_;
};

}  // namespace volary::live
