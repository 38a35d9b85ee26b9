#include "gui/plots/plot_stack.hpp"

#include <QEvent>
#include <QResizeEvent>
#include <QVBoxLayout>
#include <array>
#include <cmath>
#include <qcustomplot.h>
#include <utility>
#include <vector>

#include "gui/models/series.hpp"
#include "gui/plots/painting.hpp"
#include "gui/theme.hpp"
#include "sim/report/numbers.hpp"

namespace volary::gui {

using sim::report::Chart;
using sim::report::ChartSeries;
using sim::report::ChartTopic;
using sim::report::Look;

namespace {

constexpr double ms_per_second = 1000;

/// Ticks at round times of the clock.
class ClockTicker : public QCPAxisTicker {
 protected:
  double getTickStep(const QCPRange& range) override {
    constexpr std::array steps{1,   2,   5,    10,   15,   30,    60,    120,   300,
                               600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
    const double wanted = range.size() / std::max(1, tickCount());
    for (const int step : steps)
      if (step >= wanted) return step;
    return std::ceil(wanted / steps.back()) * steps.back();
  }
  int getSubTickCount(double /*step*/) override { return 0; }
  QString getTickLabel(double tick, const QLocale& /*locale*/, QChar /*format*/,
                       int /*precision*/) override {
    const QString text = QString::fromStdString(sim::report::clock_text(
        std::chrono::milliseconds{std::llround(tick * ms_per_second)}, Instant{}));
    return text.endsWith(QStringLiteral(":00")) ? text.chopped(3) : text;
  }
};

/// Values with their unit; 1, 2, 5 where the axis is logarithmic.
class ValueTicker : public QCPAxisTicker {
 public:
  std::string unit;
  bool log = false;

 protected:
  int getSubTickCount(double /*step*/) override { return 0; }
  QString getTickLabel(double tick, const QLocale& /*locale*/, QChar /*format*/,
                       int /*precision*/) override {
    return axis_text(tick, unit);
  }
  QVector<double> createTickVector(double step, const QCPRange& range) override {
    if (!log) {  // above a whole stand only the names of the bands
      QCPRange ticked = range;
      if (unit == "%") ticked.upper = std::min(ticked.upper, 100.0);
      return QCPAxisTicker::createTickVector(step, ticked);
    }
    QVector<double> all, decades;
    for (int power = static_cast<int>(std::floor(std::log10(range.lower)));
         std::pow(10, power) <= range.upper; ++power) {
      for (const double mantissa : {1.0, 2.0, 5.0}) {
        const double tick = mantissa * std::pow(10, power);
        if (tick < range.lower || tick > range.upper) continue;
        all << tick;
        if (mantissa == 1) decades << tick;
      }
    }
    return all.size() > tickCount() && decades.size() > 1 ? decades : all;
  }
};

/// A layer of one plot that paints itself with a function.
class Painted : public QCPAbstractItem {
 public:
  Painted(QCustomPlot* plot, const QString& layer, std::function<void(QPainter&)> paint)
      : QCPAbstractItem{plot}, paint_{std::move(paint)} {
    setClipToAxisRect(false);
    setSelectable(false);
    setLayer(layer);
  }
  double selectTest(const QPointF&, bool, QVariant*) const override { return -1; }

 protected:
  void draw(QCPPainter* painter) override {
    painter->setFont(parentPlot()->font());
    paint_(*painter);
  }

 private:
  std::function<void(QPainter&)> paint_;
};

}  // namespace

/// The canvas: one axis rectangle a chart, all of them on one time axis.
class PlotStack::Canvas : public QCustomPlot {
 public:
  explicit Canvas(PlotStack* parent) : QCustomPlot{parent} {
    setObjectName(QStringLiteral("canvas"));
    setAntialiasedElements(QCP::aeAll);
    setNoAntialiasingOnDrag(false);
    setPlottingHint(QCP::phImmediateRefresh, false);
    addLayer(QStringLiteral("cursor"));
    layer(QStringLiteral("cursor"))->setMode(QCPLayer::lmBuffered);
    plotLayout()->setRowSpacing(0);
  }

  SnapshotPtr snapshot;
  std::vector<const Chart*> charts;  ///< of the snapshot, in the order of the stack
  double cursor = 0;                 ///< seconds on the clock of the run
  bool stale = false;
  QCPRange seen{0, 1};  ///< seconds on the clock of the run

