#include "gui/plots/painting.hpp"

#include <QFontMetricsF>
#include <algorithm>
#include <cmath>
#include <optional>

namespace volary::gui {

using sim::report::Chart;
using sim::report::ChartBand;
using sim::report::ChartBound;
using sim::report::ChartPoint;
using sim::report::Charts;
using sim::report::ChartSeries;
using sim::report::CheckMark;
using sim::report::Look;

namespace {

constexpr double end_gap = 6;      ///< from the plot to the sample of a line
constexpr double end_sample = 16;  ///< length of that sample
constexpr double end_text = end_gap + end_sample + 5;

QString text_of(const std::string& text) { return QString::fromStdString(text); }

QPen bound_pen(const Theme& theme) {
  QPen pen{theme.colour(Ink::Bound), 1};
  pen.setDashPattern({4, 3});
  return pen;
}

double strength(ChartBand::Kind kind) {
  switch (kind) {
    case ChartBand::Kind::Idle: return 0;
    case ChartBand::Kind::Waiting: return 0.05;
    case ChartBand::Kind::Analysis: return 0.075;
    case ChartBand::Kind::Ending: return 0.14;
  }
  return 0;
}

QColor with_alpha(QColor colour, double alpha) {
  colour.setAlphaF(static_cast<float>(alpha));
  return colour;
}

/// The part of a band that is seen.
std::optional<QRectF> seen(const PlotFrame& frame, const ChartBand& band) {
  const double left = std::max(frame.area.left(), frame.x(band.from)),
               right = std::min(frame.area.right(), frame.x(band.to));
  if (right <= left) return std::nullopt;
  return QRectF{left, frame.area.top(), right - left, frame.area.height()};
}

void paint_phases(QPainter& painter, const PlotFrame& frame, const Charts& charts,
                  const Theme& theme) {
  const QFontMetricsF metrics{painter.font()};
  const QColor ink = theme.colour(Ink::Band);
  for (const ChartBand& band : charts.phases) {
    const auto area = seen(frame, band);
    if (!area) continue;
    painter.fillRect(*area, with_alpha(ink, strength(band.kind)));
    if (band.from > charts.phases.front().from)
      painter.fillRect(QRectF{area->left(), area->top(), 1, area->height()}, with_alpha(ink, 0.16));
    const QString name = text_of(band.name);
    if (frame.first && metrics.horizontalAdvance(name) < area->width() - 8) {
      painter.setPen(theme.colour(Ink::Soft));
      painter.drawText(QPointF{area->left() + 4, area->top() + 2 + metrics.ascent()}, name);
    }
  }
}

void paint_faults(QPainter& painter, const PlotFrame& frame, const Charts& charts,
                  const Theme& theme) {
  const QFontMetricsF metrics{painter.font()};
  for (const ChartBand& band : charts.faults) {
    const auto area = seen(frame, band);
    if (!area) continue;
    painter.save();
    painter.setClipRect(*area);
    painter.setPen(QPen{theme.colour(Ink::Hatch), 1});
    for (double x = area->left() - area->height(); x < area->right(); x += 7)
      painter.drawLine(QPointF{x, area->bottom()}, QPointF{x + area->height(), area->top()});
    painter.restore();
    if (!frame.first) continue;
    const QString name = text_of(band.name);
    const double width = metrics.horizontalAdvance(name);
    const double left = area->left() + 4 + width > frame.area.right()
                            ? std::max(frame.area.left(), area->right() - 4 - width)
                            : area->left() + 4;
    painter.setPen(theme.colour(Ink::Soft));
    painter.drawText(QPointF{left, area->top() + 2 + metrics.height() + metrics.ascent()}, name);
  }
}

void paint_one_mark(QPainter& painter, CheckMark mark, QPointF at, const Theme& theme) {
  if (mark == CheckMark::Fail) {
    // An edge of paper keeps it apart from the line below.
    painter.setPen(QPen{theme.colour(Ink::Paper), 1});
    painter.setBrush(theme.colour(Ink::Fail));
    constexpr double reach = 7;
    painter.drawPolygon(QPolygonF{{at + QPointF{0, -reach}, at + QPointF{reach, 0},
                                   at + QPointF{0, reach}, at + QPointF{-reach, 0}}});
    return;
  }
  painter.setPen(QPen{theme.colour(mark == CheckMark::Pass ? Ink::Pass : Ink::Unknown), 1.5});
  painter.setBrush(theme.colour(Ink::Paper));
  const double radius = mark == CheckMark::Pass ? 4 : 3;
  painter.drawEllipse(at, radius, radius);
}

struct End {
  QString text;
  QPen pen;
  double y = 0;  ///< middle of the text
};

/// Keeps the middles of texts a line apart, inside of `top` … `bottom`, near where they want to be.
void push_apart(std::vector<End>& ends, double top, double bottom, double line) {
  std::ranges::stable_sort(ends, {}, &End::y);
  double floor = top;
  for (End& end : ends) {
    end.y = std::max(end.y, floor);
    floor = end.y + line;
  }
  double ceiling = bottom;
  for (auto end = ends.rbegin(); end != ends.rend(); ++end) {
    end->y = std::min(end->y, ceiling);
    ceiling = end->y - line;
  }
}

}  // namespace

int heading_height(const QFontMetrics& metrics) { return metrics.height() + 6; }

int ends_width(const std::vector<const Chart*>& charts, const QFontMetrics& metrics) {
  int widest = 0;
  for (const Chart* chart : charts) {
    for (const ChartSeries& series : chart->series)
      if (series.look != Look::Check)
        widest = std::max(widest, metrics.horizontalAdvance(text_of(series.name)));
    for (const ChartBound& bound : chart->bounds)
      widest = std::max(
          widest, metrics.horizontalAdvance(text_of(sim::report::bound_text(bound, chart->unit))));
  }
  return static_cast<int>(end_text) + widest + 8;
}

QPen pen_of(Look look, const Theme& theme) {
  QPen pen;
  pen.setCapStyle(Qt::FlatCap);
  pen.setJoinStyle(Qt::RoundJoin);
  switch (look) {
    case Look::Primary:
    case Look::PrimaryThin: pen.setColor(theme.colour(Ink::Primary)); break;
    case Look::Canary:
    case Look::CanaryThin: pen.setColor(theme.colour(Ink::Canary)); break;
    case Look::Mirror: pen.setColor(theme.colour(Ink::Mirror)); break;
    case Look::Harm: pen.setColor(theme.colour(Ink::Fail)); break;
    case Look::Check: pen.setColor(theme.colour(Ink::Unknown)); break;
  }
  switch (look) {
    case Look::Primary: pen.setWidthF(1.6); break;
    case Look::Canary: pen.setWidthF(3); break;
    case Look::PrimaryThin: pen.setWidthF(1.2); break;
    default: pen.setWidthF(2); break;
  }
  if (look == Look::PrimaryThin) pen.setDashPattern({4, 2.5});
  if (look == Look::CanaryThin) pen.setDashPattern({2.5, 1.5});
  if (look == Look::Mirror) pen.setDashPattern({1, 1.5});
  return pen;
}

void paint_backdrop(QPainter& painter, const PlotFrame& frame, const Charts& charts,
                    const Chart& chart, const Theme& theme) {
  painter.setRenderHint(QPainter::Antialiasing, false);
  paint_phases(painter, frame, charts, theme);
  paint_faults(painter, frame, charts, theme);
  QPen moment{theme.colour(Ink::Soft), 1};
  moment.setDashPattern({1, 3});
  painter.setPen(moment);
  for (const auto& release : charts.releases) {
    const double x = std::round(frame.x(release.at));
    if (x >= frame.area.left() && x <= frame.area.right())
      painter.drawLine(QPointF{x, frame.area.top()}, QPointF{x, frame.area.bottom()});
  }
  if (chart.low > 0 && !chart.log) {
    const double x = frame.area.left(), y = frame.area.bottom() - 12;
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen{theme.colour(Ink::Soft), 1});
    painter.drawPolyline(QPolygonF{
        {QPointF{x + 2, y}, QPointF{x + 8, y + 3}, QPointF{x + 2, y + 6}, QPointF{x + 8, y + 9}}});
  }
}

