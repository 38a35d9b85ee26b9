#include "sim/scripted/policy_run.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/scripted/policy_record.hpp"
#include "sim/scripted/policy_report.hpp"

namespace {

using namespace volary;

/// Step 10 to 20, one builtin check, threshold 1.
PolicyTest progressive(std::vector<TestRow> rows) {
  PolicyTest test;
  test.name = "t";
  test.at = {"t.test.yaml", 1, 1};
  test.compat = Compat::Flagger;
  test.canary.name = {"shop", "checkout"};
  test.canary.spec.provider = "istio";
  test.canary.spec.target_ref = {"apps/v1", "Deployment", "checkout"};
  test.canary.spec.analysis.interval = "1m";
  test.canary.spec.analysis.threshold = 1;
  test.canary.spec.analysis.step_weight = 10;
  test.canary.spec.analysis.max_weight = 20;
  MetricCheck check;
  check.name = "request-success-rate";
  check.range = ThresholdRange{99.0, std::nullopt};
  test.canary.spec.analysis.metrics = {check};
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i].at = {"t.test.yaml", static_cast<int>(i) + 10, 7};
  test.rows = std::move(rows);
  return test;
}

TestRow row(std::vector<Say> says, std::vector<Claim> claims = {}, int repeat = 1) {
  TestRow made;
  made.says = std::move(says);
  made.has_expect = !claims.empty();
  made.claims = std::move(claims);
  made.repeat = repeat;
  return made;
}

Claim claim(TestField field, std::vector<std::string> values) {
  return {field, std::move(values), {}};
}

}  // namespace

TEST_CASE("a policy test stops at the first difference and names field, place and rule") {
  const auto result = sim::run_policy_test(progressive({
      row({}, {claim(TestField::Phase, {"Initialized"})}),
      row({say::Revision{"B", std::nullopt}}, {claim(TestField::Phase, {"Progressing"})}),
      row({}, {claim(TestField::CanaryWeight, {"20"}),
               claim(TestField::Events, {"EV-START", "EV-WEIGHT(10)"})}),
      row({}, {claim(TestField::Phase, {"Failed"})}),
  }));
  REQUIRE_FALSE(result.passed());
  CHECK(result.ticks.size() == 3);
  REQUIRE(result.differences.size() == 1);
  CHECK(result.differences[0] == sim::Difference{TestField::CanaryWeight, {"20"}, {"10"}});
  CHECK(result.rules == std::vector<std::string>{"EV-START: SM-25", "EV-WEIGHT: SM-72"});
  const std::string text = sim::as_text(result, {});
  CHECK(text.find("t, tick 2 (t.test.yaml:12)") != std::string::npos);
  CHECK(text.find("canaryWeight  expected 20  got 10") != std::string::npos);
}

TEST_CASE("an event without value or detail stands for every one, with them for exactly that one") {
  const auto events = [](std::vector<std::string> wanted) {
    return sim::run_policy_test(progressive({
                                    row({}),
                                    row({say::Revision{"B", std::nullopt}}),
                                    row({}),
                                    row({say::Check{"request-success-rate", "97.2"}},
                                        {claim(TestField::Events, std::move(wanted))}),
                                }))
        .passed();
  };
  CHECK(events({"EV-BREACH"}));
  CHECK(events({"EV-BREACH|request-success-rate"}));
  CHECK(events({"EV-BREACH|request-success-rate|97.20% < 99%"}));
  CHECK_FALSE(events({"EV-BREACH|request-success-rate|97.21% < 99%"}));
  CHECK_FALSE(events({"EV-BR"}));
  CHECK_FALSE(events({}));
  CHECK_FALSE(events({"EV-BREACH", "EV-FAILED"}));
}

TEST_CASE("what is said holds until it is said otherwise, what fails is refused in its tick only") {
  const auto result = sim::run_policy_test(progressive({
      row({}),
      row({say::Revision{"B", std::nullopt}, say::Refuse{WriteClass::Target}},
          {claim(TestField::Phase, {"Initialized"}),
           claim(TestField::Events, {"EV-NEW-REVISION", "EV-ERROR"})}),
      row({}, {claim(TestField::Phase, {"Progressing"})}),
      row({say::Pods{Role::Target, {PodState::Kind::Rolling, 0}}},
          {claim(TestField::Events, {"EV-CANARY-NOT-READY"})}, 3),
      row({say::Pods{Role::Target, {}}}, {claim(TestField::CanaryWeight, {"10"})}),
      row({say::Check{"", "fail"}}, {claim(TestField::FailedChecks, {"1"})}),
      row({say::Check{"", "pass"}},
          {claim(TestField::Phase, {"Failed"}), claim(TestField::TargetReplicas, {"0"})}),
  }));
  INFO(sim::as_text(result, {}));
  CHECK(result.passed());
  CHECK(result.ticks.size() == 9);
}

TEST_CASE("compare: everything holds rows against earlier claims and against what they leave out") {
  auto test = progressive({
      row({},
          {claim(TestField::Phase, {"Initialized"}), claim(TestField::CanaryWeight, {"0"}),
           claim(TestField::Events, {"EV-PROVIDERS-UP", "EV-INIT-DONE"}),
           claim(TestField::Alerts, {"AL-INIT:info"}), claim(TestField::Queries, {"vector(1)"})}),
      row({say::Revision{"B", std::nullopt}},
          {claim(TestField::Phase, {"Progressing"}), claim(TestField::Events, {"EV-NEW-REVISION"}),
           claim(TestField::Alerts, {"AL-NEW-REVISION:info"})}),
      row({}, {claim(TestField::Events, {"EV-START", "EV-WEIGHT(10)"})}),
  });
  test.everything = true;
  const auto result = sim::run_policy_test(test);
  REQUIRE(result.differences.size() == 1);  // the weight moved, and the row does not say so
  CHECK(result.differences[0] == sim::Difference{TestField::CanaryWeight, {"0"}, {"10"}});
}

