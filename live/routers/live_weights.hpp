#pragma once

#include <string>

#include "live/routers/provider.hpp"

/// What becomes of the weights in force when a router repairs or writes its object.
namespace volary::live {

/// The weights that a repair writes.
struct LiveWeights {
  Routes kept;
  /// They may not stand as they are, even if nothing else differs.
  bool unlawful = false;
};

/// In the reference a repair takes the weights back to 100/0. Strict mode keeps them (RT-COMMON-41
/// [Q]: in the middle of a promotion the primary's pods are being replaced), unless they are no
/// split (INV-01, FLT-60), or were left behind while this Canary is initialized (INV-06).
[[nodiscard]] LiveWeights live_weights(const RouteContext& context, const Result<Routes>& read);

/// An update of an object. Strict mode makes none that changes nothing (INV-34), and then has
/// nothing to remark either.
[[nodiscard]] RouteWrites updated(const RouteContext& context, const ObjectPath& path,
                                  const nlohmann::json& existing, nlohmann::json body);
/// Says in `writes` that a repair kept, or did not keep, the weights of an object.
void remark_weights(const LiveWeights& weights, const std::string& object, RouteWrites& writes);

}  // namespace volary::live
