#include <filesystem>
#include <fstream>
#include <set>

#include <catch2/catch.hpp>

#include "policies/document.hpp"
#include "policies/policy.hpp"
#include "tests/support/scratch.hpp"

namespace volary {
namespace {

namespace fs = std::filesystem;

std::vector<Policy> loaded(std::string_view text) {
  auto policies = read_policies(text, "p.yaml");
  INFO((policies ? std::string{} : to_string(policies.error()) + "; " + policies.error().hint));
  REQUIRE(policies);
  return *policies;
}

/// A Canary with this analysis and, before it, these lines of the spec.
std::string manifest(std::string_view analysis, std::string_view spec = "") {
  return fmt::format(
      "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {{name: web}}\nspec:\n"
      "  targetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}\n  service: {{port: "
      "80}}\n{}"
      "  analysis:\n{}",
      spec, analysis);
}
constexpr std::string_view steps = "    interval: 1m\n    threshold: 5\n    stepWeight: 10\n";

Error refused(std::string_view text) {
  const auto policies = read_policies(text, "p.yaml");
  REQUIRE_FALSE(policies);
  CHECK(policies.error().kind == ErrorKind::Invalid);
  CHECK(to_string(policies.error()).find('\n') == std::string::npos);
  return policies.error();
}

Error refused_analysis(std::string_view more) {
  return refused(manifest(fmt::format("{}    {}\n", steps, more)));
}

std::vector<std::string> yaml_files(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator{VOLARY_SOURCE_DIR + ("/" + folder)})
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

TEST_CASE("the manifests that tutorials show are read without a remark") {
  const auto files = yaml_files("tests/policies/tutorials");
  CHECK(files.size() >= 20);
  std::set<std::string> providers;
  for (const std::string& file : files) {
    INFO(file);
    const auto policies = load_policies({file});
    INFO((policies ? std::string{} : to_string(policies.error())));
    REQUIRE(policies);
    REQUIRE(policies->size() == 1);
    const Policy& policy = policies->front();
    CHECK(policy.canary.name == ObjectName{"test", "podinfo"});
    CHECK(policy.label == "podinfo");
    for (const Remark& remark : policy.remarks)
      FAIL_CHECK(to_string(remark.at) << ": " << remark.text);
    providers.insert(policy.canary.spec.provider);
  }
  for (const char* provider :
       {"istio", "linkerd", "appmesh:v1beta2", "contour", "gloo", "nginx", "gatewayapi:v1"})
    CHECK(providers.count(provider) == 1);
}

TEST_CASE(
    "shipped policies are read without a remark, target checkout in shop and say when to choose "
    "them") {
  const auto files = yaml_files("policies");
  CHECK(files.size() >= 8);
  std::set<std::string> labels;
  const auto policies = load_policies(files);
  REQUIRE(policies);
  CHECK(policies->size() == files.size());
  for (const Policy& policy : *policies) {
    INFO(policy.file);
    CHECK(policy.remarks.empty());
    CHECK(policy.canary.name == ObjectName{"shop", "checkout"});
    CHECK(policy.canary.spec.target_ref == ObjectRef{"apps/v1", "Deployment", "checkout"});
    CHECK(policy.canary.spec.service.port == 80);
    CHECK(policy.canary.spec.analysis.metrics.size() == 2);
    CHECK(policy.source.starts_with("# "));
    CHECK(policy.source.find("# Choose it ") != std::string::npos);
    CHECK(labels.insert(policy.label).second);
  }
  CHECK(labels.count("bold-progressive") ==
        1);  // they share a Canary's name, so the file's tells them apart
}

TEST_CASE("every field of a Canary ends up where it belongs") {
  const std::string file = VOLARY_SOURCE_DIR "/tests/policies/tutorials/gates-and-alerts.yaml";
  const auto policies = load_policies({file});
  REQUIRE(policies);
  const Policy& policy = policies->front();
  const CanarySpec& spec = policy.canary.spec;
  CHECK(policy.at.line == 1);
  CHECK(spec.provider == "istio");
  CHECK(spec.revert_on_deletion);
  CHECK(spec.progress_deadline_seconds == 60);
  CHECK(spec.autoscaler_ref->name == "podinfo");
  const Analysis& analysis = spec.analysis;
  CHECK(analysis.interval == "1m");
  CHECK(analysis.threshold == 10);
  CHECK(analysis.max_weight == 50);
  CHECK(analysis.step_weight == 5);
  REQUIRE(analysis.metrics.size() == 3);
  CHECK(analysis.metrics[0].template_ref == ObjectName{"", "not-found-percentage"});
  CHECK(analysis.metrics[0].variables.at("direction") == "inbound");
  CHECK(analysis.metrics[1].query.starts_with("sum(rate("));
  CHECK(analysis.metrics[1].threshold == 99);
  CHECK_FALSE(analysis.metrics[1].range);
  CHECK(analysis.metrics[2].range == ThresholdRange{0, 0.5});
  REQUIRE(analysis.webhooks.size() == 8);
  CHECK(analysis.webhooks[0].type == HookType::ConfirmRollout);
  CHECK(analysis.webhooks[2].retries == 2);
  CHECK(analysis.webhooks[4].mute_alert);
  CHECK(analysis.webhooks[5].disable_tls);
  CHECK(analysis.webhooks[7].metadata.at("cluster") == "flagger-test");
  REQUIRE(analysis.alerts.size() == 2);
  CHECK(analysis.alerts[0].provider == ObjectName{"flagger", "dev-slack"});
  CHECK(analysis.alerts[1].severity == "warn");
  REQUIRE(policy.templates.size() == 2);
  CHECK(policy.templates[0].secret_ref == "prom-auth");
  CHECK(policy.templates[0].headers.at("X-Scope-OrgID") == std::vector<std::string>{"team-a"});
  CHECK(policy.templates[0].name == ObjectName{"test", "not-found-percentage"});
  CHECK(policy.templates[0].query.starts_with("100 - sum("));
  CHECK(policy.templates[1].provider_type == "datadog");
  REQUIRE(policy.alert_providers.size() == 2);
  CHECK(policy.alert_providers[0].channel == "dev-alerts");
  CHECK(policy.alert_providers[1].secret_ref == "discord-url");
}

TEST_CASE("what stands beside a Canary is used: Deployment, autoscaler, lists") {
  const auto policies =
      load_policies({VOLARY_SOURCE_DIR "/tests/policies/tutorials/istio-progressive.yaml"});
  REQUIRE(policies);
  const Policy& policy = policies->front();
  REQUIRE(policy.workload);
  CHECK(policy.workload->replicas == 2);
  CHECK(policy.workload->max_unavailable == "1");
  CHECK(policy.workload->max_surge == "25%");
  CHECK(policy.workload->progress_deadline_seconds == 60);
  CHECK(policy.workload->min_ready_seconds == 5);
  CHECK(policy.workload->image == "ghcr.io/stefanprodan/podinfo:6.0.0");
  REQUIRE(policy.autoscaler);
  CHECK(policy.autoscaler->target == "podinfo");
  CHECK(policy.autoscaler->min_replicas == 2);
  CHECK(policy.autoscaler->max_replicas == 4);
  CHECK(policy.autoscaler->cpu_percent == 99);

  const auto keda = load_policies({VOLARY_SOURCE_DIR "/tests/policies/tutorials/keda.yaml"});
  REQUIRE(keda);
  REQUIRE(keda->front().autoscaler);
  CHECK(keda->front().autoscaler->max_replicas == 3);

  const auto list = loaded(
      R"({"apiVersion":"v1","kind":"List","items":[
        {"apiVersion":"flagger.app/v1beta1","kind":"Canary","metadata":{"name":"a"},"spec":{
          "targetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"a"},"service":{"port":80},
          "analysis":{"interval":"1m","threshold":1,"iterations":3,"match":[{"headers":{"X-User":{"prefix":"qa"}}}]}}},
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"a"}}]})");
  REQUIRE(list.size() == 1);
  CHECK(list[0].canary.name == ObjectName{"default", "a"});
  CHECK(list[0].canary.spec.analysis.match[0].headers.at("x-user") ==
        StringMatch{StringMatch::Kind::Prefix, "qa"});
  REQUIRE(list[0].remarks.size() == 1);
  CHECK(list[0].remarks[0].text == "Service a is skipped: policies do not lean on it");
}

