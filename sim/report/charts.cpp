#include "sim/report/charts.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "engine/judge.hpp"
#include "sim/report/numbers.hpp"

namespace volary::sim::report {
namespace {

using Point = ChartPoint;
using Series = ChartSeries;
using Bound = ChartBound;
using Band = ChartBand;

Point number(double value) {
  if (!std::isfinite(value)) return {.kind = Point::Kind::Gap};
  return {.kind = Point::Kind::Number, .value = value};
}
Point number(const std::optional<double>& value) {
  return value ? number(*value) : Point{.kind = Point::Kind::Gap};
}

/// Every time at which something was measured or decided, once each.
struct Axis {
  std::vector<std::int64_t> times;

  Axis(const Run& run, const Scenario& scenario) {
    for (const Sample& sample : run.samples) times.push_back(clock_ms(scenario, sample.at));
    for (const TickRecord& tick : run.ticks) times.push_back(clock_ms(scenario, tick.began));
    std::ranges::sort(times);
    times.erase(std::unique(times.begin(), times.end()), times.end());
  }
  [[nodiscard]] std::size_t row(std::int64_t at) const {
    return static_cast<std::size_t>(std::ranges::lower_bound(times, at) - times.begin());
  }
};

class Builder {
 public:
  Builder(const Run& run, const Scenario& scenario, const Canary* canary)
      : run_{run}, scenario_{scenario}, canary_{canary}, axis_{run, scenario} {
    canary_seen_ =
        std::ranges::any_of(run.samples, [](const Sample& s) { return s.canary.requests > 0; });
    mirror_seen_ =
        std::ranges::any_of(run.samples, [](const Sample& s) { return s.mirrored.requests > 0; });
  }

  [[nodiscard]] Charts build() const {
    std::vector<Chart> all{traffic(), success(), latency()};
    for (Chart& chart : own_checks()) all.push_back(std::move(chart));
    all.push_back(failures());
    all.push_back(rate());
    return {.times = axis_.times,
            .from = clock_ms(scenario_, Instant{}),
            .to = std::max(clock_ms(scenario_, run_.ended), clock_ms(scenario_, Instant{}) + 1000),
            .phases = phases(),
            .faults = faults(),
            .releases = releases(),
            .charts = std::move(all)};
  }

 private:
  using Value = std::function<Point(const Sample&)>;

  [[nodiscard]] Series sampled(std::string key, std::string name, Look look,
                               const Value& value) const {
    Series series{
        std::move(key), std::move(name), look, std::vector<Point>(axis_.times.size()), {}};
    for (const Sample& sample : run_.samples)
      series.points[axis_.row(clock_ms(scenario_, sample.at))] = value(sample);
    return series;
  }

  /// The measured values of one check, marked by their verdict. What could not be told has no
  /// height: its mark stands on the floor of the chart.
  [[nodiscard]] Series evidence(const std::string& name, double floor) const {
    Series series{"check " + name, "measured", Look::Check, std::vector<Point>(axis_.times.size()),
                  std::vector<CheckMark>(axis_.times.size())};
    for (const TickRecord& tick : run_.ticks) {
      for (const CheckEvidence& check : tick.checks) {
        if (check.hook || check.name != name) continue;
        const std::size_t row = axis_.row(clock_ms(scenario_, tick.began));
        const bool told = check.value && std::isfinite(*check.value) &&
                          (check.verdict == CheckEvidence::Verdict::Pass ||
                           check.verdict == CheckEvidence::Verdict::Breach);
        series.points[row] = number(told ? *check.value : floor);
        series.marks[row] = !told                                             ? CheckMark::Unknown
                            : check.verdict == CheckEvidence::Verdict::Breach ? CheckMark::Fail
                                                                              : CheckMark::Pass;
      }
    }
    return series;
  }

  /// The bounds that were in force, each once; those that are written where none ever was.
  [[nodiscard]] std::vector<Bound> bounds(const std::string& name) const {
    std::vector<Bound> found;
    const auto add = [&](const std::optional<double>& value, bool at_least) {
      if (!value || !std::isfinite(*value)) return;
      for (const Bound& known : found)
        if (known.value == *value && known.at_least == at_least) return;
      found.push_back({*value, at_least});
    };
    for (const TickRecord& tick : run_.ticks) {
      for (const CheckEvidence& check : tick.checks) {
        if (check.hook || check.name != name) continue;
        add(check.min, true);
        add(check.max, false);
      }
    }
    if (!found.empty() || !canary_) return found;
    for (const MetricCheck& check : canary_->spec.analysis.metrics) {
      if (check.name != name) continue;
      const WrittenBounds written = written_bounds(check);
      add(written.min, true);
      add(written.max, false);
    }
    return found;
  }

