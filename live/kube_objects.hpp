#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "engine/canary.hpp"
#include "engine/result.hpp"
#include "live/kube_api.hpp"

/// What the adapters do to Kubernetes objects again and again. Objects are JSON values in which
/// anything may be missing or of another type than expected; none of these functions throws.
namespace volary::live {

using Labels = std::map<std::string, std::string>;

/// The value at the end of a path of keys; a null value when there is none.
[[nodiscard]] const nlohmann::json& at(const nlohmann::json& object,
                                       std::initializer_list<std::string_view> path);
/// The text at the end of a path; "" when there is none, or no text.
[[nodiscard]] std::string text_at(const nlohmann::json& object,
                                  std::initializer_list<std::string_view> path);
/// A whole number at the end of a path, or text that is one; nothing otherwise.
[[nodiscard]] std::optional<std::int64_t> integer_at(const nlohmann::json& object,
                                                     std::initializer_list<std::string_view> path);
[[nodiscard]] bool true_at(const nlohmann::json& object,
                           std::initializer_list<std::string_view> path);
/// A map of texts at the end of a path; entries that are no text are left out.
[[nodiscard]] Labels labels_at(const nlohmann::json& object,
                               std::initializer_list<std::string_view> path);
/// Elements of a list at the end of a path; an empty list when there is none.
[[nodiscard]] const nlohmann::json& list_at(const nlohmann::json& object,
                                            std::initializer_list<std::string_view> path);

/// RT-COMMON-26: equal, where an absent field, null, "", 0, false, {} and [] are one.
[[nodiscard]] bool means_the_same(const nlohmann::json& a, const nlohmann::json& b);
/// A copy without members that are null, recursively (absent and null are one in the API).
[[nodiscard]] nlohmann::json without_nulls(nlohmann::json value);

/// RT-COMMON-35, GEN-02.
[[nodiscard]] nlohmann::json owner_reference(const Canary& canary);
/// Is the controller among the owners a Canary of this name? (RT-K8S-17)
[[nodiscard]] bool owned_by(const nlohmann::json& object, const Canary& canary);
/// RT-COMMON-30, GEN-04.
[[nodiscard]] const Labels& toolkit_annotations();
/// GEN-03: does a key contain `toolkit.fluxcd.io`?
[[nodiscard]] bool is_toolkit_key(std::string_view key);

/// RT-COMMON-36.
inline constexpr const char* last_applied_annotation =
    "kubectl.kubernetes.io/last-applied-configuration";
inline constexpr const char* original_annotation = "flagger.kubernetes.io/original-configuration";

/// Errors of the API server as the engine's: NotFound, Conflict, Unavailable, Timeout, Invalid; the
/// message names the object and carries the server's words (RT-COMMON-62).
[[nodiscard]] Error error_of(const KubeError& error, const std::string& what);
/// "VirtualService podinfo.test".
[[nodiscard]] std::string spoken(std::string_view kind, const ObjectPath& path);

}  // namespace volary::live
