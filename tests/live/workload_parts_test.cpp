#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "live/canary_object.hpp"
#include "live/checksum.hpp"
#include "live/workloads/autoscaler.hpp"
#include "live/workloads/config_refs.hpp"
#include "live/workloads/primary.hpp"

using namespace volary;
using namespace volary::live;
using nlohmann::json;

namespace {

json deployment() {
  return json::parse(R"({
    "apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"name": "podinfo", "namespace": "test", "generation": 4,
                 "labels": {"app": "podinfo", "team": "web",
                            "kustomize.toolkit.fluxcd.io/name": "apps"},
                 "annotations": {"note": "x", "kustomize.toolkit.fluxcd.io/checksum": "1"}},
    "spec": {"replicas": 0, "progressDeadlineSeconds": 60, "minReadySeconds": 5, "paused": true,
             "selector": {"matchLabels": {"app": "web-pods", "tier": "front"}},
             "strategy": {"type": "RollingUpdate"},
             "template": {
               "metadata": {"labels": {"app": "web-pods", "tier": "front"},
                            "annotations": {"prometheus.io/scrape": "true", "flagger-id": "old"}},
               "spec": {
                 "affinity": {"podAntiAffinity": {
                   "preferredDuringSchedulingIgnoredDuringExecution": [
                     {"weight": 1, "podAffinityTerm": {"labelSelector": {"matchExpressions": [
                       {"key": "app", "operator": "In", "values": ["other", "podinfo", "podinfo"]},
                       {"key": "zone", "operator": "In", "values": ["podinfo"]}]}}}],
                   "requiredDuringSchedulingIgnoredDuringExecution": [
                     {"labelSelector": {"matchLabels": {"app": "podinfo"}}}]}},
                 "topologySpreadConstraints": [
                   {"maxSkew": 1, "labelSelector": {"matchLabels": {"app": "podinfo"}}}],
                 "volumes": [{"name": "a", "configMap": {"name": "web-config", "optional": true}},
                             {"name": "b", "secret": {"secretName": "tls"}},
                             {"name": "c", "projected": {"sources": [
                               {"configMap": {"name": "extra"}}, {"secret": {"name": "token"}}]}}],
                 "initContainers": [{"name": "init", "envFrom": [
                   {"configMapRef": {"name": "web-config"}}]}],
                 "containers": [{"name": "main", "env": [
                   {"name": "K", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "k"}}}]}]}}}
  })");
}

json canary_json() {
  return json::parse(R"({"apiVersion": "flagger.app/v1beta1", "kind": "Canary",
    "metadata": {"name": "podinfo", "namespace": "test", "uid": "u-1"},
    "spec": {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"},
             "autoscalerRef": {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                               "name": "podinfo",
                               "primaryScalerReplicas": {"minReplicas": 3}},
             "service": {"port": 80}, "analysis": {"interval": "1m", "threshold": 2, "stepWeight": 10, "maxWeight": 50}}})");
}

Canary canary() {
  std::vector<Remark> remarks;
  auto read = canary_of(canary_json(), remarks);
  INFO((read ? std::string{} : to_string(read.error())));
  REQUIRE(read);
  return *read;
}

using K = ConfigRef::Kind;

}  // namespace

TEST_CASE("ST-21: the checksum of a config has the reference's own vectors") {
  CHECK(config_checksum(json{{"color", "red"}}) == "241889ca0604e333");
  CHECK(config_checksum(json{{"output", "console"}, {"color", "blue"}}) == "2a4ac3890a3db504");
  CHECK(config_checksum(json{{"a", "é\n"}, {"b", "x<y>&z"}}) == "94a9dd40aa96a418");
  CHECK(config_checksum(json{}) == "74234e98afe7498f");
  CHECK(config_checksum(json::object()) == "44136fa355b3678a");
  CHECK(config_checksum(json{{"apiKey", "dGVzdA=="}}) == "3930f0692c2295eb");
}

