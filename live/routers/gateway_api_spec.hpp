#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

#include "live/routers/provider.hpp"

/// What a Canary asks of the Gateway API, as parts of an HTTPRoute. Source:
/// spec/routing/gatewayapi.md.
namespace volary::live::gateway_api {

/// The two models: v1 knows timeouts, CORS, readiness and the primary cookie (RT-GWAPI-60).
enum class Model { V1, V1beta1 };

/// RT-GWAPI-29.
[[nodiscard]] const nlohmann::json& spec_shape(Model model);
/// The defaults that the API server fills in, so that a spec can be compared with what it made of
/// it (RT-COMMON-28, RT-GWAPI-37 [Q]).
[[nodiscard]] nlohmann::json with_defaults(nlohmann::json spec);

/// A list of the Canary's matches as HTTPRoute matches; entries that yield nothing are dropped
/// (RT-GWAPI-11..15). `where` is how messages call the list.
/// Errors: Invalid, naming the Canary and the field that the Gateway API has no words for.
[[nodiscard]] Result<nlohmann::json> translated(const RouteContext& context,
                                                const nlohmann::json& matches,
                                                std::string_view where);
/// RT-GWAPI-20..24.
[[nodiscard]] nlohmann::json filters(const RouteContext& context, Model model,
                                     std::vector<std::string>& remarks);

/// A spec with its rules, and what is to be said of it.
struct Built {
  nlohmann::json spec;
  std::vector<std::string> remarks;
};
/// The state that reconcile creates (RT-GWAPI-17, RT-GWAPI-19).
[[nodiscard]] Result<Built> initial(const RouteContext& context, Model model);
/// RT-GWAPI-41..46.
[[nodiscard]] Result<Built> divided(const RouteContext& context, Model model, const Routes& routes);

}  // namespace volary::live::gateway_api
