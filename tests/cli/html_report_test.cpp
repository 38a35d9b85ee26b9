#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sim/report/html.hpp"
#include "tests/cli/sample_run.hpp"

using namespace volary;
using namespace volary::sim::report;

namespace {

std::string page(const sample::Flight& flight) {
  return html({.flights = {{.scenario = &flight.scenario,
                            .policy = &flight.policy,
                            .run = &flight.run,
                            .verdict = verdict(flight.run),
                            .compat = {}}},
               .outcomes = {},
               .version = "0.1.0",
               .command = "volary run scenario.yaml canary.yaml --seed 7"});
}

}  // namespace

TEST_CASE("the report says the verdict first and carries its inputs") {
  const auto flight = sample::checkout();
  const std::string text = page(flight);
  std::ofstream{VOLARY_BINARY_DIR "/sample-report.html", std::ios::binary}
      << text;  // to be looked at
  CHECK(text.find("Rolled back after 5 min: right, the release was bad.") <
        text.find("class=\"charts\""));
  for (const char* part : {"seed</dt><dd>7", "volary 0.1.0",
                           "volary run scenario.yaml canary.yaml --seed 7", "decided the rollback",
                           "kind: Scenario", "0123456789abcdef", "Permission is hereby granted"})
    CHECK(text.find(part) != std::string::npos);
  CHECK(page(flight) == text);
}

TEST_CASE("several policies share a table, and each has its charts") {
  const auto flight = sample::checkout();
  auto bold = flight;
  bold.run.policy = "bold";
  bold.run.score.outcome = sim::Outcome::Promoted;
  const auto of = [](const sample::Flight& one) {
    return Flight{&one.scenario, &one.policy, &one.run, verdict(one.run),
                  "Under --compat flagger it would have ended differently."};
  };
  const std::string text = html({.flights = {of(flight), of(bold)},
                                 .outcomes = {},
                                 .version = "0.1.0",
                                 .command = "volary run"});
  std::ofstream{VOLARY_BINARY_DIR "/sample-policies.html", std::ios::binary}
      << text;  // to be looked at
  CHECK(text.find("2 policies over the same traffic") < text.find("class=\"charts\""));
  CHECK(text.find("wrong: a missed failure") != std::string::npos);
  CHECK(text.find("class=\"charts\"", text.find("class=\"charts\"") + 1) != std::string::npos);
}

TEST_CASE("the report opens offline: it refers to nothing outside itself") {
  const std::string text = page(sample::checkout());
  for (const char* reference : {"<link", "<script src", "<iframe", "src=\"http", "href=", "@import",
                                "url(", "sourceMappingURL", "fetch(", "XMLHttpRequest;"})
    CHECK(text.find(reference) == std::string::npos);
  CHECK(text.find("default-src 'none'") != std::string::npos);
}

TEST_CASE("nothing that a document says becomes markup") {
  auto flight = sample::checkout();
  const std::string evil =
      "</script><script>alert('x')</script><img src=x onerror=\"alert(1)\"><!--";
  flight.scenario.name = flight.run.scenario = flight.run.policy = flight.run.service = evil;
  flight.scenario.story = flight.scenario.source = flight.policy.source = flight.policy.file = evil;
  flight.scenario.faults[0].target = flight.scenario.releases[0].version = evil;
  flight.run.notes = {evil};
  flight.run.ticks[3].events[0].text = evil;
  flight.run.ticks[4].checks[0].name = evil;
  flight.run.ticks[4].checks[0].reason = evil;
  const std::string text = page(flight);
  CHECK(text.find("<script>alert") == std::string::npos);
  CHECK(text.find("<img") == std::string::npos);
  CHECK(text.find("&lt;img src=x") != std::string::npos);
}

TEST_CASE("the charts hold what was measured, with gaps instead of drawn zeros") {
  const auto flight = sample::checkout();
  const auto data = nlohmann::json::parse(chart_data(flight.run, flight.scenario));
  const auto& charts = data.at("charts");
  REQUIRE(charts.size() == 5);
  CHECK(charts[0]["title"] == "Traffic split");
  const auto& success = charts[1];
  CHECK(success["low"] == 95);
  CHECK(success["bounds"][0]["value"] == 99);
  const auto& canary = success["series"][1];
  CHECK(canary["name"] == "canary");
  CHECK(canary["values"][1] == "gap");  // the first sample: nobody had reached the canary
  CHECK(data["times"].size() == canary["values"].size());
  const auto& checks = success["series"][2];
  CHECK(std::count(checks["verdicts"].begin(), checks["verdicts"].end(), "fail") == 1);
  CHECK(std::count(checks["verdicts"].begin(), checks["verdicts"].end(), "unknown") == 1);
  CHECK(charts[2]["log"] == true);
  CHECK(data["faults"][0]["name"].get<std::string>().find("payments") != std::string::npos);
  CHECK(data["phases"].size() == 3);
}

TEST_CASE("an empty chart says why it is empty") {
  auto flight = sample::checkout();
  for (auto& sample : flight.run.samples) sample.canary = {};
  flight.run.score.max_canary_weight = 0;
  const auto why = [&](int chart) {
    return nlohmann::json::parse(chart_data(flight.run, flight.scenario))["charts"][chart]["empty"]
        .get<std::string>();
  };
  CHECK(why(1) == "no request reached the canary: its weight was 0 %");
  flight.run.samples.clear();
  CHECK(why(1) == "this run kept no samples");
  CHECK(page(flight).find("<h2>Checks</h2>") != std::string::npos);
}