TEST_CASE("templates serve every Canary of the call, those of its own file first") {
  const std::string folder = test::scratch("templates");
  fs::create_directories(folder);
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream{folder + "/" + name} << text;
    return folder + "/" + name;
  };
  const auto one_template = [](std::string_view query) {
    return fmt::format(
        "---\napiVersion: flagger.app/v1beta1\nkind: MetricTemplate\nmetadata: {{name: t}}\n"
        "spec: {{provider: {{type: prometheus, address: http://p}}, query: {}}}\n",
        query);
  };
  const std::string uses =
      manifest(std::string{steps} +
               "    metrics: [{name: t, templateRef: {name: t}, thresholdRange: {max: 1}}]\n");
  const auto a = write("a.yaml", uses + one_template("own"));
  const auto b = write("b.yaml", uses);
  const auto c = write("c.yaml", one_template("shared"));
  const auto policies = load_policies({c, a, b});
  REQUIRE(policies);
  REQUIRE(policies->size() == 2);
  CHECK((*policies)[0].label == "a");
  CHECK((*policies)[0].templates.at(0).query == "own");
  CHECK((*policies)[1].label == "b");
  CHECK((*policies)[1].templates.at(0).query == "shared");
  CHECK((*policies)[1].remarks.empty());
  const auto alone = load_policies({b});
  REQUIRE(alone);
  REQUIRE(alone->front().remarks.size() == 1);
  CHECK(alone->front().remarks[0].path == "spec.analysis.metrics[0].templateRef");
  CHECK(refused(uses + one_template("one") + one_template("other")).message ==
        "MetricTemplate t.default stands in this file twice");
  CHECK(loaded(uses + one_template("one") + one_template("one")).size() == 1);
  CHECK(refused(uses + "---\n" + uses).message == "Canary web.default stands in this file twice");
  CHECK(load_policies({c}).error().message == "no Canary in any of the files");
}

