#pragma once

#include <string>

#include "sim/adapters/adapters.hpp"
#include "sim/wired_world.hpp"

namespace volary::sim {

/// Wiring "direct": the traffic world answers by itself. Nothing is between the engine and the
/// pods, so that many runs cost little.
class DirectWorld final : public WiredWorld {
 public:
  DirectWorld(TrafficWorld& world, std::string service, const Canary& canary, std::string provider,
              Wait wait);
  [[nodiscard]] CanaryStore& store() override { return store_; }
  [[nodiscard]] Router& router() override { return router_; }
  [[nodiscard]] Workload& workload() override { return workload_; }
  void release(std::size_t n) override;
  [[nodiscard]] CanaryStatus status() const override { return store_.canary().status; }
  [[nodiscard]] std::optional<Routes> written() const override { return router_.written(); }

 private:
  TrafficWorld& world_;
  std::string service_;
  SimStore store_;
  SimRouter router_;
  SimWorkload workload_;
};

}  // namespace volary::sim
