#include <fmt/format.h>

#include "live/routers/split_object.hpp"

/// RouteTable and Upstreams of Gloo Edge. Source: spec/routing/gloo.md.
namespace volary::live {
namespace {

using nlohmann::json;

constexpr const char* table_kind = "RouteTable";
const ListKeys table_lists{{"routes", ""}, {"destinations", "destination"}};

/// RT-GLOO-05, RT-GLOO-06: what of a configuration upstream goes over to a new one, as a whole.
constexpr const char* inherited[] = {
    "sslConfig", "circuitBreakers",         "connectionConfig",           "loadBalancerConfig",
    "useHttp2",  "initialStreamWindowSize", "initialConnectionWindowSize"};

/// The two sides of a split: their service, and their Upstream (RT-GLOO-01).
struct Side {
  ObjectPath service;
  ObjectPath upstream;
};
Side side(const RouteContext& context, const std::string& service, std::string_view role) {
  return {.service = path_of(context, {"", "v1", "services"}, service),
          .upstream = path_of(context, {"gloo.solo.io", "v1", "upstreams"},
                              fmt::format("{}-{}-{}upstream-{}", context.ns(), context.apex(), role,
                                          context.canary.spec.service.port))};
}
Side primary_side(const RouteContext& context) {
  return side(context, context.primary(), "primary");
}
Side canary_side(const RouteContext& context) {
  return side(context, context.service_canary(), "canary");
}

ObjectPath table_path(const RouteContext& context) {
  return path_of(context, {"gateway.solo.io", "v1", "routetables"}, context.apex());
}

/// The configuration upstream of `spec.upstreamRef`; nothing without one.
Result<std::optional<ObjectPath>> configuration(const RouteContext& context) {
  const json& ref = at(context.object, {"spec", "upstreamRef"});
  if (!ref.is_object()) return std::nullopt;
  ObjectPath path{.resource = {"gloo.solo.io", "v1", "upstreams"},
                  .ns = text_at(ref, {"namespace"}),
                  .name = text_at(ref, {"name"})};
  const std::string canary = to_string(context.canary.name);
  if (path.name.empty())
    return fail(ErrorKind::Invalid, "Canary {}: spec.upstreamRef has no name", canary);
  if (!path.ns.empty() && path.ns != context.ns() && !context.settings.cross_namespace_refs)
    return fail(ErrorKind::Invalid,
                "Canary {}: spec.upstreamRef names Upstream {}.{}, and references across "
                "namespaces are switched off",
                canary, path.name, path.ns);  // RT-GLOO-10
  if (path.ns.empty()) {                      // RT-GLOO-09 [Q]
    if (!context.strict())
      return fail(ErrorKind::Invalid, "Canary {}: spec.upstreamRef has no namespace", canary);
    path.ns = context.ns();
  }
  return path;
}

/// What turns `from` into `to` as a merge patch: everything of `to`, and a null for what only
/// `from` has.
json merge_towards(const json& from, const json& to) {
  if (!to.is_object()) return to;
  json patch = json::object();
  for (const auto& [key, value] : to.items()) patch[key] = merge_towards(at(from, {key}), value);
  if (from.is_object())
    for (const auto& [key, value] : from.items())
      if (!to.contains(key)) patch[key] = nullptr;
  return patch;
}

/// RT-GLOO-06: what the reference sees of a load balancer's configuration.
json modelled(const json& config) {
  json seen = json::object();
  const auto copy = [](const json& from, json& to, std::initializer_list<const char*> keys) {
    for (const char* key : keys)
      if (const json& value = at(from, {key}); !value.is_null()) to[key] = value;
  };
  for (const char* policy : {"roundRobin", "leastRequest"}) {
    const json& from = at(config, {policy});
    if (!from.is_object()) continue;
    json& to = seen[policy] = json::object();
    if (const json& start = at(from, {"slowStartConfig"}); start.is_object())
      copy(start, to["slowStartConfig"], {"slowStartWindow", "aggression", "minWeightPercent"});
    if (std::string_view{policy} == "leastRequest") copy(from, to, {"choiceCount"});
  }
  return seen;
}

/// RT-GLOO-04, RT-GLOO-05.
json new_upstream(const RouteContext& context, const Side& side, const json& service,
                  const json* config) {
  json created =
      new_object(context, side.upstream.resource, "Upstream", side.upstream.name, {}, {});
  json& spec = created["spec"];
  spec["kube"] = {{"serviceName", side.service.name},
                  {"serviceNamespace", context.ns()},
                  {"servicePort", context.canary.spec.service.port},
                  {"selector", at(service, {"spec", "selector"})}};
  if (config) {
    for (const char* part : inherited) spec[part] = at(*config, {"spec", part});
    // [Q]: two more are written by the reference, under names that the CRD does not have.
    if (context.strict()) spec["httpProxyHostname"] = at(*config, {"spec", "httpProxyHostname"});
  }
  return without_nulls(std::move(created));
}

/// RT-GLOO-07: of an existing upstream only the load balancer is followed.
std::optional<json> load_balancer_patch(const RouteContext& context, const json& upstream,
                                        const json& config) {
  const json& now = at(upstream, {"spec", "loadBalancerConfig"});
  const json& wanted = at(config, {"spec", "loadBalancerConfig"});
  if (context.strict()) {
    if (means_the_same(now, wanted)) return std::nullopt;
    // [Q]: what the configuration no longer has is taken away, so that the repair has an end.
    return json{{"spec", {{"loadBalancerConfig", merge_towards(now, wanted)}}}};
  }
  const json seen = modelled(wanted);
  if (means_the_same(modelled(now), seen)) return std::nullopt;
  json patch{{"spec", json::object()}};
  if (wanted.is_object()) patch["spec"]["loadBalancerConfig"] = seen;
  return patch;
}

/// RT-GLOO-16.
json matchers(const RouteContext& context) {
  if (analysis_match(context).empty()) return {};
  json matcher = json::object();
  for (const json& entry : analysis_match(context)) {
    if (const json& headers = at(entry, {"headers"}); headers.is_object()) {
      for (const auto& [name, match] : headers.items()) {
        const std::string regex = text_at(match, {"regex"});
        json header{{"name", name}, {"value", text_at(match, {"exact"})}};
        if (!regex.empty()) header = {{"name", name}, {"value", regex}, {"regex", true}};
        matcher["headers"].push_back(std::move(header));
      }
    }
    if (const std::string method = text_at(entry, {"method", "exact"}); !method.empty())
      matcher["methods"].push_back(method);
  }
  return json::array({std::move(matcher)});
}

/// A matcher that asks for nothing is met by every request: the A/B test would send all of them to
/// the canary. Strict mode says so instead (RT-GLOO-16).
Result<void> refuse_matching_all(const RouteContext& context) {
  const json all = matchers(context);
  if (!context.strict() || !all.is_array() || !all.front().empty()) return {};
  Error error{.kind = ErrorKind::Invalid,
              .message = fmt::format("Canary {}: analysis.match has no headers, and gloo can match "
                                     "nothing else: all requests would go to the canary",
                                     to_string(context.canary.name)),
              .where = {},
              .hint = "match a header (RT-GLOO-16)"};
  return tl::unexpected(std::move(error));
}

/// RT-GLOO-15. Other actions of the route exclude a split, so they go.
json table_spec(const RouteContext& context, const Routes& routes) {
  const auto destination = [&](const Side& side, Weight weight) -> json {
    return {{"destination",
             {{"upstream", {{"name", side.upstream.name}, {"namespace", context.ns()}}}}},
            {"weight", weight == Weight{0} ? json() : json(weight.percent())}};
  };
  json action{
      {"multi",
       {{"destinations", json::array({destination(primary_side(context), routes.primary),
                                      destination(canary_side(context), routes.canary)})}}}};
  for (const char* other : {"single", "upstreamGroup", "clusterHeader", "dynamicForwardProxy"})
    action[other] = nullptr;
  json route{{"inheritablePathMatchers", true},
             {"matchers", matchers(context)},
             {"routeAction", std::move(action)}};
  for (const char* other :
       {"redirectAction", "directResponseAction", "delegateAction", "graphqlApiRef"})
    route[other] = nullptr;
  return {{"routes", json::array({std::move(route)})}};
}

const json& destinations(const json& spec) {
  static const json none = json::array();
  const json& routes = list_at(spec, {"routes"});
  return routes.empty() ? none : list_at(routes.front(), {"routeAction", "multi", "destinations"});
}

class GlooProvider final : public RouteProvider {
 public:
  [[nodiscard]] Result<std::vector<ObjectPath>> reads(const RouteContext& context,
                                                      Operation operation) const override {
    if (operation == Operation::Finalize) return std::vector<ObjectPath>{};  // RT-GLOO-31
    std::vector<ObjectPath> paths{table_path(context)};
    if (operation != Operation::Reconcile) return paths;
    const auto config = configuration(context);
    if (!config) return tl::unexpected(config.error());
    if (*config) paths.insert(paths.begin(), **config);
    for (const Side& side : {primary_side(context), canary_side(context)})
      paths.insert(paths.end(), {side.service, side.upstream});
    return paths;
  }