  [[nodiscard]] static std::pair<double, double> extent(const Chart& chart) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    const auto see = [&](double value) {
      low = std::min(low, value);
      high = std::max(high, value);
    };
    for (const Series& series : chart.series)
      for (const Point& point : series.points)
        if (point.kind == Point::Kind::Number) see(point.value);
    for (const Bound& bound : chart.bounds) see(bound.value);
    return {low, high};
  }

  static void from_zero(Chart& chart) {
    const double high = extent(chart).second;
    chart.low = 0;
    chart.high = std::isfinite(high) && high > 0 ? high * 1.12 : 1;
  }

  [[nodiscard]] std::string nobody() const {
    if (run_.samples.empty()) return "this run kept no samples";
    if (canary_seen_ || mirror_seen_) return {};
    return run_.score.max_canary_weight == 0 ? "no request reached the canary: its weight was 0 %"
                                             : "no request reached the canary";
  }

  [[nodiscard]] Chart traffic() const {
    Chart chart{.topic = ChartTopic::Traffic,
                .title = "Traffic split",
                .unit = "%",
                .note = "share routed to each version",
                .step = true,
                .low = 0,
                .high = 140};  // room above 100 % for the names of the bands
    Series primary{"primary", "primary", Look::Primary, std::vector<Point>(axis_.times.size()), {}};
    Series canary{"canary", "canary", Look::Canary, std::vector<Point>(axis_.times.size()), {}};
    for (const TickRecord& tick : run_.ticks) {
      if (!tick.routes) continue;
      const std::size_t row = axis_.row(clock_ms(scenario_, tick.began));
      primary.points[row] = number(tick.routes->primary.percent());
      canary.points[row] = number(tick.routes->canary.percent());
    }
    for (Series* series : {&primary, &canary}) {  // a weight holds until it is changed
      Point held{};
      for (Point& point : series->points) {
        if (point.kind == Point::Kind::None) point = held;
        held = point;
      }
    }
    chart.series = {std::move(primary), std::move(canary)};
    if (run_.plan.strategy == Strategy::AbTesting)
      chart.note = "share of the matched users routed to each version";
    if (std::ranges::none_of(run_.ticks,
                             [](const TickRecord& tick) { return tick.routes.has_value(); }))
      chart.empty = "no route was written in this run";
    return chart;
  }

  [[nodiscard]] Chart success() const {
    Chart chart{
        .topic = ChartTopic::SuccessRate, .title = "Success rate", .unit = "%", .empty = nobody()};
    const auto rate = [](const VersionSample& version) {
      if (version.requests == 0) return Point{.kind = Point::Kind::Gap};
      return number(100.0 * (1.0 - static_cast<double>(version.failures) / version.requests));
    };
    chart.series.push_back(sampled("primary", "primary", Look::Primary,
                                   [&](const Sample& s) { return rate(s.primary); }));
    chart.series.push_back(
        sampled("canary", "canary", Look::Canary, [&](const Sample& s) { return rate(s.canary); }));
    if (mirror_seen_)
      chart.series.push_back(sampled("mirror", "mirrored", Look::Mirror,
                                     [&](const Sample& s) { return rate(s.mirrored); }));
    chart.bounds = bounds("request-success-rate");
    Series checks = evidence("request-success-rate", 0);
    double low = 100;
    for (const Series& series : chart.series)
      for (const Point& point : series.points)
        if (point.kind == Point::Kind::Number) low = std::min(low, point.value);
    for (std::size_t i = 0; i < checks.points.size(); ++i)
      if (told(checks.marks[i])) low = std::min(low, checks.points[i].value);
    for (const Bound& bound : chart.bounds) low = std::min(low, bound.value);
    // The part where things happen: whole percents near the top, wider further down.
    chart.low = low >= 99.6   ? 99
                : low >= 95.2 ? 95
                : low >= 90.5 ? 90
                : low >= 50   ? std::floor((low - 1) / 10) * 10
                              : 0;
    chart.high = 100 + (100 - chart.low) * 0.06;
    if (chart.low > 0) chart.note = "the axis begins at " + bound(chart.low) + " %";
    add_checks(chart, std::move(checks));
    return chart;
  }

