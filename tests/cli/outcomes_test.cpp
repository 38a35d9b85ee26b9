#include "sim/report/outcomes.hpp"

#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sim/report/histogram.hpp"
#include "sim/report/html.hpp"
#include "tests/cli/golden.hpp"
#include "tests/cli/sample_run.hpp"

using namespace volary;
using namespace volary::sim;
using namespace volary::sim::report;
using namespace std::chrono_literals;

namespace {

/// Forty seeds of a bad release, written by hand: `missed` of them were promoted.
Experiment forty(const std::string& policy, int missed) {
  Experiment one;
  one.scenario = "checkout-errors";
  one.policy = policy;
  one.service = "checkout";
  one.bad_release = true;
  for (int i = 1; i <= 40; ++i) {
    const bool promoted = i % 4 == 0 && i <= 4 * missed;
    one.outcomes.push_back({.seed = static_cast<std::uint64_t>(i),
                            .outcome = promoted ? Outcome::Promoted : Outcome::RolledBack,
                            .harmed_requests = static_cast<std::uint64_t>(promoted ? 400 : 90 + i),
                            .harmed_users = static_cast<std::uint64_t>(80 + i),
                            .decided_after = promoted ? 10min : 5min + 30s * (i % 3)});
  }
  one.promoted = proportion(static_cast<std::uint64_t>(missed), 40);
  one.rolled_back = proportion(static_cast<std::uint64_t>(40 - missed), 40);
  one.unfinished = one.no_release = proportion(0, 40);
  one.right = one.rolled_back;
  one.missed_regression = one.promoted;
  one.harmed_requests = spread(one.harms());
  one.harmed_users = {100, 118};
  one.duration = spread(one.durations());
  return one;
}

Outcomes three_policies() {
  static const auto flight = sample::checkout();
  return {
      .scenario = &flight.scenario,
      .experiments = {forty("careful", 1), forty("default", 4), forty("bold", 10)},
      .to_see = {"volary run s.yaml careful.yaml --seed", "volary run s.yaml default.yaml --seed",
                 "volary run s.yaml bold.yaml --seed"}};
}

}  // namespace

TEST_CASE("the outcome table fits the width, and policies that do not are below") {
  const Outcomes outcomes = three_policies();
  for (const int width : {60, 80, 120}) {
    const std::string text = outcomes_text(outcomes, {.width = width});
    CHECK(text == golden::expected("outcomes-" + std::to_string(width) + ".txt", text));
  }
  const std::string ascii = outcomes_text(outcomes, {.width = 80, .utf8 = false});
  CHECK(ascii == golden::expected("outcomes-ascii.txt", ascii));
}

TEST_CASE("a share has as many digits as its interval deserves") {
  Experiment one;
  one.promoted = proportion(12, 1000);
  one.rolled_back = proportion(988, 1000);
  CHECK(share_text(one.promoted, share_decimals(one)) == "1.2 % (0.7–2.1)");
  one.promoted = proportion(1, 100000);
  one.rolled_back = proportion(99999, 100000);
  CHECK(share_text(one.promoted, share_decimals(one)) == "0.001 % (0.000–0.006)");
  CHECK(share_text(one.rolled_back, share_decimals(one)) == "99.999 % (99.994–100.000)");
  one.promoted = proportion(3, 5);
  one.rolled_back = proportion(2, 5);
  CHECK(share_text(one.promoted, share_decimals(one)) == "60 % (23–88)");
}

TEST_CASE("two policies over the same seeds are compared seed by seed") {
  CHECK(pair_sentence(forty("a", 1), forty("b", 4)) ==
        "In 3 of 40 seeds, 8 % (3–20), a and b end differently: only a is right in 3.");
  CHECK(pair_sentence(forty("a", 4), forty("b", 4)) == "a and b end alike in all 40 seeds.");
}

TEST_CASE("records: one a seed, one a policy, one a pair") {
  std::istringstream lines{outcomes_records(three_policies())};
  std::map<std::string, int> kinds;
  std::string line;
  nlohmann::json last;
  while (std::getline(lines, line)) {
    last = nlohmann::json::parse(line);
    ++kinds[last.at("record")];
    if (last["record"] != "summary") continue;
    CHECK(last["falseRollback"].is_null());
    CHECK(last["missedRegression"]["of"] == 40);
    CHECK(last["harmedRequests"]["median"].is_number());
  }
  CHECK(kinds == std::map<std::string, int>{{"seed", 120}, {"summary", 3}, {"pair", 3}});
  CHECK(last["policies"] == nlohmann::json{"default", "bold"});
  CHECK(last["endDifferently"]["count"] == 6);
}

TEST_CASE("histograms: every seed is in one bar, median and p95 are ruled") {
  const auto edges = histogram_edges(Histogram::Kind::Seconds, 330, 600);
  CHECK(edges.front() <= 330);
  CHECK(edges.back() > 600);
  CHECK(edges[1] - edges[0] == 10);
  CHECK(edges.size() <= 41);
  CHECK(histogram_edges(Histogram::Kind::Count, 0, 0).size() == 2);
  CHECK(histogram_edges(Histogram::Kind::Count, 0, 3.8e6).size() <= 41);
  CHECK(histogram_edges(Histogram::Kind::Count, 0, 30)[1] == 1);  // a count has no half

  const Experiment one = forty("careful", 1);
  const auto svg = histogram_svg({.values = one.harms(),
                                  .spread = one.harmed_requests,
                                  .low = 0,
                                  .high = 400,
                                  .noun = "harmed requests",
                                  .subject = "<careful>"});
  CHECK(svg.find("p95 129") != std::string::npos);
  CHECK(svg.find("median 112") != std::string::npos);
  CHECK(svg.find("<careful>") == std::string::npos);
  int seeds = 0;
  for (std::size_t at = svg.find("<title>"); at != std::string::npos;
       at = svg.find("<title>", at + 1)) {
    const std::size_t colon = svg.find(": ", at);
    seeds += std::stoi(svg.substr(colon + 2));
  }
  CHECK(seeds == 40);
  // All alike, and none at all.
  CHECK(histogram_svg({.kind = Histogram::Kind::Seconds,
                       .values = {420, 420},
                       .spread = {420, 420},
                       .low = 420,
                       .high = 420})
            .find("7 min") != std::string::npos);
  CHECK(histogram_svg({.empty = "none was decided"}).find("none was decided") != std::string::npos);
}

TEST_CASE("the report of many seeds says the shares first and shows one of them") {
  const auto flight = sample::checkout();
  Outcomes outcomes = three_policies();
  outcomes.experiments.resize(1);
  const std::string text = html({.flights = {{.scenario = &flight.scenario,
                                              .policy = &flight.policy,
                                              .run = &flight.run,
                                              .verdict = verdict(flight.run),
                                              .compat = {}}},
                                 .outcomes = {outcomes},
                                 .version = "0.1.0",
                                 .command = "volary run s.yaml careful.yaml --seeds 40"});
  const auto at = [&](const char* part) {
    INFO(part);
    CHECK(text.find(part) != std::string::npos);
    return text.find(part);
  };
  CHECK(at("Under policy careful, 39 of 40 bad releases were rolled back and 1 got through") <
        at("class=\"outcomes\""));
  CHECK(at("class=\"outcomes\"") < at("class=\"histogram\""));
  CHECK(at("class=\"histogram\"") < at("One of them: checkout-errors under policy checkout"));
  at("volary run s.yaml careful.yaml --seed 4");
  at("seeds</dt><dd>seeds 1 to 40");
}
