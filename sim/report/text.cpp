#include "sim/report/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "sim/report/numbers.hpp"

namespace volary::sim::report {
namespace {

constexpr std::size_t label_columns = 24;  // longer names are cut: the columns are for numbers

std::string cut(const std::string& text, std::size_t width) {
  if (columns(text) <= width) return text;
  return text.substr(0, width - 2) +
         "..";  // `text` is printable; names of Flagger's documents are ASCII
}

std::string short_label(const TextStyle& style, std::string_view name) {
  return cut(printable(style, check_label(name)), label_columns);
}

/// A value of this check as wide as they get, with its bound or without.
CheckEvidence widest(const MetricCheck& check, bool with_bound) {
  CheckEvidence widest{.name = check.name, .verdict = CheckEvidence::Verdict::Pass, .value = 99.99};
  const bool success = check.name == "request-success-rate",
             duration = check.name == "request-duration";
  widest.unit = success ? "%" : duration ? "ms" : "";
  if (duration) widest.value = 9999;
  if (!with_bound) return widest;
  if (check.range) {
    widest.min = check.range->min;
    widest.max = check.range->max;
  } else if (success) {
    widest.min = check.threshold;  // MET-21
  } else {
    widest.max = check.threshold;
  }
  return widest;
}

bool confirms_promotion(const Canary& canary) {
  return std::ranges::any_of(canary.spec.analysis.webhooks, [](const Webhook& hook) {
    return hook.type == HookType::ConfirmPromotion;
  });
}

bool in_analysis(Phase phase) {
  return phase == Phase::Progressing || phase == Phase::Waiting || phase == Phase::WaitingPromotion;
}

Ink phase_ink(Phase phase) {
  switch (phase) {
    case Phase::Succeeded: return Ink::Pass;
    case Phase::Failed: return Ink::Fail;
    case Phase::Waiting:
    case Phase::WaitingPromotion: return Ink::Unknown;
    default: return Ink::Plain;
  }
}

/// Ten blocks for the whole: a share that is not zero shows at least one, one that is not all
/// leaves at least one.
int blocks(int percent, int all) {
  const int rounded = static_cast<int>(std::lround(percent * all / 100.0));
  if (percent <= 0) return 0;
  if (percent >= 100) return all;
  return std::clamp(rounded, 1, all - 1);
}

std::string repeated(std::string_view sign, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += sign;
  return text;
}

std::string trimmed_end(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

Timeline::Timeline(const Canary& canary, const Plan& plan, Duration starts_at, TextStyle style)
    : style_{style}, starts_at_{starts_at}, plan_{plan} {
  whole_minutes_ = plan.interval % std::chrono::minutes{1} == Duration::zero();
  if (confirms_promotion(canary)) phase_width_ = to_string(Phase::WaitingPromotion).size();
  const auto room = [&](const MetricCheck& check, bool with_bound) {
    return columns(printable(style_, check_text(widest(check, with_bound))));
  };
  for (const MetricCheck& check : canary.spec.analysis.metrics)
    columns_.push_back(
        {check.name, short_label(style, check.name), room(check, true), room(check, false)});
  // The richest layout that fits; the poorest where none does.
  const std::size_t width = static_cast<std::size_t>(std::max(style.width, 0));
  while (line_width() > width && bar_ > 4) --bar_;
  if (line_width() > width) bar_ = 0;
  if (line_width() > width) detail_ = Detail::Values;
  if (line_width() > width) detail_ = Detail::Signs;
}

std::string Timeline::clock(Instant at) const {
  std::string text = clock_text(starts_at_, at);
  if (whole_minutes_) text.resize(text.size() - 3);
  return text;
}

std::size_t Timeline::told_indent() const { return whole_minutes_ ? 8 : 11; }

std::size_t Timeline::routes_width() const {
  if (bar_ == 0) return columns("canary 100 %");
  return columns("primary  100 %  canary  100 %") + 2 * static_cast<std::size_t>(bar_);
}

std::size_t Timeline::line_width() const {
  std::size_t width = told_indent() + phase_width_ + 2 + routes_width();
  for (const Column& column : columns_) width += columns(check(column, {}));
  return width + 2 + columns(progress({}));
}

bool Timeline::quiet(const TickRecord& record) const {
  if (!record.checks.empty() || !record.alerts.empty()) {
    const bool only_init = std::ranges::all_of(
        record.alerts, [](const Alert& alert) { return alert.id == AlertId::Init; });
    if (!record.checks.empty() || !only_init) return false;
  }
  const bool before = record.status.phase == Phase::None ||
                      record.status.phase == Phase::Initializing ||
                      record.status.phase == Phase::Initialized;
  const bool after =
      record.status.phase == Phase::Succeeded || record.status.phase == Phase::Failed;
  if (!before && !after) return false;
  return std::ranges::none_of(record.events, [&](const Event& event) {
    if (before && (event.id == EventId::InitDone || event.id == EventId::PrimaryNotReady))
      return false;
    return worth_telling(event);
  });
}

std::string Timeline::tick(const TickRecord& record) {
  if (quiet(record)) {
    // What was gathered before a release and after one are two different silences.
    const bool same_side =
        gathered_ &&
        (gathered_->phase == Phase::Succeeded || gathered_->phase == Phase::Failed) ==
            (record.status.phase == Phase::Succeeded || record.status.phase == Phase::Failed);
    const std::string before = gathered_ && !same_side ? finish() : std::string{};
    if (!gathered_) gathered_ = Quiet{.ticks = 0, .first = record.began, .last = {}, .phase = {}};
    ++gathered_->ticks;
    gathered_->last = record.began;
    gathered_->phase = record.status.phase;
    return before;
  }
  return finish() + line(record) + told(record);
}

std::string Timeline::finish() {
  if (!gathered_) return {};
  const Quiet quiet = *std::exchange(gathered_, std::nullopt);
  std::string line = fmt::format(
      " {}  {}  ", clock(quiet.first),
      padded(quiet.phase == Phase::None ? "-" : std::string{to_string(quiet.phase)}, phase_width_));
  const bool after = quiet.phase == Phase::Succeeded || quiet.phase == Phase::Failed;
  const std::string_view what = after                               ? "the release is over"
                                : quiet.phase == Phase::Initialized ? "no new version yet"
                                                                    : "getting ready";
  line += quiet.ticks == 1
              ? std::string{what}
              : fmt::format("{} ticks until {}: {}", quiet.ticks, clock(quiet.last), what);
  return paint(style_, Ink::Dim, line) + "\n";
}

std::string Timeline::routes(const TickRecord& record) const {
  if (!record.routes)
    return padded(std::string{glyph(style_, Glyph::Unknown)} + " no routes", routes_width());
  const Routes& routes = *record.routes;
  const int primary = routes.primary.percent(), canary = routes.canary.percent();
  if (bar_ == 0) {
    const std::string text = routes.mirrored ? "canary copy" : fmt::format("canary {} %", canary);
    return padded(paint(style_, canary > 0 || routes.mirrored ? Ink::Canary : Ink::Plain, text),
                  routes_width());
  }
  const int all = bar_;
  const auto bar = [&](Ink ink, std::string_view name, int percent, int length) {
    const std::string drawn = repeated(glyph(style_, Glyph::Bar), length);
    std::string text = fmt::format("{} {}{}{} %", name, paint(style_, ink, drawn),
                                   drawn.empty() ? "" : " ", percent);
    return padded(std::move(text), name.size() + 1 + static_cast<std::size_t>(all) + 6);
  };
  const int length = blocks(canary, all);
  std::string text = bar(Ink::Primary, "primary", primary,
                         primary + canary == 100 ? all - length : blocks(primary, all));
  text += "  ";
  if (routes.mirrored && canary == 0) {
    const std::string copy = fmt::format("canary {} copy", glyph(style_, Glyph::Mirror));
    text += padded(paint(style_, Ink::Canary, copy), 7 + static_cast<std::size_t>(all) + 6);
  } else {
    text += bar(Ink::Canary, "canary", canary, length);
  }
  return text;
}

std::string Timeline::check(const Column& column, const TickRecord& record) const {
  const std::size_t value_width = detail_ == Detail::Bounds ? column.width : column.value_width;
  const std::size_t width =
      detail_ == Detail::Signs ? 2 : 4 + columns(column.label) + 1 + value_width;
  const auto found = std::ranges::find_if(record.checks, [&](const CheckEvidence& check) {
    return !check.hook && check.name == column.name;
  });
  if (found == record.checks.end()) return std::string(width, ' ');
  Ink ink = Ink::Unknown;
  Glyph sign = Glyph::Unknown;
  if (found->verdict == CheckEvidence::Verdict::Pass) {
    ink = Ink::Pass;
    sign = Glyph::Pass;
  } else if (found->verdict == CheckEvidence::Verdict::Breach) {
    ink = Ink::Fail;
    sign = Glyph::Fail;
  }
  const std::string mark = paint(style_, ink, glyph(style_, sign));
  if (detail_ == Detail::Signs) return " " + mark;
  CheckEvidence shown = *found;
  if (detail_ == Detail::Values) shown.min = shown.max = std::nullopt;
  const std::string value = right_aligned(printable(style_, check_text(shown)), value_width);
  return fmt::format("  {} {} {}", mark, column.label,
                     ink == Ink::Pass ? value : paint(style_, ink, value));
}

std::string Timeline::progress(const TickRecord& record) const {
  const int threshold_width = static_cast<int>(fmt::formatted_size("{}", plan_.threshold));
  std::string text;
  if (plan_.strategy != Strategy::Progressive) {
    const int width = static_cast<int>(fmt::formatted_size("{}", plan_.iterations));
    text += fmt::format("iteration {:>{}}/{}  ", record.status.iterations, width, plan_.iterations);
  }
  const std::string failed =
      fmt::format("{}{:>{}}/{}", detail_ == Detail::Signs ? "" : "failed ",
                  record.status.failed_checks, threshold_width, plan_.threshold);
  return text + (record.status.failed_checks > 0 ? paint(style_, Ink::Fail, failed) : failed);
}

std::string Timeline::line(const TickRecord& record) const {
  const Phase phase = record.status.phase;
  std::string line = fmt::format(
      " {}  {}  {}", clock(record.began),
      padded(paint(style_, phase_ink(phase), phase == Phase::None ? "-" : to_string(phase)),
             phase_width_),
      routes(record));
  for (const Column& column : columns_) line += check(column, record);
  if (in_analysis(phase)) line += "  " + progress(record);
  return trimmed_end(std::move(line)) + "\n";
}

std::string Timeline::told(const TickRecord& record) const {
  std::string lines;
  const int indent = static_cast<int>(told_indent());
  const auto tell = [&](Ink ink, Glyph sign, std::string_view text) {
    const std::string whole = fmt::format("{} {}", glyph(style_, sign), printable(style_, text));
    lines += std::string(told_indent(), ' ') +
             paint(style_, ink, wrapped(whole, style_.width - indent, 2, indent)) + "\n";
  };
  for (const CheckEvidence& check : record.checks) {
    if (detail_ == Detail::Bounds || check.hook || check.verdict == CheckEvidence::Verdict::Pass)
      continue;
    if (detail_ == Detail::Values && check.verdict != CheckEvidence::Verdict::Breach) continue;
    const bool breach = check.verdict == CheckEvidence::Verdict::Breach;
    tell(breach ? Ink::Fail : Ink::Unknown, breach ? Glyph::Fail : Glyph::Unknown,
         fmt::format("{} {}", check_label(check.name), check_text(check)));
  }
  for (const Event& event : record.events) {
    if (!worth_telling(event)) continue;
    tell(Ink::Dim, Glyph::Dot,
         event.id == EventId::Cured && !event.detail.empty()
             ? fmt::format("{} ({})", event.text, event.detail)
             : event.text);
  }
  return lines;
}

std::string strategy_text(const Plan& plan) {
  std::string text;
  switch (plan.strategy) {
    case Strategy::Progressive: {
      if (!plan.step_weights.empty()) {
        text = "progressive: steps";
        const auto ramp = plan.ramp();
        for (std::size_t i = 0; i < ramp.size() && i < 12; ++i)
          text += fmt::format(" {}", ramp[i].percent());
        text += " %";
      } else {
        text = fmt::format("progressive: {} % steps to {} %", plan.step_weight,
                           plan.max_weight.percent());
      }
      break;
    }
    case Strategy::AbTesting:
      text = fmt::format("A/B: {} iterations, shares are of the matched users", plan.iterations);
      break;
    case Strategy::BlueGreen:
      text = fmt::format("blue/green: {} iterations", plan.iterations);
      break;
  }
  if (plan.mirror) text += ", mirrored first";
  if (plan.skip_analysis) text += ", analysis skipped";
  return fmt::format("{}, every {}, threshold {}", text, spoken(plan.interval), plan.threshold);
}

std::string head(const Run& run, const Scenario& scenario, const TextStyle& style) {
  std::string text =
      fmt::format("{}: {} released under policy {}", scenario.name, run.service, run.policy);
  text = paint(style, Ink::Strong, printable(style, text)) + "\n";
  const std::string line =
      fmt::format("{} · --compat {}{} · seed {}", strategy_text(run.plan), to_string(run.compat),
                  run.wiring == Wiring::Full ? " · --wiring full" : "", run.seed);
  text += wrapped(printable(style, line), style.width, 2) + "\n";
  for (const std::string& note : run.notes)
    text +=
        paint(style, Ink::Dim, wrapped("note: " + printable(style, note), style.width, 6)) + "\n";
  return text + "\n";
}

std::string verdict_text(const Run& run, const Verdict& verdict, const TextStyle& style) {
  const Score& score = run.score;
  const bool decided = score.outcome == Outcome::Promoted || score.outcome == Outcome::RolledBack;
  const Ink ink = !decided ? Ink::Unknown : score.right() ? Ink::Pass : Ink::Fail;
  const Glyph sign = !decided ? Glyph::Unknown : score.right() ? Glyph::Pass : Glyph::Fail;
  std::string text =
      paint(style, ink,
            fmt::format("{} {}", glyph(style, sign), printable(style, verdict.headline))) +
      "\n";
  for (const std::string& sentence : verdict.sentences)
    text += "  " + wrapped(printable(style, sentence), style.width - 2, 0, 2) + "\n";
  return text;
}

std::string text(const Run& run, const Scenario& scenario, const Canary& canary,
                 const Verdict& verdict, const TextStyle& style) {
  std::string all = head(run, scenario, style);
  Timeline timeline{canary, run.plan, scenario.starts_at, style};
  for (const TickRecord& record : run.ticks) all += timeline.tick(record);
  return all + timeline.finish() + "\n" + verdict_text(run, verdict, style);
}

std::string comparison(const std::vector<Run>& runs, const TextStyle& style) {
  using Row = std::array<std::string, 7>;
  std::vector<Row> rows{
      {"policy", "outcome", "after", "verdict", "failed because of it", "users", "most traffic"}};
  for (const Run& run : runs) {
    const Score& score = run.score;
    rows.push_back({printable(style, run.policy), std::string{said(score.outcome)},
                    score.decided_after ? spoken(*score.decided_after) : "-",
                    std::string{judged(score)}, count(score.harmed_requests),
                    count(score.harmed_users), fmt::format("{} %", score.max_canary_weight)});
  }
  std::array<std::size_t, 7> widths{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      std::string cell =
          i >= 4 ? right_aligned(rows[r][i], widths[i]) : padded(rows[r][i], widths[i]);
      if (r > 0 && i == 3) {
        const Score& score = runs[r - 1].score;
        const bool decided =
            score.outcome == Outcome::Promoted || score.outcome == Outcome::RolledBack;
        cell = paint(style, !decided ? Ink::Unknown : score.right() ? Ink::Pass : Ink::Fail, cell);
      }
      line += " " + cell + " ";
    }
    line = trimmed_end(std::move(line));
    text += (r == 0 ? paint(style, Ink::Dim, line) : line) + "\n";
  }
  return text;
}

}  // namespace volary::sim::report
