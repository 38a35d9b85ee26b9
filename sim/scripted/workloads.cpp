#include <algorithm>

#include "sim/scripted/ports.hpp"

/// Target and primary of the scripted world. Source: controller.md §8–9.
namespace volary::sim {
namespace {

template <class Missing>
auto not_found(Missing what) {
  return fail(ErrorKind::NotFound, "{} not found", what);
}

}  // namespace

Result<void> ScriptedWorkloads::check_target() {
  if (!state_.target) return not_found(state_.canary.spec.target_ref.name);
  return {};
}

Result<void> ScriptedWorkloads::copy_configs() {
  if (!state_.configs) return {};
  if (!state_.config) return not_found("the tracked configmap");
  if (!state_.secret) return not_found("the tracked secret");
  state_.primary_config = state_.config;  // GEN-50
  state_.primary_secret = state_.secret;
  return {};
}

Result<void> ScriptedWorkloads::create_primary_if_missing() {
  if (state_.primary) return {};
  if (!state_.target) return not_found(state_.canary.spec.target_ref.name);
  if (auto copied = copy_configs(); !copied) return copied;
  if (auto allowed = state_.may_write(WriteClass::Primary); !allowed) return allowed;
  const ScriptedWorkload& target = *state_.target;
  state_.primary = ScriptedWorkload{
      .revision = target.revision,
      .replicas = target.replicas > 0 ? target.replicas : 1,                        // GEN-24
      .scaled_to_zero = target.scaled_to_zero && state_.compat == Compat::Flagger,
  };
  return {};
}

Result<void> ScriptedWorkloads::create_primary_autoscaler_if_missing() {
  if (state_.canary.spec.autoscaler_ref && !state_.autoscaler_min)  // GEN-56
    return not_found(state_.canary.spec.autoscaler_ref->name);
  return {};
}

Result<void> ScriptedWorkloads::update_primary_autoscaler() {
  return create_primary_autoscaler_if_missing();
}

Result<WorkloadView> ScriptedWorkloads::view(Role role) {
  const auto& workload = state_.workload(role);
  const std::string name =
      state_.canary.spec.target_ref.name + (role == Role::Primary ? "-primary" : "");
  if (!workload) return not_found(name);

  WorkloadView view;
  view.kind = state_.kind;
  view.name = name;
  view.generation = 2;
  view.observed_generation = 0;
  if (state_.kind == WorkloadView::Kind::Deployment) view.spec_replicas = workload->replicas;
  if (!workload->seen) return view;

  const int pods = workload->pods;
  view.observed_generation = 2;
  view.replicas = view.updated = view.available = view.desired = pods;
  view.has_progressing = view.has_available = state_.kind == WorkloadView::Kind::Deployment;
  view.progressing_reason = "NewReplicaSetAvailable";
  view.available_status = "True";
  view.available_reason = "MinimumReplicasAvailable";
  view.available_updated = state_.now;
  const auto unavailable_since = [&](Instant since) {
    view.available_status = "False";
    view.available_reason = "MinimumReplicasUnavailable";
    view.available_updated = since;
  };
  switch (workload->shown.kind) {
    case PodState::Kind::Ready: break;
    case PodState::Kind::Unobserved: view.observed_generation = 1; break;
    case PodState::Kind::Rolling: view.updated = std::max(0, pods - 1); break;
    case PodState::Kind::OldPods: view.replicas = pods + 1; break;
    case PodState::Kind::Available: view.available = workload->shown.available; break;
    case PodState::Kind::Unavailable:
      view.available = 0;
      unavailable_since(state_.now);
      break;
    case PodState::Kind::UnavailableExpired:
      view.available = 0;
      unavailable_since(state_.now - longer_than_any_deadline);
      break;
    case PodState::Kind::ReadyExpired:
      unavailable_since(state_.now - longer_than_any_deadline);
      break;
    case PodState::Kind::Deadline:
      view.available = 0;
      view.progressing_reason = "ProgressDeadlineExceeded";
      unavailable_since(state_.now);
      break;
  }
  return view;
}

Result<Fingerprint> ScriptedWorkloads::fingerprint() {
  if (!state_.target) return not_found(state_.canary.spec.target_ref.name);
  return state_.target->revision;
}

Result<std::optional<TrackedConfigs>> ScriptedWorkloads::tracked_configs() {
  if (state_.kind == WorkloadView::Kind::Other) return std::optional<TrackedConfigs>{};  // GEN-63
  if (!state_.target) return not_found(state_.canary.spec.target_ref.name);
  TrackedConfigs tracked;
  if (state_.configs) {
    if (!state_.config) return not_found("the tracked configmap");  // CHG-05
    if (!state_.secret) return not_found("the tracked secret");
    tracked["configmap/" + state_.canary.spec.target_ref.name + "-config"] = *state_.config;
    tracked["secret/" + state_.canary.spec.target_ref.name + "-secret"] = *state_.secret;
  }
  return std::optional<TrackedConfigs>{std::move(tracked)};
}

Result<void> ScriptedWorkloads::scale_to_zero() {
  if (state_.kind == WorkloadView::Kind::Other) return {};
  if (!state_.target) return not_found(state_.canary.spec.target_ref.name);
  if (auto allowed = state_.may_write(WriteClass::Target); !allowed) return allowed;
  if (state_.kind == WorkloadView::Kind::DaemonSet)
    state_.target->scaled_to_zero = true;
  else
    state_.target->replicas = 0;
  return {};
}

Result<void> ScriptedWorkloads::scale_up() {
  if (state_.kind == WorkloadView::Kind::Other) return {};
  if (!state_.target) return not_found(state_.canary.spec.target_ref.name);
  std::optional<int> replicas;
  if (state_.kind == WorkloadView::Kind::Deployment) {
    const auto primary = state_.primary ? std::optional{state_.primary->replicas} : std::nullopt;
    const auto wanted =
        replicas_to_start(state_.target->replicas, state_.canary.spec.autoscaler_ref.has_value(),
                          state_.autoscaler_min, primary);
    if (!wanted) return tl::unexpected(wanted.error());
    replicas = *wanted;
  }
  if (auto allowed = state_.may_write(WriteClass::Target); !allowed) return allowed;
  if (replicas) state_.target->replicas = *replicas;
  state_.target->scaled_to_zero = false;  // SCL-11
  return {};
}

Result<void> ScriptedWorkloads::promote() {
  if (!state_.target) return not_found(state_.canary.spec.target_ref.name);
  if (!state_.primary) return not_found(state_.canary.spec.target_ref.name + "-primary");
  if (auto copied = copy_configs(); !copied) return copied;  // GEN-40: before the primary itself
  if (auto allowed = state_.may_write(WriteClass::Primary); !allowed) return allowed;
  state_.primary->revision = state_.target->revision;
  if (!state_.canary.spec.autoscaler_ref)
    state_.primary->replicas = state_.target->replicas;  // GEN-41
  state_.primary->scaled_to_zero = false;                // GEN-45
  return {};
}

Result<void> ScriptedWorkloads::restore_target() {
  if (state_.kind == WorkloadView::Kind::Other) return {};
  if (state_.kind == WorkloadView::Kind::DaemonSet || !state_.primary) {
    if (auto scaled = scale_up(); !scaled) return scaled;
  } else {
    if (!state_.target) return not_found(state_.canary.spec.target_ref.name);
    if (auto allowed = state_.may_write(WriteClass::Target); !allowed) return allowed;
    state_.target->replicas = state_.primary->replicas;
  }
  if (state_.restored_at_once) state_.show_pods(Role::Target, {});
  return {};
}

}  // namespace volary::sim
