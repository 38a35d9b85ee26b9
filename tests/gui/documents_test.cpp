#include "gui/models/documents.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/gui/support.hpp"
#include "tests/support/scratch.hpp"

using namespace volary;
using namespace volary::gui;
using gui::test::source_file;

TEST_CASE("scenario and manifests are told apart by kind, in any order") {
  const Documents shipped = shipped_documents();
  const auto opened = open_documents(
      {source_file("policies/bold-progressive.yaml"), source_file("scenarios/crash-loop.yaml")},
      shipped);
  REQUIRE(opened);
  CHECK(opened->scenarios.front()->name == "crash-loop");
  CHECK(opened->policies.front()->file.ends_with("bold-progressive.yaml"));
  CHECK(opened->chosen_world);
}

TEST_CASE("a scenario alone keeps the policy, a manifest alone keeps a scenario that was chosen") {
  const Documents shipped = shipped_documents();
  const auto world = open_documents({source_file("scenarios/crash-loop.yaml")}, shipped);
  REQUIRE(world);
  CHECK(world->policies == shipped.policies);
  const auto policy = open_documents({source_file("policies/blue-green.yaml")}, *world);
  REQUIRE(policy);
  CHECK(policy->scenarios == world->scenarios);
}

TEST_CASE("a manifest of another service gets a world of its own, the bad release first") {
  const Documents shipped = shipped_documents();
  const auto same = open_documents({source_file("policies/bold-progressive.yaml")}, shipped);
  REQUIRE(same);
  CHECK(same->scenarios == shipped.scenarios);  // a release of checkout, too
  const auto opened =
      open_documents({source_file("tests/policies/tutorials/istio-progressive.yaml")}, shipped);
  REQUIRE(opened);
  REQUIRE(opened->scenarios.size() == 2);
  CHECK(opened->scenarios[0]->releases.front().bad);
  CHECK_FALSE(opened->scenarios[1]->releases.front().bad);
  CHECK_FALSE(opened->chosen_world);
}

TEST_CASE("what cannot be opened says where and what to do") {
  const Documents shipped = shipped_documents();
  const auto refusal = [&](const std::vector<std::string>& files) {
    const auto opened = open_documents(files, shipped);
    REQUIRE_FALSE(opened);
    CHECK_FALSE(opened.error().where.empty());
    CHECK_FALSE(opened.error().message.empty());
    return opened.error();
  };
  refusal({"/nowhere/at-all.yaml"});
  refusal({VOLARY_SOURCE_DIR});
  refusal({source_file("scenarios/mmc.yaml"), source_file("scenarios/crash-loop.yaml")});
  const auto file = [](const std::string& name, const std::string& text) {
    const std::string path = volary::test::scratch(name);
    std::ofstream{path, std::ios::binary} << text;
    return path;
  };
  refusal({file("empty.yaml", "")});
  refusal({file("binary.yaml", std::string{"\x7f\x45LF\0\0\1", 7})});
  refusal({file("nested.yaml", std::string(1 << 20, '['))});
  refusal({file("bomb.yaml",
                "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c "
                "[*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: "
                "[*d,*d,*d,*d,*d,*d,*d,*d]\nkind: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n")});
  const Error line = refusal({file("typo.yaml",
                                   "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: "
                                   "{name: a}\nspec:\n  analysis: {threshold: x}\n")});
  CHECK(line.where.find("typo.yaml:") != std::string::npos);
}

TEST_CASE("remarks on what was read carry their place") {
  auto opened =
      open_documents({source_file("policies/default-progressive.yaml")}, shipped_documents());
  REQUIRE(opened);
  CHECK(remarks_of(*opened).empty());
  const std::string path = volary::test::scratch("remark.yaml");
  std::ofstream{path} << shipped_documents().policies.front()->source << "    stepWieght: 5\n";
  opened = open_documents({path}, shipped_documents());
  REQUIRE(opened);
  REQUIRE(remarks_of(*opened).size() == 1);
  CHECK(remarks_of(*opened)[0].find("stepWieght") != std::string::npos);
}
