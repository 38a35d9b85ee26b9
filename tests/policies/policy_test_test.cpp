#include "policies/policy_test.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "policies/node_edit.hpp"
#include "tests/support/scratch.hpp"

namespace {

using namespace volary;

/// A folder of files that is gone after the test.
class Files {
 public:
  Files() : folder_{test::scratch("files-" + std::to_string(next++))} {
    std::filesystem::create_directories(folder_);
  }
  ~Files() { std::filesystem::remove_all(folder_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{folder_ / name} << text;
    return (folder_ / name).string();
  }

 private:
  static inline int next = 0;
  std::filesystem::path folder_;
};

const std::string canary = R"(apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: checkout, namespace: shop}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: checkout}
  service: {port: 80}
  analysis:
    interval: 1m
    threshold: 3
    stepWeight: 10
    maxWeight: 30
    metrics:
      - {name: request-success-rate, thresholdRange: {min: 99}}
    webhooks:
      - {name: smoke, type: pre-rollout, url: "http://gate.shop/smoke"}
)";

std::string test_with(const std::string& spec) {
  return "apiVersion: volary.dev/v1alpha1\nkind: PolicyTest\nmetadata: {name: t}\nspec:\n  policy: "
         "canary.yaml\n" +
         spec;
}

Error refused(const std::string& spec) {
  const Files files;
  files.write("canary.yaml", canary);
  const auto read = load_policy_tests(files.write("a.test.yaml", test_with(spec)));
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::Invalid);
  return read.error();
}

}  // namespace