TEST_CASE("INV-24: a fingerprint is of content: order and empty parts do not matter") {
  const json a = json::parse(R"({"x": 1, "y": {"b": [1, 2], "a": null}, "z": {}})");
  const json b = json::parse(R"({"y": {"b": [1, 2]}, "x": 1})");
  CHECK(content_fingerprint(a) == content_fingerprint(b));
  CHECK(content_fingerprint(a) != content_fingerprint(json{{"x", 1}}));
  CHECK(is_own_fingerprint(content_fingerprint(a)));
  CHECK_FALSE(is_own_fingerprint("4cb74184589"));  // ST-20: of another controller
  CHECK(uuid_of("x") == uuid_of("x"));
  CHECK(uuid_of("x")[14] == '4');
}

TEST_CASE("CHG-20, CHG-22: every place is scanned, the last one says whether it is optional") {
  const auto refs = config_refs(deployment()["spec"]["template"]);
  CHECK(refs == std::vector<ConfigRef>{{K::ConfigMap, "extra", false},
                                       {K::ConfigMap, "web-config", false},
                                       {K::Secret, "keys", false},
                                       {K::Secret, "tls", false},
                                       {K::Secret, "token", false}});
  CHECK(config_refs(json{}).empty());
  CHECK(config_refs(json::parse(R"({"spec": {"volumes": 7, "containers": [null]}})")).empty());
}

TEST_CASE("CHG-21: objects that ask to be left alone, and Secrets of other types, take no part") {
  const ConfigRef map{K::ConfigMap, "a", false}, secret{K::Secret, "b", false};
  CHECK(is_tracked(map, json::object()));
  CHECK_FALSE(is_tracked(map, json::parse(R"({"metadata": {"annotations":
      {"flagger.app/config-tracking": "disabled"}}})")));
  CHECK(is_tracked(secret, json{{"type", "kubernetes.io/tls"}}));
  CHECK_FALSE(is_tracked(secret, json{{"type", "kubernetes.io/service-account-token"}}));
}

TEST_CASE("GEN-29: tracked names get -primary everywhere, others stay") {
  const json pods =
      with_primary_configs(deployment()["spec"]["template"],
                           {{K::ConfigMap, "web-config", false}, {K::Secret, "tls", false}});
  CHECK(pods["spec"]["volumes"][0]["configMap"]["name"] == "web-config-primary");
  CHECK(pods["spec"]["volumes"][1]["secret"]["secretName"] == "tls-primary");
  CHECK(pods["spec"]["initContainers"][0]["envFrom"][0]["configMapRef"]["name"] ==
        "web-config-primary");
  CHECK(pods["spec"]["volumes"][2]["projected"]["sources"][0]["configMap"]["name"] == "extra");
}

TEST_CASE("GEN-50, GEN-51: a copy has the data, our ownership, and everybody else's") {
  const json source = json::parse(R"({"metadata": {"name": "s"}, "type": "Opaque",
      "data": {"k": "dg=="}, "immutable": true})");
  const json existing = json::parse(R"({"metadata": {"name": "s-primary", "resourceVersion": "7",
      "ownerReferences": [{"uid": "other", "controller": true, "kind": "Canary", "name": "o"}]}})");
  const json copy = primary_config({K::Secret, "s", false}, source, existing, canary(), {});
  CHECK(copy["data"] == source["data"]);
  CHECK(copy["type"] == "Opaque");
  CHECK_FALSE(copy.contains("immutable"));
  CHECK(copy["metadata"]["resourceVersion"] == "7");
  REQUIRE(copy["metadata"]["ownerReferences"].size() == 2);
  CHECK(copy["metadata"]["ownerReferences"][0]["uid"] == "u-1");
  CHECK(copy["metadata"]["ownerReferences"][1]["controller"] == false);
}

TEST_CASE(
    "GEN-10: the first known label of the selector counts, and none is an error that says so") {
  WorkloadSettings settings;
  CHECK(selector_of(deployment(), settings)->value == "web-pods");
  settings.selector_labels = {"name"};
  const auto refused = selector_of(deployment(), settings);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("podinfo.test") != std::string::npos);
}

