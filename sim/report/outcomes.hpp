#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/experiment.hpp"
#include "sim/report/text_style.hpp"
#include "sim/scenario.hpp"

/// What many seeds come to: the outcome table of terminal, report and records. A share that was
/// simulated never stands without its interval and the number of runs.
namespace volary::sim::report {

/// One world, and each policy over the same seeds of it.
struct Outcomes {
  const Scenario* scenario = nullptr;
  std::vector<Experiment> experiments;  ///< at least one, with at least one run each
  /// The command line that shows one seed of each policy, but for its number: "volary run a b
  /// --seed".
  std::vector<std::string> to_see;
};

/// Head, table, what it comes to in words, and a seed to look at.
[[nodiscard]] std::string outcomes_text(const Outcomes& outcomes, const TextStyle& style);
/// One `seed` record a run and one `summary` record a policy, then one `pair` record for each two
/// policies (docs/decision-log.md).
[[nodiscard]] std::string outcomes_records(const Outcomes& outcomes);
/// The same as a section of a report, with the histograms of harm and duration.
[[nodiscard]] std::string outcomes_html(const Outcomes& outcomes);

/// "Under policy checkout, 988 of 1000 bad releases were rolled back and 12 got through: missed
/// regression 1.2 % (0.7–2.1).".
[[nodiscard]] std::string outcome_sentence(const Experiment& experiment);
/// "In 37 of 1000 seeds, 3.7 % (2.7–5.1), a and b end differently: only a is right in 30.".
[[nodiscard]] std::string pair_sentence(const Experiment& first, const Experiment& second);
/// Of each two policies; of more than three, each against the first.
[[nodiscard]] std::vector<std::string> pair_sentences(const std::vector<Experiment>& all);
/// "checkout, seed 17: a missed regression" with the command that shows it; nothing when no seed
/// stands out.
struct ExampleLine {
  std::string what, command;
};
[[nodiscard]] std::optional<ExampleLine> example_line(const Experiment& experiment,
                                                      const std::string& to_see);

/// "seeds 1 to 1000".
[[nodiscard]] std::string seeds_text(const Experiment& experiment);
/// Digits after the point that the narrowest interval of an experiment deserves.
[[nodiscard]] int share_decimals(const Experiment& experiment);
/// "1.2 % (0.7–2.1)".
[[nodiscard]] std::string share_text(const Proportion& share, int decimals);

/// The rows of the table, as text of one kind for terminal and report.
struct OutcomeRow {
  std::string label;
  bool decides = false;  ///< the share that the reader came for
  struct Cell {
    std::string count, rest;  ///< "12", "1.2 % (0.7–2.1)"; or a word about why there is none
  };
  std::vector<Cell> cells;  ///< one a policy
};
[[nodiscard]] std::vector<OutcomeRow> outcome_rows(const Outcomes& outcomes);

}  // namespace volary::sim::report