void paint_bounds(QPainter& painter, const PlotFrame& frame, const Chart& chart,
                  const Theme& theme) {
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.setPen(bound_pen(theme));
  for (const ChartBound& bound : chart.bounds) {
    const double y = std::round(frame.y(bound.value));
    if (y >= frame.area.top() && y <= frame.area.bottom())
      painter.drawLine(QPointF{frame.area.left(), y}, QPointF{frame.area.right(), y});
  }
}

void paint_marks(QPainter& painter, const PlotFrame& frame, const Charts& charts,
                 const Chart& chart, const Theme& theme) {
  painter.setRenderHint(QPainter::Antialiasing);
  for (const ChartSeries& series : chart.series) {
    for (std::size_t i = 0; i < series.marks.size(); ++i) {
      const std::int64_t at = charts.times[i];
      if (series.marks[i] == CheckMark::None || at < frame.from || at > frame.to) continue;
      paint_one_mark(painter, series.marks[i],
                     {frame.x(at), std::clamp(frame.y(series.points[i].value), frame.area.top(),
                                              frame.area.bottom())},
                     theme);
    }
  }
  if (chart.empty.empty()) return;
  painter.setPen(theme.colour(Ink::Soft));
  painter.drawText(frame.area, Qt::AlignCenter | Qt::TextWordWrap, text_of(chart.empty));
}