TEST_CASE("GEN-20..30: the primary that is created") {
  WorkloadSettings settings;
  settings.include_label_prefixes = {"te", ""};
  const Canary object = canary();
  const PrimaryParts parts{.canary = object,
                           .settings = settings,
                           .selector = {"app", "web-pods"},
                           .configs = {{K::Secret, "tls", false}},
                           .pod_id = "id"};
  const json primary = new_primary(deployment(), parts);
  CHECK(primary["metadata"]["name"] == "podinfo-primary");
  CHECK(primary["metadata"]["labels"] == json({{"app", "web-pods-primary"}, {"team", "web"}}));
  CHECK(primary["metadata"]["annotations"] == json({{"note", "x"}}));  // GEN-22, GEN-03
  CHECK(primary["metadata"]["ownerReferences"][0]["uid"] == "u-1");
  const json& spec = primary["spec"];
  CHECK(spec["selector"]["matchLabels"] == json({{"app", "web-pods-primary"}}));
  CHECK(spec["replicas"] == 1);  // GEN-24: the target's is 0
  CHECK(spec["minReadySeconds"] == 5);
  CHECK_FALSE(spec.contains("paused"));  // GEN-26
  const json& pods = spec["template"];
  CHECK(pods["metadata"]["labels"] == json({{"app", "web-pods-primary"}, {"tier", "front"}}));
  CHECK(pods["metadata"]["annotations"]["flagger-id"] == "id");
  CHECK(pods["spec"]["volumes"][1]["secret"]["secretName"] == "tls-primary");
  const json& anti = pods["spec"]["affinity"]["podAntiAffinity"];
  const json& expressions = anti["preferredDuringSchedulingIgnoredDuringExecution"][0]
                                ["podAffinityTerm"]["labelSelector"]["matchExpressions"];
  CHECK(expressions[0]["values"] == json({"other", "podinfo-primary", "podinfo"}));
  CHECK(expressions[1]["values"] == json({"podinfo"}));
  CHECK(anti["requiredDuringSchedulingIgnoredDuringExecution"][0]["labelSelector"]["matchLabels"]
            ["app"] == "podinfo-primary");
  CHECK(pods["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]["app"] ==
        "podinfo-primary");
}

TEST_CASE("GEN-40..45: a promotion copies the target over the primary, and twice changes nothing") {
  WorkloadSettings settings;
  const Canary object = canary();
  const PrimaryParts parts{.canary = object,
                           .settings = settings,
                           .selector = {"app", "web-pods"},
                           .configs = {},
                           .pod_id = "id"};
  json primary = new_primary(deployment(), parts);
  primary["metadata"]["resourceVersion"] = "9";
  primary["spec"]["replicas"] = 5;
  json target = deployment();
  target["spec"]["template"]["spec"]["containers"][0]["image"] = "app:B";
  CHECK_FALSE(runs_the_same(primary, target, parts));
  const json promoted = promoted_primary(primary, target, parts);
  CHECK(promoted["spec"]["template"]["spec"]["containers"][0]["image"] == "app:B");
  CHECK(promoted["spec"]["replicas"] == 5);  // GEN-41: the autoscaler's business
  CHECK(promoted["metadata"]["resourceVersion"] == "9");
  CHECK_FALSE(promoted["metadata"].contains("annotations"));     // GEN-43
  CHECK(promoted_primary(promoted, target, parts) == promoted);  // INV-11
  PrimaryParts other = parts;
  other.pod_id = "another";
  CHECK(runs_the_same(promoted, target, other));
}

TEST_CASE("Q-37, GEN-45: a primary DaemonSet is never made to run nowhere") {
  json target = deployment();
  target["kind"] = "DaemonSet";
  target["spec"]["template"]["spec"]["nodeSelector"] = {{scale_to_zero_key, "true"}};
  WorkloadSettings settings;
  const Canary object = canary();
  PrimaryParts parts{.canary = object,
                     .settings = settings,
                     .selector = {"app", "web-pods"},
                     .configs = {},
                     .pod_id = "id"};
  const auto selects = [](const json& workload) {
    return at(workload, {"spec", "template", "spec", "nodeSelector", scale_to_zero_key});
  };
  CHECK(selects(new_primary(target, parts)).is_null());
  CHECK(selects(promoted_primary(new_primary(target, parts), target, parts)).is_null());
  settings.compat = Compat::Flagger;
  CHECK(selects(new_primary(target, parts)) == "true");
  // CHG-01: standing still is no revision of its own.
  json awake = target;
  awake["spec"]["template"]["spec"].erase("nodeSelector");
  CHECK(content_fingerprint(revision_content(target)) ==
        content_fingerprint(revision_content(awake)));
}

TEST_CASE("RDY-01..06: a Deployment's status as the engine reads it") {
  json workload = deployment();
  workload["status"] = json::parse(R"({"observedGeneration": 3, "replicas": 4, "updatedReplicas": 3,
      "availableReplicas": 2, "conditions": [
        {"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable",
         "lastUpdateTime": "2026-11-24T09:00:00Z"},
        {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}]})");
  const WorkloadView view = view_of(workload);
  CHECK(view.generation == 4);
  CHECK(view.observed_generation == 3);
  CHECK(view.spec_replicas == 0);
  CHECK((view.replicas == 4 && view.updated == 3 && view.available == 2));
  CHECK((view.has_available && view.available_reason == "MinimumReplicasUnavailable"));
  CHECK(view.available_updated != Instant{});
}

