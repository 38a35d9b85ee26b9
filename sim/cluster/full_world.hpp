#pragma once

#include <memory>
#include <string>
#include <vector>

#include "live/cluster_store.hpp"
#include "live/routers/kube_router.hpp"
#include "live/workloads/primary.hpp"
#include "policies/policy.hpp"
#include "sim/adapters/adapters.hpp"
#include "sim/cluster/api_server.hpp"
#include "sim/cluster/data_plane.hpp"
#include "sim/cluster/workload_controller.hpp"
#include "sim/wired_world.hpp"

namespace volary::sim::cluster {

/// Wiring "full": the adapters of a live run over a simulated cluster. What the engine does becomes
/// requests to an API server in memory; workload controllers and proxies see the objects and act
/// on the traffic world.
class FullWorld final : public WiredWorld {
 public:
  struct Parts {
    TrafficWorld& world;
    const Policy& policy;
    std::string service;   ///< of the scenario, that is released
    std::string provider;  ///< of the mesh or ingress
    Compat compat = Compat::Strict;
    std::uint64_t seed = 1;
    Wait wait;
  };
  /// Errors: Invalid for what is not simulated in this way (targets that are Services), and for a
  /// Canary whose object cannot be made.
  [[nodiscard]] static Result<std::unique_ptr<FullWorld>> make(Parts parts);

  [[nodiscard]] CanaryStore& store() override { return store_; }
  [[nodiscard]] Router& router() override { return router_; }
  [[nodiscard]] Workload& workload() override { return *workload_; }
  void begin_tick() override;
  void release(std::size_t n) override;
  [[nodiscard]] CanaryStatus status() const override;
  [[nodiscard]] std::optional<Routes> written() const override { return data_plane_.written(); }
  [[nodiscard]] std::vector<std::string> notes() const override { return notes_; }

  [[nodiscard]] ApiServer& api() { return api_; }

 private:
  FullWorld(Parts parts, Canary canary);
  [[nodiscard]] Result<void> set_up(const Policy& policy);
  [[nodiscard]] live::KubeRouter::Wiring wiring(const std::string& provider, Compat compat);
  [[nodiscard]] Result<live::RoutedCanary> describe();
  void note(const std::string& text);

  TrafficWorld& world_;
  Canary canary_;
  std::string service_;
  live::WorkloadSettings settings_;
  Wait wait_;
  ApiServer api_;
  WorkloadController controller_;
  DataPlane data_plane_;
  live::ClusterStore store_;
  live::KubeRouter router_;
  std::unique_ptr<Workload> workload_;
  std::vector<std::string> notes_;
};

}  // namespace volary::sim::cluster
