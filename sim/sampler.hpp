#pragma once

#include <string>
#include <vector>

#include "sim/run.hpp"
#include "sim/traffic_world.hpp"

namespace volary::sim {

/// What happened between two looks at the world, for charts and reports.
class Sampler {
 public:
  Sampler(const TrafficWorld& world, std::string service);
  /// `taken_over`: the routes send to the primary. Until that has reached the proxies the target
  /// serves, too, and is shown as the primary it is about to be.
  [[nodiscard]] Sample sample(bool taken_over);

 private:
  [[nodiscard]] VersionSample version(Role role, VersionSample* mirrored);
  const TrafficWorld& world_;
  std::string service_;
  Instant last_{};
  bool taken_over_ = false;
  std::array<WorkloadCounters, 2> before_{};
  std::vector<EdgeCounters> edges_before_;
};

}  // namespace volary::sim
