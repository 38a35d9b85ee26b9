#include <fmt/format.h>

#include "live/routers/app_mesh.hpp"

/// VirtualNode, VirtualRouter and VirtualService of `appmesh.k8s.aws/v1beta2`. Source:
/// spec/routing/appmesh.md.
namespace volary::live {
namespace {

using nlohmann::json;

constexpr const char* version = "v1beta2";

json milliseconds(std::int64_t count) { return {{"unit", "ms"}, {"value", count}}; }

/// `service.timeout`, as App Mesh has it; null when it is no duration (RT-APPMESH2-03).
json per_request(const RouteContext& context) {
  const auto timeout = go_parse_duration(text_at(context.service(), {"timeout"}));
  if (!timeout) return {};
  return {{"perRequest",
           milliseconds(std::chrono::duration_cast<std::chrono::milliseconds>(*timeout).count())}};
}

class AppMeshV1beta2Provider final : public AppMeshProvider {
 public:
  AppMeshV1beta2Provider()
      : AppMeshProvider({.routed_kind = "VirtualRouter",
                         .http = "httpRoute",
                         .node = "virtualNodeRef",
                         .node_is_object = true}) {}

  [[nodiscard]] Result<std::vector<ObjectPath>> reads(const RouteContext& context,
                                                      Operation operation) const override {
    switch (operation) {
      case Operation::Finalize: return std::vector<ObjectPath>{};
      case Operation::Read:
      case Operation::Set: return std::vector{routed(context)};
      case Operation::Reconcile: break;
    }
    const std::string primary = context.primary(), canary = context.service_canary();
    std::vector paths{node(context, primary), node(context, canary),
                      router(context, context.apex()), router(context, canary)};
    if (context.strict())
      paths.insert(paths.end(), {service(context, context.apex()), service(context, canary)});
    return paths;
  }

  /// RT-APPMESH2-01.
  [[nodiscard]] Result<RouteWrites> reconcile(const RouteContext& context,
                                              const Snapshot& snapshot) const override {
    if (auto may = refuse_matching_all(context); !may) return tl::unexpected(may.error());
    const std::string& target = context.canary.spec.target_ref.name;
    RouteWrites all;
    const auto add = [&all](RouteWrites some) {
      for (RouteWrite& write : some.writes) all.writes.push_back(std::move(write));
      for (std::string& remark : some.remarks) all.remarks.push_back(std::move(remark));
    };
    add(reconciled_node(context, snapshot, context.primary(), target + "-primary"));
    add(reconciled_node(context, snapshot, context.service_canary(), target));
    add(reconciled_router(context, snapshot, context.apex(), true));
    add(reconciled_router(context, snapshot, context.service_canary(), false));
    return all;
  }

 protected:
  [[nodiscard]] ObjectPath routed(const RouteContext& context) const override {  // RT-APPMESH2-09
    return router(context, context.apex());
  }

  [[nodiscard]] json policies(const RouteContext& context) const override {
    const auto some = retries(context);
    json http{{"timeout", per_request(context)}, {"retryPolicy", nullptr}};
    if (some)
      http["retryPolicy"] = {{"httpRetryEvents", some->events},
                             {"maxRetries", some->most},
                             {"perRetryTimeout", milliseconds(some->timeout_ms)}};
    return http;
  }

 private:
  // RT-APPMESH2-10.
  [[nodiscard]] static ObjectPath node(const RouteContext& context, const std::string& name) {
    return path(context, version, "virtualnodes", name);
  }
  [[nodiscard]] static ObjectPath router(const RouteContext& context, const std::string& name) {
    return path(context, version, "virtualrouters", name);
  }
  [[nodiscard]] static ObjectPath service(const RouteContext& context, const std::string& name) {
    return path(context, version, "virtualservices", name);
  }

