#pragma once

#include <vector>

#include "live/kube_api.hpp"
#include "live/routers/provider.hpp"

/// Reads and writes as pure functions ask for them, over a KubeApi.
namespace volary::live {

/// Reads objects in their order; absent ones are not in the snapshot.
/// Errors: every error but "not found" ends the reading, in the engine's words (RT-COMMON-23).
[[nodiscard]] Result<Snapshot> read_objects(KubeApi& api, const std::vector<ObjectPath>& paths);

/// Makes the writes in their order; updates carry the resource version that was read
/// (RT-COMMON-22), deletions the UID. The status subresource is never written (RT-COMMON-24).
/// Errors: the first one ends it, a conflict like any other; then what `writes` itself says.
[[nodiscard]] Result<void> perform(KubeApi& api, const RouteWrites& writes);

/// "VirtualService" for virtualservices; the plural itself when it is none that Volary writes.
[[nodiscard]] std::string kind_of(const Resource& resource);

}  // namespace volary::live
