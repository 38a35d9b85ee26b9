#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sim/report/html.hpp"
#include "sim/report/numbers.hpp"

/// What report.js draws: one time axis, charts in the order of the questions (what was decided, on
/// what evidence, what users felt), bands and bounds. Numbers are computed here; the page only
/// paints.
namespace volary::sim::report {
namespace {

using Json = nlohmann::ordered_json;

/// Milliseconds on the clock of the run, for a date axis in UTC.
std::int64_t clock_ms(const Scenario& scenario, Instant at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(scenario.starts_at +
                                                               at.time_since_epoch())
      .count();
}

/// A value of one series at one time: a number, nothing there (the line goes on), or a gap (the
/// line ends).
struct Point {
  enum class Kind { Number, None, Gap } kind = Kind::None;
  double value = 0;
};
Point number(double value) {
  if (!std::isfinite(value)) return {.kind = Point::Kind::Gap};
  return {.kind = Point::Kind::Number, .value = value};
}
Point number(const std::optional<double>& value) {
  return value ? number(*value) : Point{.kind = Point::Kind::Gap};
}

struct Series {
  std::string key, name, look;
  std::vector<Point> points;
  std::vector<std::string> verdicts;  ///< of the points of a check
};
struct Bound {
  double value;
  bool at_least;
};
struct Chart {
  std::string title, unit, note, empty;
  bool step = false, log = false;
  double low = 0, high = 1;
  std::vector<Series> series;
  std::vector<Bound> bounds;
};

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

class Charts {
 public:
  Charts(const Run& run, const Scenario& scenario)
      : run_{run}, scenario_{scenario}, axis_{run, scenario} {
    canary_seen_ =
        std::ranges::any_of(run.samples, [](const Sample& s) { return s.canary.requests > 0; });
    mirror_seen_ =
        std::ranges::any_of(run.samples, [](const Sample& s) { return s.mirrored.requests > 0; });
  }

  [[nodiscard]] Json json() const {
    Json charts = Json::array();
    std::vector<Chart> all{traffic(), success(), latency()};
    for (Chart& chart : own_checks()) all.push_back(std::move(chart));
    all.push_back(failures());
    all.push_back(rate());
    for (const Chart& chart : all) charts.push_back(json_of(chart));
    Json flight{
        {"times", axis_.times},
        {"from", clock_ms(scenario_, Instant{})},
        {"to", std::max(clock_ms(scenario_, run_.ended), clock_ms(scenario_, Instant{}) + 1000)},
        {"phases", phases()},
        {"faults", faults()},
        {"releases", releases()},
        {"charts", std::move(charts)}};
    return flight;
  }

 private:
  using Value = std::function<Point(const Sample&)>;

  [[nodiscard]] Series sampled(std::string key, std::string name, std::string look,
                               const Value& value) const {
    Series series{std::move(key),
                  std::move(name),
                  std::move(look),
                  std::vector<Point>(axis_.times.size()),
                  {}};
    for (const Sample& sample : run_.samples)
      series.points[axis_.row(clock_ms(scenario_, sample.at))] = value(sample);
    return series;
  }

  /// The measured values of one check, marked by their verdict. What could not be told has no
  /// height: its mark stands on the floor of the chart.
  [[nodiscard]] Series evidence(const std::string& name, double floor) const {
    Series series{"check " + name, "measured", "check", std::vector<Point>(axis_.times.size()),
                  std::vector<std::string>(axis_.times.size())};
    for (const TickRecord& tick : run_.ticks) {
      for (const CheckEvidence& check : tick.checks) {
        if (check.hook || check.name != name) continue;
        const std::size_t row = axis_.row(clock_ms(scenario_, tick.began));
        const bool told = check.value && std::isfinite(*check.value) &&
                          (check.verdict == CheckEvidence::Verdict::Pass ||
                           check.verdict == CheckEvidence::Verdict::Breach);
        series.points[row] = number(told ? *check.value : floor);
        series.verdicts[row] = !told                                             ? "unknown"
                               : check.verdict == CheckEvidence::Verdict::Breach ? "fail"
                                                                                 : "pass";
      }
    }
    return series;
  }

