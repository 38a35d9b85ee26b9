#include "gui/models/policy_draft.hpp"

#include <catch2/catch.hpp>

#include "tests/gui/support.hpp"

using namespace volary;
using namespace volary::gui;
using namespace std::chrono_literals;

namespace {

PolicyDraft draft_of(const std::string& file) {
  auto policies = load_policies({gui::test::source_file(file)});
  REQUIRE(policies);
  return PolicyDraft{std::make_shared<const Policy>(policies->front())};
}

std::string with(std::string text, const std::string& old, const std::string& fresh) {
  const auto at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), fresh);
}

}  // namespace

TEST_CASE("a draft that nobody edited is its file, byte for byte") {
  const auto draft = draft_of("policies/default-progressive.yaml");
  CHECK_FALSE(draft.changed());
  CHECK(draft.edited() == draft.written());
  CHECK(draft.manifest().value() == draft.written()->source);
}

TEST_CASE("saving changes what was edited and nothing else") {
  auto draft = draft_of("policies/default-progressive.yaml");
  draft.setStepWeight(5);
  draft.setMaxWeight(30);
  draft.setThreshold(2);
  draft.setInterval(90s);
  draft.setBound(0, true, 99.5);
  draft.setBound(1, false, 250);
  CHECK(draft.edits().size() == 6);
  std::string wanted = draft.written()->source;
  wanted = with(wanted, "interval: 1m\n    threshold", "interval: 90s\n    threshold");
  wanted = with(wanted, "threshold: 5", "threshold: 2");
  wanted = with(wanted, "stepWeight: 10", "stepWeight: 5");
  wanted = with(wanted, "maxWeight: 50", "maxWeight: 30");
  wanted = with(wanted, "{min: 99}", "{min: 99.5}");
  wanted = with(wanted, "{max: 500}", "{max: 250}");
  CHECK(draft.manifest().value() == wanted);

  // What is saved reads back as what was flown.
  const auto again = read_policies(wanted, "saved.yaml");
  REQUIRE(again);
  CHECK(again->front().canary.spec == draft.edited()->canary.spec);
}

TEST_CASE("what is changed and changed back is not changed") {
  auto draft = draft_of("policies/default-progressive.yaml");
  draft.setInterval(2min);
  draft.setBound(0, true, 98);
  CHECK(draft.changed());
  draft.setInterval(1min);
  draft.setBound(0, true, 99);
  CHECK_FALSE(draft.changed());
  draft.setThreshold(1);
  draft.reset();
  CHECK_FALSE(draft.changed());
  CHECK(draft.plan().threshold == 5);
}

TEST_CASE("a number that the file leaves to its default is added when it differs from it") {
  const std::string text =
      "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: a, namespace: b}\nspec:\n"
      "  targetRef: {apiVersion: apps/v1, kind: Deployment, name: a}\n  service: {port: 80}\n"
      "  analysis:\n    interval: 1s # soon\n    threshold: 5\n    stepWeight: 10\n";
  auto policies = read_policies(text, "a.yaml");
  REQUIRE(policies);
  PolicyDraft draft{std::make_shared<const Policy>(policies->front())};
  draft.setMaxWeight(100);  // what it means already (ANA-07)
  draft.setInterval(10s);   // the same (ANA-01)
  CHECK_FALSE(draft.changed());
  draft.setMaxWeight(40);
  CHECK(draft.manifest().value() ==
        with(text, "stepWeight: 10\n", "stepWeight: 10\n    maxWeight: 40\n"));
}

TEST_CASE("the bounds of a policy, with their side and unit (MET-20, MET-21)") {
  const auto draft = draft_of("policies/default-progressive.yaml");
  const auto bounds = draft.bounds();
  REQUIRE(bounds.size() == 2);
  CHECK(bounds[0].name == "success");
  CHECK(bounds[0].at_least);
  CHECK(bounds[0].value == 99);
  CHECK(bounds[0].unit == "%");
  CHECK(bounds[1].name == "p99");
  CHECK_FALSE(bounds[1].at_least);
  CHECK(bounds[1].unit == "ms");
}

TEST_CASE("a deprecated single bound is edited where it stands (MET-21)") {
  const std::string text =
      "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: a, namespace: b}\nspec:\n"
      "  targetRef: {apiVersion: apps/v1, kind: Deployment, name: a}\n  service: {port: 80}\n"
      "  analysis:\n    interval: 1m\n    threshold: 5\n    stepWeight: 10\n    metrics:\n"
      "    - name: request-success-rate\n      threshold: 99 # old style\n      interval: 1m\n";
  auto policies = read_policies(text, "a.yaml");
  REQUIRE(policies);
  PolicyDraft draft{std::make_shared<const Policy>(policies->front())};
  REQUIRE(draft.bounds().size() == 1);
  CHECK(draft.bounds()[0].at_least);
  draft.setBound(0, true, 95.5);
  CHECK(draft.manifest().value() == with(text, "threshold: 99 #", "threshold: 95.5 #"));
}