  /// RT-APPMESH2-02.
  [[nodiscard]] static json port_mapping(const RouteContext& context) {
    const json& written = at(context.service(), {"targetPort"});
    const auto number = integer_at(context.service(), {"targetPort"});
    const bool named = written.is_string() || !number || *number <= 0;
    return {{"port", named ? context.canary.spec.service.port : *number},
            {"protocol", protocol(context)}};
  }

  /// RT-APPMESH2-04.
  [[nodiscard]] static json backends(const RouteContext& context) {
    json all = json::array();
    for (const json& entry : list_at(context.service(), {"backends"})) {
      if (!entry.is_string()) continue;
      const bool arn = entry.get_ref<const std::string&>().starts_with("arn:aws");
      all.push_back({{"virtualService", arn ? json{{"virtualServiceARN", entry}}
                                            : json{{"virtualServiceRef", {{"name", entry}}}}}});
    }
    return all.empty() ? json() : all;
  }

  /// RT-APPMESH2-03, RT-APPMESH2-05: `awsName` and `meshRef` are not among what is written, so they
  /// stay.
  [[nodiscard]] static RouteWrites reconciled_node(const RouteContext& context,
                                                   const Snapshot& snapshot,
                                                   const std::string& name,
                                                   const std::string& pods) {
    json timeout = per_request(context);
    if (!timeout.is_null()) timeout = {{"http", std::move(timeout)}};
    json selector = nullptr;
    if (!context.selector_key.empty()) selector = {{"matchLabels", {{context.selector_key, pods}}}};
    json spec{
        {"podSelector", std::move(selector)},
        {"listeners",
         json::array({{{"portMapping", port_mapping(context)}, {"timeout", std::move(timeout)}}})},
        {"serviceDiscovery",
         {{"dns", {{"hostname", fmt::format("{}.{}.svc.cluster.local.", name, context.ns())}}},
          {"awsCloudMap", nullptr}}},
        {"backends", backends(context)},
        {"logging", logging(context)}};
    return reconciled(context, snapshot,
                      {.kind = "VirtualNode",
                       .path = node(context, name),
                       .spec = [&spec](const Routes&) { return spec; },
                       .lists = {{"listeners", ""}, {"backends", "virtualService"}},
                       .labels = node_labels(context),
                       .annotations = apex_annotations(context)});
  }

  /// RT-APPMESH2-06, RT-APPMESH2-07, RT-APPMESH2-08.
  [[nodiscard]] RouteWrites reconciled_router(const RouteContext& context, const Snapshot& snapshot,
                                              const std::string& name, bool apex) const {
    const auto spec = [&](const Routes& routes) -> json {
      return {{"listeners", json::array({{{"portMapping", port_mapping(context)}}})},
              {"routes", route_list(context, name, apex, routes)}};
    };
    RouteWrites writes = reconciled_keeping(
        context, snapshot, split_object(context, router(context, name), apex, spec));
    const bool is_new = !snapshot.find(router(context, name));
    // A controller that died between the two writes would leave the router without its service for
    // ever: strict mode looks, and adds it. The reference adds it to a new router only, unseen.
    const bool add = context.strict() ? !snapshot.find(service(context, name)) : is_new;
    if (!add) return writes;
    json created =
        new_object(context, {"appmesh.k8s.aws", version, "virtualservices"}, "VirtualService", name,
                   {}, apex ? gateway_annotations(context) : Labels{});
    created["spec"] = {{"provider", {{"virtualRouter", {{"virtualRouterRef", {{"name", name}}}}}}}};
    writes.writes.push_back({.verb = RouteWrite::Verb::Create,
                             .path = service(context, name),
                             .body = std::move(created)});
    if (!is_new)
      writes.remarks.push_back(fmt::format("RT-APPMESH2-08: {} was missing beside its router",
                                           spoken("VirtualService", service(context, name))));
    return writes;
  }
};

}  // namespace

std::unique_ptr<RouteProvider> app_mesh_v1beta2_provider() {
  return std::make_unique<AppMeshV1beta2Provider>();
}

}  // namespace volary::live
