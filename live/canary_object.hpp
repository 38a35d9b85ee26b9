#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/canary.hpp"
#include "live/kube_api.hpp"
#include "policies/objects.hpp"

/// Flagger's kinds between the API server's JSON and the engine's structs.
namespace volary::live {

inline constexpr const char* canary_finalizer = "finalizer.flagger.app";  // FIN-02

inline const Resource canaries{"flagger.app", "v1beta1", "canaries"};
inline const Resource metric_templates{"flagger.app", "v1beta1", "metrictemplates"};
inline const Resource alert_providers{"flagger.app", "v1beta1", "alertproviders"};

/// A JSON value as the Node that the tables of `policies` read; `name` stands for the file in
/// complaints.
[[nodiscard]] Node node_of(const nlohmann::json& value, const std::string& name);

/// Metadata, spec and status of a Canary.
/// Errors: Invalid for a spec that the schema refuses (FLT-34). A status that cannot be understood
/// is read as far as it can be: a foreign phase is none.
[[nodiscard]] Result<Canary> canary_of(const nlohmann::json& object, std::vector<Remark>& remarks);
[[nodiscard]] Result<MetricTemplate> metric_template_of(const nlohmann::json& object);
[[nodiscard]] Result<AlertProvider> alert_provider_of(const nlohmann::json& object);

/// ST-01..12 into `status` of a Canary. Fields there that are not ours survive (FLT-46).
void put_status(nlohmann::json& object, const CanaryStatus& status);
[[nodiscard]] CanaryStatus status_of(const nlohmann::json& object);

}  // namespace volary::live
