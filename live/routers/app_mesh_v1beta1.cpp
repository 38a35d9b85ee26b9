#include <fmt/format.h>

#include "live/routers/app_mesh.hpp"

/// VirtualNode and VirtualService of `appmesh.k8s.aws/v1beta1`. Source: spec/routing/appmesh.md.
namespace volary::live {
namespace {

using nlohmann::json;

constexpr const char* version = "v1beta1";

class AppMeshV1beta1Provider final : public AppMeshProvider {
 public:
  AppMeshV1beta1Provider()
      : AppMeshProvider({.routed_kind = "VirtualService",
                         .http = "http",
                         .node = "virtualNodeName",
                         .node_is_object = false}) {}

  [[nodiscard]] Result<std::vector<ObjectPath>> reads(const RouteContext& context,
                                                      Operation operation) const override {
    switch (operation) {
      case Operation::Finalize: return std::vector<ObjectPath>{};
      case Operation::Read:
      case Operation::Set: return std::vector{routed(context)};
      case Operation::Reconcile: break;
    }
    if (auto named = refuse_no_mesh(context); !named) return tl::unexpected(named.error());
    return std::vector{node(context, context.apex()), node(context, context.primary()),
                       node(context, context.service_canary()), service(context, context.apex()),
                       service(context, context.service_canary())};
  }

  /// RT-APPMESH1-02.
  [[nodiscard]] Result<RouteWrites> reconcile(const RouteContext& context,
                                              const Snapshot& snapshot) const override {
    if (auto named = refuse_no_mesh(context); !named) return tl::unexpected(named.error());
    if (auto may = refuse_matching_all(context); !may) return tl::unexpected(may.error());
    RouteWrites all;
    const auto add = [&all](RouteWrites some) {
      for (RouteWrite& write : some.writes) all.writes.push_back(std::move(write));
      for (std::string& remark : some.remarks) all.remarks.push_back(std::move(remark));
    };
    add(reconciled_node(context, snapshot, context.apex(), context.primary()));
    add(reconciled_node(context, snapshot, context.primary(), context.primary()));
    add(reconciled_node(context, snapshot, context.service_canary(), context.service_canary()));
    add(reconciled_service(context, snapshot, context.apex(), true));
    add(reconciled_service(context, snapshot, context.service_canary(), false));
    return all;
  }

 protected:
  [[nodiscard]] ObjectPath routed(const RouteContext& context) const override {
    return service(context, context.apex());
  }

  [[nodiscard]] json policies(const RouteContext& context) const override {  // RT-APPMESH1-07
    const auto some = retries(context);
    if (!some) return {{"retryPolicy", nullptr}};
    return {{"retryPolicy",
             {{"perRetryTimeoutMillis", some->timeout_ms},
              {"maxRetries", some->most},
              {"httpRetryEvents", some->events}}}};
  }

 private:
  [[nodiscard]] static ObjectPath node(const RouteContext& context, const std::string& name) {
    return path(context, version, "virtualnodes", name);
  }
  /// RT-APPMESH1-09.
  [[nodiscard]] static ObjectPath service(const RouteContext& context, const std::string& name) {
    return path(context, version, "virtualservices", name + "." + context.ns());
  }
  [[nodiscard]] static std::string mesh(const RouteContext& context) {
    return text_at(context.service(), {"meshName"});
  }
  /// RT-APPMESH1-01.
  [[nodiscard]] static Result<void> refuse_no_mesh(const RouteContext& context) {
    if (!mesh(context).empty()) return {};
    return fail(ErrorKind::Invalid, "Canary {}: spec.service.meshName must not be empty",
                to_string(context.canary.name));
  }

  [[nodiscard]] static json listeners(const RouteContext& context) {
    return json::array(
        {{{"portMapping",
           {{"port", context.canary.spec.service.port}, {"protocol", protocol(context)}}}}});
  }

  /// RT-APPMESH1-03, RT-APPMESH1-04.
  [[nodiscard]] static RouteWrites reconciled_node(const RouteContext& context,
                                                   const Snapshot& snapshot,
                                                   const std::string& name,
                                                   const std::string& host) {
    json backends = json::array();
    for (const json& entry : list_at(context.service(), {"backends"}))
      if (entry.is_string())
        backends.push_back({{"virtualService", {{"virtualServiceName", entry}}}});
    if (backends.empty()) backends = nullptr;
    json spec{{"meshName", mesh(context)},
              {"listeners", listeners(context)},
              {"serviceDiscovery",
               {{"dns", {{"hostName", fmt::format("{}.{}", host, context.ns())}}},
                {"cloudMap", nullptr}}},
              {"backends", std::move(backends)},
              {"logging", logging(context)}};
    SplitObject object{.kind = "VirtualNode",
                       .path = node(context, name),
                       .spec = [&spec](const Routes&) { return spec; },
                       .lists = {{"listeners", ""}, {"backends", "virtualService"}},
                       .labels = node_labels(context),
                       .annotations = apex_annotations(context)};
    RouteWrites writes = reconciled(context, snapshot, object);
    const json* existing = snapshot.find(object.path);
    // [Q]: the reference compares annotations with the labels that it wants, and so nearly always
    // writes.
    if (existing && writes.writes.empty() && !context.strict() &&
        labels_at(*existing, {"metadata", "annotations"}) != object.labels)
      writes.writes.push_back(
          {.verb = RouteWrite::Verb::Update, .path = object.path, .body = *existing});
    return writes;
  }

  /// RT-APPMESH1-05, RT-APPMESH1-06, RT-APPMESH1-08.
  [[nodiscard]] RouteWrites reconciled_service(const RouteContext& context,
                                               const Snapshot& snapshot, const std::string& router,
                                               bool apex) const {
    const auto spec = [&](const Routes& routes) -> json {
      return {{"meshName", mesh(context)},
              {"virtualRouter", {{"name", router}, {"listeners", listeners(context)}}},
              {"routes", route_list(context, router, apex, routes)}};
    };
    SplitObject object = split_object(context, service(context, router), apex, spec);
    if (apex) object.annotations = gateway_annotations(context);
    RouteWrites writes = reconciled_keeping(context, snapshot, object);
    for (RouteWrite& write : writes.writes)
      if (!object.annotations.empty())  // on a repair, too
        write.body["metadata"]["annotations"] = object.annotations;
    return writes;
  }
};

}  // namespace

std::unique_ptr<RouteProvider> app_mesh_v1beta1_provider() {
  return std::make_unique<AppMeshV1beta1Provider>();
}

}  // namespace volary::live
