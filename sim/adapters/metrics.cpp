#include <algorithm>
#include <cmath>

#include "sim/adapters/adapters.hpp"

namespace volary::sim {

namespace {
using namespace std::chrono_literals;
constexpr Duration server_patience = 5s;  // PRV-02
}  // namespace

SimMetrics::SimMetrics(const TrafficWorld& world, const promql::SeriesStore& store,
                       const Policy& policy, Compat compat, Wait wait)
    : world_{world}, store_{store}, policy_{policy}, compat_{compat}, wait_{std::move(wait)} {}

Result<void> SimMetrics::reach_server() {
  const Scenario& scenario = world_.scenario();
  if (active_fault(scenario, Fault::Kind::MetricsDown, "", world_.now()))
    return fail(ErrorKind::Unavailable, "the metric server does not answer: connection refused");
  Duration takes = scenario.telemetry.query_time;
  if (const Fault* slow = active_fault(scenario, Fault::Kind::MetricsSlow, "", world_.now()))
    takes += slow->delay;
  wait_(std::min(takes, server_patience));
  if (takes >= server_patience)
    return fail(ErrorKind::Timeout, "the metric server did not answer within 5s");
  return {};
}

const promql::Expression* SimMetrics::parsed(const std::string& text) {
  auto found = parsed_.find(text);
  if (found == parsed_.end()) {
    auto expression = promql::parse(text);
    if (!expression) return nullptr;
    found = parsed_.emplace(text, *std::move(expression)).first;
  }
  return &found->second;
}

Result<Measurement> SimMetrics::query(const MetricQuery& query) {
  if (auto reached = reach_server(); !reached) return tl::unexpected(reached.error());
  if (query.provider_type != "prometheus")
    return fail(ErrorKind::NoData, "a simulated world has no {} server", query.provider_type);
  const promql::Expression* expression = parsed(query.text);
  if (expression == nullptr)
    return fail(ErrorKind::Invalid, "{}", promql::parse(query.text).error().message);
  const auto value = promql::evaluate(*expression, store_, world_.now());
  if (!value) return tl::unexpected(value.error());
  if (value->scalar)
    return fail(ErrorKind::Invalid, "the query answers a scalar, which is not supported (PRV-06)");
  if (value->vector.empty()) return fail(ErrorKind::NoData, "no values found");
  if (compat_ == Compat::Strict && value->vector.size() > 1)  // INV-12
    return fail(ErrorKind::Invalid, "the query answers {} series where one is wanted",
                value->vector.size());

  Measurement measurement;
  measurement.value = value->vector.back().value;  // PRV-06
  measurement.series = static_cast<int>(value->vector.size());
  measurement.newest = world_.now();
  measurement.window = expression->longest_range();
  if (std::isnan(measurement.value)) return fail(ErrorKind::NoData, "no values found");  // PRV-07
  if (query.requests.empty()) return measurement;
  if (const promql::Expression* requests = parsed(query.requests)) {
    const auto rate = promql::evaluate(*requests, store_, world_.now());
    if (rate && rate->vector.size() == 1)
      measurement.samples =
          std::round(rate->vector.front().value * seconds(requests->longest_range()));
  }
  return measurement;
}

Result<void> SimMetrics::online(const MetricQuery& server) {
  if (server.provider_type != "prometheus") return {};
  return reach_server();
}

Result<MetricTemplate> SimMetrics::find_template(const ObjectName& name) {
  const auto found = std::ranges::find(policy_.templates, name, &MetricTemplate::name);
  if (found == policy_.templates.end())
    return fail(ErrorKind::NotFound, "metrictemplates.flagger.app \"{}\" not found", name.name);
  return *found;
}

}  // namespace volary::sim
