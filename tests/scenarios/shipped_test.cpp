#include <algorithm>
#include <filesystem>
#include <set>

#include <catch2/catch.hpp>

#include "policies/document.hpp"
#include "scenarios/load.hpp"

namespace volary {
namespace {

std::vector<std::string> shipped() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator{VOLARY_SOURCE_DIR "/scenarios"})
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  std::ranges::sort(files);
  return files;
}

/// All that a document says is equal: everything but where it was read from.
bool same(const sim::Scenario& a, const sim::Scenario& b) {
  return a.name == b.name && a.story == b.story && a.duration == b.duration && a.mesh == b.mesh &&
         a.telemetry == b.telemetry && a.traffic == b.traffic && a.services == b.services &&
         a.releases == b.releases && a.faults == b.faults && a.starts_at == b.starts_at;
}

}  // namespace

TEST_CASE("every shipped scenario loads, has a story and says the truth") {
  const auto files = shipped();
  CHECK(files.size() >= 10);
  std::set<bool> truths;
  bool without_release = false;
  for (const std::string& file : files) {
    INFO(file);
    const auto scenario = load_scenario(file);
    INFO((scenario ? "" : to_string(scenario.error())));
    REQUIRE(scenario);
    CHECK(std::filesystem::path{file}.stem() == scenario->name);
    const auto lines = std::ranges::count(scenario->story, '\n') + 1;
    CHECK(lines >= 5);
    CHECK(lines <= 16);
    const bool bad = !scenario->releases.empty() && scenario->releases.front().bad;
    if (scenario->releases.empty()) {
      without_release = true;
    } else {
      truths.insert(bad);
      CHECK(scenario->story.find(bad ? "Truth: bad." : "Truth: good.") != std::string::npos);
      CHECK(scenario->releases.front().service == "checkout");
    }
    CHECK(scenario->find_service("checkout")->ns == "shop");
  }
  CHECK(truths.size() == 2);
  CHECK(without_release);
}

TEST_CASE("a scenario that is written is read back as the same scenario") {
  for (const std::string& file : shipped()) {
    INFO(file);
    const auto scenario = load_scenario(file);
    REQUIRE(scenario);
    const std::string text = write_scenario(*scenario);
    INFO(text);
    const auto again = read_scenario(text, "written");
    INFO((again ? "" : to_string(again.error())));
    REQUIRE(again);
    CHECK(same(*scenario, *again));
    CHECK(write_scenario(*again) == text);
  }
}

}  // namespace volary
