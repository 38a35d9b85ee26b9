#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/tick_record.hpp"
#include "live/alerts.hpp"
#include "live/cluster_store.hpp"
#include "live/http.hpp"
#include "live/operator/event_sink.hpp"
#include "live/operator/gauges.hpp"
#include "live/operator/log.hpp"
#include "live/routers/provider.hpp"
#include "live/workloads/primary.hpp"

namespace volary::live {

/// Flags of the process that a single release leans on.
struct ReleaseSettings {
  EngineSettings engine;
  RoutingSettings routing;
  WorkloadSettings workload;
  std::string event_webhook;  ///< FLAG-19
  /// Is the state of both workloads read again after each pass, for a decision log?
  bool full_records = false;
};

/// Marks a Canary that Volary drives although it is suspended, so that Flagger leaves it alone
/// (`--take-over`).
inline constexpr const char* driver_annotation = "volary.dev/driven-by";
[[nodiscard]] bool taken_over(const nlohmann::json& canary);

/// What all releases of one process share. Everything here is thread-safe and outlives them.
struct ReleaseWorld {
  const Clock& clock;
  KubeApi& api;
  KubeApi& routes;  ///< where meshes and ingresses live; usually the same (FLAG-05)
  Http& http;
  Postbox& postbox;
  AlertSender& alerts;
  EventSink& events;
  Gauges& gauges;
  Log& log;
  Entropy& entropy;
  /// A MetricSource for one pass over a Canary.
  std::function<std::unique_ptr<MetricSource>(const Canary&)> metrics;
  /// Lets time pass inside a pass; returns at once when the process ends.
  std::function<void(Duration)> wait;
  /// Given: hooks are not called, only told of (live/operator/watching.hpp).
  std::function<void(const std::string& would)> instead_of_hooks{};
};

/// One Canary in a cluster: binds the engine's ports for a pass, and makes the record of it.
/// Between two passes it keeps nothing but their number; one at a time.
class Release {
 public:
  Release(const ReleaseWorld& world, const ReleaseSettings& settings, ObjectName name);

  /// SCH-01. Errors: as volary::admit().
  [[nodiscard]] Result<void> admit();
  /// SM-01 … SM-28. Errors: the Canary itself could not be read, and nothing was done.
  [[nodiscard]] Result<TickRecord> tick();
  /// FIN-10. Errors: as volary::revert().
  [[nodiscard]] Result<void> revert();

  /// The Canary as it was read last; null before that.
  [[nodiscard]] const nlohmann::json& object() const { return object_; }

 private:
  struct Pass;
  template <class Do>
  auto with_ports(Do what) -> decltype(what(std::declval<Pass&>()));

  const ReleaseWorld& world_;
  const ReleaseSettings& settings_;
  ObjectName name_;
  nlohmann::json object_;
  int number_ = 0;
};

}  // namespace volary::live
