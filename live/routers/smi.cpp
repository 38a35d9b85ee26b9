#include "live/routers/split_object.hpp"

/// TrafficSplit of `split.smi-spec.io`: Linkerd, Open Service Mesh and whoever else reads it.
/// Source: spec/routing/smi.md, linkerd.md, osm.md. Linkerd by the Gateway API, or behind an
/// ingress controller, is those providers' (RT-LINKERD-03, RT-LINKERD-04).
namespace volary::live {
namespace {

using nlohmann::json;

constexpr const char* kind = "TrafficSplit";

class SmiProvider final : public OneObjectProvider {
 public:
  SmiProvider(std::string version, std::string mesh)
      : version_{std::move(version)}, mesh_{std::move(mesh)} {}

  [[nodiscard]] Result<RouteWrites> reconcile(const RouteContext& context,
                                              const Snapshot& snapshot) const override {
    return reconciled(context, snapshot, object(context));
  }

  [[nodiscard]] Result<Routes> routes(const RouteContext& context,
                                      const Snapshot& snapshot) const override {
    const SplitObject split = object(context);
    const json* existing = snapshot.find(split.path);
    if (!existing) return tl::unexpected(missing(kind, split.path));
    const json& backends = at(*existing, {"spec", "backends"});
    const auto weight = [&](const std::string& name) -> Result<int> {  // RT-SMI-15
      const json* entry = entry_named(backends, {"service"}, name);
      if (!entry) return 0;
      const auto read = entry_weight(*entry);
      if (!read && !quantities()) return tl::unexpected(unreadable(kind, split.path, name));
      return read.value_or(0);
    };
    const auto primary = weight(context.primary());
    if (!primary) return tl::unexpected(primary.error());
    const auto canary = weight(context.service_canary());
    if (!canary) return tl::unexpected(canary.error());
    if (*primary == 0 && *canary == 0)
      return tl::unexpected(malformed(kind, split.path, "primary and canary both weigh 0"));
    return Routes{.primary = Weight{*primary}, .canary = Weight{*canary}, .mirrored = false};
  }

  [[nodiscard]] Result<RouteWrites> set_routes(const RouteContext& context,
                                               const Snapshot& snapshot,
                                               const Routes& routes) const override {
    // RT-SMI-16.
    return moved(context, snapshot, object(context), {{"backends", backends(context, routes)}},
                 routes, mesh_);
  }

 protected:
  [[nodiscard]] ObjectPath path(const RouteContext& context) const override {
    return path_of(context, {"split.smi-spec.io", version_, "trafficsplits"}, context.apex());
  }

 private:
  /// RT-SMI-08: v1alpha1 weighs in Kubernetes quantities.
  [[nodiscard]] bool quantities() const { return version_ == "v1alpha1"; }

  [[nodiscard]] json backends(const RouteContext& context, const Routes& routes) const {
    const auto weight = [&](Weight of) -> json {
      return quantities() ? json(std::to_string(of.percent())) : json(of.percent());
    };
    return json::array(  // RT-SMI-07: canary first
        {{{"service", context.service_canary()}, {"weight", weight(routes.canary)}},
         {{"service", context.primary()}, {"weight", weight(routes.primary)}}});
  }

  [[nodiscard]] SplitObject object(const RouteContext& context) const {
    SplitObject split{
        .kind = kind,
        .path = path(context),
        .spec =
            [this, &context](const Routes& routes) {
              const auto& hosts = context.canary.spec.service.hosts;
              json spec{{"service", hosts.empty() ? context.apex() : hosts.front()},  // RT-SMI-06
                        {"backends", backends(context, routes)}};
              if (version_ == "v1alpha3") spec["matches"] = nullptr;  // RT-SMI-10
              return spec;
            },
        .live =
            [primary = context.primary(), canary = context.service_canary()](const json& spec) {
              return legal_split(at(spec, {"backends"}), {"service"}, primary, canary);
            },
        .comparable =
            [](json spec) {
              if (json* backends = member_at(spec, {"backends"}); backends && backends->is_array())
                for (json& backend : *backends)
                  if (backend.is_object()) backend.erase("weight");
              return spec;
            },
        .lists = {{"backends", "service"}},
        .metadata_drifts = false};  // RT-SMI-05, RT-SMI-10
    const json& gateways = list_at(context.service(), {"gateways"});
    if (mesh_ == "istio" && !gateways.empty())  // RT-SMI-09
      split.annotations["VirtualService.v1alpha3.networking.istio.io/spec.gateways"] =
          gateways.dump(-1, ' ', false, json::error_handler_t::replace);
    return split;
  }

  std::string version_;
  std::string mesh_;
};

}  // namespace

std::unique_ptr<RouteProvider> smi_provider(std::string version, std::string mesh) {
  return std::make_unique<SmiProvider>(std::move(version), std::move(mesh));
}

}  // namespace volary::live