  [[nodiscard]] Chart latency() const {
    Chart chart{.topic = ChartTopic::Latency,
                .title = "Request duration, p50 and p99",
                .unit = "ms",
                .empty = nobody()};
    const auto add = [&](std::string key, std::string name, Look look, const Value& value) {
      chart.series.push_back(sampled(std::move(key), std::move(name), look, value));
    };
    add("primary99", "primary p99", Look::Primary,
        [](const Sample& s) { return number(s.primary.p99_ms); });
    add("canary99", "canary p99", Look::Canary,
        [](const Sample& s) { return number(s.canary.p99_ms); });
    add("primary50", "primary p50", Look::PrimaryThin,
        [](const Sample& s) { return number(s.primary.p50_ms); });
    add("canary50", "canary p50", Look::CanaryThin,
        [](const Sample& s) { return number(s.canary.p50_ms); });
    if (mirror_seen_)
      add("mirror99", "mirrored p99", Look::Mirror,
          [](const Sample& s) { return number(s.mirrored.p99_ms); });
    chart.bounds = bounds("request-duration");
    auto [low, high] = extent(chart);
    chart.log = low > 0 && high / low > 8;
    chart.low = chart.log ? low / 1.3 : 0;
    Series checks = evidence("request-duration", chart.low);
    for (std::size_t i = 0; i < checks.points.size(); ++i)
      if (told(checks.marks[i])) high = std::max(high, checks.points[i].value);
    chart.high = !std::isfinite(high) ? 1 : chart.log ? high * 1.3 : high * 1.12;
    chart.note = chart.log ? "milliseconds, logarithmic axis" : "milliseconds";
    add_checks(chart, std::move(checks));
    return chart;
  }

  /// The check gave a value that could be held against its bounds.
  [[nodiscard]] static bool told(CheckMark mark) {
    return mark == CheckMark::Pass || mark == CheckMark::Fail;
  }

  /// Just above the bottom of the chart, so that a mark there is whole.
  [[nodiscard]] static double floor(const Chart& chart) {
    if (chart.log) return chart.low * std::pow(chart.high / chart.low, 0.05);
    return chart.low + (chart.high - chart.low) * 0.05;
  }

  void add_checks(Chart& chart, Series checks) const {
    if (std::ranges::all_of(checks.marks, [](CheckMark mark) { return mark == CheckMark::None; }))
      return;
    for (std::size_t i = 0; i < checks.points.size(); ++i)
      if (checks.marks[i] == CheckMark::Unknown) checks.points[i].value = floor(chart);
    chart.series.push_back(std::move(checks));
  }

  /// A chart for each check of the user's own: its values as they were measured, and its bounds.
  [[nodiscard]] std::vector<Chart> own_checks() const {
    std::vector<Chart> charts;
    std::vector<std::string> seen{"request-success-rate", "request-duration"};
    for (const TickRecord& tick : run_.ticks) {
      for (const CheckEvidence& check : tick.checks) {
        if (check.hook || std::ranges::find(seen, check.name) != seen.end()) continue;
        seen.push_back(check.name);
        Chart chart{.topic = ChartTopic::OwnCheck,
                    .title = "Check " + check.name,
                    .unit = check.unit,
                    .note = "as the policy's query measured it"};
        chart.bounds = bounds(check.name);
        chart.series.push_back(evidence(check.name, 0));
        from_zero(chart);
        const double low = extent(chart).first;
        if (low < 0) chart.low = low * 1.12;
        for (std::size_t i = 0; i < chart.series[0].points.size(); ++i)
          if (chart.series[0].marks[i] == CheckMark::Unknown)
            chart.series[0].points[i].value = floor(chart);
        if (std::ranges::none_of(chart.series[0].marks, told))
          chart.empty = "the query never returned a value";
        charts.push_back(std::move(chart));
      }
    }
    return charts;
  }

  [[nodiscard]] Chart failures() const {
    Chart chart{.topic = ChartTopic::Failures,
                .title = "Failed requests, as users felt them",
                .unit = "",
                .note = "per second, after retries"};
    chart.series.push_back(sampled("failed", "failed", Look::Harm, [](const Sample& s) {
      return s.length > Duration::zero() ? number(s.user_failures / seconds(s.length)) : Point{};
    }));
    if (run_.samples.empty())
      chart.empty = "this run kept no samples";
    else if (std::ranges::all_of(run_.samples,
                                 [](const Sample& s) { return s.user_failures == 0; }))
      chart.empty = "no request failed";
    from_zero(chart);
    return chart;
  }

