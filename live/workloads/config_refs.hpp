#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/canary.hpp"
#include "live/kube_objects.hpp"

/// ConfigMaps and Secrets that a pod template refers to (CHG-20), as pure functions.
namespace volary::live {

struct ConfigRef {
  enum class Kind { ConfigMap, Secret } kind{};
  std::string name;
  bool optional = false;  ///< CHG-22: may be missing
  friend bool operator==(const ConfigRef&, const ConfigRef&) = default;
};

/// Every reference once, sorted by kind and name; where one object is referred to several times,
/// the last scanned reference says whether it is optional (CHG-22).
[[nodiscard]] std::vector<ConfigRef> config_refs(const nlohmann::json& pod_template);

/// CHG-21: does an object that was found take part? Not one that is annotated otherwise, nor
/// Secrets of types that others manage.
[[nodiscard]] bool is_tracked(const ConfigRef& ref, const nlohmann::json& object);

/// CHG-23: "configmap/<name>", "secret/<name>".
[[nodiscard]] std::string tracked_name(const ConfigRef& ref);

/// GEN-29: the template with `-primary` behind the names of these references, in all places of
/// CHG-20.
[[nodiscard]] nlohmann::json with_primary_configs(nlohmann::json pod_template,
                                                  const std::vector<ConfigRef>& tracked);

/// GEN-50, GEN-51: the copy `<name>-primary` of a tracked object, with these labels. `existing` is
/// the copy as it is, null for none: its other owners stay owners.
[[nodiscard]] nlohmann::json primary_config(const ConfigRef& ref, const nlohmann::json& source,
                                            const nlohmann::json& existing, const Canary& canary,
                                            const Labels& labels);

}  // namespace volary::live
