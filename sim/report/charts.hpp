#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/run.hpp"
#include "sim/scenario.hpp"

/// What a run's charts show: one time axis, charts in the order of the questions (what was decided,
/// on what evidence, what users felt), bands and bounds. Report and window paint the same data;
/// neither computes a number of its own.
namespace volary::sim::report {

/// The meaning of a line, from which its colour and its second sign follow.
enum class Look { Primary, Canary, Mirror, PrimaryThin, CanaryThin, Harm, Check };
/// "primary-thin", …
[[nodiscard]] std::string_view to_string(Look look);

/// What the mark of a check says; None where no check was asked.
enum class CheckMark { None, Pass, Fail, Unknown };

/// A value of one series at one time: a number, nothing there (the line goes on), or a gap (the
/// line ends: never a drawn zero).
struct ChartPoint {
  enum class Kind { Number, None, Gap } kind = Kind::None;
  double value = 0;
};

struct ChartSeries {
  std::string key, name;
  Look look{};
  std::vector<ChartPoint> points;  ///< one for each time of the axis
  std::vector<CheckMark> marks;    ///< of the points of a check; empty for a line
};

struct ChartBound {
  double value = 0;
  bool at_least = false;
};
/// "≥ 99 %".
[[nodiscard]] std::string bound_text(const ChartBound& bound, std::string_view unit);

/// The question that a chart answers.
enum class ChartTopic { Traffic, SuccessRate, Latency, OwnCheck, Failures, RequestRate };

struct Chart {
  ChartTopic topic{};
  std::string title, unit, note;
  std::string empty;         ///< why there is nothing to see; "" when there is something
  bool step = false;         ///< a value holds until the next one
  bool log = false;          ///< the axis is logarithmic (and the note says so)
  double low = 0, high = 1;  ///< of the axis: the part where things happen
  std::vector<ChartSeries> series;
  std::vector<ChartBound> bounds;
};

/// A phase, or a fault.
struct ChartBand {
  /// Of a phase: how strongly it is painted. Faults are hatched.
  enum class Kind { Idle, Waiting, Analysis, Ending } kind = Kind::Idle;
  std::string name;
  std::int64_t from = 0, to = 0;
};
struct ChartMoment {
  std::string name;
  std::int64_t at = 0;
};

/// A value that the chart shows, as people read it: "90 %" of a weight, "97.64 %" of a success
/// rate, "178" requests per second.
[[nodiscard]] std::string value_text(const Chart& chart, double value);

/// Units: every time in milliseconds on the clock of the run (`Scenario::starts_at` is its start).
struct Charts {
  std::vector<std::int64_t> times;  ///< at which something was measured or decided, once each
  std::int64_t from = 0, to = 0;
  std::vector<ChartBand> phases, faults;
  std::vector<ChartMoment> releases;
  std::vector<Chart> charts;
};

/// `canary`, where it is at hand, tells the bounds of checks that were never asked, too.
[[nodiscard]] Charts charts(const Run& run, const Scenario& scenario,
                            const Canary* canary = nullptr);

/// Milliseconds on the clock of the run.
[[nodiscard]] std::int64_t clock_ms(const Scenario& scenario, Instant at);

}  // namespace volary::sim::report