  [[nodiscard]] Result<RouteWrites> reconcile(const RouteContext& context,
                                              const Snapshot& snapshot) const override {
    const auto config_path = configuration(context);
    if (!config_path) return tl::unexpected(config_path.error());
    if (auto may = refuse_matching_all(context); !may) return tl::unexpected(may.error());

    RouteWrites all;  // RT-GLOO-02: the first error ends it, after the writes before it
    for (const Side& side : {primary_side(context), canary_side(context)}) {
      if (auto error = reconcile_upstream(context, snapshot, side, *config_path, all)) {
        if (all.writes.empty()) return tl::unexpected(*std::move(error));
        all.then = std::move(error);
        return all;
      }
    }
    RouteWrites table = reconciled(context, snapshot, object(context));
    for (RouteWrite& write : table.writes) all.writes.push_back(std::move(write));
    all.remarks = std::move(table.remarks);
    return all;
  }

  [[nodiscard]] Result<Routes> routes(const RouteContext& context,
                                      const Snapshot& snapshot) const override {
    const ObjectPath where = table_path(context);
    const json* existing = snapshot.find(where);
    if (!existing) return tl::unexpected(missing(table_kind, where));
    const json& both = destinations(at(*existing, {"spec"}));
    if (both.size() < 2)  // RT-GLOO-25
      return tl::unexpected(
          malformed(table_kind, where, "its first route has fewer than two destinations"));
    const std::string name = primary_side(context).upstream.name;
    return derived_routes(table_kind, where,
                          entry_named(both, {"destination", "upstream", "name"}, name), name);
  }

