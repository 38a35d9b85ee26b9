#include "sim/report/html.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "sim/report/assets.hpp"
#include "sim/report/charts.hpp"
#include "sim/report/evidence.hpp"
#include "sim/report/numbers.hpp"
#include "sim/report/text.hpp"
#include "sim/report/text_style.hpp"

namespace volary::sim::report {
namespace {

/// Text of several lines: as `escaped`, with its line breaks.
std::string escaped_block(std::string_view text) {
  std::string block;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    block += escaped(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return block;
}

/// The classes of report.css.
std::string_view css_class(Standing standing) {
  switch (standing) {
    case Standing::Pass: return "pass";
    case Standing::Fail: return "fail";
    case Standing::Unknown: return "unknown";
  }
  return "";
}
std::string_view verdict_class(const Score& score) {
  switch (standing(score)) {
    case Standing::Pass: return "right";
    case Standing::Fail: return "wrong";
    case Standing::Unknown: return "open";
  }
  return "";
}

std::string figures(const Verdict& verdict) {
  if (verdict.figures.empty()) return {};
  std::string text = "<dl class=\"figures\">\n";
  for (const auto& [value, label] : verdict.figures)
    text += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(label), escaped(value));
  return text + "</dl>\n";
}

std::string summary(const Flight& flight, std::string_view tag) {
  const Score& score = flight.run->score;
  std::string text = fmt::format(
      "<div class=\"{}\"><{} class=\"verdict\"><span class=\"mark\">{}</span>{}</{}></div>\n",
      verdict_class(score), tag, standing_sign(standing(score)), escaped(flight.verdict.headline),
      tag);
  for (const std::string& sentence : flight.verdict.sentences)
    text += fmt::format("<p>{}</p>\n", escaped(sentence));
  if (!flight.compat.empty())
    text += fmt::format("<p class=\"compat\">{}</p>\n", escaped(flight.compat));
  return text + figures(flight.verdict);
}

/// Numbers stand to the right, words to the left.
bool numeric(std::string_view cell) {
  return !cell.empty() &&
         (std::string_view{"0123456789-+<"}.find(cell.front()) != std::string_view::npos ||
          cell == "–");
}

struct Table {
  std::string caption;
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};

std::string table(const Table& table) {
  std::string text =
      fmt::format("<table><caption>{}</caption>\n<thead><tr>", escaped(table.caption));
  for (std::size_t i = 0; i < table.head.size(); ++i) {
    const bool right =
        !table.rows.empty() && i < table.rows.front().size() && numeric(table.rows.front()[i]);
    text += fmt::format("<th{}>{}</th>", right ? " class=\"n\"" : "", escaped(table.head[i]));
  }
  text += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    text += "<tr>";
    for (const std::string& cell : row)
      text += fmt::format("<td{}>{}</td>", numeric(cell) ? " class=\"n\"" : "", escaped(cell));
    text += "</tr>\n";
  }
  return text + "</tbody></table>\n";
}

/// Whether the flights meet one world; a good and a bad release from flags are two.
bool one_world(const std::vector<Flight>& flights) {
  return std::ranges::all_of(flights, [&](const Flight& flight) {
    return flight.run->scenario == flights.front().run->scenario;
  });
}

std::string comparison_table(const std::vector<Flight>& flights) {
  Table all{
      one_world(flights) ? "The same traffic under each policy" : "Each flight",
      {"policy", "outcome", "after", "verdict", "failed because of it", "users", "most traffic"},
      {}};
  for (const Flight& flight : flights) {
    const Score& score = flight.run->score;
    all.rows.push_back({flight.run->policy, std::string{said(score.outcome)},
                        score.decided_after ? spoken(*score.decided_after) : "–",
                        std::string{judged(score)}, count(score.harmed_requests),
                        count(score.harmed_users), fmt::format("{} %", score.max_canary_weight)});
    if (!one_world(flights)) all.rows.back().insert(all.rows.back().begin(), flight.run->scenario);
  }
  if (!one_world(flights)) all.head.insert(all.head.begin(), "scenario");
  return table(all);
}

constexpr std::string_view legend =
    R"(<p class="legend"><span class="swatch primary"></span><b>primary</b>, the version that serves
<span class="swatch canary"></span><b>canary</b>, the version under test
<span class="swatch bound"></span>bound of a check
&ensp;<span class="pass">○</span> check passed &ensp;<span class="fail">◆</span> check failed
&ensp;<span class="unknown">◦</span> no data. Grey bands are phases, hatched ones faults, the dotted line is the release.
Drag to zoom, double-click to go back; the arrow keys move the cursor.</p>
)";

std::string charts(const Flight& flight) {
  return fmt::format(
      "<h2>What happened</h2>\n{}<noscript><p>The charts need JavaScript; the tables below hold "
      "the same numbers.</p></noscript>\n"
      "<div class=\"charts\" tabindex=\"0\" role=\"group\" aria-label=\"Charts of the run\">"
      "<script type=\"application/json\">{}</script></div>\n",
      legend, chart_data(*flight.run, *flight.scenario, &flight.policy->canary));
}

