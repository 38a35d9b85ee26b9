#include "live/routers/split_object.hpp"

/// TraefikService of `traefik.io`, to which the user's IngressRoute points. Source:
/// spec/routing/traefik.md.
namespace volary::live {
namespace {

using nlohmann::json;

constexpr const char* kind = "TraefikService";

/// RT-TRAEFIK-02, RT-TRAEFIK-17.
json entry(const RouteContext& context, const std::string& service, Weight weight) {
  // RT-TRAEFIK-03 [Q]: Traefik takes a missing weight as 1, so strict mode writes the 0.
  const bool left_out = weight == Weight{0} && !context.strict();
  return {{"name", service},
          {"namespace", context.ns()},
          {"port", context.canary.spec.service.port},
          {"weight", left_out ? json() : json(weight.percent())}};
}

json spec_of(const RouteContext& context, const Routes& routes, bool both) {
  json services = json::array({entry(context, context.primary(), routes.primary)});
  if (both || routes.canary > Weight{0})
    services.push_back(entry(context, context.service_canary(), routes.canary));
  return {{"weighted", {{"services", std::move(services)}}}};
}

std::optional<Routes> live_split(const json& spec, const std::string& primary,
                                 const std::string& canary) {
  const json& services = list_at(spec, {"weighted", "services"});
  if (services.size() != 1) return legal_split(services, {"name"}, primary, canary);
  // Alone, the primary takes everything, whatever it weighs.
  if (entry_named(services, {"name"}, primary) && entry_weight(services.front()) == 100)
    return Routes{};
  return std::nullopt;
}

class TraefikProvider final : public OneObjectProvider {
 public:
  [[nodiscard]] Result<RouteWrites> reconcile(const RouteContext& context,
                                              const Snapshot& snapshot) const override {
    const json* existing = snapshot.find(path(context));
    // RT-TRAEFIK-04; an object without `weighted` has no entries (RT-TRAEFIK-05).
    const bool both = existing && list_at(*existing, {"spec", "weighted", "services"}).size() == 2;
    SplitObject service = object(context, both);
    // RT-TRAEFIK-04: the reference weighs both with 100 then; strict mode keeps what they weighed.
    if (both && !context.strict()) service.initial.canary = Weight{100};
    return reconciled(context, snapshot, service);
  }

  [[nodiscard]] Result<Routes> routes(const RouteContext& context,
                                      const Snapshot& snapshot) const override {
    const ObjectPath where = path(context);
    const json* existing = snapshot.find(where);
    if (!existing) return tl::unexpected(missing(kind, where));
    const json& services = list_at(*existing, {"spec", "weighted", "services"});
    if (services.empty())  // RT-TRAEFIK-10
      return tl::unexpected(malformed(kind, where, "it has no weighted services"));
    return derived_routes(kind, where, entry_named(services, {"name"}, context.primary()),
                          context.primary());
  }

  [[nodiscard]] Result<RouteWrites> set_routes(const RouteContext& context,
                                               const Snapshot& snapshot,
                                               const Routes& routes) const override {
    if (auto some = refuse_zero(routes); !some) return tl::unexpected(some.error());
    // RT-TRAEFIK-11.
    return moved(context, snapshot, object(context, false), spec_of(context, routes, false), routes,
                 "traefik");
  }

 protected:
  [[nodiscard]] ObjectPath path(const RouteContext& context) const override {
    return path_of(context, {"traefik.io", "v1alpha1", "traefikservices"}, context.apex());
  }

 private:
  [[nodiscard]] SplitObject object(const RouteContext& context, bool both) const {
    return {
        .kind = kind,
        .path = path(context),
        .spec = [&context, both](const Routes& routes) { return spec_of(context, routes, both); },
        .live = [primary = context.primary(), canary = context.service_canary()](
                    const json& spec) { return live_split(spec, primary, canary); },
        .comparable =
            [strict = context.strict()](json spec) {
              json* services = member_at(spec, {"weighted", "services"});
              if (!services || !services->is_array()) return spec;
              for (json& entry : *services) {
                if (!entry.is_object()) continue;
                const bool written = entry.erase("weight") > 0;
                if (strict) entry["weight"] = written;  // a missing weight is a 1
              }
              return spec;
            },
        .lists = {{"services", "name"}},
        .labels = apex_labels(context),  // RT-TRAEFIK-01
        .annotations = apex_annotations(context)};
  }
};

}  // namespace

std::unique_ptr<RouteProvider> traefik_provider() { return std::make_unique<TraefikProvider>(); }

}  // namespace volary::live
