#pragma once

#include <QString>
#include <cstdint>
#include <vector>

#include "sim/report/charts.hpp"

/// What stands between a run's charts and a plot: fewer points, and the values at one time as text.
namespace volary::gui {

/// A point to be drawn; not a number where the line is interrupted.
struct PlotPoint {
  double at = 0;  ///< seconds on the clock of the run
  double value = 0;
};

/// The points of a series between two times, at most four a column: the first, the least, the
/// greatest and the last. One bad second stays visible, and a gap stays a gap.
///
/// Units: milliseconds on the clock of the run.
[[nodiscard]] std::vector<PlotPoint> thinned(const std::vector<std::int64_t>& times,
                                             const sim::report::ChartSeries& series,
                                             std::int64_t from, std::int64_t to, int columns);

/// "primary 99.91 % · canary 97.02 %", or "no data": what a chart shows at that time. A sample
/// stands for the interval that it ends, a step for the time until the next one.
[[nodiscard]] QString readout(const sim::report::Charts& charts, const sim::report::Chart& chart,
                              std::int64_t at);

/// A number beside an axis: "95 %", "250"; nothing where a share would be more than a whole.
[[nodiscard]] QString axis_text(double value, const std::string& unit);

}  // namespace volary::gui
