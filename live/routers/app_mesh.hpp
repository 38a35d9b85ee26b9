#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "live/routers/split_object.hpp"

/// What the two generations of App Mesh have in common. Source: spec/routing/appmesh.md.
namespace volary::live {

class AppMeshProvider : public RouteProvider {
 public:
  /// RT-APPMESH-11.
  [[nodiscard]] Result<Routes> routes(const RouteContext& context,
                                      const Snapshot& snapshot) const final;
  /// RT-APPMESH-12: the action of the first route, and nothing else.
  [[nodiscard]] Result<RouteWrites> set_routes(const RouteContext& context,
                                               const Snapshot& snapshot,
                                               const Routes& routes) const final;
  /// RT-APPMESH-14: undoes nothing.
  [[nodiscard]] Result<RouteWrites> finalize(const RouteContext& context,
                                             const Snapshot& snapshot) const final;

 protected:
  /// How one generation spells what both say.
  struct Spelling {
    std::string routed_kind;  ///< of the object that divides the traffic
    std::string http;         ///< member of a route
    std::string node;         ///< member of a target: a name, or an object with one
    bool node_is_object;
  };
  explicit AppMeshProvider(Spelling spelling) : spelling_{std::move(spelling)} {}

  [[nodiscard]] virtual ObjectPath routed(const RouteContext& context) const = 0;
  /// One route's retry policy and, where there is one, its timeout; null members where not.
  [[nodiscard]] virtual nlohmann::json policies(const RouteContext& context) const = 0;

  [[nodiscard]] static ObjectPath path(const RouteContext& context, const char* version,
                                       const char* plural, std::string name);
  /// RT-APPMESH-02.
  [[nodiscard]] static std::string protocol(const RouteContext& context);
  /// RT-APPMESH-08: null without the annotation.
  [[nodiscard]] static nlohmann::json logging(const RouteContext& context);
  /// RT-APPMESH-09: without the label of RT-COMMON-32, as this comes before the apex service.
  [[nodiscard]] static Labels node_labels(const RouteContext& context);
  /// RT-APPMESH-10.
  [[nodiscard]] static Labels gateway_annotations(const RouteContext& context);
  /// RT-APPMESH-04: the parts of `service.retries`; nothing without it.
  struct Retries {
    std::int64_t timeout_ms, most;
    nlohmann::json events;
  };
  [[nodiscard]] static std::optional<Retries> retries(const RouteContext& context);

  /// RT-APPMESH-06, RT-APPMESH-07: the routes of a router; A/B shape only for the apex.
  [[nodiscard]] nlohmann::json route_list(const RouteContext& context, const std::string& router,
                                          bool apex, const Routes& routes) const;
  /// The routed object of the apex, or its twin through which the canary is reached directly
  /// (RT-APPMESH1-06), whose weights never move.
  [[nodiscard]] SplitObject split_object(const RouteContext& context, ObjectPath where, bool apex,
                                         std::function<nlohmann::json(const Routes&)> spec) const;
  /// RT-APPMESH-13: reconciled(), where a repair keeps the action of the first route.
  [[nodiscard]] RouteWrites reconciled_keeping(const RouteContext& context,
                                               const Snapshot& snapshot,
                                               const SplitObject& object) const;
  /// Strict mode refuses an A/B test without any header to match: the first route would take every
  /// request (RT-APPMESH-05).
  [[nodiscard]] static Result<void> refuse_matching_all(const RouteContext& context);

 private:
  [[nodiscard]] nlohmann::json targets(const RouteContext& context, const Routes& routes) const;
  [[nodiscard]] nlohmann::json route(const RouteContext& context, const std::string& name,
                                     nlohmann::json headers, nlohmann::json targets) const;
  [[nodiscard]] std::string node_of(const nlohmann::json& target) const;

  Spelling spelling_;
};

}  // namespace volary::live
