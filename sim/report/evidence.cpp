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