std::string events(const Flight& flight) {
  std::string rows;
  for (const TickRecord& tick : flight.run->ticks) {
    for (const Event& event : tick.events) {
      const std::string_view sign = event_sign(event);
      rows += fmt::format(
          "<tr tabindex=\"0\" data-t=\"{}\"><td class=\"t\">{}</td><td>{}</td><td "
          "class=\"{}\">{}</td><td>{}</td></tr>\n",
          clock_ms(*flight.scenario, tick.began),
          clock_text(flight.scenario->starts_at, tick.began), escaped(to_string(tick.status.phase)),
          sign == standing_sign(Standing::Fail)   ? "fail"
          : sign == standing_sign(Standing::Pass) ? "pass"
                                                  : "",
          sign, escaped(event.text));
    }
  }
  if (rows.empty()) return "<h2>Events</h2>\n<p>The policy had nothing to say in this run.</p>\n";
  return "<h2>Events</h2>\n<div class=\"scroll "
         "events\"><table><thead><tr><th>time</th><th>phase</th><th></th><th>event</th></tr></"
         "thead>\n"
         "<tbody>\n" +
         rows + "</tbody></table></div>\n";
}

std::string checks(const Flight& flight) {
  const CheckEvidence* decided = deciding_check(*flight.run);
  std::string rows;
  for (const TickRecord& tick : flight.run->ticks) {
    for (const CheckEvidence& check : tick.checks) {
      const EvidenceRow row = evidence_row(check, decided);
      const std::string value = escaped(row.value);
      rows += fmt::format(
          "<tr{}><td class=\"t\">{}</td><td>{}</td><td class=\"n\">{}</td><td "
          "class=\"n\">{}</td><td class=\"{}\">{}</td>"
          "<td class=\"n\">{}</td><td>{}</td></tr>\n",
          row.decided ? " class=\"decided\"" : "",
          clock_text(flight.scenario->starts_at, tick.began), escaped(row.check),
          row.standing == Standing::Fail ? "<b>" + value + "</b>" : value, escaped(row.bound),
          css_class(row.standing), standing_text(row.standing), row.samples,
          row.decided ? "<b>decided the rollback</b>" : escaped(row.reason));
    }
  }
  if (rows.empty())
    return "<h2>Checks</h2>\n<p>No check was asked: the analysis never began, or holds none.</p>\n";
  return "<h2>Checks</h2>\n<div class=\"scroll\"><table><thead><tr><th>time</th><th>check</th><th "
         "class=\"n\">value</th><th class=\"n\">bound</th>"
         "<th>verdict</th><th class=\"n\">requests behind "
         "it</th><th></th></tr></thead>\n<tbody>\n" +
         rows + "</tbody></table></div>\n";
}

std::string inputs(const Report& report) {
  const Flight& first = report.flights.front();
  const Run& run = *first.run;
  std::string text = "<h2>Inputs</h2>\n<dl class=\"facts\">\n";
  const auto fact = [&](std::string_view name, const std::string& html_value) {
    text += fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, html_value);
  };
  fact("scenario",
       escaped(run.scenario) +
           (first.scenario->story.empty() ? "" : ": " + escaped(first.scenario->story)));
  for (const Flight& flight : report.flights)
    fact("policy", escaped(flight.run->policy) + ": " + escaped(strategy_text(flight.run->plan)));
  if (report.outcomes.empty()) {
    fact("seed", fmt::format("{}", run.seed));
  } else {
    fact("seeds", seeds_text(report.outcomes.front().experiments.front()));
  }
  fact("semantics", fmt::format("--compat {}", to_string(run.compat)));
  if (run.wiring == Wiring::Full) fact("wiring", "--wiring full");
  fact("requests simulated", count(run.requests));
  fact("digest", fmt::format("<code>{:016x}</code>", run.digest));
  fact("version", "volary " + escaped(report.version));
  fact("to repeat it", "<code>" + escaped(report.command) + "</code>");
  text += "</dl>\n";
  for (const std::string& note : run.notes)
    text += fmt::format("<p>Note: {}.</p>\n", escaped(note));
  const auto source = [&](std::string_view what, const std::string& name,
                          const std::string& content) {
    if (content.empty()) return;
    text += fmt::format("<details open><summary>{} {}</summary><pre>{}</pre></details>\n", what,
                        escaped(name), escaped_block(content));
  };
  std::vector<std::string> shown;  // several canaries may share a file
  for (const Flight& flight : report.flights) {
    if (std::ranges::find(shown, flight.policy->source) != shown.end()) continue;
    shown.push_back(flight.policy->source);
    source("Policy", flight.policy->file, flight.policy->source);
  }
  source("Scenario", first.scenario->file.empty() ? first.scenario->name : first.scenario->file,
         first.scenario->source);
  return text;
}

