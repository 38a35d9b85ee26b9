#include "engine/readiness.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace volary {
namespace {

Readiness not_ready(bool retriable, std::string reason) {
  return {.ready = false, .retriable = retriable, .reason = std::move(reason)};
}

/// RDY-06: floor(pods × T/100). The reference computes T/100 first, in 32-bit floats (RDY-08);
/// strict mode rounds up, and at least one pod must answer (INV-03).
int required(int pods, const ReadinessRule& rule) {
  if (rule.compat == Compat::Flagger)
    return static_cast<int>(static_cast<float>(pods) *
                            (static_cast<float>(rule.threshold) / 100.0F));
  if (pods <= 0) return 0;
  const auto exact = (static_cast<std::int64_t>(pods) * rule.threshold + 99) / 100;
  return static_cast<int>(std::clamp<std::int64_t>(exact, 1, pods));
}

Readiness deployment(const WorkloadView& w, const ReadinessRule& rule, Instant now) {
  if (w.generation > w.observed_generation)  // RDY-01
    return not_ready(true,
                     fmt::format("waiting for rollout to finish: generation {} of {} was observed",
                                 w.observed_generation, w.generation));
  bool retriable = true;  // RDY-02
  if (w.has_progressing && w.has_available && w.available_status == "False" &&
      w.available_reason == "MinimumReplicasUnavailable")
    retriable = !(w.available_updated + rule.deadline < now);
  if (w.has_progressing && w.progressing_reason == "ProgressDeadlineExceeded")  // RDY-03
    return not_ready(false, fmt::format("deployment {} exceeded its progress deadline", w.name));
  if (w.spec_replicas && w.updated < *w.spec_replicas)  // RDY-04
    return not_ready(
        retriable,
        fmt::format("waiting for rollout to finish: {} out of {} new replicas have been updated",
                    w.updated, *w.spec_replicas));
  if (w.replicas > w.updated)  // RDY-05
    return not_ready(
        retriable,
        fmt::format("waiting for rollout to finish: {} old replicas are pending termination",
                    w.replicas - w.updated));
  const int need = required(w.updated, rule);
  if (w.available < need)  // RDY-06
    return not_ready(
        retriable,
        fmt::format("waiting for rollout to finish: {} of {} (readyThreshold {}%) updated "
                    "replicas are available",
                    w.available, need, rule.threshold));
  // the reference calls a workload at zero replicas ready (RDY-07, RDY-09); nobody would
  // answer (INV-03).
  if (rule.compat == Compat::Strict && w.spec_replicas.value_or(1) == 0)
    return not_ready(true, fmt::format("{} is scaled to zero", w.name));
  return {.ready = true, .retriable = true, .reason = {}};
}

Readiness daemon_set(const WorkloadView& w, const ReadinessRule& rule, Instant now) {
  if (w.generation > w.observed_generation)  // RDY-20
    return not_ready(true,
                     fmt::format("waiting for rollout to finish: generation {} of {} was observed",
                                 w.observed_generation, w.generation));
  const int need = required(w.desired, rule);
  // scaled to zero, or on no node at all, it would answer nobody (INV-03).
  if (rule.compat == Compat::Strict && w.desired == 0)
    return not_ready(true, fmt::format("{} is scheduled on no node", w.name));
  if (w.updated >= w.desired && w.available >= need)  // RDY-21
    return {.ready = true, .retriable = true, .reason = {}};
  const bool late = rule.deadline_counts && rule.waiting_since + rule.deadline < now;  // RDY-22
  if (w.updated < w.desired)
    return not_ready(
        !late, fmt::format("waiting for rollout to finish: {} out of {} new pods have been updated",
                           w.updated, w.desired));
  return not_ready(
      !late,
      fmt::format("waiting for rollout to finish: {} of {} (readyThreshold {}%) updated pods are "
                  "available",
                  w.available, need, rule.threshold));
}

}  // namespace

Readiness readiness(const WorkloadView& workload, const ReadinessRule& rule, Instant now) {
  switch (workload.kind) {
    case WorkloadView::Kind::Deployment: return deployment(workload, rule, now);
    case WorkloadView::Kind::DaemonSet: return daemon_set(workload, rule, now);
    case WorkloadView::Kind::Other: break;
  }
  // RDY-30, RDY-31: never "not retriable".
  if (workload.ready_condition) return {.ready = true, .retriable = true, .reason = {}};
  return not_ready(true, fmt::format("{} is not ready", workload.name));
}

Result<int> replicas_to_start(std::optional<int> current, bool has_autoscaler,
                              std::optional<int> autoscaler_min, std::optional<int> primary) {
  if (current.value_or(0) > 0) return *current;
  if (has_autoscaler) return std::max(1, autoscaler_min.value_or(1));
  if (!primary)
    return fail(ErrorKind::NotFound,
                "the primary is gone: nothing says how many replicas to start");
  return std::max(1, *primary);
}

}  // namespace volary
