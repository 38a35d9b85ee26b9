#include "live/workloads/primary.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "live/rfc3339.hpp"

namespace volary::live {
namespace {

using nlohmann::json;

constexpr const char* pod_id_annotation = "flagger-id";
constexpr const char* suffix = "-primary";

bool is_known(const std::string& key, const WorkloadSettings& settings) {
  return std::find(settings.selector_labels.begin(), settings.selector_labels.end(), key) !=
         settings.selector_labels.end();
}

/// GEN-30, one label selector of an affinity term or a spread constraint.
void follow_primary(json& selector, const std::string& target, const WorkloadSettings& settings) {
  if (!selector.is_object()) return;
  if (auto labels = selector.find("matchLabels"); labels != selector.end() && labels->is_object())
    for (auto& [key, value] : labels->items())
      if (is_known(key, settings) && value == target) value = target + suffix;
  if (auto expressions = selector.find("matchExpressions");
      expressions != selector.end() && expressions->is_array())
    for (json& expression : *expressions) {
      if (!is_known(text_at(expression, {"key"}), settings)) continue;
      auto values = expression.find("values");
      if (values == expression.end() || !values->is_array()) continue;
      const auto named = std::find(values->begin(), values->end(), target);
      if (named != values->end()) *named = target + suffix;
    }
}

/// GEN-30.
void follow_primary_in(json& pod_spec, const std::string& target,
                       const WorkloadSettings& settings) {
  if (!at(pod_spec, {"affinity", "podAntiAffinity"}).is_null()) {
    json& anti = pod_spec["affinity"]["podAntiAffinity"];
    for (const char* list : {"requiredDuringSchedulingIgnoredDuringExecution",
                             "preferredDuringSchedulingIgnoredDuringExecution"}) {
      if (!list_at(anti, {list}).empty())
        for (json& term : anti[list]) {
          json& held =
              term.is_object() && term.contains("podAffinityTerm") ? term["podAffinityTerm"] : term;
          if (held.is_object() && held.contains("labelSelector"))
            follow_primary(held["labelSelector"], target, settings);
        }
    }
  }
  if (!list_at(pod_spec, {"topologySpreadConstraints"}).empty())
    for (json& constraint : pod_spec["topologySpreadConstraints"])
      if (constraint.is_object() && constraint.contains("labelSelector"))
        follow_primary(constraint["labelSelector"], target, settings);
}

void put(json& object, const char* key, const json& value) {
  if (value.is_null()) {
    object.erase(key);
  } else {
    object[key] = value;
  }
}

/// GEN-27..30.
json primary_template(const json& target, const PrimaryParts& parts) {
  json pods = with_primary_configs(at(target, {"spec", "template"}), parts.configs);
  Labels labels = without_toolkit_keys(labels_at(pods, {"metadata", "labels"}));
  labels[parts.selector.key] = parts.selector.value + suffix;
  Labels annotations = without_toolkit_keys(labels_at(pods, {"metadata", "annotations"}));
  annotations[pod_id_annotation] = parts.pod_id;
  pods["metadata"]["labels"] = labels;
  pods["metadata"]["annotations"] = annotations;
  if (pods.contains("spec") && !is_daemon_set(target))
    follow_primary_in(pods["spec"], parts.canary.spec.target_ref.name, parts.settings);
  return pods;
}

/// The fields of the spec beside template and selector that follow the target (GEN-25, GEN-35).
std::vector<const char*> copied_fields(const json& target) {
  if (is_daemon_set(target)) return {"minReadySeconds", "revisionHistoryLimit", "updateStrategy"};
  return {"progressDeadlineSeconds", "minReadySeconds", "revisionHistoryLimit", "strategy"};
}

Labels primary_labels(const json& target, const PrimaryParts& parts) {
  Labels labels =
      included(labels_at(target, {"metadata", "labels"}), parts.settings.include_label_prefixes);
  labels[parts.selector.key] = parts.selector.value + suffix;  // GEN-21
  return labels;
}

void drop_scale_to_zero(json& pods) {
  if (!at(pods, {"spec", "nodeSelector"}).is_object()) return;
  pods["spec"]["nodeSelector"].erase(scale_to_zero_key);
  if (pods["spec"]["nodeSelector"].empty()) pods["spec"].erase("nodeSelector");
}

json without_pod_id(json pods) {
  if (at(pods, {"metadata", "annotations"}).is_object())
    pods["metadata"]["annotations"].erase(pod_id_annotation);
  return pods;
}

}  // namespace

Result<Selector> selector_of(const json& target, const WorkloadSettings& settings) {
  const Labels labels = labels_at(target, {"spec", "selector", "matchLabels"});
  for (const std::string& key : settings.selector_labels)
    if (const auto found = labels.find(key); found != labels.end())
      return Selector{.key = key, .value = found->second};
  return fail(ErrorKind::Invalid, "{} {}.{}: spec.selector.matchLabels has none of the labels {}",
              text_at(target, {"kind"}), text_at(target, {"metadata", "name"}),
              text_at(target, {"metadata", "namespace"}),
              fmt::join(settings.selector_labels, ", "));
}

Labels included(const Labels& labels, const std::vector<std::string>& prefixes) {
  Labels kept;
  for (const auto& [key, value] : labels) {
    if (is_toolkit_key(key)) continue;
    const bool wanted = std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& prefix) {
      return prefix == "*" || (!prefix.empty() && key.starts_with(prefix));
    });
    if (wanted) kept[key] = value;
  }
  return kept;
}

