#pragma once

#include "policies/schema.hpp"

/// The tables of the Kubernetes kinds that a policy is made of. Source: canary-resource.md.
namespace volary {

struct ObjectMeta {
  ObjectName name{"default", ""};
  std::map<std::string, std::string> labels, annotations;
};
[[nodiscard]] const Schema<ObjectMeta>& object_meta_schema();

[[nodiscard]] const Schema<Analysis>& analysis_schema();
[[nodiscard]] const Schema<ServiceSpec>& service_schema();
[[nodiscard]] const Schema<CanarySpec>& canary_spec_schema();
/// The whole document.
[[nodiscard]] const Schema<Canary>& canary_schema();
[[nodiscard]] const Schema<MetricTemplate>& metric_template_schema();
[[nodiscard]] const Schema<AlertProvider>& alert_provider_schema();

/// The parts that are used of kinds that are not Flagger's.
[[nodiscard]] const Schema<WorkloadManifest>& workload_schema();
[[nodiscard]] const Schema<AutoscalerManifest>& hpa_schema();
[[nodiscard]] const Schema<AutoscalerManifest>& scaled_object_schema();

/// `{name, namespace}`: a reference to an object that may be in another namespace; empty `ns` = not
/// written.
[[nodiscard]] Format<ObjectName> name_reference(std::string what);
/// CR-14..16, CR-30..32, CR-40..42: `{apiVersion, kind, name}`, all required (VAL-01), and what
/// else may stand there.
[[nodiscard]] Format<ObjectRef> object_reference(std::vector<std::string> kinds,
                                                 std::vector<std::string> also = {});
/// ANA-04, SVC-16: one entry of a list of Istio matches.
[[nodiscard]] const Schema<HttpMatch>& http_match_schema();

}  // namespace volary
