#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "sim/report/histogram.hpp"
#include "sim/report/html.hpp"
#include "sim/report/numbers.hpp"
#include "sim/report/outcomes.hpp"

/// The outcome table and its histograms as a section of a report.
namespace volary::sim::report {
namespace {

std::string outcome_table(const Outcomes& outcomes) {
  std::string text =
      "<table class=\"outcomes\"><caption>In brackets: 95 % intervals (Wilson)</caption>\n"
      "<thead><tr><th></th>";
  for (const Experiment& one : outcomes.experiments)
    text += fmt::format("<th colspan=\"2\">{}</th>", escaped(one.policy));
  text += "</tr></thead>\n<tbody>\n";
  for (const OutcomeRow& row : outcome_rows(outcomes)) {
    text += fmt::format("<tr{}><th scope=\"row\">{}</th>", row.decides ? " class=\"decides\"" : "",
                        escaped(row.label));
    for (const OutcomeRow::Cell& cell : row.cells)
      text += fmt::format("<td class=\"n\">{}</td><td>{}</td>", escaped(cell.count),
                          escaped(cell.rest));
    text += "</tr>\n";
  }
  return text + "</tbody></table>\n";
}

/// One histogram a policy under each other, on one axis.
std::string histograms(const Outcomes& outcomes, Histogram::Kind kind, std::string_view title,
                       std::string_view noun) {
  const bool harm = kind == Histogram::Kind::Count;
  std::vector<Histogram> all;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Experiment& one : outcomes.experiments) {
    Histogram histogram{.kind = kind,
                        .values = harm ? one.harms() : one.durations(),
                        .spread = harm ? one.harmed_requests : one.duration,
                        .noun = std::string{noun},
                        .subject = one.policy,
                        .empty = "no release was decided in any of these runs"};
    for (const double value : histogram.values) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
    all.push_back(std::move(histogram));
  }
  std::string text = fmt::format("<div class=\"spread\"><h3>{}</h3>\n", title);
  for (Histogram& histogram : all) {
    histogram.low = harm ? 0 : low;  // zero is on the axis of a count
    histogram.high = std::max(histogram.low, high);
    if (all.size() > 1) text += fmt::format("<h4>{}</h4>\n", escaped(histogram.subject));
    text += histogram_svg(histogram);
  }
  return text + "</div>\n";
}

}  // namespace

std::string outcomes_html(const Outcomes& outcomes) {
  const Experiment& first = outcomes.experiments.front();
  std::string text =
      fmt::format("<section>\n<h2>{}: {}</h2>\n", escaped(first.scenario), seeds_text(first));
  const auto say = [&](const std::string& sentence) {
    if (!sentence.empty()) text += fmt::format("<p>{}</p>\n", escaped(sentence));
  };
  for (const std::string& sentence : pair_sentences(outcomes.experiments)) say(sentence);
  text += "<div class=\"wide\">" + outcome_table(outcomes) + "</div>\n<div class=\"spreads\">\n" +
          histograms(outcomes, Histogram::Kind::Count,
                     "Requests that failed because of the release, by number of seeds",
                     "harmed requests") +
          histograms(outcomes, Histogram::Kind::Seconds,
                     "Time from release to decision, by number of seeds", "time to decide") +
          "</div>\n";
  for (std::size_t i = 0; i < outcomes.experiments.size(); ++i)
    if (const auto line = example_line(outcomes.experiments[i], outcomes.to_see[i]))
      text +=
          fmt::format("<p>{}: <code>{}</code></p>\n", escaped(line->what), escaped(line->command));
  return text + "</section>\n";
}

}  // namespace volary::sim::report
