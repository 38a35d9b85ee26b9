#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "live/kube_api.hpp"
#include "live/net/transport.hpp"

/// What an API server's answers mean, as pure functions (invariants.md §4, FLT-01 … FLT-28).
namespace volary::live {

/// An answer with an error status. The Status object that came with it gives the reason, the causes
/// and the wait; an answer without one (a proxy's page of HTML) is quoted, made safe and cut.
[[nodiscard]] KubeError error_of_answer(const Answer& answer);
/// A Status object, as it stands in an answer and in an ERROR event of a watch (FLT-23).
[[nodiscard]] KubeError error_of_status(const nlohmann::json& status, int code);
[[nodiscard]] KubeError error_of_exchange(const ExchangeError& error);

/// The JSON value of a text that is nested less than 256 deep.
/// Errors: Unavailable, with the first safe bytes: what came is not what an API server sends
/// (FLT-13).
[[nodiscard]] KubeResult<nlohmann::json> parse_reply(const std::string& text);

}  // namespace volary::live
