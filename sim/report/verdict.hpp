#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/event.hpp"
#include "sim/run.hpp"

/// What a run comes to, in the words of somebody who was not there. Terminal, report and window say
/// the same.
namespace volary::sim::report {

/// What the same release would have come to with another threshold; only ever of a run that was
/// really flown.
struct WithThreshold {
  int threshold = 1;
  Score score;
};

struct Verdict {
  struct Figure {
    std::string value;
    std::string label;
  };
  /// "Rolled back after 6 min: right, the release was bad."
  std::string headline;
  /// What it cost, in whole sentences.
  std::vector<std::string> sentences;
  /// The four numbers that a reader asks for first.
  std::vector<Figure> figures;
};

[[nodiscard]] Verdict verdict(const Run& run,
                              const std::optional<WithThreshold>& other = std::nullopt);

/// "promoted", "rolled back", "not decided", "no release".
[[nodiscard]] std::string_view said(Outcome outcome);
/// "right", "wrong: a false alarm", "wrong: a missed failure", "not decided".
[[nodiscard]] std::string_view judged(const Score& score);
/// "Under --compat flagger this release would have ended differently: not decided. Q-06 makes the
/// difference: under flagger a step of zero … freezes the analysis.": nothing when both end alike.
[[nodiscard]] std::string compat_line(const CompatDifference& difference, Compat flown);

/// What the reference does under a quirk that can change how a release ends (ADR 0004): "a step of
/// zero … freezes the analysis". Nothing where the name is not known.
[[nodiscard]] std::string_view quirk_text(std::string_view quirk);

/// How columns and charts call a check: "success", "p99", or the metric's own name.
[[nodiscard]] std::string check_label(std::string_view name);
/// "99.41 % ≥ 99", "no data", "cannot tell".
[[nodiscard]] std::string check_text(const CheckEvidence& check);
/// Is the event told beside its tick? Weights, iterations and breaches already stand in the
/// columns.
[[nodiscard]] bool worth_telling(const Event& event);

}  // namespace volary::sim::report
