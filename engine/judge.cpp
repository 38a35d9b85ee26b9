#include "engine/judge.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

namespace volary {
namespace {

using Verdict = CheckEvidence::Verdict;

/// Go's conversion of a float64 to int64 on amd64: what does not fit is the most negative number
/// (MET-16).
std::int64_t truncated(double value) {
  constexpr double limit = 9223372036854775808.0;
  if (!(value < limit && value >= -limit)) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(value);
}

/// Whole milliseconds as a Go time.Duration, overflowing as it does (MET-14, MET-16, Q-18).
Duration whole_milliseconds(double ms) {
  return Duration{
      static_cast<std::int64_t>(static_cast<std::uint64_t>(truncated(ms)) * 1'000'000U)};
}

/// MET-14..16, MET-22: the reference compares whole milliseconds.
void judge_whole_milliseconds(double ms, const WrittenBounds& bounds, Judged& judged) {
  const Duration value = whole_milliseconds(ms);
  const auto against = [&](const char* op, double bound) {
    judged.evidence.verdict = Verdict::Breach;
    judged.breach =
        fmt::format("{} {} {}", go_duration(value), op, go_duration(whole_milliseconds(bound)));
  };
  judged.evidence.value = static_cast<double>(value.count()) / 1e6;
  if (bounds.min && value < whole_milliseconds(*bounds.min)) {
    against("<", *bounds.min);
  } else if (bounds.max && value > whole_milliseconds(*bounds.max)) {
    against(">", *bounds.max);
  }
}

void judge_number(double value, const WrittenBounds& bounds, bool percent, bool milliseconds,
                  Judged& judged) {
  const auto number = [&](double bound) {
    if (milliseconds) return go_duration(from_seconds(bound / 1e3));
    return go_number(bound) + (percent ? "%" : "");
  };
  const std::string measured =
      milliseconds ? go_duration(from_seconds(std::min(value, 1e12) / 1e3))
                   : (std::isfinite(value) ? fmt::format("{:.2f}", value) : go_number(value)) +
                         (percent ? "%" : "");
  judged.evidence.value = value;
  if (bounds.min && value < *bounds.min) {
    judged.evidence.verdict = Verdict::Breach;
    judged.breach = fmt::format("{} < {}", measured, number(*bounds.min));
  } else if (bounds.max && value > *bounds.max) {
    judged.evidence.verdict = Verdict::Breach;
    judged.breach = fmt::format("{} > {}", measured, number(*bounds.max));
  }
}

}  // namespace

Judged judge(const MetricCheck& check, const JudgeRule& rule, const Result<Measurement>& answer) {
  const bool duration = rule.kind == MetricQuery::Kind::BuiltinDuration;
  const bool percent = rule.kind == MetricQuery::Kind::BuiltinSuccessRate;
  const WrittenBounds bounds = written_bounds(check);

  Judged judged;
  judged.evidence.name = check.name;
  judged.evidence.unit = duration ? "ms" : percent ? "%" : "";
  judged.evidence.min = bounds.min;
  judged.evidence.max = bounds.max;
  if (!answer) {
    judged.evidence.verdict =
        answer.error().kind == ErrorKind::NoData ? Verdict::NoValues : Verdict::Error;
    judged.evidence.reason = to_string(answer.error());
    return judged;
  }
  judged.evidence.window = answer->window;
  judged.evidence.samples = answer->samples;
  judged.evidence.verdict = Verdict::Pass;

  const double value = duration && rule.duration_in_seconds ? answer->value * 1000 : answer->value;
  if (rule.compat == Compat::Strict) {
    // INV-12: what is not a finite number has not passed (cures Q-18, and NaN of other back ends,
    // MET-25).
    if (!std::isfinite(value)) {
      judged.evidence.verdict = Verdict::NoValues;
      judged.evidence.reason =
          fmt::format("the query answered {}, which is not a measurement", value);
      return judged;
    }
    judge_number(value, bounds, percent, duration, judged);
  } else if (duration) {
    judge_whole_milliseconds(value, bounds, judged);
  } else {
    judge_number(value, bounds, percent, false, judged);
  }
  return judged;
}

WrittenBounds written_bounds(const MetricCheck& check) {
  if (check.range) return {check.range->min, check.range->max};                      // MET-20
  if (check.name == "request-success-rate") return {check.threshold, std::nullopt};  // MET-21
  return {std::nullopt, check.threshold};
}

std::string go_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 64> buffer{};
  const auto scientific = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                        std::chars_format::scientific);
  const std::string text{buffer.data(), scientific.ptr};
  const int exponent = std::stoi(text.substr(text.find('e') + 1));
  if (value != 0 && (exponent < -4 || exponent >= 6)) return text;
  const auto fixed =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  return {buffer.data(), fixed.ptr};
}

}  // namespace volary
