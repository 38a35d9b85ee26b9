#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/event.hpp"
#include "engine/tick_record.hpp"
#include "sim/run.hpp"

/// The tables beside the charts, in words: what each check said and what the policy told. Report
/// and window show the same rows.
namespace volary::sim::report {

enum class Standing { Pass, Fail, Unknown };

/// One check of one tick.
struct EvidenceRow {
  std::string check;  ///< the metric's or hook's name; a hook says so
  std::string value;  ///< "97.02 %", "no data"
  std::string bound;  ///< "≥ 99 %"; empty when there is none
  Standing standing{};
  std::string samples;   ///< requests behind the value; "unknown" where that cannot be known
  std::string reason;    ///< why nothing could be told
  bool decided = false;  ///< it is the check that ended the release
};

/// The check whose failure was the last before the threshold was reached; nothing where no rollback
/// was decided that way.
[[nodiscard]] const CheckEvidence* deciding_check(const Run& run);

/// `decided`: that check, as deciding_check() found it.
[[nodiscard]] EvidenceRow evidence_row(const CheckEvidence& check, const CheckEvidence* decided);

/// One call of a gate or another hook that is no check: "open", "closed".
[[nodiscard]] EvidenceRow evidence_row(const HookRecord& hook);
/// All that one tick leaned on: its checks, then the hooks that are none.
[[nodiscard]] std::vector<EvidenceRow> evidence_of(const TickRecord& tick,
                                                   const CheckEvidence* decided);
/// Why a tick asked no check, in a sentence: "No check was asked: the release has not begun."
[[nodiscard]] std::string_view why_no_evidence(const TickRecord& tick);

/// Right, wrong, or cannot tell: a run against the truth that its scenario knows.
[[nodiscard]] Standing standing(const Score& score);

/// "✓ passed", "✗ failed", "◦ cannot tell".
[[nodiscard]] std::string_view standing_text(Standing standing);
/// Its sign alone: "✓", "✗", "◦".
[[nodiscard]] std::string_view standing_sign(Standing standing);

/// How an event is marked: ✗ a warning, ✓ a good end, · everything else.
[[nodiscard]] std::string_view event_sign(const Event& event);

}  // namespace volary::sim::report