TEST_CASE("CR-05: a key that the API server would drop is a remark with the nearest known one") {
  const auto policies = loaded(
      manifest(std::string{steps} + "    stepWieght: 5\n    colour: red\n", "  suspended: true\n"));
  const auto& remarks = policies[0].remarks;
  REQUIRE(remarks.size() == 3);
  CHECK(remarks[0].at == Mark{"p.yaml", 7, 3});
  CHECK(remarks[0].path == "spec.suspended");
  CHECK(remarks[0].hint == "did you mean 'suspend'?");
  CHECK(to_string(remarks[1].at) == "p.yaml:12:5");
  CHECK(remarks[1].path == "spec.analysis.stepWieght");
  CHECK(remarks[1].hint == "did you mean 'stepWeight'?");
  CHECK(remarks[2].hint.empty());

  const std::string old = "  canaryAnalysis: {interval: 1m, threshold: 5, stepWeight: 5}\n";
  CHECK(loaded(manifest(steps, old))[0].remarks[0].hint == "its name is analysis now (CR-05)");
  const Error error = refused(
      "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: web}\nspec:\n"
      "  targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n" +
      old);
  CHECK(error.message == "'analysis' is missing");
  CHECK(error.hint == "canaryAnalysis is called analysis since v1beta1 (CR-05)");
}

