#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "live/kube_objects.hpp"
#include "live/routers/provider.hpp"

/// What several routers share. Source: spec/routing/README.md.
namespace volary::live {

/// RT-COMMON-31, RT-COMMON-32: labels and annotations of objects that carry the apex metadata.
[[nodiscard]] Labels apex_labels(const RouteContext& context);
[[nodiscard]] Labels apex_annotations(const RouteContext& context);
/// A new object with name, namespace and, where they belong (RT-COMMON-35), owner reference; empty
/// labels and annotations are left out.
[[nodiscard]] nlohmann::json new_object(const RouteContext& context, const Resource& resource,
                                        std::string_view kind, const std::string& name,
                                        const Labels& labels, const Labels& annotations);
/// A path in the Canary's namespace.
[[nodiscard]] ObjectPath path_of(const RouteContext& context, const Resource& resource,
                                 std::string name);
/// The error of an object that must be there.
[[nodiscard]] Error missing(std::string_view kind, const ObjectPath& path);

/// RT-COMMON-22: an existing object with these members of its `spec` and these labels and
/// annotations, written as a whole against the version it was read with. Fields that nobody here
/// models survive (RT-COMMON-25 [Q]): `spec` replaces only the members it names, a null member is
/// taken away.
[[nodiscard]] RouteWrite replaced(const ObjectPath& path, const nlohmann::json& existing,
                                  const nlohmann::json& spec);
/// RT-COMMON-34: labels and annotations as whole maps, absent equals empty.
[[nodiscard]] bool same_metadata(const nlohmann::json& existing, const Labels& labels,
                                 const Labels& annotations);
void set_metadata(nlohmann::json& object, const Labels& labels, const Labels& annotations);

/// Cookie texts of session affinity (RT-COMMON-55..57).
[[nodiscard]] std::string cookie_regex(std::string_view cookie);
[[nodiscard]] std::string set_cookie(const SessionAffinity& affinity, std::string_view cookie,
                                     std::int64_t max_age);
[[nodiscard]] std::int64_t canary_cookie_age(const SessionAffinity& affinity);
[[nodiscard]] std::string delete_cookie(std::string_view previous);
/// RT-COMMON-55: whole seconds of `analysis.interval` as written.
[[nodiscard]] Result<std::int64_t> primary_cookie_age(const Canary& canary);

/// RT-ISTIO-11, RT-12: special conditions merged into each service condition, as Istio's JSON. In
/// strict mode `queryParams` of a special condition are kept, too ([Q] of RT-ISTIO-11).
[[nodiscard]] nlohmann::json merged_matches(const nlohmann::json& special,
                                            const nlohmann::json& service, bool strict);

/// A weight as it stands in an object, whole and of a size that arithmetic survives; 0 when it is
/// no whole number.
[[nodiscard]] Weight weight_of(const nlohmann::json& value);
/// Strict mode says so when a provider was asked for what it cannot do: mirror (RT-COMMON-20 [Q]),
/// or tell the requests of an A/B test apart, which then all go to the canary (RT-COMMON-21 [Q]).
void warn_unsupported(const RouteContext& context, std::string_view provider, const Routes& routes,
                      RouteWrites& writes);

/// RT-09.
[[nodiscard]] Result<void> refuse_zero(const Routes& routes);

}  // namespace volary::live
