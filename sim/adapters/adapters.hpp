#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>

#include "engine/ports.hpp"
#include "policies/policy.hpp"
#include "policies/promql/series_store.hpp"
#include "sim/run.hpp"
#include "sim/traffic_world.hpp"

/// The engine's ports, answered straight by the simulated world (wiring "direct").
namespace volary::sim {

/// Lets simulated time pass for whoever is inside a port call.
using Wait = std::function<void(Duration)>;

/// Which of the scenario's faults of a kind is on for a target; nullptr when none is.
[[nodiscard]] const Fault* active_fault(const Scenario& scenario, Fault::Kind kind,
                                        std::string_view target, Instant now);

class VirtualClock : public Clock {
 public:
  explicit VirtualClock(const TrafficWorld& world) : world_{world} {}
  [[nodiscard]] Instant now() const override { return world_.now(); }

 private:
  const TrafficWorld& world_;
};

class StreamEntropy : public Entropy {
 public:
  explicit StreamEntropy(std::uint64_t seed) : stream_{seed, "entropy"} {}
  [[nodiscard]] std::string letters(int count) override;

 private:
  Stream stream_;
};

class SimStore : public CanaryStore {
 public:
  explicit SimStore(Canary canary) : canary_{std::move(canary)} {}
  [[nodiscard]] Result<Canary> read() override { return canary_; }
  [[nodiscard]] Result<std::int64_t> write_status(const CanaryStatus& status,
                                                  std::int64_t version) override;
  [[nodiscard]] Result<void> set_finalizer(bool present) override;
  [[nodiscard]] const Canary& canary() const { return canary_; }

 private:
  Canary canary_;
};

class SimRouter : public Router {
 public:
  SimRouter(TrafficWorld& world, std::string service, std::string provider);
  [[nodiscard]] Result<void> reconcile(const Canary& canary) override;
  [[nodiscard]] Result<Routes> routes(const Canary& canary) override;
  [[nodiscard]] Result<void> set_routes(const Canary& canary, const Routes& routes) override;
  [[nodiscard]] Result<void> finalize(const Canary& canary) override;
  /// What the routing object says; nothing before there is one.
  [[nodiscard]] std::optional<Routes> written() const { return written_; }

 private:
  TrafficWorld& world_;
  std::string service_, provider_;
  std::optional<Routes> written_;
  std::map<std::string, std::uint32_t> cookies_;
};

class SimWorkload : public Workload {
 public:
  SimWorkload(TrafficWorld& world, std::string service, const Canary& canary, Wait wait);
  [[nodiscard]] Result<void> check_target() override { return {}; }
  [[nodiscard]] Result<void> reconcile_services() override { return {}; }
  [[nodiscard]] Result<void> create_primary_if_missing() override;
  [[nodiscard]] Result<void> create_primary_autoscaler_if_missing() override { return {}; }
  [[nodiscard]] Result<void> update_primary_autoscaler() override { return {}; }
  [[nodiscard]] Result<void> pause_autoscaler() override { return {}; }
  [[nodiscard]] Result<void> resume_autoscaler() override { return {}; }
  [[nodiscard]] Result<void> reconcile_apex() override;
  [[nodiscard]] Result<WorkloadView> view(Role role) override;
  [[nodiscard]] Result<Fingerprint> fingerprint() override;
  [[nodiscard]] Result<std::optional<TrackedConfigs>> tracked_configs() override;
  [[nodiscard]] Result<void> scale_to_zero() override;
  [[nodiscard]] Result<void> scale_up() override;
  [[nodiscard]] Result<void> promote() override;
  [[nodiscard]] Result<void> restore_target() override;
  [[nodiscard]] Result<void> revert_services() override { return {}; }
  void wait(Duration time) override { wait_(time); }

 private:
  TrafficWorld& world_;
  std::string service_;
  bool daemon_set_, autoscaled_, routed_;
  bool apex_on_primary_ = false;
  Wait wait_;
};

class SimWebhooks : public Webhooks {
 public:
  /// `passed` is told of each hook whose receiver accepted it.
  SimWebhooks(const TrafficWorld& world, Wait wait, std::function<void(HookRecord)> record,
              std::function<void(const Webhook&)> passed);
  [[nodiscard]] Result<void> call(const HookCall& call) override;

 private:
  [[nodiscard]] Result<void> answer(const HookCall& call);
  const TrafficWorld& world_;
  Wait wait_;
  std::function<void(HookRecord)> record_;
  std::function<void(const Webhook&)> passed_;
};

/// Puts what the engine says into the tick at hand.
class RunRecorder : public Recorder {
 public:
  void event(const Event& event) override { tick.events.push_back(event); }
  void alert(const Alert& alert) override { tick.alerts.push_back(alert); }
  void evidence(const CheckEvidence& evidence) override { tick.checks.push_back(evidence); }
  void weights(const Routes&) override {}
  void ended(bool, std::string_view) override {}
  TickRecord tick;
};

/// Queries answered from scraped series by evaluating their very text.
class SimMetrics : public MetricSource {
 public:
  SimMetrics(const TrafficWorld& world, const promql::SeriesStore& store, const Policy& policy,
             Compat compat, Wait wait);
  [[nodiscard]] Result<Measurement> query(const MetricQuery& query) override;
  [[nodiscard]] Result<void> online(const MetricQuery& server) override;
  [[nodiscard]] Result<MetricTemplate> find_template(const ObjectName& name) override;

 private:
  [[nodiscard]] Result<void> reach_server();
  [[nodiscard]] const promql::Expression* parsed(const std::string& text);
  const TrafficWorld& world_;
  const promql::SeriesStore& store_;
  const Policy& policy_;
  Compat compat_;
  Wait wait_;
  std::map<std::string, promql::Expression> parsed_;
};

}  // namespace volary::sim
