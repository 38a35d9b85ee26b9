#include "policies/text_edit.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "policies/policy.hpp"

using namespace volary;

namespace {

Mark first_document(const std::string& text) {
  const auto documents = parse_documents(text, "canary.yaml");
  REQUIRE(documents);
  return documents->front().at;
}

std::string edited(const std::string& text, const std::vector<FieldEdit>& edits) {
  const auto result = edit_text(text, first_document(text), edits);
  INFO((result ? std::string{} : to_string(result.error())));
  REQUIRE(result);
  return *result;
}

std::string shipped(const std::string& name) {
  std::ifstream file{VOLARY_SOURCE_DIR "/policies/" + name, std::ios::binary};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string with(std::string text, const std::string& old, const std::string& fresh) {
  const auto at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), fresh);
}

}  // namespace

TEST_CASE("an edit changes its value and not one byte more") {
  const std::string text = shipped("default-progressive.yaml");
  CHECK(edited(text, {}) == text);
  CHECK(edited(text, {{"spec.analysis.threshold", "2"}}) ==
        with(text, "threshold: 5", "threshold: 2"));
  std::string wanted = with(text, "stepWeight: 10", "stepWeight: 5");
  wanted = with(wanted, "{min: 99}", "{min: 99.5}");
  wanted = with(wanted, "{max: 500}", "{max: 250}");
  CHECK(edited(text, {{"spec.analysis.stepWeight", "5"},
                      {"spec.analysis.metrics[0].thresholdRange.min", "99.5"},
                      {"spec.analysis.metrics[1].thresholdRange.max", "250"}}) == wanted);
}

TEST_CASE("the comment behind a value stays, and so do quotes and line ends of another system") {
  const std::string text =
      "kind: Canary\r\nspec:\r\n  analysis:\r\n    interval: '1m'   # every minute\r\n"
      "    threshold: 5#no comment\r\n";
  CHECK(edited(text, {{"spec.analysis.interval", "30s"}}) ==
        with(text, "'1m'   # every", "'30s'   # every"));
}

TEST_CASE("a field that is not there is written beside its siblings") {
  CHECK(edited("spec:\n  analysis:\n    stepWeight: 10 # slowly\n    metrics:\n    - name: x\n",
               {{"spec.analysis.maxWeight", "50"}}) ==
        "spec:\n  analysis:\n    stepWeight: 10 # slowly\n    maxWeight: 50\n    metrics:\n"
        "    - name: x\n");
  CHECK(edited("spec:\n  metrics:\n  - name: x\n    interval: 1m\n",
               {{"spec.metrics[0].thresholdRange.max", "5"}}) ==
        "spec:\n  metrics:\n  - name: x\n    interval: 1m\n    thresholdRange: {max: 5}\n");
  CHECK(edited("spec: {analysis: {threshold: 5}, suspend: false}\n",
               {{"spec.analysis.maxWeight", "50"}}) ==
        "spec: {analysis: {maxWeight: 50, threshold: 5}, suspend: false}\n");
  CHECK(edited("spec: {}\n", {{"spec.x", "1"}}) == "spec: {x: 1}\n");
}

TEST_CASE("JSON stays JSON") {
  const std::string text =
      "{\n  \"kind\": \"Canary\",\n  \"spec\": {\n    \"threshold\": 5,\n    \"step\": 1}\n}\n";
  CHECK(edited(text, {{"spec.threshold", "7"}}) == with(text, "5,", "7,"));
  CHECK(edited(text, {{"spec.max", "50"}}) ==
        with(text, "\"spec\": {\n    \"th", "\"spec\": {\n    \"max\": 50,\n    \"th"));
}

TEST_CASE("the other documents of a file stay as they are, as do the other items of a List") {
  const std::string two = "# one\nkind: A\nx: 1\n---\n# two\nkind: B\nx: 1 # mine\n";
  const auto documents = parse_documents(two, "canary.yaml");
  REQUIRE(documents);
  const auto second = edit_text(two, (*documents)[1].at, {{"x", "2"}});
  REQUIRE(second);
  CHECK(*second == with(two, "x: 1 # mine", "x: 2 # mine"));

  const std::string list = "kind: List\nitems:\n- kind: A\n  x: 1\n- kind: B\n  x: 1\n";
  const auto items = parse_documents(list, "canary.yaml");
  REQUIRE(items);
  const auto item = edit_text(list, items->front().find("items")->items[1].at, {{"x", "2"}});
  REQUIRE(item);
  CHECK(*item == with(list, "- kind: B\n  x: 1", "- kind: B\n  x: 2"));
}

TEST_CASE("what an alias shares is not changed behind its other user's back") {
  const std::string alias = "kind: A\nusual: &n 5\nmine: *n\n";
  const auto refused = edit_text(alias, first_document(alias), {{"mine", "6"}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().where == "canary.yaml:1:1: mine");

  // A merged value has a place of its own to be overridden at.
  const std::string merged = "usual: &u {step: 5}\nmine:\n  <<: *u\n  name: x\n";
  CHECK(edited(merged, {{"mine.step", "6"}}) ==
        "usual: &u {step: 5}\nmine:\n  <<: *u\n  name: x\n  step: 6\n");
}

TEST_CASE("a path that leads nowhere is refused, as is a text that changed meanwhile") {
  const std::string text = "a: {b: 1}\nlist: [1]\n";
  for (const char* path : {"a.b.c", "list[3]", "list.x", "a"}) {
    INFO(path);
    CHECK_FALSE(edit_text(text, first_document(text), {{path, "2"}}));
  }
  CHECK_FALSE(edit_text("\n\n" + text, first_document(text), {{"a.b", "2"}}));
  CHECK_FALSE(edit_text(text, first_document(text), {{"a.b", "2, c: 3"}}));
}

TEST_CASE("every shipped policy can be edited in place, and reads back with the edit") {
  for (const char* name :
       {"ab-cookie-header.yaml", "blue-green-mirrored.yaml", "blue-green.yaml",
        "bold-progressive.yaml", "cautious-progressive.yaml", "default-progressive.yaml",
        "nonlinear-steps.yaml", "session-affinity.yaml", "staged-promotion.yaml"}) {
    INFO(name);
    const std::string text = shipped(name);
    const auto before = read_policies(text, name);
    REQUIRE(before);
    const auto after_text =
        edit_text(text, before->front().at,
                  {{"spec.analysis.threshold", "17"}, {"spec.analysis.interval", "90s"}});
    REQUIRE(after_text);
    CHECK(std::ranges::count(*after_text, '#') == std::ranges::count(text, '#'));
    const auto after = read_policies(*after_text, name);
    REQUIRE(after);
    Canary wanted = before->front().canary;
    wanted.spec.analysis.threshold = 17;
    wanted.spec.analysis.interval = "90s";
    CHECK(after->front().canary.spec == wanted.spec);
  }
}
