#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/ports.hpp"
#include "live/cluster_store.hpp"
#include "live/workloads/primary.hpp"

namespace volary::live {

/// What nothing needs to be done about where the target has no pods of its own.
class PodlessWorkload : public Workload {
 public:
  PodlessWorkload(KubeApi& api, const ClusterStore& store, const WorkloadSettings& settings,
                  std::function<void(Duration)> wait);

  [[nodiscard]] Result<void> create_primary_autoscaler_if_missing() override { return {}; }
  [[nodiscard]] Result<void> update_primary_autoscaler() override { return {}; }
  [[nodiscard]] Result<void> pause_autoscaler() override { return {}; }
  [[nodiscard]] Result<void> resume_autoscaler() override { return {}; }
  [[nodiscard]] Result<void> reconcile_apex() override { return {}; }
  [[nodiscard]] Result<std::optional<TrackedConfigs>> tracked_configs() override {
    return std::optional<TrackedConfigs>{};  // CR-35
  }
  [[nodiscard]] Result<void> scale_to_zero() override { return {}; }
  [[nodiscard]] Result<void> scale_up() override { return {}; }
  [[nodiscard]] Result<void> restore_target() override { return {}; }
  [[nodiscard]] Result<void> revert_services() override { return {}; }
  void wait(Duration time) override { wait_(time); }

 protected:
  [[nodiscard]] ObjectPath path(const Resource& resource, const std::string& suffix = {}) const;
  [[nodiscard]] Result<nlohmann::json> get(const ObjectPath& path, const char* kind);

  KubeApi& api_;
  const ClusterStore& store_;
  const WorkloadSettings& settings_;
  std::function<void(Duration)> wait_;
};

/// A core Service as target (CR-35, GEN-60..63, RT-K8S-40, RT-K8S-41): `<target>-canary` follows
/// it,
/// `<target>-primary` is a copy of what was promoted.
class CoreServiceWorkload : public PodlessWorkload {
 public:
  using PodlessWorkload::PodlessWorkload;
  [[nodiscard]] Result<void> check_target() override;
  [[nodiscard]] Result<void> reconcile_services() override;
  [[nodiscard]] Result<void> create_primary_if_missing() override;
  [[nodiscard]] Result<WorkloadView> view(Role role) override;
  [[nodiscard]] Result<Fingerprint> fingerprint() override;
  [[nodiscard]] Result<void> promote() override;
};

/// A Knative Service as target (CR-36, GEN-65..67, RT-KNATIVE-05..09): primary and canary are two
/// of its revisions.
class KnativeWorkload : public PodlessWorkload {
 public:
  using PodlessWorkload::PodlessWorkload;
  [[nodiscard]] Result<void> check_target() override;
  [[nodiscard]] Result<void> reconcile_services() override { return {}; }
  [[nodiscard]] Result<void> create_primary_if_missing() override;
  [[nodiscard]] Result<WorkloadView> view(Role role) override;
  [[nodiscard]] Result<Fingerprint> fingerprint() override;
  [[nodiscard]] Result<void> promote() override;

 private:
  [[nodiscard]] Result<nlohmann::json> service();
};

inline constexpr const char* knative_primary_annotation = "flagger.app/primary-revision";

class ServiceKeeper;

/// The workload adapter for a Canary's target (CR-33..36).
[[nodiscard]] std::unique_ptr<Workload> make_workload(const Canary& canary, KubeApi& api,
                                                      const ClusterStore& store,
                                                      ServiceKeeper& services,
                                                      const WorkloadSettings& settings,
                                                      std::function<void(Duration)> wait);

}  // namespace volary::live