  [[nodiscard]] Result<RouteWrites> set_routes(const RouteContext& context,
                                               const Snapshot& snapshot,
                                               const Routes& routes) const override {
    if (auto some = refuse_zero(routes); !some) return tl::unexpected(some.error());
    if (routes.canary > Weight{0})
      if (auto may = refuse_matching_all(context); !may) return tl::unexpected(may.error());
    // RT-GLOO-26.
    return moved(context, snapshot, object(context), table_spec(context, routes), routes, "");
  }

  [[nodiscard]] Result<RouteWrites> finalize(const RouteContext& /*context*/,
                                             const Snapshot& /*snapshot*/) const override {
    return RouteWrites{};
  }

 private:
  /// RT-GLOO-03, RT-GLOO-04, RT-GLOO-07.
  [[nodiscard]] static std::optional<Error> reconcile_upstream(
      const RouteContext& context, const Snapshot& snapshot, const Side& side,
      const std::optional<ObjectPath>& config_path, RouteWrites& all) {
    const json* service = snapshot.find(side.service);
    if (!service) return missing("Service", side.service);
    const json* config = config_path ? snapshot.find(*config_path) : nullptr;
    if (config_path && !config) return missing("Upstream", *config_path);
    const json* upstream = snapshot.find(side.upstream);
    if (!upstream) {
      all.writes.push_back({.verb = RouteWrite::Verb::Create,
                            .path = side.upstream,
                            .body = new_upstream(context, side, *service, config)});
    } else if (config) {
      if (auto patch = load_balancer_patch(context, *upstream, *config))
        all.writes.push_back({.verb = RouteWrite::Verb::MergePatch,
                              .path = side.upstream,
                              .body = *std::move(patch)});
    }
    return std::nullopt;
  }

  [[nodiscard]] static SplitObject object(const RouteContext& context) {
    return {.kind = table_kind,
            .path = table_path(context),
            .spec = [&context](const Routes& routes) { return table_spec(context, routes); },
            .live =
                [primary = primary_side(context).upstream.name,
                 canary = canary_side(context).upstream.name](const json& spec) {
                  return legal_split(destinations(spec), {"destination", "upstream", "name"},
                                     primary, canary);
                },
            .comparable =  // RT-GLOO-18
            [](json spec) {
              json* routes = member_at(spec, {"routes"});
              if (!routes || !routes->is_array()) return spec;
              for (json& route : *routes)
                if (json* all = member_at(route, {"routeAction", "multi", "destinations"});
                    all && all->is_array())
                  for (json& destination : *all)
                    if (destination.is_object()) destination.erase("weight");
              return spec;
            },
            .lists = table_lists,
            .labels = apex_labels(context),
            .annotations = apex_annotations(context)};
  }
};

}  // namespace

std::unique_ptr<RouteProvider> gloo_provider() { return std::make_unique<GlooProvider>(); }

}  // namespace volary::live
