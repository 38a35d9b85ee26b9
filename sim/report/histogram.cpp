#include "sim/report/histogram.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "sim/report/html.hpp"
#include "sim/report/numbers.hpp"

namespace volary::sim::report {
namespace {

constexpr int width = 560, height = 180;
constexpr int left = 44, right = 20, top = 36, bottom = 30;  // around the bars
constexpr int most_bars = 40;

/// The steps in which an axis of times is read.
constexpr std::array<double, 15> times{1,   2,   5,   10,   15,   30,   60,   120,
                                       300, 600, 900, 1800, 3600, 7200, 14400};

/// The least round step that is no smaller than `wanted`.
double round_step(Histogram::Kind kind, double wanted) {
  if (kind == Histogram::Kind::Seconds) {
    for (const double step : times)
      if (step >= wanted) return step;
    return 86400 * std::ceil(wanted / 86400);
  }
  if (wanted <= 1) return 1;  // a count has no half
  const double decade = std::pow(10, std::floor(std::log10(wanted)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * decade >= wanted) return factor * decade;
  return 10 * decade;
}

std::string axis_text(Histogram::Kind kind, double value) {
  if (kind == Histogram::Kind::Count) return count(static_cast<std::uint64_t>(std::llround(value)));
  return value == 0 ? "0" : spoken(from_seconds(value));
}

std::string label(double x, double y, std::string_view anchor, std::string_view css,
                  const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" class=\"{}\">{}</text>", x,
                     y, anchor, css, escaped(text));
}

}  // namespace

std::vector<double> histogram_edges(Histogram::Kind kind, double low, double high) {
  const double step = round_step(kind, (high - low) / (most_bars - 2));
  std::vector<double> edges{std::floor(low / step) * step};
  while (edges.back() <= high || edges.size() < 2)
    edges.push_back(edges.front() + step * static_cast<double>(edges.size()));
  return edges;
}

std::string histogram_svg(const Histogram& histogram) {
  if (histogram.values.empty())
    return fmt::format("<p class=\"nothing\">{}</p>\n", escaped(histogram.empty));
  // A single value is drawn in the middle of an axis, not as a wall.
  const double slack = histogram.high > histogram.low               ? 0
                       : histogram.kind == Histogram::Kind::Seconds ? 60
                                                                    : 5;
  const std::vector<double> edges =
      histogram_edges(histogram.kind, std::max(0.0, histogram.low - slack), histogram.high + slack);
  std::vector<std::uint64_t> bars(edges.size() - 1);
  for (const double value : histogram.values) {
    const auto after = std::ranges::upper_bound(edges, value);
    ++bars[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(
        after - edges.begin() - 1, 0, static_cast<std::ptrdiff_t>(bars.size()) - 1))];
  }
  const std::uint64_t most = std::ranges::max(bars);
  const double floor = height - bottom;
  const auto x = [&](double value) {
    return left + (value - edges.front()) / (edges.back() - edges.front()) * (width - left - right);
  };
  const auto y = [&](double seeds) {
    return floor - seeds / static_cast<double>(most) * (floor - top);
  };
  std::string svg = fmt::format(
      "<svg class=\"histogram\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}: {} over {} "
      "seeds, median {}, p95 {}\">\n",
      width, height, escaped(histogram.subject), escaped(histogram.noun), histogram.values.size(),
      axis_text(histogram.kind, histogram.spread.median),
      axis_text(histogram.kind, histogram.spread.p95));
  svg += fmt::format("<line class=\"axis\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>", left,
                     width - right, floor, floor);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    if (bars[i] == 0) continue;
    const double from = x(edges[i]), to = x(edges[i + 1]), head = y(static_cast<double>(bars[i]));
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"><title>{} to {}: "
        "{}</title></rect>",
        from + 0.5, head, std::max(1.0, to - from - 1), floor - head,
        axis_text(histogram.kind, edges[i]), axis_text(histogram.kind, edges[i + 1]),
        counted(bars[i], "seed"));
  }
  svg += label(left - 8, y(static_cast<double>(most)) + 4, "end", "tick", count(most)) +
         label(left - 8, floor + 4, "end", "tick", "0");
  const double tick =
      round_step(histogram.kind, (edges.back() - edges.front()) / 5);  // about five numbers
  for (double at = std::ceil(edges.front() / tick) * tick; at <= edges.back(); at += tick)
    svg += label(x(at), floor + 18, "middle", "tick", axis_text(histogram.kind, at));
  // Each number on a line of its own, so that they never meet; on the side where there is room.
  const auto rule = [&](double value, double text_y, std::string_view name) {
    const double at = x(value);
    svg += fmt::format(
        "<line class=\"rule\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>", at, at,
        text_y - 10, floor);
    const std::string text =
        fmt::format("{} {}", name, axis_text(histogram.kind, std::round(value)));
    constexpr double widest_letter = 8;
    const bool room_after = at + widest_letter * static_cast<double>(text.size()) < width;
    svg += label(room_after ? at + 5 : at - 5, text_y, room_after ? "start" : "end", "rule-text",
                 text);
  };
  rule(histogram.spread.median, 28, "median");
  rule(histogram.spread.p95, 12, "p95");
  return svg + "\n</svg>\n";
}

}  // namespace volary::sim::report
