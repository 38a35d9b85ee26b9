#include "sim/run.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>

#include "engine/contract.hpp"
#include "engine/tick.hpp"
#include "sim/adapters/adapters.hpp"
#include "sim/adapters/direct_world.hpp"
#include "sim/binding.hpp"
#include "sim/cluster/full_world.hpp"
#include "sim/digest.hpp"
#include "sim/fiber.hpp"
#include "sim/load_test.hpp"
#include "sim/sampler.hpp"
#include "sim/telemetry/exporter.hpp"

namespace volary::sim {
namespace {

using namespace std::chrono_literals;

bool decided(Phase phase) { return phase == Phase::Succeeded || phase == Phase::Failed; }

/// One release in flight: the world, the controller on its fiber, the scraper.
class Flight {
 public:
  Flight(const Scenario& scenario, const Policy& policy, const RunOptions& options, Binding binding)
      : scenario_{scenario},
        policy_{policy},
        options_{options},
        binding_{std::move(binding)},
        settings_{.compat = options.compat, .mesh_provider = scenario.mesh.provider},
        plan_{plan(policy.canary, settings_)},
        world_{scenario, options.seed},
        exporter_{world_, binding_.family, names()},
        gaps_{options.seed, "telemetry/gaps"},
        wait_{[this](Duration time) { wait(time); }},
        clock_{world_},
        entropy_{options.seed},
        metrics_{world_, series_, policy_, options.compat, wait_},
        webhooks_{world_, wait_,
                  [this](HookRecord record) { recorder_.tick.hooks.push_back(std::move(record)); },
                  [this](const Webhook& hook) { load_tester_.accept(hook); }},
        load_tester_{world_, binding_.service, names().service + "-canary"},
        sampler_{world_, binding_.service},
        controller_{[this] { control(); }} {
    for (const QueryFamily family : binding_.also) {
      ExportNames other = names();
      other.reporter = "source";  // the receiver's own report is the mesh's
      also_.emplace_back(world_, family, std::move(other));
    }
  }

  /// Errors: those of the wiring.
  [[nodiscard]] Result<void> wire() {
    if (options_.wiring == Wiring::Direct) {
      wired_ = std::make_unique<DirectWorld>(world_, binding_.service, policy_.canary,
                                             plan_.provider, wait_);
      return {};
    }
    auto full = cluster::FullWorld::make({.world = world_,
                                          .policy = policy_,
                                          .service = binding_.service,
                                          .provider = plan_.provider,
                                          .compat = options_.compat,
                                          .seed = options_.seed,
                                          .wait = wait_});
    if (!full) {
      over_ = true;
      return tl::unexpected(full.error());
    }
    wired_ = *std::move(full);
    return {};
  }

  /// Precondition: wire().
  Run fly() {
    plan_releases();
    if (scenario_.telemetry.scrape_interval > 0s) plan_scrape();
    world_.call_at(Instant{}, [this] { controller_.resume(); });
    const Instant end{scenario_.duration};
    world_.run_until(end);
    // Whoever still waits is let go at once, so that the tick at hand ends in order.
    over_ = true;
    while (!controller_.ended()) controller_.resume();
    return score();
  }

 private:
  [[nodiscard]] Ports ports() {
    return {clock_,   wired_->store(), wired_->router(), wired_->workload(),
            metrics_, webhooks_,       recorder_,        entropy_};
  }

  [[nodiscard]] ExportNames names() const {
    const Canary& canary = policy_.canary;
    const TemplateValues values = template_values(canary, {}, "1m");
    return {.ns = canary.name.ns,
            .target = values.target,
            .service = values.service,
            .ingress = values.ingress,
            .route = values.route,
            .released = binding_.service,
            .daemon_set = canary.spec.target_ref.kind == "DaemonSet"};
  }

  void wait(Duration time) {
    if (time <= Duration::zero() || over_) return;
    world_.call_at(world_.now() + time, [this] { controller_.resume(); });
    controller_.suspend();
  }

  void plan_releases() {
    for (std::size_t i = 0; i < scenario_.releases.size(); ++i) {
      const Release& release = scenario_.releases[i];
      const bool ours = release.service == binding_.service;
      if (ours) last_release_ = i;
      world_.call_at(Instant{release.at}, [this, i, ours] {
        const Release& due = scenario_.releases[i];
        if (!ours) {
          world_.set_version(world_.workload(due.service, Role::Target),
                             world_.version_of_release(i));
          return;
        }
        wired_->release(i);
        if (i == *last_release_) {
          released_ = true;
          released_at_ = world_.now();
          edge_before_ = edge_total();
        }
      });
    }
  }

