#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/canary.hpp"
#include "engine/plan.hpp"
#include "sim/report/text_style.hpp"
#include "sim/report/verdict.hpp"
#include "sim/run.hpp"

/// A run as text: one line a tick that can be read by itself, in columns that never move, and a
/// verdict.
namespace volary::sim::report {

/// Writes the lines of one run as its ticks come. Ticks in which nothing is at stake (before the
/// release, after its end) are gathered into one line.
class Timeline {
 public:
  /// `starts_at` is the clock time of the run's start; the columns follow from the checks and the
  /// strategy of `canary`.
  Timeline(const Canary& canary, const Plan& plan, Duration starts_at, TextStyle style);

  /// The lines that this tick completes, each ending in a line break; empty while quiet ticks are
  /// gathered.
  [[nodiscard]] std::string tick(const TickRecord& record);
  /// What is still gathered.
  [[nodiscard]] std::string finish();

 private:
  struct Column {
    std::string name, label;
    std::size_t width = 0;        ///< of the value with its bound
    std::size_t value_width = 0;  ///< of the value alone
  };
  /// How much of a check has room: all of it, all but the bound, or its sign. What has no room in
  /// the columns is told below the line when the check does not pass.
  enum class Detail { Bounds, Values, Signs };

  [[nodiscard]] std::string line(const TickRecord& record) const;
  [[nodiscard]] std::string routes(const TickRecord& record) const;
  [[nodiscard]] std::string check(const Column& column, const TickRecord& record) const;
  [[nodiscard]] std::string progress(const TickRecord& record) const;
  [[nodiscard]] std::string told(const TickRecord& record) const;
  [[nodiscard]] std::size_t routes_width() const;
  [[nodiscard]] std::size_t line_width() const;
  [[nodiscard]] std::string clock(Instant at) const;
  [[nodiscard]] std::size_t told_indent() const;  ///< columns before what follows the clock
  [[nodiscard]] bool quiet(const TickRecord& record) const;

  TextStyle style_;
  Duration starts_at_;
  Plan plan_;
  bool whole_minutes_ = false;  ///< of the interval: the clock needs no seconds
  std::size_t phase_width_ = 12;
  std::vector<Column> columns_;
  int bar_ = 10;  ///< blocks of a whole; 0: numbers only
  Detail detail_ = Detail::Bounds;
  struct Quiet {
    int ticks = 0;
    Instant first{}, last{};
    Phase phase{};
  };
  std::optional<Quiet> gathered_;
};

/// What is flown: scenario, policy, strategy in words, and the notes of the run.
[[nodiscard]] std::string head(const Run& run, const Scenario& scenario, const TextStyle& style);
/// The verdict, wrapped to the width.
[[nodiscard]] std::string verdict_text(const Run& run, const Verdict& verdict,
                                       const TextStyle& style);
/// Head, timeline and verdict of a finished run.
[[nodiscard]] std::string text(const Run& run, const Scenario& scenario, const Canary& canary,
                               const Verdict& verdict, const TextStyle& style);
/// Several policies over the same traffic, side by side.
[[nodiscard]] std::string comparison(const std::vector<Run>& runs, const TextStyle& style);

/// "progressive: 10 % steps to 50 %, every 1 min, threshold 3".
[[nodiscard]] std::string strategy_text(const Plan& plan);

}  // namespace volary::sim::report