  /// Where the plots stand is settled anew only when there are other charts than before, so that
  /// nothing moves while a number is being edited.
  void show(const SnapshotPtr& fresh) {
    const bool same_world = snapshot && fresh && snapshot->scenario == fresh->scenario;
    const QCPRange whole_before = whole();
    snapshot = fresh;
    charts.clear();
    if (snapshot) {
      for (const Chart& chart : snapshot->charts.charts)
        if (chart.topic != ChartTopic::Failures) charts.push_back(&chart);
    }
    if (!same_world || seen == whole_before) seen = whole();
    if (static_cast<int>(charts.size()) != plotCount()) layOut();
    refresh();
  }

  [[nodiscard]] QCPRange whole() const {
    if (!snapshot) return {0, 1};
    return {static_cast<double>(snapshot->charts.from) / ms_per_second,
            static_cast<double>(snapshot->charts.to) / ms_per_second};
  }

  [[nodiscard]] int plotCount() const { return axisRectCount(); }

  void layOut() {
    clearItems();
    clearGraphs();
    plotLayout()->clear();
    for (std::size_t i = 0; i < charts.size(); ++i) {
      auto* area = new QCPAxisRect{this, false};
      plotLayout()->addElement(static_cast<int>(i), 0, area);
      plotLayout()->setRowStretchFactor(static_cast<int>(i), i == 0 ? 1.15 : 1);
      area->setAutoMargins(QCP::msNone);
      QCPAxis* time = area->addAxis(QCPAxis::atBottom);
      QCPAxis* value = area->addAxis(QCPAxis::atLeft);
      time->setTicker(QSharedPointer<ClockTicker>::create());
      value->setTicker(QSharedPointer<ValueTicker>::create());
      time->setTickLabels(i + 1 == charts.size());
      time->grid()->setVisible(false);
      value->grid()->setVisible(true);
      time->setTickLength(0, i + 1 == charts.size() ? 4 : 0);
      value->setTickLength(0, 0);
      value->setTickLabelPadding(6);
      time->setTickLabelPadding(4);
      for (QCPAxis* axis : {time, value}) {
        axis->setLayer(QStringLiteral("axes"));
        axis->grid()->setLayer(QStringLiteral("grid"));
      }
      new Painted{this, QStringLiteral("background"), [this, i](QPainter& painter) {
                    paint_backdrop(painter, frame(i), snapshot->charts, *charts[i], theme());
                  }};
      new Painted{this, QStringLiteral("main"), [this, i](QPainter& painter) {
                    paint_bounds(painter, frame(i), *charts[i], theme());
                  }};
      new Painted{this, QStringLiteral("overlay"), [this, i](QPainter& painter) {
                    paint_marks(painter, frame(i), snapshot->charts, *charts[i], theme());
                    paint_ends(painter, frame(i), snapshot->charts, *charts[i], theme());
                  }};
      new Painted{this, QStringLiteral("cursor"), [this, i](QPainter& painter) {
                    paint_heading(painter, frame(i), width() - 12, *charts[i], heading(i), theme());
                  }};
    }
    new Painted{this, QStringLiteral("cursor"),
                [this](QPainter& painter) { paintCursor(painter); }};
    new Painted{this, QStringLiteral("cursor"), [this](QPainter& painter) { paintVeil(painter); }};
  }

  /// Colours, margins, ranges and the points of all lines.
  void refresh() {
    const Theme ink = theme();
    setBackground(ink.colour(Ink::Paper));
    const QFontMetrics metrics{font()};
    const int right = ends_width(charts, metrics), above = heading_height(metrics);
    int left = 0;
    for (std::size_t i = 0; i < charts.size(); ++i) {
      const Chart& chart = *charts[i];
      for (const double tick : {chart.low, chart.high, chart.high * 0.9})
        left = std::max(left, metrics.horizontalAdvance(axis_text(std::round(tick), chart.unit)));
    }
    left = std::max(left, metrics.horizontalAdvance(QStringLiteral("1000 ms"))) + 14;
    clearGraphs();
    for (std::size_t i = 0; i < charts.size(); ++i) {
      const Chart& chart = *charts[i];
      const bool last = i + 1 == charts.size();
      QCPAxisRect* area = axisRect(static_cast<int>(i));
      area->setMargins({left, above + (i == 0 ? 4 : 0), right, last ? metrics.height() + 12 : 6});
      // Room for the axis labels of the last plot must not come out of its data.
      area->setMinimumSize(40, 24);
      dress(area, chart, ink);
      for (const ChartSeries& series : chart.series)
        if (series.look != Look::Check) addLine(area, chart, series, ink);
    }
    replot();
  }

