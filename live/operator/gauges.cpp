#include "live/operator/gauges.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "engine/contract.hpp"

namespace volary::live {
namespace {

constexpr std::array buckets{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};

struct Known {
  const char* name;
  const char* type;
  const char* help;
};
// clang-format off
constexpr Known known[]{
    {"flagger_info", "gauge", "The version and the default provider."},                         // PM-01
    {"flagger_canary_total", "gauge", "Canary objects in a namespace."},                        // PM-02
    {"flagger_canary_status", "gauge", "0: progressing, 1: at rest or in between, 2: failed."}, // PM-03
    {"flagger_canary_weight", "gauge", "Share of requests to a workload, in percent."},         // PM-04
    {"flagger_canary_duration_seconds", "histogram", "Time that a pass over a Canary took."},   // PM-05
    {"flagger_canary_metric_analysis", "gauge", "Last value of a metric check."},               // PM-06
    {"flagger_canary_successes_total", "counter", "Releases that were promoted."},              // PM-07
    {"flagger_canary_failures_total", "counter", "Releases that were rolled back."},            // PM-08
    {"volary_leader", "gauge", "1 while this process may write."},
    {"volary_ticks_total", "counter", "Passes over a Canary."},
    {"volary_tick_lag_seconds", "gauge", "How late the latest pass over a Canary began."},      // FLT-47
    {"volary_tick_panics_total", "counter", "Passes that ended in an internal error."},         // FLT-50
    {"volary_view_age_seconds", "gauge", "Since the watch of a kind was last heard of."},       // FLT-27
    {"volary_view_objects", "gauge", "Objects in the view of a kind."},
    {"volary_refused", "gauge", "1: another controller drives this Canary, so nothing is done."},
    {"volary_events_lost_total", "counter", "Events that the API server did not take."},
};
// clang-format on

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string labels_text(const Gauges::LabelList& labels, std::string_view bound = {}) {
  std::string text;
  for (const auto& [key, value] : labels)
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", key, escaped(value));
  if (!bound.empty()) text += fmt::format("{}le=\"{}\"", text.empty() ? "" : ",", bound);
  return text.empty() ? text : "{" + text + "}";
}

}  // namespace

Gauges::Gauges() {
  for (const Known& each : known)
    families_.emplace(each.name, Family{.type = each.type, .help = each.help, .series = {}});
}

Gauges::Family& Gauges::family(std::string_view name) {
  const auto found = families_.find(name);
  expects(found != families_.end(), "a figure that is set is one that is known");
  return found->second;
}

void Gauges::set(std::string_view name, const LabelList& labels, double value) {
  const std::lock_guard hold{guard_};
  family(name).series[labels].value = value;
}

void Gauges::add(std::string_view name, const LabelList& labels, double value) {
  const std::lock_guard hold{guard_};
  family(name).series[labels].value += value;
}

void Gauges::observe(std::string_view name, const LabelList& labels, double value) {
  const std::lock_guard hold{guard_};
  Series& series = family(name).series[labels];
  series.buckets.resize(buckets.size());
  for (std::size_t i = 0; i < buckets.size(); ++i)
    if (value <= buckets[i]) ++series.buckets[i];
  series.value += value;
  ++series.count;
}

void Gauges::forget(const std::string& ns, const std::string& target) {
  const auto ours = [&](const LabelList& labels) {
    const auto is = [&](const char* key, const std::string& value) {
      return std::find(labels.begin(), labels.end(),
                       std::pair<std::string, std::string>{key, value}) != labels.end();
    };
    return is("namespace", ns) &&
           (is("name", target) || is("workload", target) || is("workload", target + "-primary"));
  };
  const std::lock_guard hold{guard_};
  for (auto& [name, family] : families_)
    std::erase_if(family.series, [&](const auto& each) { return ours(each.first); });
}

std::string Gauges::text() const {
  const std::lock_guard hold{guard_};
  std::string text;
  for (const auto& [name, family] : families_) {
    if (family.series.empty()) continue;
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, family.help, name, family.type);
    for (const auto& [labels, series] : family.series) {
      if (family.type != "histogram") {
        text += fmt::format("{}{} {}\n", name, labels_text(labels), series.value);
        continue;
      }
      for (std::size_t i = 0; i < series.buckets.size(); ++i)
        text += fmt::format("{}_bucket{} {}\n", name,
                            labels_text(labels, fmt::format("{}", buckets[i])), series.buckets[i]);
      text += fmt::format("{}_bucket{} {}\n{}_sum{} {}\n{}_count{} {}\n", name,
                          labels_text(labels, "+Inf"), series.count, name, labels_text(labels),
                          series.value, name, labels_text(labels), series.count);
    }
  }
  return text;
}

double status_figure(Phase phase) {
  switch (phase) {
    case Phase::Progressing: return 0;
    case Phase::Failed: return 2;
    default: return 1;
  }
}

}  // namespace volary::live