TEST_CASE("a PolicyTest names its policy by file, and says and expects in the order written") {
  const Files files;
  files.write("canary.yaml", canary);
  const auto read = load_policy_tests(files.write("a.test.yaml", test_with(R"(  compat: flagger
  ticks:
    - {}
    - {target: B, workloads: {canary: {available: 1}}, expect: {phase: Progressing, events: [EV-NEW-REVISION]}}
    - {checks: {request-success-rate: 97.2}, hooks: {smoke: 503}, fail: [status, route], repeat: 2}
)")));
  REQUIRE(read);
  const PolicyTest& test = read->front();
  CHECK(test.compat == Compat::Flagger);
  CHECK_FALSE(test.from_creation);
  CHECK(test.canary.spec.analysis.step_weight == 10);
  REQUIRE(test.rows.size() == 3);
  REQUIRE(test.rows[1].says.size() == 2);
  CHECK(std::get<say::Revision>(test.rows[1].says[0]).revision == "B");
  CHECK(std::get<say::Pods>(test.rows[1].says[1]).state == PodState{PodState::Kind::Available, 1});
  REQUIRE(test.rows[1].claims.size() == 2);
  CHECK(test.rows[1].claims[0].field == TestField::Phase);
  CHECK(test.rows[1].claims[1].values == std::vector<std::string>{"EV-NEW-REVISION"});
  CHECK(test.rows[1].at.line == 9);
  CHECK(test.rows[2].repeat == 2);
  CHECK(std::get<say::Check>(test.rows[2].says[0]).answer == "97.2");
  CHECK(std::get<say::Hook>(test.rows[2].says[1]).answer == "503");
  CHECK(std::get<say::Refuse>(test.rows[2].says[3]).writes == WriteClass::Route);
}

TEST_CASE("set: changes the policy by path before the first tick, patch: between two") {
  const Files files;
  files.write("canary.yaml", canary);
  const auto read = load_policy_tests(files.write("a.test.yaml", test_with(R"(  set:
    spec.analysis.stepWeight: 25
    spec.analysis.metrics[0].thresholdRange.min: 95
  ticks:
    - {patch: {spec: {suspend: true, analysis: {stepWeight: null, stepWeights: [1, 5]}}}}
    - {patch: {spec: {suspend: false}}}
)")));
  REQUIRE(read);
  const PolicyTest& test = read->front();
  CHECK(test.canary.spec.analysis.step_weight == 25);
  CHECK(test.canary.spec.analysis.metrics[0].range->min == 95);
  const CanarySpec& first = std::get<say::Spec>(test.rows[0].says[0]).spec;
  CHECK(first.suspend);
  CHECK(first.analysis.step_weight == 0);
  CHECK(first.analysis.step_weights == std::vector<int>{1, 5});
  const CanarySpec& second = std::get<say::Spec>(test.rows[1].says[0]).spec;
  CHECK_FALSE(second.suspend);
  CHECK(second.analysis.step_weights == std::vector<int>{1, 5});  // patches add up
}

TEST_CASE("say: lists what happens in turn before one tick") {
  const Files files;
  files.write("canary.yaml", canary);
  const auto read = load_policy_tests(files.write("a.test.yaml", test_with(R"(  ticks:
    - {say: [{target: {revision: B, replicas: 3}}, {replicas: 1}, {target: C}], expect: {target: {replicas: 1, revision: C}}}
)")));
  REQUIRE(read);
  const auto& says = read->front().rows.front().says;
  REQUIRE(says.size() == 3);
  CHECK(std::get<say::Replicas>(says[1]).replicas == 1);
  CHECK(std::get<say::Revision>(says[2]).revision == "C");
}

TEST_CASE("what a test gets wrong is refused with place and nearest word") {
  const auto row = [](const std::string& text) {
    return refused("  ticks:\n    - " + text + "\n");
  };

  CHECK(row("{traget: B}").hint == "did you mean target?");
  CHECK(row("{traget: B}").where.find("a.test.yaml:7:") != std::string::npos);
  CHECK(row("{checks: {request-sucess-rate: 99}}").hint == "did you mean request-success-rate?");
  CHECK(row("{hooks: {smoked: 503}}").hint == "did you mean smoke?");
  CHECK(row("{hooks: {smoke: sometimes}}").message == "hooks.smoke: 'sometimes' is not an answer");
  CHECK(row("{checks: {request-success-rate: often}}").message ==
        "checks.request-success-rate: 'often' is not an answer");
  CHECK(row("{workloads: {canary: redy}}").hint == "did you mean ready?");
  CHECK(row("{expect: {phse: Failed}}").hint == "did you mean phase?");
  CHECK(row("{expect: {phase: Finished}}").message == "expect.phase: 'Finished' can never be");
  CHECK(row("{expect: {events: [EV-STRAT]}}").message == "expect.events: 'EV-STRAT' can never be");
  CHECK(row("{expect: {routes: 90-10}}").message == "expect.routes: '90-10' can never be");
  CHECK(row("{fail: [stats]}").hint == "did you mean status?");
  CHECK(row("{repeat: 0}").message.find("not a whole number") != std::string::npos);
  CHECK(refused("  world: {configs: false}\n  ticks: [{config: \"2\"}]\n").hint ==
        "say `world: {configs: true}`");
  CHECK(row("{checks: {request-success-rate: no-dat}}").message.find("is not an answer") !=
        std::string::npos);
  CHECK(row("{checks: {vector(2): 1}}").message == "vector(2): is no check of the policy");
  CHECK(row("{expect: {calls: smoke}}").message == "expect.calls: must be a list");
  CHECK(refused("  set: {analysis.threshold: 1}\n  ticks: [{}]\n").hint ==
        "begin with spec., as in spec.analysis.threshold");
  CHECK(refused("  world: {autoscaler: gone}\n  ticks: [{}]\n").hint == "one of absent");
  CHECK(row("[target, B]").message == "a tick: must be a mapping");
  // A comma in a name that is not quoted.
  {
    const Files files;
    const auto read = load_policy_tests(files.write(
        "a.test.yaml", "kind: PolicyTest\nmetadata: {name: checks, then more}\nspec: {}\n"));
    REQUIRE_FALSE(read);
    CHECK(read.error().message == "metadata: unknown key 'then more'");
  }
  CHECK(refused("  compat: lenient\n  ticks: [{}]\n").hint == "one of strict, flagger");
  CHECK(refused("  tick: [{}]\n").hint == "did you mean ticks?");
  CHECK(refused("  ticks: [{repeat: 60000}, {repeat: 60000}]\n").message ==
        "ticks: are more than 100000");
  CHECK(refused("  world: {betweenTicks: -5s}\n  ticks: [{}]\n").message.find("not a duration") !=
        std::string::npos);
  CHECK(refused("  templates: {a: b}\n  ticks: [{}]\n").message ==
        "templates: must be a list of MetricTemplates");
  CHECK(refused("  ticks: []\n").message == "ticks: must be a list of ticks");
  CHECK(refused("  set:\n    spec.analysis.metrics[7].threshold: 1\n  ticks: [{}]\n")
            .message.find("list entry") != std::string::npos);
}

TEST_CASE(
    "what is wrong with a policy is told at its own place: in line, in its file, after a patch") {
  const Files files;
  std::string wrong = canary;
  wrong.replace(wrong.find("threshold: 3"), 12, "threshold: x");
  files.write("canary.yaml", wrong);
  const auto in_file = load_policy_tests(files.write("a.test.yaml", test_with("  ticks: [{}]\n")));
  REQUIRE_FALSE(in_file);
  CHECK(in_file.error().where.find("canary.yaml:9:") != std::string::npos);
  const auto in_line =
      load_policy_tests(files.write("b.test.yaml", R"(apiVersion: volary.dev/v1alpha1
kind: PolicyTest
spec:
  ticks: [{}]
  policy:
    apiVersion: flagger.app/v1beta1
    kind: Canary
    metadata: {name: a}
    spec: 3
)"));
  REQUIRE_FALSE(in_line);
  CHECK(in_line.error().where.find("b.test.yaml:9:") != std::string::npos);

  const auto patched = refused("  ticks:\n    - {patch: {spec: {analysis: {threshold: many}}}}\n");
  CHECK(patched.where.find("a.test.yaml:7:") != std::string::npos);
  CHECK(patched.message.find("threshold") != std::string::npos);
}

TEST_CASE("RFC 7386: a merge patch merges maps, replaces the rest and removes by null") {
  Node base = Node::map();
  base.set("a", Node::scalar("1")).set("b", Node::string("two"));
  Node patch = Node::map();
  patch.set("a", Node{}).set("c", Node::scalar("true"));
  merge_patch(base, patch);
  Node wanted = Node::map();
  wanted.set("b", Node::string("two")).set("c", Node::scalar("true"));
  CHECK(same_content(base, wanted));
}

TEST_CASE("a path that leads nowhere is refused, one that leads to a new key makes it") {
  Node base = Node::map();
  CHECK(set_path(base, "spec.analysis.threshold", Node::scalar("3")));
  CHECK(base.text_at({"spec", "analysis", "threshold"}) == "3");
  CHECK_FALSE(set_path(base, "spec.analysis.threshold.min", Node::scalar("3")));
  CHECK_FALSE(set_path(base, "spec.analysis[0]", Node::scalar("3")));
  CHECK_FALSE(set_path(base, "spec.analysis[x]", Node::scalar("3")));
  CHECK_FALSE(set_path(base, "spec.analysis[0", Node::scalar("3")));
}

TEST_CASE("a path finds a list entry by position or by name") {
  Node entry = Node::map();
  entry.set("name", Node::scalar("latency")).set("max", Node::scalar("500"));
  Node base = Node::map();
  base.set("metrics", Node::sequence({entry}));
  for (const char* path : {"metrics[0].max", "metrics.0.max", "metrics[latency].max"}) {
    INFO(path);
    Node copy = base;
    CHECK(set_path(copy, path, Node::scalar("700")));
    CHECK(copy.find("metrics")->items.front().text_at({"max"}) == "700");
  }
  CHECK_FALSE(set_path(base, "metrics[1].max", Node::scalar("700")));
  CHECK_FALSE(set_path(base, "metrics[errors].max", Node::scalar("700")));
}