  void dress(QCPAxisRect* area, const Chart& chart, const Theme& ink) {
    QCPAxis* time = area->axis(QCPAxis::atBottom);
    QCPAxis* value = area->axis(QCPAxis::atLeft);
    time->setRange(seen);
    value->setScaleType(chart.log ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    value->setRange(chart.low, chart.high);
    for (QCPAxis* axis : {time, value}) {
      axis->setTickLabelFont(font());
      axis->setTickLabelColor(ink.colour(Ink::Soft));
      axis->setBasePen(axis == time ? QPen{ink.colour(Ink::Rule), 1} : Qt::NoPen);
      axis->setTickPen(QPen{ink.colour(Ink::Rule), 1});
      axis->grid()->setPen(QPen{ink.colour(Ink::Grid), 1});
      axis->grid()->setZeroLinePen(Qt::NoPen);
    }
    auto ticker = value->ticker().staticCast<ValueTicker>();
    ticker->unit = chart.unit;
    ticker->log = chart.log;
    const QFontMetrics metrics{font()};
    const int clock = metrics.horizontalAdvance(QStringLiteral("00:00:00"));
    time->ticker()->setTickCount(std::max(2, width() / (clock + 28)));
    const int height = this->height() / std::max(1, plotCount());
    ticker->setTickCount(std::clamp(height / (2 * metrics.height()), 2, 6));
  }

  void addLine(QCPAxisRect* area, const Chart& chart, const ChartSeries& series, const Theme& ink) {
    QCPGraph* line = addGraph(area->axis(QCPAxis::atBottom), area->axis(QCPAxis::atLeft));
    line->setPen(pen_of(series.look, ink));
    line->setLineStyle(chart.step ? QCPGraph::lsStepLeft : QCPGraph::lsLine);
    line->setAdaptiveSampling(false);  // it has been thinned
    line->setSelectable(QCP::stNone);
    const int columns = std::max(100, width());
    const auto points =
        thinned(snapshot->charts.times, series, std::llround(seen.lower * ms_per_second),
                std::llround(seen.upper * ms_per_second), columns);
    QVector<QCPGraphData> drawn_points, alone;
    const auto drawn = [&](std::size_t i) {
      return i < points.size() && !std::isnan(points[i].value);
    };
    for (std::size_t i = 0; i < points.size(); ++i) {
      drawn_points.append({points[i].at, points[i].value});
      if (drawn(i) && !drawn(i + 1) && (i == 0 || !drawn(i - 1))) alone.append(drawn_points.back());
    }
    if (chart.step && !drawn_points.empty())  // the last value holds until the end of the run
      drawn_points.append({whole().upper, drawn_points.back().value});
    line->data()->set(drawn_points, true);
    if (alone.empty()) return;
    // A point between two gaps has no line to stand on.
    QCPGraph* dots = addGraph(area->axis(QCPAxis::atBottom), area->axis(QCPAxis::atLeft));
    dots->setPen(QPen{line->pen().color()});
    dots->setLineStyle(QCPGraph::lsNone);
    dots->setScatterStyle({QCPScatterStyle::ssDisc, line->pen().widthF() + 2});
    dots->data()->set(alone, true);
  }

  [[nodiscard]] Theme theme() const { return Theme::of(palette()); }

  [[nodiscard]] PlotFrame frame(std::size_t i) const {
    const QCPAxisRect* area = axisRect(static_cast<int>(i));
    QCPAxis* time = area->axis(QCPAxis::atBottom);
    QCPAxis* value = area->axis(QCPAxis::atLeft);
    return {.area = QRectF{area->rect()},
            .x =
                [time](std::int64_t at) {
                  return time->coordToPixel(static_cast<double>(at) / ms_per_second);
                },
            .y = [value](double at) { return value->coordToPixel(at); },
            .from = std::llround(seen.lower * ms_per_second),
            .to = std::llround(seen.upper * ms_per_second),
            .first = i == 0};
  }

  [[nodiscard]] QString beside(std::size_t i) const {
    return readout(snapshot->charts, *charts[i], std::llround(cursor * ms_per_second));
  }

  /// The time stands once, above all of them.
  [[nodiscard]] QString heading(std::size_t i) const {
    if (i > 0) return beside(i);
    const auto at = std::chrono::milliseconds{std::llround(cursor * ms_per_second)};
    return QString::fromStdString(sim::report::clock_text(at, Instant{})) + QStringLiteral("   ") +
           beside(i);
  }

  void paintCursor(QPainter& painter) {
    if (charts.empty() || !seen.contains(cursor)) return;
    const double x = std::round(axisRect(0)->axis(QCPAxis::atBottom)->coordToPixel(cursor));
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.setPen(QPen{theme().colour(Ink::Text), 1});
    for (int i = 0; i < plotCount(); ++i) {
      const QRect area = axisRect(i)->rect();
      painter.drawLine(QPointF{x, static_cast<double>(area.top())},
                       QPointF{x, static_cast<double>(area.bottom())});
    }
  }

  void paintVeil(QPainter& painter) {
    if (!stale) return;
    QColor veil = theme().colour(Ink::Paper);
    veil.setAlphaF(0.62F);
    painter.fillRect(rect(), veil);
  }

  void repaintCursor() {
    if (!charts.empty()) layer(QStringLiteral("cursor"))->replot();
  }

  /// Zooms about a time, all plots together.
  void zoom(double factor, double about) {
    const QCPRange all = whole();
    const double size = std::clamp(seen.size() * factor, std::min(10.0, all.size()), all.size());
    const double share = (about - seen.lower) / seen.size();
    const double lower = std::clamp(about - share * size, all.lower, all.upper - size);
    seen = {lower, lower + size};
    refresh();
  }
  void pan(double share) {
    const QCPRange all = whole();
    const double lower =
        std::clamp(seen.lower + share * seen.size(), all.lower, all.upper - seen.size());
    seen = {lower, lower + seen.size()};
    refresh();
  }
};

PlotStack::PlotStack(QWidget* parent) : QWidget{parent}, canvas_{std::make_unique<Canvas>(this)} {
  setObjectName(QStringLiteral("plots"));
  auto* column = new QVBoxLayout{this};
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(canvas_.get());
  const auto point = [this](QMouseEvent* event) {
    if (canvas_->charts.empty() || !(event->buttons() & Qt::LeftButton)) return;
    const QCPAxis* time = canvas_->axisRect(0)->axis(QCPAxis::atBottom);
    emit cursorWanted(std::llround(time->pixelToCoord(event->pos().x()) * ms_per_second));
  };
  connect(canvas_.get(), &QCustomPlot::mousePress, this, point);
  connect(canvas_.get(), &QCustomPlot::mouseMove, this, point);
  connect(canvas_.get(), &QCustomPlot::mouseDoubleClick, this, &PlotStack::showAll);
  connect(canvas_.get(), &QCustomPlot::mouseWheel, this, [this](QWheelEvent* event) {
    if (canvas_->charts.empty()) return;
    const QPoint turned = event->angleDelta();
    const bool sideways =
        std::abs(turned.x()) > std::abs(turned.y()) || (event->modifiers() & Qt::ShiftModifier);
    if (sideways) {
      canvas_->pan(-(turned.x() != 0 ? turned.x() : turned.y()) / 120.0 * 0.1);
    } else {
      const QCPAxis* time = canvas_->axisRect(0)->axis(QCPAxis::atBottom);
      canvas_->zoom(std::pow(0.8, turned.y() / 120.0), time->pixelToCoord(event->position().x()));
    }
  });
}

PlotStack::~PlotStack() = default;

void PlotStack::show(const SnapshotPtr& snapshot) { canvas_->show(snapshot); }

void PlotStack::setCursorAt(qint64 at) {
  canvas_->cursor = static_cast<double>(at) / ms_per_second;
  canvas_->repaintCursor();
}

void PlotStack::setStale(bool stale) {
  if (std::exchange(canvas_->stale, stale) != stale) canvas_->repaintCursor();
}

void PlotStack::showAll() {
  canvas_->seen = canvas_->whole();
  canvas_->refresh();
}

int PlotStack::plotCount() const { return canvas_->plotCount(); }

QString PlotStack::readoutOf(int plot) const {
  return canvas_->beside(static_cast<std::size_t>(plot));
}

QString PlotStack::emptyTextOf(int plot) const {
  return QString::fromStdString(canvas_->charts.at(static_cast<std::size_t>(plot))->empty);
}

QPoint PlotStack::pointAt(qint64 at) const {
  const QCPAxisRect* area = canvas_->axisRect(0);
  const double x =
      area->axis(QCPAxis::atBottom)->coordToPixel(static_cast<double>(at) / ms_per_second);
  return {static_cast<int>(std::lround(x)), area->rect().center().y()};
}

QSize PlotStack::sizeHint() const { return {720, 600}; }
QSize PlotStack::minimumSizeHint() const { return {320, 280}; }

void PlotStack::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)
    canvas_->refresh();
}

void PlotStack::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  canvas_->refresh();  // ticks and thinning follow the width
}

}  // namespace volary::gui
