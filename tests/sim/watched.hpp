#pragma once

#include <optional>
#include <vector>

#include "tests/sim/storm.hpp"

/// A scripted world whose ports remember what the engine did through them, and how things stood at
/// that moment.
namespace volary::test {

/// One write that went through.
struct Deed {
  enum class Kind {
    Status,
    SetRoutes,
    Reconcile,
    ScaleToZero,
    ScaleUp,
    Promote,
    CreatePrimary
  } kind{};
  std::optional<Routes> before{};  ///< what the routing object said
  Routes to{};                     ///< SetRoutes
  bool target_ready = false, primary_answers = false;
};

class WatchedRouter final : public Router {
 public:
  WatchedRouter(Router& inner, Workload& workload, std::vector<Deed>& deeds)
      : inner_{inner}, workload_{workload}, deeds_{deeds} {}
  Result<void> reconcile(const Canary& canary) override {
    const auto before = inner_.routes(canary);
    const auto done = inner_.reconcile(canary);
    const auto after = inner_.routes(canary);
    if (done && (before.has_value() != after.has_value() || (before && *before != *after)))
      deeds_.push_back({.kind = Deed::Kind::Reconcile});
    return done;
  }
  Result<Routes> routes(const Canary& canary) override { return inner_.routes(canary); }
  Result<void> set_routes(const Canary& canary, const Routes& routes) override {
    Deed deed{.kind = Deed::Kind::SetRoutes, .to = routes};
    if (const auto before = inner_.routes(canary)) deed.before = *before;
    const auto primary = workload_.view(Role::Primary);
    const auto target = workload_.view(Role::Target);
    deed.primary_answers = primary && primary->available > 0;
    deed.target_ready = target && target->available > 0;
    const auto done = inner_.set_routes(canary, routes);
    if (done) deeds_.push_back(deed);
    return done;
  }
  Result<void> finalize(const Canary& canary) override { return inner_.finalize(canary); }

 private:
  Router& inner_;
  Workload& workload_;
  std::vector<Deed>& deeds_;
};

class WatchedStore final : public CanaryStore {
 public:
  WatchedStore(CanaryStore& inner, std::vector<Deed>& deeds) : inner_{inner}, deeds_{deeds} {}
  Result<Canary> read() override { return inner_.read(); }
  Result<std::int64_t> write_status(const CanaryStatus& status, std::int64_t version) override {
    const auto done = inner_.write_status(status, version);
    if (done) deeds_.push_back({.kind = Deed::Kind::Status});
    return done;
  }
  Result<void> set_finalizer(bool present) override { return inner_.set_finalizer(present); }

 private:
  CanaryStore& inner_;
  std::vector<Deed>& deeds_;
};

class WatchedWorkload final : public Workload {
 public:
  WatchedWorkload(Workload& inner, Router& router, CanaryStore& store, std::vector<Deed>& deeds)
      : inner_{inner}, router_{router}, store_{store}, deeds_{deeds} {}
  Result<void> check_target() override { return inner_.check_target(); }
  Result<void> reconcile_services() override { return inner_.reconcile_services(); }
  Result<void> create_primary_if_missing() override {
    const bool missing = !inner_.view(Role::Primary);
    return noted(inner_.create_primary_if_missing(), Deed::Kind::CreatePrimary, missing);
  }
  Result<void> create_primary_autoscaler_if_missing() override {
    return inner_.create_primary_autoscaler_if_missing();
  }
  Result<void> update_primary_autoscaler() override { return inner_.update_primary_autoscaler(); }
  Result<void> pause_autoscaler() override { return inner_.pause_autoscaler(); }
  Result<void> resume_autoscaler() override { return inner_.resume_autoscaler(); }
  Result<void> reconcile_apex() override { return inner_.reconcile_apex(); }
  Result<WorkloadView> view(Role role) override { return inner_.view(role); }
  Result<Fingerprint> fingerprint() override { return inner_.fingerprint(); }
  Result<std::optional<TrackedConfigs>> tracked_configs() override {
    return inner_.tracked_configs();
  }
  Result<void> scale_to_zero() override {
    return noted(inner_.scale_to_zero(), Deed::Kind::ScaleToZero);
  }
  Result<void> scale_up() override { return noted(inner_.scale_up(), Deed::Kind::ScaleUp); }
  Result<void> promote() override { return noted(inner_.promote(), Deed::Kind::Promote); }
  Result<void> restore_target() override { return inner_.restore_target(); }
  Result<void> revert_services() override { return inner_.revert_services(); }
  void wait(Duration time) override { inner_.wait(time); }

 private:
  Result<void> noted(Result<void> done, Deed::Kind kind, bool counts = true) {
    if (!done || !counts) return done;
    Deed deed{.kind = kind};
    if (const auto canary = store_.read())
      if (const auto routes = router_.routes(*canary)) deed.before = *routes;
    deeds_.push_back(deed);
    return done;
  }

  Workload& inner_;
  Router& router_;
  CanaryStore& store_;
  std::vector<Deed>& deeds_;
};

/// A storm being lived through.
class Tour {
 public:
  Tour(const Storm& storm, Compat compat) : world{setup_of(storm.shape, compat)} {
    settings_.compat = compat;
    (void)admit(world.ports(), settings_);
  }

  void tick() {
    deeds.clear();
    world.begin_tick();
    const Ports scripted = world.ports();
    WatchedStore store{scripted.store, deeds};
    WatchedRouter router{scripted.router, scripted.workload, deeds};
    WatchedWorkload workload{scripted.workload, scripted.router, scripted.store, deeds};
    volary::tick({scripted.clock, store, router, workload, scripted.metrics, scripted.webhooks,
                  scripted.recorder, scripted.entropy},
                 settings_);
    before = now;
    now = world.observe();
    world.end_tick(std::chrono::seconds{10});
  }
  void restart() { (void)admit(world.ports(), settings_); }

  [[nodiscard]] bool did(Deed::Kind kind) const {
    for (const Deed& deed : deeds)
      if (deed.kind == kind) return true;
    return false;
  }
  [[nodiscard]] bool said(std::string_view event) const {
    for (const std::string& text : now.events)
      if (text == event ||
          (text.starts_with(event) && (text[event.size()] == '(' || text[event.size()] == '|')))
        return true;
    return false;
  }
  [[nodiscard]] bool kubernetes() const { return world.canary().spec.provider == "kubernetes"; }

  sim::World world;
  sim::Observation before, now;
  std::vector<Deed> deeds;  ///< of the last tick

 private:
  EngineSettings settings_;
};

}  // namespace volary::test