  [[nodiscard]] Chart rate() const {
    Chart chart{.topic = ChartTopic::RequestRate,
                .title = "Requests per second",
                .unit = "",
                .note = "answered or failed, by version",
                .empty = nobody()};
    // A version that nobody asked has no rate: its line ends instead of lying on zero.
    const auto per_second = [](const VersionSample& version, Duration length) {
      if (version.requests == 0 || length <= Duration::zero())
        return Point{.kind = Point::Kind::Gap};
      return number(version.requests / seconds(length));
    };
    chart.series.push_back(sampled("primary", "primary", Look::Primary, [&](const Sample& s) {
      return per_second(s.primary, s.length);
    }));
    chart.series.push_back(sampled("canary", "canary", Look::Canary, [&](const Sample& s) {
      return per_second(s.canary, s.length);
    }));
    if (mirror_seen_)
      chart.series.push_back(sampled("mirror", "mirrored", Look::Mirror, [&](const Sample& s) {
        return per_second(s.mirrored, s.length);
      }));
    from_zero(chart);
    return chart;
  }

  [[nodiscard]] std::vector<Band> phases() const {
    const auto kind = [](Phase phase) {
      switch (phase) {
        case Phase::Progressing: return Band::Kind::Analysis;
        case Phase::Waiting:
        case Phase::WaitingPromotion: return Band::Kind::Waiting;
        case Phase::Promoting:
        case Phase::Finalising: return Band::Kind::Ending;
        default: return Band::Kind::Idle;
      }
    };
    std::vector<Band> bands;
    for (std::size_t i = 0; i < run_.ticks.size();) {
      const Phase phase = run_.ticks[i].status.phase;
      std::size_t end = i + 1;
      while (end < run_.ticks.size() && run_.ticks[end].status.phase == phase) ++end;
      bands.push_back({.kind = kind(phase),
                       .name = std::string{volary::to_string(phase)},
                       .from = clock_ms(scenario_, run_.ticks[i].began),
                       .to = clock_ms(scenario_, end < run_.ticks.size() ? run_.ticks[end].began
                                                                         : run_.ended)});
      i = end;
    }
    return bands;
  }

  [[nodiscard]] std::vector<Band> faults() const {
    std::vector<Band> bands;
    for (const Fault& fault : scenario_.faults) {
      std::string name{sim::to_string(fault.kind)};
      if (!fault.target.empty()) name += " " + fault.target;
      const Duration shown = std::max<Duration>(fault.duration, std::chrono::seconds{2});
      bands.push_back({.name = std::move(name),
                       .from = clock_ms(scenario_, Instant{fault.at}),
                       .to = clock_ms(scenario_, Instant{fault.at + shown})});
    }
    return bands;
  }

  [[nodiscard]] std::vector<ChartMoment> releases() const {
    std::vector<ChartMoment> moments;
    for (const Release& release : scenario_.releases)
      moments.push_back({release.version, clock_ms(scenario_, Instant{release.at})});
    return moments;
  }

  const Run& run_;
  const Scenario& scenario_;
  const Canary* canary_;
  Axis axis_;
  bool canary_seen_ = false, mirror_seen_ = false;
};

}  // namespace

std::string_view to_string(Look look) {
  switch (look) {
    case Look::Primary: return "primary";
    case Look::Canary: return "canary";
    case Look::Mirror: return "mirror";
    case Look::PrimaryThin: return "primary-thin";
    case Look::CanaryThin: return "canary-thin";
    case Look::Harm: return "harm";
    case Look::Check: return "check";
  }
  return "";
}

std::string bound_text(const ChartBound& bound, std::string_view unit) {
  std::string text = (bound.at_least ? "≥ " : "≤ ") + report::bound(bound.value);
  return unit.empty() ? text : text + " " + std::string{unit};
}

std::string value_text(const Chart& chart, double value) {
  switch (chart.topic) {
    case ChartTopic::Traffic: return report::bound(value) + " %";
    case ChartTopic::Failures:
    case ChartTopic::RequestRate:
      return value >= 1000  ? count(static_cast<std::uint64_t>(value + 0.5))
             : value >= 100 ? report::bound(std::round(value))
                            : report::bound(std::round(value * 10) / 10);
    case ChartTopic::SuccessRate:
    case ChartTopic::Latency:
    case ChartTopic::OwnCheck: return measured(value, chart.unit);
  }
  return {};
}

std::int64_t clock_ms(const Scenario& scenario, Instant at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(scenario.starts_at +
                                                               at.time_since_epoch())
      .count();
}

Charts charts(const Run& run, const Scenario& scenario, const Canary* canary) {
  return Builder{run, scenario, canary}.build();
}

}  // namespace volary::sim::report
