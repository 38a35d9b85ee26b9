#include "live/routers/live_weights.hpp"

#include <fmt/format.h>

namespace volary::live {

LiveWeights live_weights(const RouteContext& context, const Result<Routes>& read) {
  if (!context.strict()) return {};
  if (!read || read->primary < Weight{0} || read->canary < Weight{0} ||
      read->primary + read->canary != Weight{100})
    return {.kept = {}, .unlawful = true};
  if (context.canary.status.phase == Phase::Initializing)
    return {.kept = {}, .unlawful = read->canary != Weight{0}};
  return {.kept = *read, .unlawful = false};
}

RouteWrites updated(const RouteContext& context, const ObjectPath& path,
                    const nlohmann::json& existing, nlohmann::json body) {
  RouteWrites writes;
  if (!context.strict() || body != existing)
    writes.writes.push_back(
        {.verb = RouteWrite::Verb::Update, .path = path, .body = std::move(body)});
  return writes;
}

void remark_weights(const LiveWeights& weights, const std::string& object, RouteWrites& writes) {
  if (weights.unlawful)
    writes.remarks.push_back(
        fmt::format("FLT-60, INV-01: the weights of {} were none, and are 100/0 again", object));
  else if (weights.kept.canary != Weight{0})
    writes.remarks.push_back(
        fmt::format("Q-04, RT-COMMON-41: {} was repaired and keeps its weights {}/{}", object,
                    weights.kept.primary.percent(), weights.kept.canary.percent()));
}

}  // namespace volary::live