  /// The bounds that were in force, each once.
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
    Chart chart{.title = "Traffic split",
                .unit = "%",
                .note = "share routed to each version",
                .step = true,
                .low = 0,
                .high = 140};  // room above 100 % for the names of the bands
    Series primary{"primary", "primary", "primary", std::vector<Point>(axis_.times.size()), {}};
    Series canary{"canary", "canary", "canary", std::vector<Point>(axis_.times.size()), {}};
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
    Chart chart{.title = "Success rate", .unit = "%", .empty = nobody()};
    const auto rate = [](const VersionSample& version) {
      if (version.requests == 0) return Point{.kind = Point::Kind::Gap};
      return number(100.0 * (1.0 - static_cast<double>(version.failures) / version.requests));
    };
    chart.series.push_back(
        sampled("primary", "primary", "primary", [&](const Sample& s) { return rate(s.primary); }));
    chart.series.push_back(
        sampled("canary", "canary", "canary", [&](const Sample& s) { return rate(s.canary); }));
    if (mirror_seen_)
      chart.series.push_back(sampled("mirror", "mirrored", "mirror",
                                     [&](const Sample& s) { return rate(s.mirrored); }));
    chart.bounds = bounds("request-success-rate");
    Series checks = evidence("request-success-rate", 0);
    double low = 100;
    for (const Series& series : chart.series)
      for (const Point& point : series.points)
        if (point.kind == Point::Kind::Number) low = std::min(low, point.value);
    for (std::size_t i = 0; i < checks.points.size(); ++i)
      if (checks.verdicts[i] == "pass" || checks.verdicts[i] == "fail")
        low = std::min(low, checks.points[i].value);
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
    Chart chart{.title = "Request duration, p50 and p99", .unit = "ms", .empty = nobody()};
    const auto add = [&](std::string key, std::string name, std::string look, const Value& value) {
      chart.series.push_back(sampled(std::move(key), std::move(name), std::move(look), value));
    };
    add("primary99", "primary p99", "primary",
        [](const Sample& s) { return number(s.primary.p99_ms); });
    add("canary99", "canary p99", "canary",
        [](const Sample& s) { return number(s.canary.p99_ms); });
    add("primary50", "primary p50", "primary-thin",
        [](const Sample& s) { return number(s.primary.p50_ms); });
    add("canary50", "canary p50", "canary-thin",
        [](const Sample& s) { return number(s.canary.p50_ms); });
    if (mirror_seen_)
      add("mirror99", "mirrored p99", "mirror",
          [](const Sample& s) { return number(s.mirrored.p99_ms); });
    chart.bounds = bounds("request-duration");
    auto [low, high] = extent(chart);
    chart.log = low > 0 && high / low > 8;
    chart.low = chart.log ? low / 1.3 : 0;
    Series checks = evidence("request-duration", chart.low);
    for (std::size_t i = 0; i < checks.points.size(); ++i)
      if (checks.verdicts[i] == "pass" || checks.verdicts[i] == "fail")
        high = std::max(high, checks.points[i].value);
    chart.high = !std::isfinite(high) ? 1 : chart.log ? high * 1.3 : high * 1.12;
    chart.note = chart.log ? "milliseconds, logarithmic axis" : "milliseconds";
    add_checks(chart, std::move(checks));
    return chart;
  }

  /// Just above the bottom of the chart, so that a mark there is whole.
  [[nodiscard]] static double floor(const Chart& chart) {
    if (chart.log) return chart.low * std::pow(chart.high / chart.low, 0.05);
    return chart.low + (chart.high - chart.low) * 0.05;
  }

