#include "sim/report/outcomes.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "sim/report/numbers.hpp"
#include "sim/report/verdict.hpp"

namespace volary::sim::report {
namespace {

using nlohmann::json;

std::string time_text(double time_s) { return spoken(from_seconds(std::round(time_s))); }

std::string whole(double value) {
  return count(static_cast<std::uint64_t>(std::llround(std::max(0.0, value))));
}

OutcomeRow::Cell cell(const Proportion& share, int decimals) {
  return {fmt::format("{}", share.count), share_text(share, decimals)};
}

json share_json(const std::optional<Proportion>& share) {
  if (!share) return nullptr;
  return {{"count", share->count},
          {"of", share->of},
          {"share", share->share},
          {"low", share->low},
          {"high", share->high}};
}

json spread_json(const Spread& spread, bool any) {
  if (!any) return nullptr;
  return {{"median", spread.median}, {"p95", spread.p95}};
}

}  // namespace

std::string seeds_text(const Experiment& experiment) {
  const std::uint64_t from = experiment.outcomes.front().seed, to = experiment.outcomes.back().seed;
  return from == to ? fmt::format("seed {}", from) : fmt::format("seeds {} to {}", from, to);
}

int share_decimals(const Experiment& experiment) {
  double narrowest = 1;
  for (const Proportion* share : {&experiment.promoted, &experiment.rolled_back,
                                  &experiment.unfinished, &experiment.no_release})
    if (share->count > 0) narrowest = std::min(narrowest, share->high - share->low);
  // The first digit of half its width is the last that means anything.
  return std::clamp(static_cast<int>(std::ceil(-std::log10(narrowest * 50))), 0, 4);
}

std::string share_text(const Proportion& share, int decimals) {
  return fmt::format("{:.{}f} % ({:.{}f}–{:.{}f})", 100 * share.share, decimals, 100 * share.low,
                     decimals, 100 * share.high, decimals);
}

std::vector<OutcomeRow> outcome_rows(const Outcomes& outcomes) {
  std::vector<OutcomeRow> rows;
  const auto any = [&](Proportion Experiment::*share) {
    return std::ranges::any_of(outcomes.experiments,
                               [&](const Experiment& one) { return (one.*share).count > 0; });
  };
  const auto add = [&](std::string_view label, Proportion Experiment::*share) {
    OutcomeRow row{std::string{label}, false, {}};
    for (const Experiment& one : outcomes.experiments)
      row.cells.push_back(cell(one.*share, share_decimals(one)));
    rows.push_back(std::move(row));
  };
  add(said(Outcome::Promoted), &Experiment::promoted);
  add(said(Outcome::RolledBack), &Experiment::rolled_back);
  add(said(Outcome::Unfinished), &Experiment::unfinished);
  if (any(&Experiment::no_release)) add(said(Outcome::NoRelease), &Experiment::no_release);
  const bool bad = outcomes.experiments.front().bad_release;
  const auto wrong = [&](std::string label, std::optional<Proportion> Experiment::*share) {
    const std::string why_none = fmt::format("the release is {}", bad ? "bad" : "good");
    OutcomeRow row{std::move(label), (outcomes.experiments.front().*share).has_value(), {}};
    for (const Experiment& one : outcomes.experiments) {
      const std::optional<Proportion>& found = one.*share;
      row.cells.push_back(
          found ? cell(*found, share_decimals(one))
                : OutcomeRow::Cell{"–", one.right ? why_none : "no release took place"});
    }
    rows.push_back(std::move(row));
  };
  wrong("false rollback", &Experiment::false_rollback);
  wrong("missed regression", &Experiment::missed_regression);

  OutcomeRow requests{"harmed requests", false, {}}, users{"harmed users", false, {}},
      duration{"time to decide", false, {}};
  for (const Experiment& one : outcomes.experiments) {
    const auto figures = [](const std::string& median, const std::string& p95) {
      return OutcomeRow::Cell{{}, fmt::format("median {}, p95 {}", median, p95)};
    };
    requests.cells.push_back(
        figures(whole(one.harmed_requests.median), whole(one.harmed_requests.p95)));
    users.cells.push_back(figures(whole(one.harmed_users.median), whole(one.harmed_users.p95)));
    duration.cells.push_back(one.durations().empty() ? OutcomeRow::Cell{"–", "none was decided"}
                                                     : figures(time_text(one.duration.median),
                                                               time_text(one.duration.p95)));
  }
  rows.push_back(std::move(requests));
  rows.push_back(std::move(users));
  rows.push_back(std::move(duration));
  return rows;
}

std::string outcome_sentence(const Experiment& experiment) {
  const std::uint64_t flown = experiment.outcomes.size();
  if (experiment.no_release.count == flown)
    return fmt::format("Under policy {}, no release took place in {}.", experiment.policy,
                       flown == 1 ? "the one run" : fmt::format("any of {} runs", flown));
  const bool bad = experiment.bad_release;
  const Proportion& wrong = bad ? experiment.promoted : experiment.rolled_back;
  const std::string others = wrong.count == 0 ? "none" : fmt::format("{}", wrong.count);
  std::string text = fmt::format(
      "Under policy {}, {} of {} {} releases {} {} and {}: {} {}", experiment.policy,
      experiment.right->count, flown, bad ? "bad" : "good",
      experiment.right->count == 1 ? "was" : "were", bad ? "rolled back" : "promoted",
      bad ? others + " got through" : others + " rolled back",
      bad ? "missed regression" : "false rollback", share_text(wrong, share_decimals(experiment)));
  if (experiment.unfinished.count > 0)
    text += fmt::format("; {} {} not decided", experiment.unfinished.count,
                        experiment.unfinished.count == 1 ? "was" : "were");
  return text + ".";
}

std::string pair_sentence(const Experiment& first, const Experiment& second) {
  const Paired pair = paired(first, second);
  if (pair.differ.of == 0) return {};
  if (pair.differ.count == 0)
    return fmt::format("{} and {} end alike in all {}.", first.policy, second.policy,
                       counted(pair.differ.of, "seed"));
  std::vector<std::string> right;
  if (pair.only_first_right > 0)
    right.push_back(fmt::format("only {} is right in {}", first.policy, pair.only_first_right));
  if (pair.only_second_right > 0)
    right.push_back(fmt::format("only {} is right in {}", second.policy, pair.only_second_right));
  return fmt::format(
      "In {} of {} seeds, {}, {} and {} end differently{}{}.", pair.differ.count, pair.differ.of,
      share_text(pair.differ, std::max(share_decimals(first), share_decimals(second))),
      first.policy, second.policy, right.empty() ? "" : ": ", fmt::join(right, ", "));
}

std::vector<std::string> pair_sentences(const std::vector<Experiment>& all) {
  constexpr std::size_t every_pair = 3;  // of more, each is held against the first
  std::vector<std::string> sentences;
  for (std::size_t a = 0; a < (all.size() > every_pair ? 1 : all.size()); ++a)
    for (std::size_t b = a + 1; b < all.size(); ++b)
      if (auto sentence = pair_sentence(all[a], all[b]); !sentence.empty())
        sentences.push_back(std::move(sentence));
  return sentences;
}

std::optional<ExampleLine> example_line(const Experiment& experiment, const std::string& to_see) {
  const auto found = example(experiment);
  if (!found) return std::nullopt;
  std::string what;
  switch (found->why) {
    case Example::Why::Wrong:
      what = experiment.bad_release ? "a missed regression" : "a false rollback";
      break;
    case Example::Why::Unfinished: what = "not decided"; break;
    case Example::Why::MostHarm:
      what = fmt::format("the most harm, {}", counted(found->outcome.harmed_requests, "request"));
      break;
  }
  return ExampleLine{fmt::format("{}, seed {}: {}", experiment.policy, found->outcome.seed, what),
                     fmt::format("{} {}", to_see, found->outcome.seed)};
}

std::string outcomes_text(const Outcomes& outcomes, const TextStyle& style) {
  const auto& all = outcomes.experiments;
  const Experiment& first = all.front();
  const std::string title = fmt::format(
      "{}: {}, {}, --compat {}", first.scenario,
      first.no_release.count == first.outcomes.size()
          ? "no release of " + first.service
          : fmt::format("a {} release of {}", first.bad_release ? "bad" : "good", first.service),
      seeds_text(first), to_string(first.compat));
  std::string text = wrapped(printable(style, title), style.width, 2) + "\n";
  for (const std::string& note : first.notes)
    text += wrapped(printable(style, "note: " + note), style.width, 6) + "\n";
  text += "\n";

  const std::vector<OutcomeRow> rows = outcome_rows(outcomes);
  std::size_t label_width = 0;
  for (const OutcomeRow& row : rows) label_width = std::max(label_width, row.label.size());
  struct Column {
    std::string name;
    std::size_t count = 0, share = 0, width = 0;  // `share`: up to the percent sign
  };
  std::vector<Column> columns_of;
  const auto percent_sign = [](const std::string& words) {
    const auto sign = words.find(" %");
    return sign == std::string::npos ? std::size_t{0} : sign;
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    Column column{.name = printable(style, all[i].policy)};
    for (const OutcomeRow& row : rows) {
      if (row.cells[i].count.empty()) continue;
      column.count = std::max(column.count, columns(row.cells[i].count));
      column.share = std::max(column.share, percent_sign(row.cells[i].rest));
    }
    columns_of.push_back(std::move(column));
  }
  const auto shown = [&](const OutcomeRow& row, std::size_t i) {
    const OutcomeRow::Cell& cell = row.cells[i];
    if (cell.count.empty()) return printable(style, cell.rest);
    const std::size_t sign = percent_sign(cell.rest);
    const std::string pad(sign == 0 ? 0 : columns_of[i].share - sign, ' ');
    return printable(style,
                     right_aligned(cell.count, columns_of[i].count) + "  " + pad + cell.rest);
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    columns_of[i].width = columns(columns_of[i].name);
    for (const OutcomeRow& row : rows)
      columns_of[i].width = std::max(columns_of[i].width, columns(shown(row, i)));
  }
  // As many policies side by side as fit; the others below.
  for (std::size_t from = 0; from < all.size();) {
    std::size_t to = from, used = 1 + label_width;
    while (to < all.size() &&
           (to == from || used + 3 + columns_of[to].width <= static_cast<std::size_t>(style.width)))
      used += 3 + columns_of[to++].width;
    if (from > 0) text += "\n";
    const auto line = [&](const std::string& label, const auto& of, Ink ink) {
      std::string joined = padded(label, label_width);
      for (std::size_t i = from; i < to; ++i) joined += "   " + padded(of(i), columns_of[i].width);
      joined.erase(joined.find_last_not_of(' ') + 1);
      text += " " + paint(style, ink, joined) + "\n";
    };
    line(
        "", [&](std::size_t i) { return columns_of[i].name; }, Ink::Dim);
    for (const OutcomeRow& row : rows)
      line(
          row.label, [&](std::size_t i) { return shown(row, i); },
          row.decides ? Ink::Strong : Ink::Plain);
    from = to;
  }
  text += " " + paint(style, Ink::Dim, "In brackets: 95 % intervals (Wilson).") + "\n\n";

  const auto say = [&](const std::string& sentence) {
    if (!sentence.empty())
      text += " " + wrapped(printable(style, sentence), style.width - 1, 0, 1) + "\n";
  };
  for (const Experiment& one : all) say(outcome_sentence(one));
  for (const std::string& sentence : pair_sentences(all)) say(sentence);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto line = example_line(all[i], outcomes.to_see[i]);
    if (!line) continue;
    say(line->what);
    // Not wrapped: it is there to be pasted.
    text += "   " + paint(style, Ink::Dim, printable(style, line->command)) + "\n";
  }
  return text;
}

