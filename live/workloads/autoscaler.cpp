#include "live/workloads/autoscaler.hpp"

#include <string_view>

namespace volary::live {
namespace {

using nlohmann::json;

constexpr const char* suffix = "-primary";

void put(json& object, const char* key, const json& value) {
  if (value.is_null()) {
    object.erase(key);
  } else {
    object[key] = value;
  }
}

/// CR-44, CR-45.
json replicas(const json& canary_object, const char* which, const json& otherwise) {
  const json& said = at(canary_object, {"spec", "autoscalerRef", "primaryScalerReplicas", which});
  return said.is_number_integer() ? said : otherwise;
}

json scale_target(const json& target, const Canary& canary) {
  json reference = at(target, {"spec", "scaleTargetRef"});
  if (!reference.is_object()) reference = json::object();
  reference["name"] = canary.spec.target_ref.name + suffix;
  return reference;
}

json hpa_spec(const json& target, const Canary& canary, const json& canary_object) {
  const json& from = at(target, {"spec"});
  json spec{{"scaleTargetRef", scale_target(target, canary)}};
  put(spec, "minReplicas", replicas(canary_object, "minReplicas", at(from, {"minReplicas"})));
  put(spec, "maxReplicas", replicas(canary_object, "maxReplicas", at(from, {"maxReplicas"})));
  put(spec, "metrics", at(from, {"metrics"}));
  put(spec, "behavior", at(from, {"behavior"}));
  return spec;
}

/// GEN-59: `<target>-canary` and `<target>` become `<target>-primary` in one conceptual pass.
std::string primary_query(std::string_view query, const std::string& target) {
  std::string rewritten;
  const std::string canary = target + "-canary";
  while (!query.empty()) {
    if (!target.empty() && query.starts_with(canary)) {
      rewritten += target + suffix;
      query.remove_prefix(canary.size());
    } else if (!target.empty() && query.starts_with(target)) {
      rewritten += target + suffix;
      query.remove_prefix(target.size());
    } else {
      rewritten += query.front();
      query.remove_prefix(1);
    }
  }
  return rewritten;
}

json triggers(const json& target, const Canary& canary, const json& canary_object) {
  json all = at(target, {"spec", "triggers"});
  if (!all.is_array()) return all;
  const Labels queries =
      labels_at(canary_object, {"spec", "autoscalerRef", "primaryScalerQueries"});
  for (json& trigger : all) {
    const json& query = at(trigger, {"metadata", "query"});
    if (!queries.empty()) {  // CR-43
      if (const auto said = queries.find(text_at(trigger, {"name"})); said != queries.end())
        trigger["metadata"]["query"] = said->second;
    } else if (query.is_string()) {
      trigger["metadata"]["query"] =
          primary_query(query.get<std::string>(), canary.spec.target_ref.name);
    }
  }
  return all;
}

json scaled_object_spec(const json& target, const Canary& canary, const json& canary_object) {
  const json& from = at(target, {"spec"});
  json spec{{"scaleTargetRef", scale_target(target, canary)}};
  for (const char* field : {"pollingInterval", "cooldownPeriod", "fallback", "idleReplicaCount"})
    put(spec, field, at(from, {field}));
  put(spec, "minReplicaCount",
      replicas(canary_object, "minReplicas", at(from, {"minReplicaCount"})));
  put(spec, "maxReplicaCount",
      replicas(canary_object, "maxReplicas", at(from, {"maxReplicaCount"})));
  put(spec, "triggers", triggers(target, canary, canary_object));
  json advanced = at(from, {"advanced"});  // GEN-58
  if (!advanced.is_object()) advanced = json::object();
  json& config = advanced["horizontalPodAutoscalerConfig"];
  if (!config.is_object()) config = json::object();
  if (const std::string name = text_at(config, {"name"}); !name.empty())
    config["name"] = name + suffix;
  spec["advanced"] = std::move(advanced);
  return spec;
}

json primary_spec(const json& target, const Canary& canary, const json& canary_object) {
  return is_scaled_object(target) ? scaled_object_spec(target, canary, canary_object)
                                  : hpa_spec(target, canary, canary_object);
}

Labels annotations_of(const json& target, const WorkloadSettings& settings) {
  Labels annotations = without_toolkit_keys(labels_at(target, {"metadata", "annotations"}));
  if (settings.compat == Compat::Strict) annotations.erase(keda_pause_annotation);
  return annotations;
}

/// GEN-55: does the reference see a difference? Of the HPA it looks at the target's own labels and
/// annotations, too, although it never writes them.
bool reference_sees_a_change(const json& primary, const json& target, const json& wanted) {
  const json& now = at(primary, {"spec"});
  const auto differs = [&](const char* key, std::int64_t unset) {
    return integer_at(now, {key}).value_or(unset) != integer_at(wanted, {key}).value_or(unset);
  };
  return !means_the_same(at(now, {"metrics"}), at(wanted, {"metrics"})) ||
         !means_the_same(at(now, {"behavior"}), at(wanted, {"behavior"})) ||
         differs("minReplicas", 1) || differs("maxReplicas", 0) ||
         labels_at(primary, {"metadata", "labels"}) != labels_at(target, {"metadata", "labels"}) ||
         labels_at(primary, {"metadata", "annotations"}) !=
             labels_at(target, {"metadata", "annotations"});
}

}  // namespace

std::optional<Resource> autoscaler_resource(const std::string& kind) {
  if (kind == "HorizontalPodAutoscaler")
    return Resource{"autoscaling", "v2", "horizontalpodautoscalers"};
  if (kind == "ScaledObject") return Resource{"keda.sh", "v1alpha1", "scaledobjects"};
  return std::nullopt;
}

bool is_scaled_object(const json& autoscaler) {
  return text_at(autoscaler, {"kind"}) == "ScaledObject";
}

std::optional<int> least_replicas(const json& autoscaler) {
  const char* key = is_scaled_object(autoscaler) ? "minReplicaCount" : "minReplicas";
  const auto least = integer_at(autoscaler, {"spec", key});
  return least ? std::optional<int>(static_cast<int>(*least)) : std::nullopt;
}

json new_primary_autoscaler(const json& target, const Canary& canary, const json& canary_object,
                            const WorkloadSettings& settings) {
  json primary{{"apiVersion", text_at(target, {"apiVersion"})},
               {"kind", text_at(target, {"kind"})},
               {"metadata",
                {{"name", text_at(target, {"metadata", "name"}) + suffix},
                 {"namespace", canary.name.ns},
                 {"ownerReferences", json::array({owner_reference(canary)})}}},
               {"spec", primary_spec(target, canary, canary_object)}};
  const Labels labels = without_toolkit_keys(labels_at(target, {"metadata", "labels"}));
  if (!labels.empty()) primary["metadata"]["labels"] = labels;
  if (is_scaled_object(target))
    if (const Labels annotations = annotations_of(target, settings); !annotations.empty())
      primary["metadata"]["annotations"] = annotations;
  return primary;
}

std::optional<json> updated_primary_autoscaler(const json& primary, const json& target,
                                               const Canary& canary, const json& canary_object,
                                               const WorkloadSettings& settings) {
  const json wanted = primary_spec(target, canary, canary_object);
  json updated = primary;
  if (!updated["spec"].is_object()) updated["spec"] = json::object();
  const bool strict = settings.compat == Compat::Strict;
  if (is_scaled_object(target)) {
    bool differs = false;
    for (const auto& [key, value] : wanted.items())
      differs = differs || !means_the_same(value, at(primary, {"spec", key}));
    Labels annotations = labels_at(primary, {"metadata", "annotations"});
    const bool paused = strict && annotations.erase(keda_pause_annotation) > 0;
    if (!differs && !paused) return std::nullopt;
    for (const auto& [key, value] : wanted.items()) updated["spec"][key] = value;
    const auto& prefixes = settings.include_label_prefixes;
    updated["metadata"]["labels"] = included(labels_at(primary, {"metadata", "labels"}), prefixes);
    updated["metadata"]["annotations"] = included(annotations, prefixes);
    return updated;
  }
  for (const char* key : {"minReplicas", "maxReplicas", "metrics", "behavior"})
    put(updated["spec"], key, at(wanted, {key}));
  const bool differs = strict ? !means_the_same(at(updated, {"spec"}), at(primary, {"spec"}))
                              : reference_sees_a_change(primary, target, wanted);
  return differs ? std::optional<json>(std::move(updated)) : std::nullopt;
}

}  // namespace volary::live
