#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "live/routers/parts.hpp"

/// What the routers share whose traffic is divided by one list of weighted entries: SMI, App Mesh,
/// Contour, Gloo, Traefik, APISIX, Kuma. Source: spec/routing/README.md §4, §6, §7.
namespace volary::live {

/// The value at the end of a path of keys; nullptr when there is none.
[[nodiscard]] nlohmann::json* member_at(nlohmann::json& object,
                                        std::initializer_list<std::string_view> path);

/// By which key the entries of a list are known again, by the name of the list; "" is by position.
using ListKeys = std::map<std::string, std::string, std::less<>>;

/// `existing` as `desired` wants it. Members that `desired` does not name survive (RT-COMMON-25
/// [Q]); those it names with a null are taken away. A list is replaced as a whole, but entries that
/// `lists` knows again keep what nobody here models.
[[nodiscard]] nlohmann::json laid_over(const nlohmann::json& existing,
                                       const nlohmann::json& desired, const ListKeys& lists);

/// The first entry of a list whose text at `path` is `name`; nullptr when there is none.
[[nodiscard]] const nlohmann::json* entry_named(const nlohmann::json& list,
                                                std::initializer_list<std::string_view> path,
                                                std::string_view name);
/// `weight` of an entry, 0 when it is absent; nothing when it is no whole number.
[[nodiscard]] std::optional<int> entry_weight(const nlohmann::json& entry);
/// The error of an entry whose weight is no whole number (FLT-60).
[[nodiscard]] Error unreadable(std::string_view kind, const ObjectPath& path,
                               std::string_view entry);
/// The error of an object that is not built as it has to be.
[[nodiscard]] Error malformed(std::string_view kind, const ObjectPath& path, std::string_view what);

/// The split of a list that holds nothing but a primary and a canary entry, if it is one that may
/// be written: whole numbers from 0 to 100 that add up to 100 (INV-01).
[[nodiscard]] std::optional<Routes> legal_split(const nlohmann::json& list,
                                                std::initializer_list<std::string_view> path,
                                                std::string_view primary, std::string_view canary);
/// RT-COMMON-42, RT-COMMON-43: the primary's weight and what is missing to 100; 0/0 without a
/// primary entry.
[[nodiscard]] Result<Routes> derived_routes(std::string_view kind, const ObjectPath& path,
                                            const nlohmann::json* primary, std::string_view name);

/// An object that divides traffic, or one beside it that divides none.
struct SplitObject {
  std::string kind;
  ObjectPath path;
  /// `spec` for these routes, as laid_over() wants it.
  std::function<nlohmann::json(const Routes&)> spec;
  /// The split of an existing `spec`, if it is one that may be written. Empty: it divides nothing.
  std::function<std::optional<Routes>(const nlohmann::json& spec)> live{};
  /// Leaves of a `spec` what can be drift (RT-COMMON-40): no weights. Empty: everything.
  std::function<nlohmann::json(nlohmann::json spec)> comparable{};
  ListKeys lists{};
  Labels labels{};
  Labels annotations{};
  /// RT-COMMON-34: are labels and annotations compared, and repaired with the rest?
  bool metadata_drifts = true;
  /// What a creation writes, and a repair (RT-COMMON-40).
  Routes initial{};
};

/// RT-COMMON-40: creates the object, or repairs its drift. Strict mode keeps the live weights over
/// a repair (RT-COMMON-41 [Q]), and repairs weights that may not be written (FLT-60, INV-01), or
/// that were left behind by an earlier Canary of that name while this one is initialized (INV-06).
[[nodiscard]] RouteWrites reconciled(const RouteContext& context, const Snapshot& snapshot,
                                     const SplitObject& object);
/// Set-routes: `spec` laid over that of the object, which must be there; metadata stays. Strict
/// mode writes nothing that is there already, and warns with what it writes of what the provider
/// cannot do (RT-COMMON-20, RT-COMMON-21); an empty `cannot` is a provider that can.
[[nodiscard]] Result<RouteWrites> moved(const RouteContext& context, const Snapshot& snapshot,
                                        const SplitObject& object, const nlohmann::json& spec,
                                        const Routes& routes, std::string_view cannot);

/// A provider that reads and writes one object, and undoes nothing (RT-COMMON-71).
class OneObjectProvider : public RouteProvider {
 public:
  [[nodiscard]] Result<std::vector<ObjectPath>> reads(const RouteContext& context,
                                                      Operation operation) const final;
  [[nodiscard]] Result<RouteWrites> finalize(const RouteContext& context,
                                             const Snapshot& snapshot) const final;

 protected:
  [[nodiscard]] virtual ObjectPath path(const RouteContext& context) const = 0;
};

/// `service.match[0].uri.prefix`, else "/" (RT-CONTOUR-04, RT-APPMESH-03).
[[nodiscard]] std::string first_prefix(const RouteContext& context);
/// `analysis.match`, as written.
[[nodiscard]] const nlohmann::json& analysis_match(const RouteContext& context);
/// "5xx,reset" → ["5xx", "reset"], without trimming; "" → [""].
[[nodiscard]] nlohmann::json split_at_commas(std::string_view text);

}  // namespace volary::live
