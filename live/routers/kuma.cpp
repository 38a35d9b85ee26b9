#include <fmt/format.h>

#include "live/routers/split_object.hpp"

/// TrafficRoute of `kuma.io`, which has no namespace. Source: spec/routing/kuma.md.
namespace volary::live {
namespace {

using nlohmann::json;

constexpr const char* kind = "TrafficRoute";
constexpr const char* tag_key = "kuma.io/service";

/// RT-KUMA-03.
std::string tag(const RouteContext& context, const std::string& service) {
  return fmt::format("{}_{}_svc_{}", service, context.ns(), context.canary.spec.service.port);
}

/// RT-KUMA-10: a tag up to its first `_`.
std::string_view service_of(std::string_view tag) { return tag.substr(0, tag.find('_')); }

json split(const RouteContext& context, const Routes& routes) {
  const auto entry = [&](const std::string& service, Weight weight) -> json {
    return {{"weight", weight.percent()}, {"destination", {{tag_key, tag(context, service)}}}};
  };
  return json::array(
      {entry(context.primary(), routes.primary), entry(context.service_canary(), routes.canary)});
}

/// RT-KUMA-06 [Q]: in strict mode the first Canary of this apex name keeps the object, and the
/// second one, of another namespace, hears of it.
Result<void> refuse_foreign(const RouteContext& context, const ObjectPath& path,
                            const json& existing) {
  if (!context.strict()) return {};
  for (const json& destination : list_at(existing, {"spec", "destinations"})) {
    const std::string written = text_at(destination, {"match", tag_key});
    if (service_of(written) != context.apex() || written.size() == context.apex().size()) continue;
    const std::string_view behind = std::string_view{written}.substr(context.apex().size() + 1);
    const std::string_view ns = behind.substr(0, behind.find('_'));
    if (ns == context.ns() || behind.find("_svc_") == std::string_view::npos) continue;
    Error error = malformed(
        kind, path,
        fmt::format("it routes {} of namespace {}, and namespace {} cannot have another one of "
                    "that name",
                    context.apex(), ns, context.ns()));
    error.hint = fmt::format(
        "set service.name to another name, or delete the object if nothing in {} needs it "
        "(RT-KUMA-06)",
        ns);
    return tl::unexpected(std::move(error));
  }
  return {};
}

class KumaProvider final : public OneObjectProvider {
 public:
  [[nodiscard]] Result<RouteWrites> reconcile(const RouteContext& context,
                                              const Snapshot& snapshot) const override {
    const SplitObject route = object(context);
    if (const json* existing = snapshot.find(route.path)) {
      if (auto ours = refuse_foreign(context, route.path, *existing); !ours)
        return tl::unexpected(ours.error());
      return reconciled(context, snapshot, route);
    }
    RouteWrites writes = reconciled(context, snapshot, route);
    json& created = writes.writes.front().body;
    created["metadata"].erase("namespace");  // RT-KUMA-01
    created["metadata"].erase("ownerReferences");
    const auto& annotations = context.canary.annotations;  // RT-KUMA-02
    const auto mesh = annotations.find("kuma.io/mesh");
    created["mesh"] = mesh == annotations.end() || mesh->second.empty() ? "default" : mesh->second;
    return writes;
  }

  [[nodiscard]] Result<Routes> routes(const RouteContext& context,
                                      const Snapshot& snapshot) const override {
    const ObjectPath where = path(context);
    const json* existing = snapshot.find(where);
    if (!existing) return tl::unexpected(missing(kind, where));
    if (auto ours = refuse_foreign(context, where, *existing); !ours)
      return tl::unexpected(ours.error());
    Result<Routes> found = tl::unexpected(
        malformed(kind, where, fmt::format("its split has no entry of {}", context.primary())));
    for (const json& entry : list_at(*existing, {"spec", "conf", "split"}))
      if (service_of(text_at(entry, {"destination", tag_key})) == context.primary())
        found = derived_routes(kind, where, &entry, context.primary());
    return found;
  }

  [[nodiscard]] Result<RouteWrites> set_routes(const RouteContext& context,
                                               const Snapshot& snapshot,
                                               const Routes& routes) const override {
    const SplitObject route = object(context);
    if (const json* existing = snapshot.find(route.path))
      if (auto ours = refuse_foreign(context, route.path, *existing); !ours)
        return tl::unexpected(ours.error());
    // RT-KUMA-11.
    return moved(context, snapshot, route, {{"conf", {{"split", split(context, routes)}}}}, routes,
                 "kuma");
  }

 protected:
  [[nodiscard]] ObjectPath path(const RouteContext& context) const override {
    return {.resource = {"kuma.io", "v1alpha1", "trafficroutes"}, .ns = {}, .name = context.apex()};
  }

 private:
  [[nodiscard]] SplitObject object(const RouteContext& context) const {
    return {.kind = kind,
            .path = path(context),
            .spec = [&context](const Routes& routes) -> json {  // RT-KUMA-04
              return {{"sources", json::array({{{"match", {{tag_key, "*"}}}}})},
                      {"destinations",
                       json::array({{{"match", {{tag_key, tag(context, context.apex())}}}}})},
                      {"conf", {{"split", split(context, routes)}}}};
            },
            .live =
                [primary = tag(context, context.primary()),
                 canary = tag(context, context.service_canary())](const json& spec) {
                  return legal_split(at(spec, {"conf", "split"}), {"destination", tag_key}, primary,
                                     canary);
                },
            .comparable =
                [](json spec) {
                  if (json* entries = member_at(spec, {"conf", "split"});
                      entries && entries->is_array())
                    for (json& entry : *entries)
                      if (entry.is_object()) entry.erase("weight");
                  return spec;
                },
            .lists = {{"split", "destination"}},
            .labels = apex_labels(context),
            .annotations = apex_annotations(context)};
  }
};

}  // namespace

std::unique_ptr<RouteProvider> kuma_provider() { return std::make_unique<KumaProvider>(); }

}  // namespace volary::live
