#pragma once

#include <string>
#include <vector>

#include "live/operator/overlay_api.hpp"
#include "live/operator/release.hpp"
#include "policies/document.hpp"

namespace volary::live {

/// A policy that is flown above a cluster, against the release that is running there.
struct Shadow {
  ObjectName canary;
  bool under_way = false;  ///< a primary is there, and the target runs something else
};

/// Puts the Canary of these documents, and the MetricTemplates beside it, above the cluster. Where
/// the cluster has a primary, the release begins at once, at the first step; where it has none, the
/// shadow takes the target over in its thoughts and waits for a new revision.
/// Errors: Invalid: not exactly one Canary; NotFound: its target is not there.
[[nodiscard]] Result<Shadow> place_shadow(OverlayApi& api, const std::vector<Node>& documents,
                                          const std::string& default_ns,
                                          const ReleaseSettings& settings, Instant now);

/// A document as the API server would have it. Plain scalars are what they look like: numbers,
/// true, false, null, or text.
[[nodiscard]] nlohmann::json json_of(const Node& node);

}  // namespace volary::live