TEST_CASE(
    "compare: everything asks no revision of a workload that is gone and no mirror of a route that "
    "is") {
  auto test = progressive({
      row({}, {claim(TestField::Phase, {"Initialized"}), claim(TestField::PrimaryRevision, {"A"}),
               claim(TestField::Mirror, {"off"}), claim(TestField::Routes, {"100/0"}),
               claim(TestField::Alerts, {"AL-INIT:info"}), claim(TestField::Queries, {"vector(1)"}),
               claim(TestField::Events, {"EV-PROVIDERS-UP", "EV-INIT-DONE"})}),
      row({say::DeleteWorkload{Role::Primary}, say::Refuse{WriteClass::Primary}},
          {claim(TestField::PrimaryReplicas, {"absent"}), claim(TestField::Events, {"EV-ERROR"})}),
      row({say::DeleteRoutes{}, say::DeleteWorkload{Role::Target}},
          {claim(TestField::TargetReplicas, {"absent"}), claim(TestField::Routes, {"none"}),
           claim(TestField::Events, {"EV-ERROR"})}),
  });
  test.everything = true;
  const auto result = sim::run_policy_test(test);
  INFO(sim::as_text(result, {}));
  CHECK(result.passed());
  CHECK(result.ticks.size() == 3);
}

TEST_CASE("JUnit and JSON carry each test once, and escape what they carry") {
  auto failing = progressive({row({}, {claim(TestField::Phase, {"Failed"})})});
  failing.name = "a <b> & \"c\"";
  const std::vector<sim::PolicyTestResult> results{sim::run_policy_test(progressive({row({})})),
                                                   sim::run_policy_test(failing)};
  CHECK(sim::summary(results) == "2 tests: 1 passed, 1 differs");
  const std::string junit = sim::as_junit(results);
  CHECK(junit.find("<testsuite name=\"t.test.yaml\" tests=\"2\" failures=\"1\">") !=
        std::string::npos);
  CHECK(junit.find("name=\"a &lt;b&gt; &amp; &quot;c&quot;\"") != std::string::npos);
  const std::string json = sim::as_json_lines(results);
  CHECK(json.find(
            R"({"name":"t","file":"t.test.yaml","compat":"flagger","passed":true,"ticks":1})") ==
        0);
  CHECK(json.find(R"("differences":[{"field":"phase","expected":"Failed","got":"Initialized"}])") !=
        std::string::npos);
}

TEST_CASE("recording writes what happened and leaves the rest of the file as it was") {
  const std::string text =
      "# head\n"
      "ticks:\n"
      "  - {}   # first\n"
      "  - target: B  # the release\n"
      "  # before the check\n"
      "  - checks: {request-success-rate: 97.2}\n"
      "    expect:\n"
      "      phase: Failed\n"
      "      events: [EV-START]\n"
      "  - {expect: {failedChecks: 7, events: [EV-BREACH]}}\n";
  auto test = progressive({
      row({}),
      row({say::Revision{"B", std::nullopt}}),
      row({say::Check{"request-success-rate", "97.2"}},
          {claim(TestField::Phase, {"Failed"}), claim(TestField::Events, {"EV-START"})}),
      row({}, {claim(TestField::FailedChecks, {"7"}), claim(TestField::Events, {"EV-BREACH"})}),
  });
  const int lines[] = {3, 4, 6, 10};
  for (std::size_t i = 0; i < test.rows.size(); ++i) test.rows[i].at = {"t.test.yaml", lines[i], 5};
  const auto recorded = sim::record_expectations(
      text, {test}, {sim::run_policy_test(test, {.past_differences = true})});
  REQUIRE(recorded);
  CHECK(recorded->notes.empty());
  CHECK(recorded->text ==
        "# head\n"
        "ticks:\n"
        "  - {expect: {phase: Initialized, canaryWeight: 0, failedChecks: 0, routes: 100/0, "
        "events: [EV-PROVIDERS-UP, "
        "EV-INIT-DONE]}}   # first\n"
        "  - target: B  # the release\n"
        "    expect: {phase: Progressing, canaryWeight: 0, failedChecks: 0, routes: 100/0, events: "
        "[EV-NEW-REVISION]}\n"
        "  # before the check\n"
        "  - checks: {request-success-rate: 97.2}\n"
        "    expect: {phase: Progressing, events: [EV-START, EV-WEIGHT(10)]}\n"
        "  - {expect: {failedChecks: 1, events: [EV-BREACH]}}\n");
}

TEST_CASE("recording says when a repeated row cannot hold one expectation") {
  const std::string text = "ticks:\n  - {repeat: 3}\n";
  auto test = progressive({row({say::Revision{"B", std::nullopt}}, {}, 3)});
  test.rows[0].at = {"t.test.yaml", 2, 5};
  const auto recorded = sim::record_expectations(
      text, {test}, {sim::run_policy_test(test, {.past_differences = true})});
  REQUIRE(recorded);
  CHECK_FALSE(recorded->notes.empty());
}