TEST_CASE("GEN-53..55: the primary's HPA, and when a promotion writes it") {
  const json target = json::parse(R"({"apiVersion": "autoscaling/v2",
      "kind": "HorizontalPodAutoscaler",
      "metadata": {"name": "podinfo", "labels": {"a": "1", "x.toolkit.fluxcd.io/y": "2"},
                   "annotations": {"n": "1"}},
      "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"},
               "minReplicas": 2, "maxReplicas": 4, "metrics": [{"type": "Resource"}]}})");
  WorkloadSettings settings;
  json primary = new_primary_autoscaler(target, canary(), canary_json(), settings);
  CHECK(primary["metadata"]["name"] == "podinfo-primary");
  CHECK(primary["metadata"]["labels"] == json({{"a", "1"}}));
  CHECK_FALSE(primary["metadata"].contains("annotations"));
  CHECK(primary["spec"]["scaleTargetRef"]["name"] == "podinfo-primary");
  CHECK(primary["spec"]["minReplicas"] == 3);  // CR-44
  CHECK_FALSE(updated_primary_autoscaler(primary, target, canary(), canary_json(), settings));
  settings.compat = Compat::Flagger;  // Q-26: annotations are seen as a change, every time
  CHECK(updated_primary_autoscaler(primary, target, canary(), canary_json(), settings));
  settings.compat = Compat::Strict;
  json wider = target;
  wider["spec"]["maxReplicas"] = 9;
  const auto updated =
      updated_primary_autoscaler(primary, wider, canary(), canary_json(), settings);
  REQUIRE(updated);
  CHECK((*updated)["spec"]["maxReplicas"] == 9);
}

TEST_CASE("GEN-57..59: the primary's ScaledObject: queries, names, and no inherited pause") {
  const json target = json::parse(R"json({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
      "metadata": {"name": "podinfo",
                   "annotations": {"autoscaling.keda.sh/paused-replicas": "0", "keep": "1"}},
      "spec": {"scaleTargetRef": {"name": "podinfo"}, "minReplicaCount": 1, "maxReplicaCount": 3,
               "advanced": {"horizontalPodAutoscalerConfig": {"name": "hpa"}},
               "triggers": [{"type": "prometheus", "metadata":
                 {"query": "sum(rate(x{app=\"podinfo-canary\", svc=\"podinfo\"}[1m]))"
}
}]
}
})json");
  json object = canary_json();
  object["spec"]["autoscalerRef"]["kind"] = "ScaledObject";
  WorkloadSettings settings;
  const json primary = new_primary_autoscaler(target, canary(), object, settings);
  CHECK(primary["spec"]["triggers"][0]["metadata"]["query"] ==
        "sum(rate(x{app=\"podinfo-primary\", svc=\"podinfo-primary\"}[1m]))");
  CHECK(primary["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["name"] == "hpa-primary");
  CHECK(primary["metadata"]["annotations"] == json({{"keep", "1"}}));  // Q-32
  CHECK_FALSE(updated_primary_autoscaler(primary, target, canary(), object, settings));
  settings.compat = Compat::Flagger;
  CHECK(new_primary_autoscaler(target, canary(), object, settings)["metadata"]["annotations"]
            .contains(keda_pause_annotation));
  object["spec"]["autoscalerRef"]["primaryScalerQueries"] = {{"named", "q"}};
  CHECK(new_primary_autoscaler(target, canary(), object,
                               settings)["spec"]["triggers"][0]["metadata"]["query"] ==
        target["spec"]["triggers"][0]["metadata"]["query"]);
}
