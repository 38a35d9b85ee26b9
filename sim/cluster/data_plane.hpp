#pragma once

#include <functional>
#include <optional>
#include <string>

#include "sim/cluster/api_server.hpp"
#include "sim/cluster/proxy_rules.hpp"
#include "sim/traffic_world.hpp"

namespace volary::sim::cluster {

/// The proxies of one service: they see its routing object and its apex Service change, and divide
/// the traffic by what is written there, once the change has reached them (the mesh's propagation
/// delay).
class DataPlane {
 public:
  /// `selects` tells which pods a selector of a Service means; nothing where it means none.
  DataPlane(ApiServer& api, TrafficWorld& world, std::string service, RoutedNames names,
            const std::string& provider,
            std::function<std::optional<Role>(const nlohmann::json& selector)> selects);

  /// What the routing object says; nothing while there is none.
  [[nodiscard]] std::optional<Routes> written() const { return written_; }

 private:
  void noticed(const Change& change);
  void tell();

  ApiServer& api_;
  TrafficWorld& world_;
  std::string service_;
  RoutedNames names_;
  std::optional<RouteReader> reader_;
  live::ObjectPath apex_;
  std::function<std::optional<Role>(const nlohmann::json&)> selects_;
  CookieNumbers cookies_;
  std::optional<Routes> written_;
};

}  // namespace volary::sim::cluster