  void plan_scrape() {
    world_.call_at(world_.now() + scenario_.telemetry.scrape_interval, [this] {
      const bool lost =
          gaps_.unit() < scenario_.telemetry.gap_probability ||
          active_fault(scenario_, Fault::Kind::ScrapeGap, "", world_.now()) != nullptr;
      if (!lost) {
        scrape(exporter_);
        for (Exporter& other : also_) scrape(other);
      }
      if (options_.keep_samples) samples_.push_back(sampler_.sample(wired_->written().has_value()));
      plan_scrape();
    });
  }

  void scrape(Exporter& exporter) {
    auto scrape = exporter.scrape();
    if (scenario_.telemetry.delay <= Duration::zero()) {
      exporter.write(scrape, series_);
    } else {
      world_.call_at(
          world_.now() + scenario_.telemetry.delay,
          [this, &exporter, scrape = std::move(scrape)] { exporter.write(scrape, series_); });
    }
  }

  /// SCH-02..04: the first tick at once, then at a fixed rate; of the ticks missed during a long
  /// one, one is made up.
  void control() {
    const auto admitted = admit(ports(), settings_);
    if (!admitted) {
      refused_ = admitted.error();
      world_.stop();
      return;
    }
    const Instant began = world_.now();
    std::int64_t due = 0;
    while (!over_) {
      one_tick();
      const std::int64_t passed = (world_.now() - began) / plan_.interval;
      due = std::max(due + 1, passed);
      wait(began + due * plan_.interval - world_.now());
    }
  }

  void one_tick() {
    recorder_.tick = {};
    TickRecord& tick = recorder_.tick;
    tick.number = static_cast<int>(ticks_.size());
    tick.began = world_.now();
    const bool released_before = released_;
    wired_->begin_tick();
    volary::tick(ports(), settings_);
    if (over_) return;  // cut short by the end of the scenario: not a tick that anybody saw
    tick.ended = world_.now();
    tick.status = wired_->status();
    tick.routes = wired_->written();
    const WorkloadId target = world_.workload(binding_.service, Role::Target);
    const WorkloadId primary = world_.workload(binding_.service, Role::Primary);
    tick.target_replicas = world_.replicas(target);
    tick.target_version = world_.version_name(binding_.service, world_.version(target));
    if (primary != no_workload) {
      tick.primary_replicas = world_.replicas(primary);
      tick.primary_version = world_.version_name(binding_.service, world_.version(primary));
    }
    watch_decision(tick, released_before);
    ticks_.push_back(tick);
    if (options_.on_tick && !options_.on_tick(ticks_.back())) world_.stop();
  }

  /// A release is decided when its analysis has begun and ended; a short tail shows what came of
  /// it.
  void watch_decision(const TickRecord& tick, bool released_before) {
    const Phase phase = tick.status.phase;
    if (released_before && !decided(phase) && phase != Phase::Initialized) started_ = true;
    const bool failed_at_once = released_before && phase == Phase::Failed && !tick.events.empty();
    if (decided_at_ || !(started_ || failed_at_once) || !decided(phase)) return;
    decided_at_ = tick.ended;
    promoted_ = phase == Phase::Succeeded;
    const Duration tail = std::max<Duration>(3min, 2 * plan_.interval);
    world_.call_at(std::min(Instant{scenario_.duration}, tick.ended + tail),
                   [this] { world_.stop(); });
  }

  [[nodiscard]] VersionCounters edge_total() const {
    VersionCounters total;
    for (std::size_t i = 0; i < scenario_.traffic.size(); ++i) {
      total.requests += world_.edge(i).requests;
      total.failures += world_.edge(i).failures;
    }
    return total;
  }

