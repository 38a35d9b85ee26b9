#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "policies/document.hpp"
#include "sim/scripted/policy_report.hpp"

namespace {

using namespace volary;

const std::filesystem::path folder = VOLARY_SOURCE_DIR "/tests/reference";

/// Case → cause of the difference that is accepted.
std::map<std::string, std::string> accepted() {
  std::map<std::string, std::string> causes;
  const auto documents = read_documents((folder / "accepted.yaml").string());
  REQUIRE(documents);
  for (const Node& document : *documents)
    for (const auto& [cause, cases, at] : document.entries)
      for (const Node& name : cases.items) causes[name.text] = cause;
  return causes;
}

std::vector<std::string> files() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator{folder})
    if (entry.path().extension() == ".yaml" && entry.path().filename() != "accepted.yaml")
      found.push_back(entry.path().string());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

TEST_CASE("every recorded case passes under compat: flagger, or is accepted by cause") {
  const auto known = accepted();
  std::vector<sim::PolicyTestResult> results;
  std::string report;
  for (const std::string& file : files()) {
    const auto tests = load_policy_tests(file);
    INFO(file);
    REQUIRE(tests);
    for (const PolicyTest& test : *tests) {
      CHECK(test.compat == Compat::Flagger);
      results.push_back(sim::run_policy_test(test));
      const sim::PolicyTestResult& result = results.back();
      const auto listed = known.find(result.name);
      if (result.passed() && listed != known.end())
        report += result.name + " passes, but is accepted as: " + listed->second + "\n";
      if (!result.passed() && listed == known.end()) report += sim::as_text(result, {});
    }
  }
  INFO(sim::summary(results));
  CHECK(results.size() == 440);
  CHECK(report == "");
  for (const auto& [name, cause] : known)
    CHECK(std::any_of(results.begin(), results.end(),
                      [&, &name = name](const auto& result) { return result.name == name; }));
}

TEST_CASE("a recorded case can fail: a changed rule shows as a difference that names it") {
  auto tests = load_policy_tests((folder / "progressive.yaml").string());
  REQUIRE(tests);
  int differing = 0;
  for (PolicyTest& test : *tests) {
    test.canary.spec.analysis.step_weight += 1;
    const auto result = sim::run_policy_test(test);
    if (result.passed()) continue;
    ++differing;
    CHECK_FALSE(result.rules.empty());
  }
  CHECK(differing > static_cast<int>(tests->size()) / 2);
}