void paint_ends(QPainter& painter, const PlotFrame& frame, const Charts& charts, const Chart& chart,
                const Theme& theme) {
  const QFontMetricsF metrics{painter.font()};
  std::vector<End> ends;
  for (const ChartSeries& series : chart.series) {
    if (series.look == Look::Check) continue;
    for (std::size_t i = series.points.size(); i-- > 0;) {
      if (series.points[i].kind != ChartPoint::Kind::Number || charts.times[i] > frame.to) continue;
      ends.push_back(
          {text_of(series.name), pen_of(series.look, theme), frame.y(series.points[i].value)});
      break;
    }
  }
  for (const ChartBound& bound : chart.bounds)
    ends.push_back({text_of(sim::report::bound_text(bound, chart.unit)), bound_pen(theme),
                    frame.y(bound.value)});
  const double half = metrics.height() / 2;
  push_apart(ends, frame.area.top() + half - 4, frame.area.bottom() - half + 4, metrics.height());
  for (const End& end : ends) {
    const double left = frame.area.right() + end_gap, y = std::round(end.y);
    painter.setRenderHint(QPainter::Antialiasing, end.pen.widthF() > 1);
    painter.setPen(end.pen);
    painter.drawLine(QPointF{left, y}, QPointF{left + end_sample, y});
    painter.setPen(theme.colour(Ink::Text));
    painter.drawText(
        QPointF{frame.area.right() + end_text, y + (metrics.ascent() - metrics.descent()) / 2},
        end.text);
  }
}

void paint_heading(QPainter& painter, const PlotFrame& frame, double right, const Chart& chart,
                   const QString& beside, const Theme& theme) {
  QFont bold = painter.font();
  bold.setWeight(QFont::DemiBold);
  const QFontMetricsF metrics{painter.font()};
  const double base = frame.area.top() - 5 - metrics.descent();
  const QString title = text_of(chart.title);
  const double title_width = QFontMetricsF{bold}.horizontalAdvance(title);
  painter.save();
  painter.setFont(bold);
  painter.setPen(theme.colour(Ink::Text));
  painter.drawText(QPointF{frame.area.left(), base}, title);
  painter.restore();
  const double room = right - frame.area.left() - title_width - 16;
  QString shown = beside;
  while (metrics.horizontalAdvance(shown) > room) {  // the canary comes last and stays longest
    const qsizetype dot = shown.indexOf(QStringLiteral(" · "));
    if (dot < 0) return;
    shown = shown.mid(dot + 3);
  }
  painter.setPen(theme.colour(Ink::Soft));
  painter.drawText(QPointF{right - metrics.horizontalAdvance(shown), base}, shown);
}

}  // namespace volary::gui
