#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "live/net/kube_client.hpp"

/// The definitions of the routing providers' kinds, as their projects publish them (crds.md).
namespace volary::test {

/// The folder of NAME.yaml files, as crds.sh --find says; nothing when there is none.
[[nodiscard]] std::optional<std::string> provider_crds();
/// Is there a NAME.yaml? Some modules cannot be had.
[[nodiscard]] bool has_provider_crds(const std::string& name);

/// Installs what NAME.yaml defines, and waits until the server serves it; the names of the
/// definitions. Old forms are brought up to date. Throws when the server says no.
std::vector<std::string> install_provider_crds(live::KubeClient& client, const std::string& name);

/// apiextensions.k8s.io/v1beta1 as v1, which wants a schema for each version, and one that is
/// structural (RT-CRD-05). A v1 definition is returned as it is.
[[nodiscard]] nlohmann::json current_form(nlohmann::json definition);

}  // namespace volary::test
