#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "sim/cluster/api_server.hpp"
#include "sim/traffic_world.hpp"

namespace volary::sim::cluster {

/// The Deployment or DaemonSet controller and the autoscaler, between objects and pods: what a
/// spec says becomes pods of the traffic world, and what became of them is written to the status.
///
/// A pod template is known by the image of its first container, which names a version of the
/// scenario; a change of anything else in it rolls nothing. Statuses are written at the latest when
/// somebody asks the API server, so that nobody reads an old one; the controller's own delay (100
/// ms from a spec to `observedGeneration`) is the traffic world's.
class WorkloadController {
 public:
  /// `target`: where the team's workload is; its primary is beside it.
  WorkloadController(ApiServer& api, TrafficWorld& world, std::string service,
                     live::ObjectPath target);

  /// The image of a version; equal names are equal images.
  [[nodiscard]] static std::string image_of(const std::string& service, const std::string& version);
  /// From now on this version is meant by its image: releases may bring a name back.
  void means(const std::string& image, int version) { versions_[image] = version; }
  /// Writes what became of the pods, and what the autoscaler wants.
  void write_back();
  /// Whose pods a Service with this selector selects.
  [[nodiscard]] std::optional<Role> selected(const nlohmann::json& selector) const;

 private:
  /// One workload object and its pods.
  struct Bound {
    live::ObjectPath path;
    Role role{};
    std::int64_t applied = 0, observed = 0;  ///< generations of the object
  };
  void noticed(const Change& change);
  void apply(Bound& bound, const nlohmann::json& object);
  void write_back(Bound& bound);
  [[nodiscard]] int wished_replicas(const nlohmann::json& object) const;

  ApiServer& api_;
  TrafficWorld& world_;
  std::string service_;
  bool daemon_set_;
  int nodes_;  ///< that a DaemonSet runs on
  Bound target_, primary_;
  std::map<std::string, int> versions_;
};

}  // namespace volary::sim::cluster
