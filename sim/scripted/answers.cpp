#include <cmath>
#include <cstdlib>
#include <limits>

#include "sim/scripted/state.hpp"

/// What a scripted check answers.
namespace volary::sim {
namespace {

/// A number as Prometheus writes it (PRV-08).
std::optional<double> number(const std::string& text) {
  if (text == "+Inf" || text == "Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string::npos)
    return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Result<double> prometheus_answer(const std::string& answer) {
  if (answer == "no-data" || answer == "NaN")
    return fail(ErrorKind::NoData, "no values found");  // PRV-07
  if (answer == "drop") return fail(ErrorKind::Unavailable, "connection closed without answer");
  if (answer == "timeout") return fail(ErrorKind::Timeout, "no answer in time");
  if (answer == "garbage") return fail(ErrorKind::Unavailable, "the answer is not JSON");
  if (answer.rfind("http", 0) == 0)
    return fail(ErrorKind::Unavailable, "status {}", answer.substr(4));
  const auto value = number(answer);
  if (!value) return fail(ErrorKind::Unavailable, "'{}' is not a number", answer);
  return *value;
}

std::string answer_within_bounds(const Analysis& analysis, const std::string& check, bool pass) {
  double value = check == "request-success-rate" ? 100 : 0;
  for (const MetricCheck& candidate : analysis.metrics) {
    if (candidate.name != check) continue;
    if (candidate.range) {
      const auto& [min, max] = *candidate.range;
      if (pass) {
        if (min && value < *min) value = *min;
        if (max && value > *max) value = *max;
      } else {
        value = min ? *min - 1 : max ? *max + 1 : value;
      }
    } else if (check == "request-success-rate") {
      if (!pass) value = candidate.threshold - 1;
    } else {
      value = pass ? std::min(0.0, candidate.threshold) : candidate.threshold + 1;
    }
    break;
  }
  return fmt::format("{}", value);
}

}  // namespace volary::sim
