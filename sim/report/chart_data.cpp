#include <cmath>
#include <string>

#include <nlohmann/json.hpp>

#include "sim/report/charts.hpp"
#include "sim/report/html.hpp"

/// Charts as report.js reads them.
namespace volary::sim::report {
namespace {

using Json = nlohmann::ordered_json;

std::string_view name_of(CheckMark mark) {
  switch (mark) {
    case CheckMark::None: return "";
    case CheckMark::Pass: return "pass";
    case CheckMark::Fail: return "fail";
    case CheckMark::Unknown: return "unknown";
  }
  return "";
}

std::string_view name_of(ChartBand::Kind kind) {
  switch (kind) {
    case ChartBand::Kind::Idle: return "idle";
    case ChartBand::Kind::Waiting: return "waiting";
    case ChartBand::Kind::Analysis: return "analysis";
    case ChartBand::Kind::Ending: return "ending";
  }
  return "";
}

Json json_of(const ChartSeries& series) {
  Json values = Json::array();
  for (const ChartPoint& point : series.points) {
    switch (point.kind) {
      case ChartPoint::Kind::Number: values.push_back(std::round(point.value * 1e4) / 1e4); break;
      case ChartPoint::Kind::None: values.push_back(nullptr); break;
      case ChartPoint::Kind::Gap: values.push_back("gap"); break;
    }
  }
  Json object{{"key", series.key},
              {"name", series.name},
              {"look", to_string(series.look)},
              {"values", std::move(values)}};
  if (series.marks.empty()) return object;
  Json verdicts = Json::array();
  for (const CheckMark mark : series.marks) verdicts.push_back(name_of(mark));
  object["verdicts"] = std::move(verdicts);
  return object;
}

Json json_of(const Chart& chart) {
  Json series = Json::array();
  for (const ChartSeries& one : chart.series) series.push_back(json_of(one));
  Json bounds = Json::array();
  for (const ChartBound& bound : chart.bounds)
    bounds.push_back({{"value", bound.value}, {"at_least", bound.at_least}});
  return {{"title", chart.title},       {"unit", chart.unit}, {"note", chart.note},
          {"empty", chart.empty},       {"step", chart.step}, {"log", chart.log},
          {"low", chart.low},           {"high", chart.high}, {"series", std::move(series)},
          {"bounds", std::move(bounds)}};
}

Json json_of(const Charts& flight) {
  Json phases = Json::array(), faults = Json::array(), releases = Json::array(),
       charts = Json::array();
  for (const ChartBand& band : flight.phases)
    phases.push_back(
        {{"name", band.name}, {"kind", name_of(band.kind)}, {"from", band.from}, {"to", band.to}});
  for (const ChartBand& band : flight.faults)
    faults.push_back({{"name", band.name}, {"from", band.from}, {"to", band.to}});
  for (const ChartMoment& release : flight.releases)
    releases.push_back({{"name", release.name}, {"at", release.at}});
  for (const Chart& chart : flight.charts) charts.push_back(json_of(chart));
  return {{"times", flight.times},
          {"from", flight.from},
          {"to", flight.to},
          {"phases", std::move(phases)},
          {"faults", std::move(faults)},
          {"releases", std::move(releases)},
          {"charts", std::move(charts)}};
}

}  // namespace

std::string chart_data(const Run& run, const Scenario& scenario, const Canary* canary) {
  const std::string json =
      json_of(charts(run, scenario, canary)).dump(-1, ' ', false, Json::error_handler_t::replace);
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