/// The verdict over many seeds, in one sentence a policy and the numbers of the first.
std::string many_seeds_header(const Report& report) {
  const Experiment& first = report.outcomes.front().experiments.front();
  std::string text = fmt::format("<p class=\"of\">{}{} released, {}</p>\n",
                                 report.outcomes.size() == 1 ? escaped(first.scenario) + ": " : "",
                                 escaped(first.service), seeds_text(first));
  bool headline = true;
  for (const Outcomes& world : report.outcomes) {
    for (const Experiment& one : world.experiments) {
      const std::string said = escaped(outcome_sentence(one));
      text += headline ? "<h1>" + said + "</h1>\n" : "<p class=\"lead\">" + said + "</p>\n";
      headline = false;
    }
  }
  if (report.outcomes.size() > 1 || report.outcomes.front().experiments.size() > 1) return text;
  const auto median = [](const Spread& spread) {
    return count(static_cast<std::uint64_t>(std::llround(spread.median)));
  };
  const auto p95 = [](const Spread& spread, std::string_view what) {
    return fmt::format("{} at the median, {} at the p95", what,
                       count(static_cast<std::uint64_t>(std::llround(spread.p95))));
  };
  const Proportion& wrong = first.bad_release ? first.promoted : first.rolled_back;
  const int decimals = share_decimals(first);
  Verdict four;
  four.figures = {
      {fmt::format("{:.{}f} %", 100 * wrong.share, decimals),
       fmt::format("{}, 95 % interval {:.{}f}–{:.{}f} %",
                   first.bad_release ? "missed regression" : "false rollback", 100 * wrong.low,
                   decimals, 100 * wrong.high, decimals)},
      {median(first.harmed_requests), p95(first.harmed_requests, "harmed requests")},
      {median(first.harmed_users), p95(first.harmed_users, "harmed users")},
      {first.durations().empty() ? "–" : spoken(from_seconds(std::round(first.duration.median))),
       first.durations().empty()
           ? "no release was decided"
           : fmt::format("to decide at the median, {} at the p95",
                         spoken(from_seconds(std::round(first.duration.p95))))}};
  return text + figures(four);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : printable({}, text)) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      case '\'': safe += "&#39;"; break;
      default: safe += c;
    }
  }
  return safe;
}

std::string html(const Report& report) {
  const Flight& first = report.flights.front();
  const bool several = report.flights.size() > 1;
  std::string page = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      // Nothing is ever fetched, whatever the documents inside say.
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'; script-src 'unsafe-inline'\">\n"
      "<title>{}: {}</title>\n<style>\n{}\n{}</style>\n</head>\n<body>\n",
      escaped(first.run->scenario),
      escaped(!report.outcomes.empty() ? "many seeds"
              : several                ? "flights side by side"
                                       : first.verdict.headline),
      dygraphs_css, report_css);
  page += "<header>\n";
  if (!report.outcomes.empty()) {
    page += many_seeds_header(report);
  } else if (several) {
    const bool together = one_world(report.flights);
    page += fmt::format("<p class=\"of\">{}{} released, seed {}</p>\n<h1>{} {}</h1>\n",
                        together ? escaped(first.run->scenario) + ": " : "",
                        escaped(first.run->service), first.run->seed, report.flights.size(),
                        together ? "policies over the same traffic" : "flights");
    page += comparison_table(report.flights);
  } else {
    page += fmt::format("<p class=\"of\">{}: {} released under policy {}, {}</p>\n",
                        escaped(first.run->scenario), escaped(first.run->service),
                        escaped(first.run->policy), escaped(strategy_text(first.run->plan)));
    page += summary(first, "h1");
  }
  page += "</header>\n<main>\n";
  for (const Outcomes& world : report.outcomes) page += outcomes_html(world);
  for (const Flight& flight : report.flights) {
    page += "<section>\n";
    if (!report.outcomes.empty())
      page += fmt::format("<h2>One of them: {} under policy {}, seed {}</h2>\n",
                          escaped(flight.run->scenario), escaped(flight.run->policy),
                          flight.run->seed) +
              summary(flight, "h3");
    else if (several)
      page += fmt::format("<h2>{}: policy {}, {}</h2>\n", escaped(flight.run->scenario),
                          escaped(flight.run->policy), escaped(strategy_text(flight.run->plan))) +
              summary(flight, "h3");
    page += charts(flight) + events(flight) + checks(flight) + "</section>\n";
  }
  page += "<section>\n" + inputs(report) + "</section>\n</main>\n";
  page += fmt::format("<footer>Written by volary {}. Charts by dygraphs (MIT).</footer>\n",
                      escaped(report.version));
  page += fmt::format(
      "<!--\n{}-->\n<script>{}</script>\n<script>{}</script>\n<script>{}</script>\n"
      "</body>\n</html>\n",
      dygraphs_licence, dygraphs_js, dygraphs_sync_js, report_js);
  return page;
}

}  // namespace volary::sim::report
