#include "gui/models/series.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "sim/report/numbers.hpp"
#include "sim/report/text_style.hpp"

namespace volary::gui {

using sim::report::Chart;
using sim::report::ChartPoint;
using sim::report::Charts;
using sim::report::ChartSeries;
using sim::report::Look;

namespace {

/// One pixel column of a line.
class ColumnOfPoints {
 public:
  void add(PlotPoint point) {
    if (count_ == 0) first_ = least_ = greatest_ = point;
    if (point.value < least_.value) least_ = point;
    if (point.value > greatest_.value) greatest_ = point;
    last_ = point;
    ++count_;
  }
  void into(std::vector<PlotPoint>& points) {
    if (count_ == 0) return;
    std::vector<PlotPoint> kept{first_, least_, greatest_, last_};
    std::ranges::stable_sort(kept, {}, &PlotPoint::at);
    const auto same = [](const PlotPoint& a, const PlotPoint& b) {
      return a.at == b.at && a.value == b.value;
    };
    kept.erase(std::unique(kept.begin(), kept.end(), same), kept.end());
    points.insert(points.end(), kept.begin(), kept.end());
    count_ = 0;
  }

 private:
  PlotPoint first_, least_, greatest_, last_;
  int count_ = 0;
};

double seconds_of(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

/// The value that a series shows at a row of the axis.
std::optional<double> shown_at(const Chart& chart, const ChartSeries& series, std::size_t row) {
  using Kind = ChartPoint::Kind;
  const auto number = [&](std::size_t i) {
    const ChartPoint& point = series.points[i];
    return point.kind == Kind::Number ? std::optional{point.value} : std::nullopt;
  };
  if (!chart.step)  // the sample that this time belongs to ends at or after it
    for (std::size_t i = row; i < series.points.size(); ++i)
      if (series.points[i].kind != Kind::None) return number(i);
  for (std::size_t i = row + 1; i-- > 0;)
    if (series.points[i].kind != Kind::None) return number(i);
  return std::nullopt;
}

/// "primary 99.91 % · canary 97.02 %".
std::string values_of(const Chart& chart, std::size_t row) {
  std::string text;
  for (const ChartSeries& series : chart.series) {
    if (series.look == Look::Check && chart.series.size() > 1) continue;
    if (const auto value = shown_at(chart, series, row))
      text += fmt::format("{}{} {}", text.empty() ? "" : " · ", series.name,
                          sim::report::value_text(chart, *value));
  }
  return text;
}

/// "primary 67 ms / 324 ms · canary 80 ms / 392 ms": p50 and p99 of each version, as the title has
/// them.
std::string durations(const Chart& chart, std::size_t row) {
  std::string text;
  for (const std::string_view version : {"primary", "canary", "mirrored"}) {
    std::string values;
    for (const std::string_view quantile : {"p50", "p99"}) {
      for (const ChartSeries& series : chart.series) {
        if (series.name != fmt::format("{} {}", version, quantile)) continue;
        const auto value = shown_at(chart, series, row);
        if (!value) continue;
        values += fmt::format("{}{}", values.empty() ? "" : " / ",
                              sim::report::value_text(chart, *value));
      }
    }
    if (!values.empty()) text += fmt::format("{}{} {}", text.empty() ? "" : " · ", version, values);
  }
  return text;
}

}  // namespace

std::vector<PlotPoint> thinned(const std::vector<std::int64_t>& times, const ChartSeries& series,
                               std::int64_t from, std::int64_t to, int columns) {
  std::vector<PlotPoint> points;
  if (times.empty() || to <= from || columns < 1) return points;
  // A point beyond each edge carries the line out of sight.
  auto first = static_cast<std::size_t>(std::ranges::lower_bound(times, from) - times.begin());
  auto last = static_cast<std::size_t>(std::ranges::upper_bound(times, to) - times.begin());
  const auto number = [&](std::size_t i) {
    return series.points[i].kind == ChartPoint::Kind::Number;
  };
  while (first > 0 && !number(--first) && series.points[first].kind == ChartPoint::Kind::None) {
  }
  while (last < times.size() && series.points[last].kind == ChartPoint::Kind::None) ++last;
  if (last < times.size()) ++last;

  ColumnOfPoints column;
  std::int64_t current = std::numeric_limits<std::int64_t>::min();
  for (std::size_t i = first; i < last; ++i) {
    const ChartPoint& point = series.points[i];
    if (point.kind == ChartPoint::Kind::None) continue;
    const double share = static_cast<double>(times[i] - from) / static_cast<double>(to - from);
    const auto here = static_cast<std::int64_t>(std::floor(share * columns));
    if (here != current) column.into(points);
    current = here;
    if (point.kind == ChartPoint::Kind::Number) {
      column.add({seconds_of(times[i]), point.value});
    } else {
      column.into(points);
      if (points.empty() || !std::isnan(points.back().value))
        points.push_back({seconds_of(times[i]), std::numeric_limits<double>::quiet_NaN()});
    }
  }
  column.into(points);
  return points;
}

QString readout(const Charts& charts, const Chart& chart, std::int64_t at) {
  if (charts.times.empty()) return {};
  const auto after = chart.step ? std::ranges::upper_bound(charts.times, at)
                                : std::ranges::lower_bound(charts.times, at);
  auto row = static_cast<std::size_t>(after - charts.times.begin());
  if (chart.step && row > 0) --row;
  row = std::min(row, charts.times.size() - 1);
  const std::string text = chart.topic == sim::report::ChartTopic::Latency ? durations(chart, row)
                                                                           : values_of(chart, row);
  return QString::fromStdString(text.empty() ? "no data" : text);
}

QString axis_text(double value, const std::string& unit) {
  if (unit == "%" && value > 100.0001) return {};
  const std::string number = sim::report::bound(std::abs(value) < 1e-9 ? 0 : value);
  return QString::fromStdString(unit.empty() ? number : number + " " + unit);
}

}  // namespace volary::gui