  Run score() {
    Run run;
    run.scenario = scenario_.name;
    run.policy = policy_.label;
    run.seed = options_.seed;
    run.compat = options_.compat;
    run.wiring = options_.wiring;
    run.canary = policy_.canary.name;
    run.service = binding_.service;
    run.plan = plan_;
    run.ended = world_.now();
    run.notes = binding_.notes;
    for (std::string& note : wired_->notes()) run.notes.push_back(std::move(note));
    run.conservation = world_.conservation();
    for (const Conservation& books : run.conservation)
      expects(books.holds(), "requests generated = answered + failed + in flight (INV-56)");
    run.requests = world_.hops();
    run.kernel_events = world_.kernel_events();

    Score& score = run.score;
    score.users = world_.users();
    if (last_release_) {
      const Release& release = scenario_.releases[*last_release_];
      run.release_at = Instant{release.at};
      const int version = world_.version_of_release(*last_release_);
      const VersionCounters fresh = world_.version_counters(binding_.service, version);
      const VersionCounters old = world_.version_counters(binding_.service, 0);
      score.bad_release = release.bad;
      score.outcome = !decided_at_ ? Outcome::Unfinished
                      : promoted_  ? Outcome::Promoted
                                   : Outcome::RolledBack;
      if (decided_at_) score.decided_after = *decided_at_ - released_at_;
      score.exposed_requests = fresh.requests;
      const double usual =
          old.requests == 0 ? 0
                            : static_cast<double>(old.failures) / static_cast<double>(old.requests);
      const double beyond =
          static_cast<double>(fresh.failures) - usual * static_cast<double>(fresh.requests);
      score.harmed_requests = beyond > 0 ? static_cast<std::uint64_t>(std::llround(beyond)) : 0;
      // Of the users that met a failure, the part that the old version would have spared.
      score.harmed_users =
          fresh.failures == 0 || beyond <= 0
              ? 0
              : static_cast<std::uint64_t>(std::llround(
                    static_cast<double>(world_.harmed_users(binding_.service, version)) * beyond /
                    static_cast<double>(fresh.failures)));
      const VersionCounters end = edge_total();
      if (released_) {
        score.user_requests = end.requests - edge_before_.requests;
        score.failed_requests = end.failures - edge_before_.failures;
      }
      for (const TickRecord& tick : ticks_)
        if (tick.routes)
          score.max_canary_weight =
              std::max(score.max_canary_weight, tick.routes->canary.percent());
    }
    run.ticks = std::move(ticks_);
    run.samples = std::move(samples_);
    run.digest = digest(run);
    return run;
  }

 public:
  std::optional<Error> refused_;

 private:
  const Scenario& scenario_;
  const Policy& policy_;
  const RunOptions& options_;
  Binding binding_;
  EngineSettings settings_;
  Plan plan_;
  TrafficWorld world_;
  promql::SeriesStore series_;
  Exporter exporter_;
  std::deque<Exporter> also_;  ///< Binding::also
  Stream gaps_;
  Wait wait_;
  VirtualClock clock_;
  StreamEntropy entropy_;
  std::unique_ptr<WiredWorld> wired_;
  SimMetrics metrics_;
  RunRecorder recorder_;
  SimWebhooks webhooks_;
  LoadTester load_tester_;
  Sampler sampler_;
  std::vector<TickRecord> ticks_;
  std::vector<Sample> samples_;
  std::optional<std::size_t> last_release_;
  bool released_ = false, started_ = false, promoted_ = false, over_ = false;
  Instant released_at_{};
  std::optional<Instant> decided_at_;
  VersionCounters edge_before_;
  Fiber controller_;
};

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::Promoted: return "promoted";
    case Outcome::RolledBack: return "rolled back";
    case Outcome::Unfinished: return "unfinished";
    case Outcome::NoRelease: return "no release";
  }
  return "";
}

std::string_view to_string(Wiring wiring) { return wiring == Wiring::Full ? "full" : "direct"; }

std::optional<Wiring> wiring_named(std::string_view name) {
  for (const Wiring wiring : {Wiring::Direct, Wiring::Full})
    if (name == to_string(wiring)) return wiring;
  return std::nullopt;
}

Result<Run> simulate(const Scenario& scenario, const Policy& policy, const RunOptions& options) {
  auto binding = bind(scenario, policy, options);
  if (!binding) return tl::unexpected(binding.error());
  Flight flight{scenario, policy, options, *std::move(binding)};
  if (auto wired = flight.wire(); !wired) return tl::unexpected(wired.error());
  Run run = flight.fly();
  if (flight.refused_) return tl::unexpected(*flight.refused_);
  return run;
}

}  // namespace volary::sim
