#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/canary.hpp"
#include "engine/result.hpp"
#include "engine/units.hpp"
#include "live/kube_api.hpp"

/// Is another controller at work? Two that drive one object undo each other's steps, so Volary
/// refuses to be the second (FLT-44).
namespace volary::live {

/// Who else writes the status of this Canary, or did within the last ten intervals; nothing when
/// nobody does. Field managers whose name begins with "volary" are ours. Writes without a status,
/// such as those of a person or a GitOps tool, drive nothing.
[[nodiscard]] std::optional<std::string> foreign_writer(const nlohmann::json& canary,
                                                        Duration interval, Instant now);

/// Where controllers of this kind announce themselves.
struct Neighbourhood {
  std::string lease_ns = "kube-system";  ///< FLAG-17
  std::string ns;                        ///< whose objects are driven; empty: all
  std::string own_identity;              ///< holder of our own lease
};
inline constexpr const char* lease_name = "flagger-leader-election";  // CTL-03

/// A Lease that somebody else holds, or a running Deployment of Flagger; nothing when there is
/// none. What may not be read is told to `unknown`, for a warning.
/// Errors: the API server did not answer.
[[nodiscard]] Result<std::optional<std::string>> foreign_controller(
    KubeApi& api, const Neighbourhood& where, Instant now, std::vector<std::string>& unknown);

/// The holder of this Lease, if it has not run out.
[[nodiscard]] std::optional<std::string> lease_holder(const nlohmann::json& lease, Instant now);

/// `--take-over`: suspends the object for whoever drives it, and marks it as ours. Returns the
/// command that hands it back.
/// Errors: those of the API server; Invalid when it is suspended already, and not by us.
[[nodiscard]] Result<std::string> take_over(KubeApi& api, const ObjectName& name);
[[nodiscard]] std::string hand_back_command(const ObjectName& name);

}  // namespace volary::live
