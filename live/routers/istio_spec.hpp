#pragma once

#include <nlohmann/json.hpp>

#include "live/routers/provider.hpp"

/// What a Canary asks of Istio, as the specs of its objects. Source: spec/routing/istio.md.
namespace volary::live::istio {

/// RT-ISTIO-13.
[[nodiscard]] const nlohmann::json& virtual_service_shape();
/// RT-ISTIO-03, RT-ISTIO-04.
[[nodiscard]] const nlohmann::json& destination_rule_shape();

/// RT-ISTIO-60: `service.appProtocol` is tcp, in any case.
[[nodiscard]] bool is_tcp(const RouteContext& context);
/// RT-ISTIO-07.
[[nodiscard]] bool is_delegated(const RouteContext& context);

/// The spec of a DestinationRule for one host (RT-ISTIO-02).
[[nodiscard]] nlohmann::json destination_rule(const RouteContext& context, const std::string& host);
/// The spec of the VirtualService at 100/0 (RT-ISTIO-05..10, RT-ISTIO-60).
[[nodiscard]] nlohmann::json virtual_service(const RouteContext& context);

/// The list `http` for given routes: plain, with session affinity, mirrored or A/B
/// (RT-ISTIO-41..47). Errors: Invalid when the age of the primary cookie cannot be told
/// (RT-COMMON-55), or when a cookie that the routes need was not drawn.
[[nodiscard]] Result<nlohmann::json> http_routes(const RouteContext& context, const Routes& routes);
[[nodiscard]] nlohmann::json tcp_routes(const RouteContext& context, const Routes& routes);

}  // namespace volary::live::istio
