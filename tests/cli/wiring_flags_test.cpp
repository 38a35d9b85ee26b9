#include <catch2/catch.hpp>

#include "tests/cli/program.hpp"

namespace volary {
namespace {

const std::string scenario = "scenarios/checkout-latency-regression.yaml";
const std::string policy = "policies/default-progressive.yaml";

/// What was shown, without the line that names the wiring and the notes below it.
std::string from_first_tick(const std::string& shown) {
  const auto place = shown.find(" 12:00");
  return place == std::string::npos ? "" : shown.substr(place);
}

}  // namespace

TEST_CASE("both wirings show the same release, behind whichever mesh") {
  for (const char* mesh : {"istio", "linkerd", "contour"}) {
    INFO(mesh);
    const auto direct = program::volary({"run", scenario, policy, "--mesh", mesh});
    const auto full =
        program::volary({"run", scenario, policy, "--mesh", mesh, "--wiring", "full"});
    CHECK(direct.code == 0);
    CHECK(full.code == 0);
    CHECK(from_first_tick(direct.out).find("Rolled back") != std::string::npos);
    CHECK(from_first_tick(full.out) == from_first_tick(direct.out));
    CHECK(full.out.find("--wiring full") != std::string::npos);
    CHECK(direct.out.find("--wiring") == std::string::npos);
  }
}

TEST_CASE("a mesh or a wiring that there is none of is refused with exit 2") {
  for (const auto& words :
       {std::vector<std::string>{"--mesh", "istoi"}, std::vector<std::string>{"--mesh", "knative"},
        std::vector<std::string>{"--wiring", "sideways"}}) {
    std::vector<std::string> all{"run", scenario, policy};
    all.insert(all.end(), words.begin(), words.end());
    const auto ended = program::volary(all);
    CHECK(ended.code == 2);
    CHECK(ended.err.find(words[1]) != std::string::npos);
  }
}

TEST_CASE("what the full wiring does not simulate is refused, and the way out is named") {
  const auto ended =
      program::volary({"run", "tests/policies/tutorials/knative.yaml", "--wiring", "full"});
  CHECK(ended.code == 2);
  CHECK(ended.err.find("--wiring direct") != std::string::npos);
}

}  // namespace volary