  void add_checks(Chart& chart, Series checks) const {
    if (std::ranges::all_of(checks.verdicts,
                            [](const std::string& verdict) { return verdict.empty(); }))
      return;
    for (std::size_t i = 0; i < checks.points.size(); ++i)
      if (checks.verdicts[i] == "unknown") checks.points[i].value = floor(chart);
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
        Chart chart{.title = "Check " + check.name,
                    .unit = check.unit,
                    .note = "as the policy's query measured it"};
        chart.bounds = bounds(check.name);
        chart.series.push_back(evidence(check.name, 0));
        from_zero(chart);
        const double low = extent(chart).first;
        if (low < 0) chart.low = low * 1.12;
        for (std::size_t i = 0; i < chart.series[0].points.size(); ++i)
          if (chart.series[0].verdicts[i] == "unknown")
            chart.series[0].points[i].value = floor(chart);
        if (std::ranges::none_of(chart.series[0].verdicts,
                                 [](const std::string& v) { return v == "pass" || v == "fail"; }))
          chart.empty = "the query never returned a value";
        charts.push_back(std::move(chart));
      }
    }
    return charts;
  }

  [[nodiscard]] Chart failures() const {
    Chart chart{.title = "Failed requests, as users felt them",
                .unit = "",
                .note = "per second, after retries"};
    chart.series.push_back(sampled("failed", "failed", "harm", [](const Sample& s) {
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
    Chart chart{.title = "Requests per second",
                .unit = "",
                .note = "answered or failed, by version",
                .empty = nobody()};
    // A version that nobody asked has no rate: its line ends instead of lying on zero.
    const auto per_second = [](const VersionSample& version, Duration length) {
      if (version.requests == 0 || length <= Duration::zero())
        return Point{.kind = Point::Kind::Gap};
      return number(version.requests / seconds(length));
    };
    chart.series.push_back(sampled("primary", "primary", "primary", [&](const Sample& s) {
      return per_second(s.primary, s.length);
    }));
    chart.series.push_back(sampled("canary", "canary", "canary", [&](const Sample& s) {
      return per_second(s.canary, s.length);
    }));
    if (mirror_seen_)
      chart.series.push_back(sampled("mirror", "mirrored", "mirror", [&](const Sample& s) {
        return per_second(s.mirrored, s.length);
      }));
    from_zero(chart);
    return chart;
  }

  [[nodiscard]] Json phases() const {
    const auto kind = [](Phase phase) {
      switch (phase) {
        case Phase::Progressing: return "analysis";
        case Phase::Waiting:
        case Phase::WaitingPromotion: return "waiting";
        case Phase::Promoting:
        case Phase::Finalising: return "ending";
        default: return "idle";
      }
    };
    Json bands = Json::array();
    for (std::size_t i = 0; i < run_.ticks.size();) {
      const Phase phase = run_.ticks[i].status.phase;
      std::size_t end = i + 1;
      while (end < run_.ticks.size() && run_.ticks[end].status.phase == phase) ++end;
      bands.push_back({{"name", to_string(phase)},
                       {"kind", kind(phase)},
                       {"from", clock_ms(scenario_, run_.ticks[i].began)},
                       {"to", clock_ms(scenario_, end < run_.ticks.size() ? run_.ticks[end].began
                                                                          : run_.ended)}});
      i = end;
    }
    return bands;
  }

  [[nodiscard]] Json faults() const {
    Json bands = Json::array();
    for (const Fault& fault : scenario_.faults) {
      std::string name{to_string(fault.kind)};
      if (!fault.target.empty()) name += " " + fault.target;
      bands.push_back(
          {{"name", name},
           {"from", clock_ms(scenario_, Instant{fault.at})},
           {"to",
            clock_ms(scenario_, Instant{fault.at + std::max<Duration>(fault.duration,
                                                                      std::chrono::seconds{2})})}});
    }
    return bands;
  }

  [[nodiscard]] Json releases() const {
    Json marks = Json::array();
    for (const Release& release : scenario_.releases)
      marks.push_back(
          {{"name", release.version}, {"at", clock_ms(scenario_, Instant{release.at})}});
    return marks;
  }

  [[nodiscard]] static Json json_of(const Chart& chart) {
    Json series = Json::array();
    for (const Series& one : chart.series) {
      Json values = Json::array();
      for (const Point& point : one.points) {
        switch (point.kind) {
          case Point::Kind::Number: values.push_back(std::round(point.value * 1e4) / 1e4); break;
          case Point::Kind::None: values.push_back(nullptr); break;
          case Point::Kind::Gap: values.push_back("gap"); break;
        }
      }
      Json object{
          {"key", one.key}, {"name", one.name}, {"look", one.look}, {"values", std::move(values)}};
      if (!one.verdicts.empty()) object["verdicts"] = one.verdicts;
      series.push_back(std::move(object));
    }
    Json bounds = Json::array();
    for (const Bound& bound : chart.bounds)
      bounds.push_back({{"value", bound.value}, {"at_least", bound.at_least}});
    return {{"title", chart.title},       {"unit", chart.unit}, {"note", chart.note},
            {"empty", chart.empty},       {"step", chart.step}, {"log", chart.log},
            {"low", chart.low},           {"high", chart.high}, {"series", std::move(series)},
            {"bounds", std::move(bounds)}};
  }

  const Run& run_;
  const Scenario& scenario_;
  Axis axis_;
  bool canary_seen_ = false, mirror_seen_ = false;
};

}  // namespace

std::string chart_data(const Run& run, const Scenario& scenario) {
  const std::string json =
      Charts{run, scenario}.json().dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string safe;  // "</script>" and "<!--" cannot occur inside a script element
  safe.reserve(json.size());
  for (const char c : json) {
    if (c == '<')
      safe += "\\u003c";
    else if (c == '>')
      safe += "\\u003e";
    else if (c == '&')
      safe += "\\u0026";
    else
      safe += c;
  }
  return safe;
}

}  // namespace volary::sim::report
