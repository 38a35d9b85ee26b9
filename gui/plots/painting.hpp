#pragma once

#include <QPainter>
#include <QPen>
#include <QRectF>
#include <QString>
#include <functional>
#include <vector>

#include "gui/theme.hpp"
#include "sim/report/charts.hpp"

/// What a plot shows beside its lines, painted on any canvas: bands, bounds, marks, names. The
/// report paints the same things in the same places.
namespace volary::gui {

/// One plot of the stack on the canvas.
struct PlotFrame {
  QRectF area;  ///< where the data stands; its heading is above, the ends of its lines to the right
  std::function<double(std::int64_t)> x;  ///< of a time in milliseconds on the clock of the run
  std::function<double(double)> y;        ///< of a value
  std::int64_t from = 0, to = 0;          ///< what is seen of the run
  bool first = false;                     ///< names phases and faults
};

/// Height of a heading above its plot, for a font.
[[nodiscard]] int heading_height(const QFontMetrics& metrics);
/// Room that the names at the ends of all lines need, to the right of the plots.
[[nodiscard]] int ends_width(const std::vector<const sim::report::Chart*>& charts,
                             const QFontMetrics& metrics);

[[nodiscard]] QPen pen_of(sim::report::Look look, const Theme& theme);

/// Phases, faults, releases, and the break of an axis that does not begin at zero.
void paint_backdrop(QPainter& painter, const PlotFrame& frame, const sim::report::Charts& charts,
                    const sim::report::Chart& chart, const Theme& theme);
/// The bounds of the checks, below the lines.
void paint_bounds(QPainter& painter, const PlotFrame& frame, const sim::report::Chart& chart,
                  const Theme& theme);
/// The checks, marked by their verdict; and why there is nothing to see.
void paint_marks(QPainter& painter, const PlotFrame& frame, const sim::report::Charts& charts,
                 const sim::report::Chart& chart, const Theme& theme);
/// Names at the right end of their lines, and bounds with their value, pushed apart where they
/// would touch.
void paint_ends(QPainter& painter, const PlotFrame& frame, const sim::report::Charts& charts,
                const sim::report::Chart& chart, const Theme& theme);
/// The title to the left; `beside`, parts between middle dots, to the right as far as there is room
/// for whole ones.
void paint_heading(QPainter& painter, const PlotFrame& frame, double right,
                   const sim::report::Chart& chart, const QString& beside, const Theme& theme);

}  // namespace volary::gui
