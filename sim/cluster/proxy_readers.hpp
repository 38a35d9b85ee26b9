#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "sim/cluster/proxy_rules.hpp"

/// What the readers of routing objects share.
namespace volary::sim::cluster {

/// The weights of a list of destinations; the name of each is the text at `path`, up to the first
/// of `ends` where a name goes on behind it.
[[nodiscard]] ProxyRule weighted(const nlohmann::json& destinations,
                                 std::initializer_list<std::string_view> path,
                                 std::string_view primary, std::string_view canary,
                                 int missing_weight = 0, char end = '\0');

/// Istio's `{exact: …}`, `{prefix: …}`, `{suffix: …}`, `{regex: …}`.
[[nodiscard]] std::optional<StringMatch> string_match(const nlohmann::json& written);

/// Header names are not case-sensitive; a scenario writes them in lower case.
[[nodiscard]] std::string lower(std::string text);

}  // namespace volary::sim::cluster