Labels without_toolkit_keys(Labels labels) {
  std::erase_if(labels, [](const auto& entry) { return is_toolkit_key(entry.first); });
  return labels;
}

bool is_daemon_set(const json& workload) { return text_at(workload, {"kind"}) == "DaemonSet"; }

json revision_content(const json& target) {
  json pods = at(target, {"spec", "template"});
  if (is_daemon_set(target)) drop_scale_to_zero(pods);
  return pods;
}

json new_primary(const json& target, const PrimaryParts& parts) {
  const std::string name = parts.canary.spec.target_ref.name + suffix;
  json primary{{"apiVersion", "apps/v1"},
               {"kind", text_at(target, {"kind"})},
               {"metadata",
                {{"name", name},
                 {"namespace", parts.canary.name.ns},
                 {"ownerReferences", json::array({owner_reference(parts.canary)})}}}};
  primary["metadata"]["labels"] = primary_labels(target, parts);
  const Labels annotations = without_toolkit_keys(labels_at(target, {"metadata", "annotations"}));
  if (!annotations.empty()) primary["metadata"]["annotations"] = annotations;  // GEN-22
  json& spec = primary["spec"];
  spec["selector"]["matchLabels"][parts.selector.key] = parts.selector.value + suffix;
  if (!is_daemon_set(target)) {
    const auto replicas = integer_at(target, {"spec", "replicas"}).value_or(1);
    spec["replicas"] = replicas > 0 ? replicas : 1;  // GEN-24
  }
  for (const char* field : copied_fields(target)) put(spec, field, at(target, {"spec", field}));
  spec["template"] = primary_template(target, parts);
  // a primary that runs nowhere serves nobody.
  if (parts.settings.compat == Compat::Strict) drop_scale_to_zero(spec["template"]);
  return primary;
}

json promoted_primary(const json& primary, const json& target, const PrimaryParts& parts) {
  json promoted = primary;
  promoted["metadata"]["labels"] = primary_labels(target, parts);
  const Labels annotations = included(labels_at(target, {"metadata", "annotations"}),
                                      parts.settings.include_label_prefixes);
  if (annotations.empty()) {
    promoted["metadata"].erase("annotations");
  } else {
    promoted["metadata"]["annotations"] = annotations;  // GEN-43
  }
  json& spec = promoted["spec"];
  for (const char* field : copied_fields(target)) put(spec, field, at(target, {"spec", field}));
  if (!is_daemon_set(target) && !parts.canary.spec.autoscaler_ref)  // GEN-41
    put(spec, "replicas", at(target, {"spec", "replicas"}));
  spec["template"] = primary_template(target, parts);
  drop_scale_to_zero(spec["template"]);  // GEN-45
  return promoted;
}

bool runs_the_same(const json& primary, const json& target, const PrimaryParts& parts) {
  json wanted = primary_template(target, parts);
  drop_scale_to_zero(wanted);
  return means_the_same(without_pod_id(at(primary, {"spec", "template"})),
                        without_pod_id(std::move(wanted)));
}

WorkloadView view_of(const json& workload) {
  const auto count = [&](const char* key) {
    return static_cast<int>(integer_at(workload, {"status", key}).value_or(0));
  };
  WorkloadView view;
  view.name = text_at(workload, {"metadata", "name"});
  view.generation = integer_at(workload, {"metadata", "generation"}).value_or(0);
  view.observed_generation = integer_at(workload, {"status", "observedGeneration"}).value_or(0);
  if (is_daemon_set(workload)) {
    view.kind = WorkloadView::Kind::DaemonSet;
    view.updated = count("updatedNumberScheduled");
    view.available = count("numberAvailable");
    view.desired = count("desiredNumberScheduled");
    return view;
  }
  if (const auto replicas = integer_at(workload, {"spec", "replicas"}))
    view.spec_replicas = static_cast<int>(*replicas);
  view.replicas = count("replicas");
  view.updated = count("updatedReplicas");
  view.available = count("availableReplicas");
  for (const json& condition : list_at(workload, {"status", "conditions"})) {
    const std::string type = text_at(condition, {"type"});
    if (type == "Progressing") {
      view.has_progressing = true;
      view.progressing_reason = text_at(condition, {"reason"});
    } else if (type == "Available") {
      view.has_available = true;
      view.available_status = text_at(condition, {"status"});
      view.available_reason = text_at(condition, {"reason"});
      view.available_updated = rfc3339(text_at(condition, {"lastUpdateTime"})).value_or(Instant{});
    }
  }
  return view;
}

}  // namespace volary::live
