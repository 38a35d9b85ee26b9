#include <cstdlib>
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "scenarios/load.hpp"
#include "scenarios/scenario_schema.hpp"

namespace volary {
namespace {

const std::string path = VOLARY_SOURCE_DIR "/docs/scenarios.md";

std::string page() {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// What stands in the fenced block of this kind.
std::string block(const std::string& text, const std::string& kind) {
  const std::string fence = "```" + kind + "\n";
  const auto begin = text.find(fence);
  REQUIRE(begin != std::string::npos);
  const auto end = text.find("```", begin + fence.size());
  REQUIRE(end != std::string::npos);
  return text.substr(begin + fence.size(), end - begin - fence.size());
}

}  // namespace

TEST_CASE("docs/scenarios.md lists every key as the table has it") {
  const std::string reference = scenario_spec_schema().reference();
  std::string text = page();
  if (std::getenv("VOLARY_UPDATE_GOLDEN") != nullptr) {
    const std::string old = "```reference\n" + block(text, "reference");
    text.replace(text.find(old), old.size(), "```reference\n" + reference);
    std::ofstream{path, std::ios::binary} << text;
  }
  CHECK(block(text, "reference") == reference);
}

TEST_CASE("the example of docs/scenarios.md can be read") {
  const auto scenario = read_scenario(block(page(), "yaml"), "docs/scenarios.md");
  INFO((scenario ? "" : to_string(scenario.error())));
  REQUIRE(scenario);
  CHECK(scenario->services.size() == 2);
  CHECK(scenario->releases.front().bad);
}

}  // namespace volary
