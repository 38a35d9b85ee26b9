#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "live/kube_api.hpp"

/// The objects that tests create.
namespace volary::test {

inline const live::Resource config_maps{"", "v1", "configmaps"};
inline const live::Resource secrets{"", "v1", "secrets"};
inline const live::Resource namespaces{"", "v1", "namespaces"};
inline const live::Resource service_accounts{"", "v1", "serviceaccounts"};
inline const live::Resource pods{"", "v1", "pods"};
inline const live::Resource deployments{"apps", "v1", "deployments"};
inline const live::Resource crds{"apiextensions.k8s.io", "v1", "customresourcedefinitions"};
inline const live::Resource roles{"rbac.authorization.k8s.io", "v1", "roles"};
inline const live::Resource role_bindings{"rbac.authorization.k8s.io", "v1", "rolebindings"};
/// A kind of our own, with a status subresource and free contents: see widget_crd().
inline const live::Resource widgets{"volary.test", "v1", "widgets"};

[[nodiscard]] inline nlohmann::json config_map(const std::string& name,
                                               const std::string& value = "1") {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", name}}},
          {"data", {{"key", value}}}};
}

[[nodiscard]] inline nlohmann::json deployment(const std::string& name, int replicas) {
  return nlohmann::json::parse(R"({
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": ")" +
                               name + R"("},
    "spec": {"replicas": )" + std::to_string(replicas) +
                               R"(,
      "selector": {"matchLabels": {"app": ")" +
                               name + R"("}},
      "template": {"metadata": {"labels": {"app": ")" +
                               name + R"("}},
        "spec": {"containers": [{"name": "main", "image": "example.test/main:1"}]}}}})");
}

[[nodiscard]] inline nlohmann::json widget(const std::string& name) {
  return {{"apiVersion", "volary.test/v1"},
          {"kind", "Widget"},
          {"metadata", {{"name", name}}},
          {"spec", {{"size", 1}}}};
}

[[nodiscard]] inline nlohmann::json widget_crd() {
  return nlohmann::json::parse(R"({
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.volary.test"},
    "spec": {"group": "volary.test", "scope": "Namespaced",
      "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
      "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": {"type": "object",
          "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                         "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}}]}})");
}

}  // namespace volary::test
