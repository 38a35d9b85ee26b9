#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "live/kube_api.hpp"

namespace volary::sim::cluster {

/// How the API server treats the objects of one kind.
struct Kind {
  std::string group, plural, name;
  bool namespaced = true;
  bool custom = true;  ///< defined by a CRD: an update must say the version it was made of
  bool status = true;  ///< has a status subresource: status and the rest are written apart
  bool counts_generations = true;
  /// What a write does to an object before it is stored: fields that the schema does not know are
  /// dropped (API fact A9), what it fills in is filled in. Nothing: it is stored as it came.
  void (*complete)(nlohmann::json& object) = nullptr;
  /// What is wrong with an object, as "spec.replicas: …"; empty: it is stored (FLT-11).
  std::vector<std::string> (*causes)(const nlohmann::json& object) = nullptr;

  /// `deployments.apps`: how messages call it.
  [[nodiscard]] std::string spoken() const;
};

/// The kinds that a cluster with every mesh and ingress of Volary has, with as much of their
/// schemas as the specification names: the whole of Canary, MetricTemplate and AlertProvider
/// (API facts A8, A9), the defaults of HTTPRoute (RT-GWAPI-37), selector and replicas of
/// Deployments. Everything else is stored as it is written.
[[nodiscard]] const std::vector<Kind>& known_kinds();

/// The kind that a CustomResourceDefinition object defines.
[[nodiscard]] Kind kind_of_definition(const nlohmann::json& definition);

}  // namespace volary::sim::cluster