TEST_CASE("VAL-01..07: what the API server would refuse is refused, with the place") {
  const Error threshold = refused_analysis("maxWeight: '50'");
  CHECK(threshold.where == "p.yaml:11:16: spec.analysis.maxWeight");
  CHECK(threshold.message == "'50' is not a whole number");
  CHECK(threshold.hint == "write 50 without quotes");
  CHECK(refused_analysis("maxWeight: 2.5").message == "'2.5' is not a whole number");  // VAL-06
  CHECK(refused_analysis("maxWeight: 1e99").message == "'1e99' is not a whole number");
  CHECK(refused_analysis("maxWeight: 0x10").message == "'0x10' is not a whole number");
  CHECK(refused_analysis("maxWeight: 010").message == "'010' is not a whole number");
  CHECK(refused_analysis("maxWeight: [5]").message == "a list is not a whole number");
  CHECK(refused_analysis("mirror: 'true'").hint == "write true without quotes");
  CHECK(refused_analysis("metrics: [{name: 404}]").hint == "put it in quotes: \"404\"");
  for (const char* bound : {".nan", "NaN", ".inf", "-.inf", "1e999", "abc", "''"})
    CHECK(
        refused_analysis(fmt::format("metrics: [{{name: a, thresholdRange: {{min: {}}}}}]", bound))
            .where == fmt::format("p.yaml:11:{}: spec.analysis.metrics[0].thresholdRange.min", 47));
  for (const char* interval : {"-1m", "1h", "NaN", "'5'", "''", "s", ".5m"})  // VAL-04
    CHECK(refused(manifest(fmt::format("    interval: {}\n    threshold: 5\n    stepWeight: 1\n",
                                       interval)))
              .message.ends_with("is not a duration such as 30s or 1m"));
  for (const char* interval : {"1m", "90s", "1m30s", "10ms", "1min"})
    CHECK(loaded(manifest(
              fmt::format("    interval: {}\n    threshold: 5\n    stepWeight: 1\n", interval)))[0]
              .canary.spec.analysis.interval == interval);
  CHECK(loaded(manifest("    interval: 1m\n    threshold: -5\n    stepWeight: 1e2\n"))[0]  // VAL-07
            .canary.spec.analysis.step_weight == 100);

  CHECK(refused_analysis("iterations: 5").message ==
        "has stepWeight and iterations: only one may be given");  // VAL-03
  CHECK(refused(manifest("    interval: 1m\n    threshold: 5\n")).message ==
        "has none of stepWeight, stepWeights, iterations");
  CHECK(refused(manifest("    interval: 1m\n    stepWeight: 5\n    treshold: 4\n")).hint ==
        "is 'treshold' meant?");

  const Error provider = refused(manifest(steps, "  provider: itsio\n"));  // VAL-02
  CHECK(provider.where == "p.yaml:7:13: spec.provider");
  CHECK(provider.hint == "did you mean 'istio'?");
  CHECK(refused_analysis("webhooks: [{name: a, url: http://a, type: pre-rolout}]").hint ==
        "did you mean 'pre-rollout'?");
  CHECK(refused_analysis("webhooks: [{name: a}]").message == "'url' is missing");
  CHECK(refused_analysis("sessionAffinity: {cookieName: a, primaryCookieName: a}").message ==
        "cookieName and primaryCookieName must differ");  // VAL-13
  CHECK(
      refused(manifest(steps, "  autoscalerRef: {apiVersion: v1, kind: HPA, name: a}\n")).message ==
      "'HPA' is not one of HorizontalPodAutoscaler, ScaledObject");
  CHECK(refused(manifest(steps, "  provider: knative\n"))
            .message.starts_with("provider knative needs"));  // VAL-11
}

TEST_CASE("several mistakes are told at once") {
  const Error error = refused(manifest("    interval: 1h\n    threshold: x\n    stepWeight: 1\n"));
  CHECK(error.where == "p.yaml:8:15: spec.analysis.interval");
  CHECK(error.hint == "also p.yaml:9:16: spec.analysis.threshold: 'x' is not a whole number");
}

TEST_CASE("files that hold no policy say so in one line") {
  CHECK(refused("").message == "is empty: no document in it");
  CHECK(refused("hello\n").message == "is no Kubernetes object: it has no apiVersion and kind");
  CHECK(refused("- a\n").message == "is no Kubernetes object: it has no apiVersion and kind");
  CHECK(refused("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n").message ==
        "no Canary in any of the files");
  CHECK(refused(manifest(steps).replace(manifest(steps).find("web"), 3, "../x")).message ==
        "'../x' is not a name of lower-case letters, digits, '-' and '.'");
  CHECK(load_policies({"/nowhere.yaml"}).error().where == "/nowhere.yaml");
}

}  // namespace
}  // namespace volary
