#pragma once

#include "engine/ports.hpp"
#include "sim/scripted/state.hpp"

/// The engine's ports over the scripted world's state.
namespace volary::sim {

class ScriptedClock final : public Clock {
 public:
  explicit ScriptedClock(WorldState& state) : state_{state} {}
  [[nodiscard]] Instant now() const override { return state_.now; }

 private:
  WorldState& state_;
};

/// Letters that never repeat, so that a cookie's value tells when it was drawn.
class ScriptedEntropy final : public Entropy {
 public:
  explicit ScriptedEntropy(WorldState& state) : state_{state} {}
  [[nodiscard]] std::string letters(int count) override;

 private:
  WorldState& state_;
};

class ScriptedStore final : public CanaryStore {
 public:
  explicit ScriptedStore(WorldState& state) : state_{state} {}
  [[nodiscard]] Result<Canary> read() override;
  [[nodiscard]] Result<std::int64_t> write_status(const CanaryStatus& status,
                                                  std::int64_t version) override;
  [[nodiscard]] Result<void> set_finalizer(bool present) override;

 private:
  WorldState& state_;
};

class ScriptedRouter final : public Router {
 public:
  explicit ScriptedRouter(WorldState& state) : state_{state} {}
  [[nodiscard]] Result<void> reconcile(const Canary& canary) override;
  [[nodiscard]] Result<Routes> routes(const Canary& canary) override;
  [[nodiscard]] Result<void> set_routes(const Canary& canary, const Routes& routes) override;
  [[nodiscard]] Result<void> finalize(const Canary& canary) override;

 private:
  WorldState& state_;
};

class ScriptedWorkloads : public Workload {
 public:
  explicit ScriptedWorkloads(WorldState& state) : state_{state} {}
  [[nodiscard]] Result<void> check_target() override;
  [[nodiscard]] Result<void> reconcile_services() override { return {}; }
  [[nodiscard]] Result<void> create_primary_if_missing() override;
  [[nodiscard]] Result<void> create_primary_autoscaler_if_missing() override;
  [[nodiscard]] Result<void> update_primary_autoscaler() override;
  [[nodiscard]] Result<void> pause_autoscaler() override {
    return {};
  }  // SCL-01: nothing for an HPA
  [[nodiscard]] Result<void> resume_autoscaler() override { return {}; }  // SCL-02
  [[nodiscard]] Result<void> reconcile_apex() override { return {}; }
  [[nodiscard]] Result<WorkloadView> view(Role role) override;
  [[nodiscard]] Result<Fingerprint> fingerprint() override;
  [[nodiscard]] Result<std::optional<TrackedConfigs>> tracked_configs() override;
  [[nodiscard]] Result<void> scale_to_zero() override;
  [[nodiscard]] Result<void> scale_up() override;
  [[nodiscard]] Result<void> promote() override;
  [[nodiscard]] Result<void> restore_target() override;
  [[nodiscard]] Result<void> revert_services() override {
    return {};
  }  // FIN-20: nothing existed before
  void wait(Duration time) override { state_.now += time; }

 private:
  [[nodiscard]] Result<void> copy_configs();
  WorldState& state_;
};

class ScriptedMetrics final : public MetricSource {
 public:
  explicit ScriptedMetrics(WorldState& state) : state_{state} {}
  [[nodiscard]] Result<Measurement> query(const MetricQuery& query) override;
  [[nodiscard]] Result<void> online(const MetricQuery& server) override;
  [[nodiscard]] Result<MetricTemplate> find_template(const ObjectName& name) override;

 private:
  WorldState& state_;
};

class ScriptedWebhooks final : public Webhooks {
 public:
  explicit ScriptedWebhooks(WorldState& state) : state_{state} {}
  [[nodiscard]] Result<void> call(const HookCall& call) override;

 private:
  WorldState& state_;
};

class ScriptedRecorder final : public Recorder {
 public:
  explicit ScriptedRecorder(WorldState& state) : state_{state} {}
  void event(const Event& event) override;
  void alert(const Alert& alert) override;
  void evidence(const CheckEvidence& evidence) override;
  void weights(const Routes&) override {}
  void ended(bool, std::string_view) override {}

 private:
  WorldState& state_;
};

struct WorldState::PortSet {
  explicit PortSet(WorldState& state)
      : clock{state},
        store{state},
        router{state},
        workload{state},
        metrics{state},
        webhooks{state},
        recorder{state},
        entropy{state} {}
  [[nodiscard]] Ports ports() {
    return {clock, store, router, workload, metrics, webhooks, recorder, entropy};
  }

  ScriptedClock clock;
  ScriptedStore store;
  ScriptedRouter router;
  ScriptedWorkloads workload;
  ScriptedMetrics metrics;
  ScriptedWebhooks webhooks;
  ScriptedRecorder recorder;
  ScriptedEntropy entropy;
};

}  // namespace volary::sim
