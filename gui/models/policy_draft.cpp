#include "gui/models/policy_draft.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "engine/contract.hpp"
#include "engine/judge.hpp"
#include "sim/report/verdict.hpp"

namespace volary::gui {
namespace {

constexpr std::string_view success_rate = "request-success-rate", duration = "request-duration";

std::string interval_text(Duration interval) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(interval).count();
  return whole % 60 == 0 ? fmt::format("{}m", whole / 60) : fmt::format("{}s", whole);
}

Plan plan_of(const Canary& canary) { return volary::plan(canary, {}); }

}  // namespace

PolicyDraft::PolicyDraft(PolicyPtr written)
    : written_{std::move(written)}, canary_{written_->canary} {}

PolicyPtr PolicyDraft::edited() const {
  if (!changed()) return written_;
  auto policy = std::make_shared<Policy>(*written_);
  policy->canary = canary_;
  if (auto text = manifest()) policy->source = *std::move(text);
  return policy;
}

Plan PolicyDraft::plan() const { return plan_of(canary_); }
Plan PolicyDraft::writtenPlan() const { return plan_of(written_->canary); }

std::vector<PolicyDraft::Bound> PolicyDraft::bounds() const {
  std::vector<Bound> bounds = boundsOf(canary_);
  const std::vector<Bound> file = boundsOf(written_->canary);
  for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i].written = file[i].value;
  return bounds;
}

std::vector<PolicyDraft::Bound> PolicyDraft::boundsOf(const Canary& canary) const {
  std::vector<Bound> bounds;
  const auto& metrics = canary.spec.analysis.metrics;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    const MetricCheck& check = metrics[i];
    const bool percent = check.name == success_rate, milliseconds = check.name == duration;
    const auto add = [&](bool at_least, double value) {
      bounds.push_back({.metric = i,
                        .at_least = at_least,
                        .name = sim::report::check_label(check.name),
                        .unit = percent        ? "%"
                                : milliseconds ? "ms"
                                               : "",
                        .value = value});
    };
    const WrittenBounds written = written_bounds(check);
    if (written.min) add(true, *written.min);
    if (written.max) add(false, *written.max);
  }
  return bounds;
}

std::vector<FieldEdit> PolicyDraft::edits() const {
  const Analysis &file = written_->canary.spec.analysis, &now = canary_.spec.analysis;
  std::vector<FieldEdit> edits;
  const auto differ = [&](std::string_view field, const auto& before, const auto& after) {
    if (before != after)
      edits.push_back({fmt::format("spec.analysis.{}", field), fmt::format("{}", after)});
  };
  differ("interval", file.interval, now.interval);
  differ("threshold", file.threshold, now.threshold);
  differ("iterations", file.iterations, now.iterations);
  differ("stepWeight", file.step_weight, now.step_weight);
  differ("maxWeight", file.max_weight, now.max_weight);
  for (std::size_t i = 0; i < now.metrics.size(); ++i) {
    const MetricCheck &before = file.metrics[i], &after = now.metrics[i];
    differ(fmt::format("metrics[{}].threshold", i), before.threshold, after.threshold);
    if (!after.range) continue;
    if (after.range->min)
      differ(fmt::format("metrics[{}].thresholdRange.min", i), before.range->min.value(),
             *after.range->min);
    if (after.range->max)
      differ(fmt::format("metrics[{}].thresholdRange.max", i), before.range->max.value(),
             *after.range->max);
  }
  return edits;
}

Result<std::string> PolicyDraft::manifest() const {
  return edit_text(written_->source, written_->at, edits());
}

void PolicyDraft::setInterval(Duration interval) {
  canary_.spec.analysis.interval = interval == writtenPlan().interval
                                       ? written_->canary.spec.analysis.interval
                                       : interval_text(interval);
}

void PolicyDraft::setThreshold(int failed_checks) {
  canary_.spec.analysis.threshold = failed_checks == writtenPlan().threshold
                                        ? written_->canary.spec.analysis.threshold
                                        : failed_checks;
}

void PolicyDraft::setIterations(int iterations) { canary_.spec.analysis.iterations = iterations; }
void PolicyDraft::setStepWeight(int percent) { canary_.spec.analysis.step_weight = percent; }

void PolicyDraft::setMaxWeight(int percent) {
  canary_.spec.analysis.max_weight = percent == writtenPlan().max_weight.percent()
                                         ? written_->canary.spec.analysis.max_weight
                                         : percent;
}

void PolicyDraft::setBound(std::size_t metric, bool at_least, double value) {
  expects(metric < canary_.spec.analysis.metrics.size(), "a bound belongs to a metric");
  MetricCheck& check = canary_.spec.analysis.metrics[metric];
  if (check.range)
    (at_least ? check.range->min : check.range->max) = value;
  else
    check.threshold = value;
}

void PolicyDraft::reset() { canary_ = written_->canary; }

}  // namespace volary::gui
