#pragma once

#include <string_view>

#include "engine/canary.hpp"
#include "engine/plan.hpp"
#include "engine/ports.hpp"

namespace volary {

/// The cookies of session affinity, moved as each change of the routes demands (SA-13,
/// RT-COMMON-52..54): drawn when canary weight becomes positive, retired when it returns to zero.
/// Providers without affinity leave them alone. Strict mode draws no primary cookie that has no
/// name.
///
/// Errors: Invalid when the primary cookie's Max-Age cannot be told from `analysis.interval`
/// (RT-COMMON-55).
[[nodiscard]] Result<void> move_cookies(const Canary& canary, std::string_view provider,
                                        Weight canary_weight, CanaryStatus& status,
                                        Entropy& entropy, Compat compat);

/// Does the provider report the mirror flag for this Canary, so that the progressive mirror step
/// can end?
[[nodiscard]] bool reads_mirror_back(const Canary& canary, std::string_view provider);

/// RT-COMMON-50: what provider `kubernetes` says of its routes, which nobody moves.
[[nodiscard]] Routes kubernetes_routes(const CanaryStatus& status);

}  // namespace volary
