#pragma once

#include <optional>
#include <string>

#include "engine/canary.hpp"
#include "engine/event.hpp"
#include "engine/plan.hpp"
#include "engine/ports.hpp"

namespace volary {

/// What a query's answer, error included, means for the release (MET-01, MET-02, MET-20..25): the
/// one place where a number becomes a verdict.
struct Judged {
  CheckEvidence evidence;
  std::string breach;  ///< "97.20% < 99%", the form of EV-BREACH (CTL-40); empty unless breached
};

struct JudgeRule {
  MetricQuery::Kind kind{};
  bool duration_in_seconds = false;  ///< OBS-07 answers seconds (MET-14)
  Compat compat = Compat::Strict;
};

[[nodiscard]] Judged judge(const MetricCheck& check, const JudgeRule& rule,
                           const Result<Measurement>& answer);

/// The bounds that a check writes (MET-20, MET-21).
struct WrittenBounds {
  std::optional<double> min, max;
};
[[nodiscard]] WrittenBounds written_bounds(const MetricCheck& check);

/// A number as Go's %v writes a float64: "99", "99.5", "1e+06" (CTL-40).
[[nodiscard]] std::string go_number(double value);

}  // namespace volary
