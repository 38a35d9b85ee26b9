#include "sim/report/evidence.hpp"

#include <algorithm>
#include <cstdint>

#include "sim/report/numbers.hpp"
#include "sim/report/verdict.hpp"

namespace volary::sim::report {
namespace {

std::string limits_of(const CheckEvidence& check) {
  std::string limit;
  if (check.min) limit = "≥ " + bound(*check.min);
  if (check.max) limit += (limit.empty() ? "≤ " : ", ≤ ") + bound(*check.max);
  return limit.empty() || check.unit.empty() ? limit : limit + " " + check.unit;
}

Standing standing_of(const CheckEvidence& check) {
  switch (check.verdict) {
    case CheckEvidence::Verdict::Pass: return Standing::Pass;
    case CheckEvidence::Verdict::Breach: return Standing::Fail;
    case CheckEvidence::Verdict::NoValues:
    case CheckEvidence::Verdict::Error: return Standing::Unknown;
  }
  return Standing::Unknown;
}

}  // namespace

const CheckEvidence* deciding_check(const Run& run) {
  const CheckEvidence* last = nullptr;
  for (const TickRecord& tick : run.ticks) {
    for (const CheckEvidence& check : tick.checks)
      if (check.verdict != CheckEvidence::Verdict::Pass) last = &check;
    if (std::ranges::any_of(tick.events,
                            [](const Event& event) { return event.id == EventId::Threshold; }))
      return last;
  }
  return nullptr;
}

EvidenceRow evidence_row(const CheckEvidence& check, const CheckEvidence* decided) {
  CheckEvidence bare = check;  // the bound has a column of its own
  bare.min = bare.max = std::nullopt;
  return {.check = check.hook ? check.name + " (hook)" : check.name,
          .value = check_text(bare),
          .bound = limits_of(check),
          .standing = standing_of(check),
          .samples = check.samples
                         ? count(static_cast<std::uint64_t>(std::max(0.0, *check.samples)))
                         : "unknown",
          .reason = check.reason,
          .decided = &check == decided};
}

EvidenceRow evidence_row(const HookRecord& hook) {
  const bool gate = hook.type == HookType::ConfirmRollout ||
                    hook.type == HookType::ConfirmTrafficIncrease ||
                    hook.type == HookType::ConfirmPromotion;
  return {.check = hook.hook + " (" + std::string{to_string(hook.type)} + ")",
          .value = gate ? (hook.passed ? "open" : "closed") : (hook.passed ? "passed" : "refused"),
          .bound = {},
          // A closed gate holds a release; it is no failed check.
          .standing = hook.passed ? Standing::Pass
                      : gate      ? Standing::Unknown
                                  : Standing::Fail,
          .samples = {},
          .reason = hook.error};
}

std::vector<EvidenceRow> evidence_of(const TickRecord& tick, const CheckEvidence* decided) {
  std::vector<EvidenceRow> rows;
  for (const CheckEvidence& check : tick.checks) rows.push_back(evidence_row(check, decided));
  for (const HookRecord& hook : tick.hooks)
    if (hook.type != HookType::Rollout && hook.type != HookType::PreRollout &&
        hook.type != HookType::Event)
      rows.push_back(evidence_row(hook));
  return rows;
}

std::string_view why_no_evidence(const TickRecord& tick) {
  switch (tick.status.phase) {
    case Phase::None:
    case Phase::Initializing: return "No check was asked: the canary is being set up.";
    case Phase::Initialized: return "No check was asked: no release has begun.";
    case Phase::Waiting:
    case Phase::WaitingPromotion: return "No check was asked: the release waits at a gate.";
    case Phase::Progressing: return "No check was asked: the canary had no traffic to judge yet.";
    case Phase::Promoting:
    case Phase::Finalising: return "No check was asked: the release has passed its analysis.";
    case Phase::Succeeded:
    case Phase::Failed: return "No check was asked: the release is over.";
    case Phase::Terminating:
    case Phase::Terminated: return "No check was asked: the canary is being deleted.";
  }
  return "";
}

Standing standing(const Score& score) {
  if (score.outcome != Outcome::Promoted && score.outcome != Outcome::RolledBack)
    return Standing::Unknown;
  return score.right() ? Standing::Pass : Standing::Fail;
}

std::string_view standing_text(Standing standing) {
  switch (standing) {
    case Standing::Pass: return "✓ passed";
    case Standing::Fail: return "✗ failed";
    case Standing::Unknown: return "◦ cannot tell";
  }
  return "";
}

std::string_view standing_sign(Standing standing) {
  switch (standing) {
    case Standing::Pass: return "✓";
    case Standing::Fail: return "✗";
    case Standing::Unknown: return "◦";
  }
  return "";
}

std::string_view event_sign(const Event& event) {
  if (event.warning) return standing_sign(Standing::Fail);
  if (event.id == EventId::Done || event.id == EventId::DoneSkipped)
    return standing_sign(Standing::Pass);
  return "·";
}

}  // namespace volary::sim::report
