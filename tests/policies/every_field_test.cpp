#include <algorithm>
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "policies/document.hpp"
#include "policies/policy.hpp"

using namespace volary;

namespace {

const std::string file = VOLARY_SOURCE_DIR "/tests/policies/every-field/policy.yaml";

std::string text_of_file() {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

TEST_CASE("CR, SVC, ANA, SA, MT, AP: every field of the specification is known") {
  const auto policies = load_policies({file});
  INFO((policies ? "" : to_string(policies.error())));
  REQUIRE(policies);
  REQUIRE(policies->size() == 1);
  const Policy& policy = policies->front();
  for (const Remark& remark : policy.remarks)
    FAIL_CHECK(to_string(remark.at) << ": " << remark.path << ": " << remark.text);

  const CanarySpec& spec = policy.canary.spec;
  CHECK(spec.service.gateway_refs == std::vector<GatewayRef>{{.name = "gateway",
                                                              .ns = "istio-ingress",
                                                              .group = "gateway.networking.k8s.io",
                                                              .kind = "Gateway",
                                                              .section_name = "http",
                                                              .port = 80}});
  CHECK(spec.service.target_port == "9898");
  CHECK(spec.analysis.webhooks.size() == 9);
  CHECK(spec.analysis.metrics.at(3).variables.at("direction") == "inbound");
  CHECK(spec.analysis.session_affinity->same_site == "Strict");
  CHECK(policy.templates.at(0).headers.at("X-Scope-OrgID").size() == 2);
  CHECK(policy.alert_providers.at(0).proxy == "http://proxy:3128");
}

TEST_CASE(
    "CR, ANA, SA, MT, AP: a slip in the name of any field is remarked on, with the right one") {
  // Whatever a table of ours lists is checked key by key; below `known` keys, which only live
  // routers read, anything goes.
  const std::vector<std::string> keys{
      "metricsServer",       "autoscalerRef",     "primaryScalerQueries", "progressDeadlineSeconds",
      "skipAnalysis",        "revertOnDeletion",  "portDiscovery",        "trafficPolicy",
      "gatewayRefs",         "sectionName",       "unmanagedMetadata",    "stepWeightPromotion",
      "mirrorWeight",        "thresholdRange",    "templateVariables",    "disableTLS",
      "muteAlert",           "primaryCookieName", "insecureSkipVerify",   "username",
      "canaryReadyThreshold"};
  const std::string good = text_of_file();
  for (const std::string& key : keys) {
    INFO(key);
    std::string slip = key;
    std::swap(slip[slip.size() - 2], slip[slip.size() - 3]);
    std::string text = good;
    const std::size_t at = text.find(key + ":");
    REQUIRE(at != std::string::npos);
    text.replace(at, key.size(), slip);
    const auto policies = read_policies(text, "policy.yaml");
    INFO((policies ? "" : to_string(policies.error())));
    REQUIRE(policies);
    const auto& remarks = policies->front().remarks;
    const auto found = std::ranges::find_if(remarks, [&](const Remark& remark) {
      return remark.text.find(slip) != std::string::npos || remark.path.ends_with(slip);
    });
    REQUIRE(found != remarks.end());
    CHECK(found->at.line ==
          1 + std::count(text.begin(), text.begin() + static_cast<long>(at), '\n'));
    CHECK(found->hint.find(key) != std::string::npos);
  }
}

TEST_CASE("the same policy is read from a List on one line") {
  const auto documents = parse_documents(text_of_file(), "policy.yaml");
  REQUIRE(documents);
  Node list = Node::map();
  list.set("apiVersion", Node::string("v1")).set("kind", Node::string("CanaryList"));
  list.set("items", Node::sequence(*documents));
  const auto listed = read_policies(to_flow_yaml(list), "list.yaml");
  INFO((listed ? "" : to_string(listed.error())));
  REQUIRE(listed);
  const auto alone = load_policies({file});
  REQUIRE(alone);
  CHECK(listed->front().canary.spec == alone->front().canary.spec);
  CHECK(listed->front().templates == alone->front().templates);
  CHECK(listed->front().alert_providers == alone->front().alert_providers);
  CHECK(listed->front().remarks.empty());
}
