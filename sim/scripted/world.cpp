#include "sim/scripted/world.hpp"

#include <algorithm>

#include "engine/contract.hpp"
#include "sim/scripted/ports.hpp"
#include "sim/scripted/state.hpp"

namespace volary::sim {
namespace {

using namespace std::chrono_literals;

/// Late enough that "three hours ago" is still within the run.
constexpr Instant first_instant{24h};

WorkloadView::Kind kind_of(const ObjectRef& target) {
  if (target.kind == "DaemonSet") return WorkloadView::Kind::DaemonSet;
  if (target.kind == "Service") return WorkloadView::Kind::Other;
  return WorkloadView::Kind::Deployment;  // CR-31
}

}  // namespace

WorldState::WorldState(WorldSetup setup)
    : canary{std::move(setup.canary)},
      templates{std::move(setup.templates)},
      kind{kind_of(canary.spec.target_ref)},
      compat{setup.compat},
      first_replicas{setup.replicas},
      configs{setup.configs},
      autoscaler_min{setup.autoscaler_min},
      family{route_family(canary.spec.provider.empty() ? "istio" : canary.spec.provider)},
      route{family},
      now{first_instant} {
  target = ScriptedWorkload{.revision = setup.revision, .replicas = setup.replicas};
  if (configs) config = secret = "1";
  canary.status = {};
  canary.version = 1;
  canary.generation = 1;
  canary.uid = "00000000-0000-4000-8000-000000000001";
  canary.deleting = canary.finalizer = false;
  if (canary.name.ns.empty()) canary.name.ns = "default";
  port_set = std::make_unique<PortSet>(*this);
}

WorldState::~WorldState() = default;

Result<void> WorldState::may_write(WriteClass writes) const {
  if (!refused.contains(writes)) return {};
  return fail(ErrorKind::Unavailable,
              "the API server refused a write ({}) of this tick, as the script says",
              to_string(writes));
}

int WorldState::pods_of(const ScriptedWorkload& workload) const {
  if (kind == WorkloadView::Kind::DaemonSet) return workload.scaled_to_zero ? 0 : 3;
  return workload.replicas;
}

void WorldState::show_pods(Role role, PodState shown) {
  auto& workload_now = workload(role);
  if (!workload_now) return;
  workload_now->seen = true;
  workload_now->shown = shown;
  workload_now->pods = pods_of(*workload_now);
}

void WorldState::show_pods() {
  show_pods(Role::Target, states[Role::Target]);
  show_pods(Role::Primary, states[Role::Primary]);
  if (kind != WorkloadView::Kind::DaemonSet) return;
  // A DaemonSet knows no deadline of its own: the Canary's runs from the last status write, or from
  // the start of the phase (RDY-22, Q-36).
  for (const auto& [role, state] : states) {
    if (state.kind != PodState::Kind::Deadline && state.kind != PodState::Kind::UnavailableExpired)
      continue;
    canary.status.last_transition_time = now - longer_than_any_deadline;
    if (canary.status.condition)
      canary.status.condition->last_update = now - longer_than_any_deadline;
  }
}

World::World(WorldSetup setup) : state_{std::make_unique<WorldState>(std::move(setup))} {}
World::~World() = default;

void World::release(const std::string& revision, std::optional<int> replicas) {
  auto& target = state_->target;
  if (!target) target = ScriptedWorkload{.replicas = state_->first_replicas};
  target->revision = revision;
  if (replicas) target->replicas = *replicas;
}

void World::set_replicas(Role role, int replicas) {
  if (auto& workload = state_->workload(role)) workload->replicas = replicas;
}

void World::set_config(const std::string& content) { state_->config = content; }
void World::set_secret(const std::string& content) { state_->secret = content; }
void World::delete_config() { state_->config.reset(); }
void World::set_state(Role role, PodState state) { state_->states[role] = state; }

void World::answer_hook(const std::string& name, const std::string& answer) {
  state_->hooks[name] = answer == "ok" ? "200" : answer;
}

void World::answer_check(const std::string& name, const std::string& answer) {
  state_->checks[name] = answer;
}

void World::answer_all_checks(const std::string& answer) {
  state_->checks.clear();
  state_->all_checks = answer;
}

void World::answer_server(const std::string& answer) { state_->server = answer; }

void World::edit_spec(CanarySpec spec) {
  state_->canary.spec = std::move(spec);
  ++state_->canary.version;
  ++state_->canary.generation;
  const RouteFamily family =
      route_family(state_->canary.spec.provider.empty() ? "istio" : state_->canary.spec.provider);
  if (family == state_->family) return;
  state_->family = family;  // SM-157: the old provider's objects are left behind
  state_->route = RouteObject{family};
}

void World::edit_routes(int primary, int canary) { state_->route.edit(primary, canary); }
void World::drift_routes() { state_->route.drift(); }
void World::delete_routes() { state_->route.remove(); }
void World::delete_workload(Role role) { state_->workload(role).reset(); }

void World::age(Duration by) {
  state_->canary.status.last_transition_time = state_->now - by;
  ++state_->canary.version;
}

void World::refuse(WriteClass writes) { state_->refused.insert(writes); }

void World::request_deletion() {
  if (state_->canary.finalizer) {
    state_->canary.deleting = true;
    ++state_->canary.version;
  } else {
    state_->gone = true;
  }
}

bool World::gone() const { return state_->gone; }
const Canary& World::canary() const { return state_->canary; }

void World::begin_tick() {
  state_->events.clear();
  state_->alerts.clear();
  state_->calls.clear();
  state_->queries.clear();
  state_->evidence.clear();
  state_->show_pods();
}

void World::end_tick(Duration until_next) {
  state_->refused.clear();
  state_->restored_at_once = false;
  constexpr Instant latest{24h *
                           36500};  // a century of the run: far from where a clock would overflow
  if (state_->now < latest) state_->now += std::min<Duration>(until_next, 8760h);
}

void World::ready_when_restored() { state_->restored_at_once = true; }

Ports World::ports() { return state_->port_set->ports(); }

Observation World::observe() {
  WorldState& state = *state_;
  Observation seen;
  const auto replicas = [&](const std::optional<ScriptedWorkload>& workload) -> std::optional<int> {
    if (!workload) return std::nullopt;
    if (state.kind == WorkloadView::Kind::DaemonSet) return workload->scaled_to_zero ? 0 : 1;
    return workload->replicas;
  };
  seen.target_replicas = replicas(state.target);
  seen.primary_replicas = replicas(state.primary);
  if (state.target) seen.target_revision = state.target->revision;
  if (state.primary) seen.primary_revision = state.primary->revision;
  if (state.primary_config || state.primary_secret)
    seen.primary_config =
        state.primary_config.value_or("") + "," + state.primary_secret.value_or("");
  seen.events = state.events;
  seen.alerts = state.alerts;
  seen.calls = state.calls;
  seen.queries = state.queries;
  seen.evidence = state.evidence;
  seen.gone = state.gone;
  if (state.gone) return seen;

  const CanaryStatus& status = state.canary.status;
  seen.phase = to_string(status.phase);
  seen.canary_weight = status.canary_weight;
  seen.iterations = status.iterations;
  seen.failed_checks = status.failed_checks;
  seen.applied = status.last_applied_spec;
  seen.promoted = status.last_promoted_spec;
  if (status.condition) seen.condition = status.condition->status + "/" + status.condition->reason;
  if (state.family != RouteFamily::Kubernetes)
    if (const auto routes = state.route.read(state.canary)) seen.routes = *routes;
  const std::array<const std::string*, 3> cookies{&status.session_affinity_cookie,
                                                  &status.previous_session_affinity_cookie,
                                                  &status.primary_session_affinity_cookie};
  for (std::size_t i = 0; i < cookies.size(); ++i) {
    const std::string& cookie = *cookies[i];
    if (cookie.empty()) continue;
    const auto equals = cookie.find('=');
    expects(equals != std::string::npos, "a cookie is name=value (RT-COMMON-52)");
    const auto [named, added] =
        state.cookie_names.try_emplace(cookie, "v" + std::to_string(state.cookie_names.size() + 1));
    seen.cookies[i] = cookie.substr(0, equals + 1) + named->second;
  }
  return seen;
}

}  // namespace volary::sim