std::string outcomes_records(const Outcomes& outcomes) {
  std::string lines;
  const auto add = [&](const json& record) {
    lines += record.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  };
  for (const Experiment& of : outcomes.experiments) {
    const json names{{"scenario", of.scenario}, {"policy", of.policy}};
    for (const SeedOutcome& one : of.outcomes) {
      json record{
          {"record", "seed"},
          {"seed", one.seed},
          {"outcome", to_string(one.outcome)},
          {"badRelease", of.bad_release},
          {"right", one.outcome == (of.bad_release ? Outcome::RolledBack : Outcome::Promoted)},
          {"decidedAfter", one.decided_after ? json(seconds(*one.decided_after)) : json(nullptr)},
          {"harmedRequests", one.harmed_requests},
          {"harmedUsers", one.harmed_users},
          {"failedRequests", one.failed_requests},
          {"digest", fmt::format("{:016x}", one.digest)}};
      record.update(names);
      add(record);
    }
    json record{{"record", "summary"},
                {"compat", to_string(of.compat)},
                {"badRelease", of.bad_release},
                {"firstSeed", of.outcomes.front().seed},
                {"seeds", of.outcomes.size()},
                {"complete", of.complete},
                {"promoted", share_json(of.promoted)},
                {"rolledBack", share_json(of.rolled_back)},
                {"notDecided", share_json(of.unfinished)},
                {"noRelease", share_json(of.no_release)},
                {"right", share_json(of.right)},
                {"falseRollback", share_json(of.false_rollback)},
                {"missedRegression", share_json(of.missed_regression)},
                {"harmedRequests", spread_json(of.harmed_requests, true)},
                {"harmedUsers", spread_json(of.harmed_users, true)},
                {"decidedAfter", spread_json(of.duration, !of.durations().empty())}};
    record.update(names);
    add(record);
  }
  const auto& all = outcomes.experiments;
  for (std::size_t a = 0; a < all.size(); ++a) {
    for (std::size_t b = a + 1; b < all.size(); ++b) {
      const Paired pair = paired(all[a], all[b]);
      add({{"record", "pair"},
           {"scenario", all[a].scenario},
           {"policies", {all[a].policy, all[b].policy}},
           {"endDifferently", share_json(pair.differ)},
           {"onlyFirstRight", pair.only_first_right},
           {"onlySecondRight", pair.only_second_right}});
    }
  }
  return lines;
}

}  // namespace volary::sim::report
