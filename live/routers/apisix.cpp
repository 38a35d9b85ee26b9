#include <algorithm>

#include <fmt/format.h>

#include "live/routers/split_object.hpp"

/// ApisixRoute of `apisix.apache.org`: a copy of one rule of the user's route that wins over it.
/// Source: spec/routing/apisix.md.
namespace volary::live {
namespace {

using nlohmann::json;

constexpr const char* kind = "ApisixRoute";
constexpr int above_the_users = 10000;  // RT-APISIX-04

/// The members of `object` that are named, as far as they are there.
json only(const json& object, std::initializer_list<const char*> names) {
  json kept = json::object();
  for (const char* name : names)
    if (const json& value = at(object, {name}); !value.is_null()) kept[name] = value;
  return kept;
}

template <class Each>
void each_object(json* list, Each each) {
  if (!list || !list->is_array()) return;
  for (json& entry : *list)
    if (entry.is_object()) each(entry);
}

/// RT-APISIX-07, RT-APISIX-08: what the reference has left of a rule after it has read it.
json modelled(const json& rule) {
  json kept = only(rule, {"name", "priority", "timeout", "match", "backends", "websocket",
                          "plugin_config_name", "plugins", "authentication"});
  if (json* timeout = member_at(kept, {"timeout"})) {
    const json written = *timeout;
    *timeout = json::object();
    for (const char* part : {"connect", "send", "read"})
      (*timeout)[part] = at(written, {part}).is_null() ? json("0s") : at(written, {part});
  }
  if (json* match = member_at(kept, {"match"})) {
    *match = only(*match, {"paths", "methods", "hosts", "remoteAddrs", "exprs"});
    each_object(member_at(*match, {"exprs"}), [](json& expression) {
      expression = only(expression, {"subject", "op", "set", "value"});
      if (json* subject = member_at(expression, {"subject"}))
        *subject = only(*subject, {"scope", "name"});
    });
  }
  each_object(member_at(kept, {"backends"}), [](json& backend) {
    backend =
        only(backend, {"serviceName", "servicePort", "resolveGranularity", "weight", "subset"});
  });
  each_object(member_at(kept, {"plugins"}), [](json& plugin) {
    plugin = only(plugin, {"name", "enable", "config"});
  });
  if (json* authentication = member_at(kept, {"authentication"})) {
    *authentication = only(*authentication, {"enable", "type", "keyAuth", "jwtAuth"});
    if (json* key = member_at(*authentication, {"keyAuth"})) *key = only(*key, {"header"});
    if (json* token = member_at(*authentication, {"jwtAuth"}))
      *token = only(*token, {"header", "query", "cookie"});
  }
  return kept;
}

json modelled_spec(const json& spec) {
  json kept = only(spec, {"http", "stream"});
  each_object(member_at(kept, {"http"}), [](json& rule) { rule = modelled(rule); });
  return kept;
}

json without_weights(json spec) {
  each_object(member_at(spec, {"http"}), [](json& rule) {
    each_object(member_at(rule, {"backends"}), [](json& backend) { backend.erase("weight"); });
  });
  return spec;
}

/// The first rule with a backend of this service; nullptr when there is none.
const json* rule_with(const json& spec, std::string_view service) {
  for (const json& rule : list_at(spec, {"http"}))
    if (entry_named(at(rule, {"backends"}), {"serviceName"}, service)) return &rule;
  return nullptr;
}

/// RT-APISIX-04, RT-APISIX-05. `source` is the user's spec, `rule` the target rule of it, which has
/// one backend.
json copied(const RouteContext& context, const json& source, const json& rule,
            const Routes& routes) {
  json copy = context.strict() ? rule : modelled(rule);  // RT-APISIX-08 [Q]
  copy["priority"] = above_the_users;
  copy["websocket"] = true_at(rule, {"websocket"});
  json primary = copy["backends"].front();
  json canary =
      context.strict() ? primary : only(primary, {"servicePort", "resolveGranularity", "subset"});
  primary["serviceName"] = context.primary();
  primary["weight"] = routes.primary.percent();
  canary["serviceName"] = context.service_canary();
  canary["weight"] = routes.canary.percent();
  copy["backends"] = json::array({std::move(primary), std::move(canary)});

  json spec = context.strict() ? source : modelled_spec(source);
  spec["http"] = json::array({std::move(copy)});
  return spec;
}

class ApisixProvider final : public RouteProvider {
 public:
  [[nodiscard]] Result<std::vector<ObjectPath>> reads(const RouteContext& context,
                                                      Operation operation) const override {
    if (operation == Operation::Finalize) return std::vector<ObjectPath>{};  // RT-APISIX-21
    const auto users = users_path(context);
    if (!users) return tl::unexpected(users.error());
    if (operation == Operation::Reconcile) return std::vector{*users, path(context)};
    return std::vector{path(context)};
  }

  [[nodiscard]] Result<RouteWrites> reconcile(const RouteContext& context,
                                              const Snapshot& snapshot) const override {
    const auto users = users_path(context);
    if (!users) return tl::unexpected(users.error());
    const json* source = snapshot.find(*users);
    if (!source) return tl::unexpected(missing(kind, *users));
    const auto rule = target_rule(context, *users, at(*source, {"spec"}));
    if (!rule) return tl::unexpected(rule.error());

    const ObjectPath where = path(context);
    const json* existing = snapshot.find(where);
    return reconciled(
        context, snapshot,
        {.kind = kind,
         .path = where,
         .spec =
             [&](const Routes& routes) {
               json spec = copied(context, at(*source, {"spec"}), **rule, routes);
               // RT-APISIX-09: what the user takes away from the source goes here, too.
               if (existing && context.strict() && at(*existing, {"spec"}).is_object())
                 for (const auto& [key, value] : at(*existing, {"spec"}).items())
                   if (!spec.contains(key)) spec[key] = nullptr;
               return spec;
             },
         .live = [&context](const json& spec) -> std::optional<Routes> {
           const json* ours = rule_with(spec, context.primary());
           if (!ours) return std::nullopt;
           return legal_split(at(*ours, {"backends"}), {"serviceName"}, context.primary(),
                              context.service_canary());
         },
         .comparable =
             [strict = context.strict()](const json& spec) {
               return without_weights(strict ? spec : modelled_spec(spec));
             },
         .labels = labels_at(*source, {"metadata", "labels"}),  // RT-APISIX-06
         .annotations = labels_at(*source, {"metadata", "annotations"}),
         .metadata_drifts = false});
  }

  [[nodiscard]] Result<Routes> routes(const RouteContext& context,
                                      const Snapshot& snapshot) const override {
    const ObjectPath where = path(context);
    const json* existing = snapshot.find(where);
    if (!existing) return tl::unexpected(missing(kind, where));
    const json* rule = rule_with(at(*existing, {"spec"}), context.primary());
    if (!rule) return tl::unexpected(no_rule(where, context.primary()));  // RT-APISIX-15
    return derived_routes(kind, where,
                          entry_named(at(*rule, {"backends"}), {"serviceName"}, context.primary()),
                          context.primary());
  }

  [[nodiscard]] Result<RouteWrites> set_routes(const RouteContext& context,
                                               const Snapshot& snapshot,
                                               const Routes& routes) const override {
    if (auto some = refuse_zero(routes); !some) return tl::unexpected(some.error());
    const ObjectPath where = path(context);
    const json* existing = snapshot.find(where);
    if (!existing) return tl::unexpected(missing(kind, where));
    json body = *existing;
    const json* rule = rule_with(at(body, {"spec"}), context.primary());
    if (!rule) return tl::unexpected(no_rule(where, context.primary()));
    json& all = *member_at(body, {"spec", "http"});
    const auto position = static_cast<std::size_t>(rule - &all.front());
    each_object(member_at(all[position], {"backends"}), [&](json& backend) {  // RT-APISIX-16
      const std::string service = text_at(backend, {"serviceName"});
      if (service == context.primary()) backend["weight"] = routes.primary.percent();
      if (service == context.service_canary()) backend["weight"] = routes.canary.percent();
    });
    if (context.strict() && body == *existing) return RouteWrites{};
    RouteWrites writes;
    writes.writes.push_back(
        {.verb = RouteWrite::Verb::Update, .path = where, .body = std::move(body)});
    warn_unsupported(context, "apisix", routes, writes);
    return writes;
  }

  [[nodiscard]] Result<RouteWrites> finalize(const RouteContext& /*context*/,
                                             const Snapshot& /*snapshot*/) const override {
    return RouteWrites{};
  }

 private:
  [[nodiscard]] static ObjectPath named(const RouteContext& context, std::string name) {
    return path_of(context, {"apisix.apache.org", "v2", "apisixroutes"}, std::move(name));
  }
  [[nodiscard]] static std::string reference(const RouteContext& context) {
    return text_at(context.object, {"spec", "routeRef", "name"});
  }
  [[nodiscard]] static ObjectPath path(const RouteContext& context) {
    return named(context, fmt::format("{}-{}-canary", reference(context), context.apex()));
  }

  /// RT-APISIX-01.
  [[nodiscard]] static Result<ObjectPath> users_path(const RouteContext& context) {
    if (reference(context).empty())
      return fail(ErrorKind::Invalid, "Canary {}: spec.routeRef names no ApisixRoute",
                  to_string(context.canary.name));
    return named(context, reference(context));
  }

  [[nodiscard]] static Error no_rule(const ObjectPath& where, std::string_view service) {
    return malformed(kind, where, fmt::format("no http rule has a backend {}", service));
  }

  /// RT-APISIX-02, RT-APISIX-03.
  [[nodiscard]] static Result<const json*> target_rule(const RouteContext& context,
                                                       const ObjectPath& where, const json& spec) {
    if (list_at(spec, {"http"}).empty())
      return tl::unexpected(malformed(kind, where, "it has no http rules"));
    const json* rule = rule_with(spec, context.apex());
    if (!rule) return tl::unexpected(no_rule(where, context.apex()));
    if (at(*rule, {"backends"}).size() != 1)
      return tl::unexpected(
          malformed(kind, where,
                    fmt::format("its rule of {} has more backends than that one", context.apex())));
    return rule;
  }
};

}  // namespace

std::unique_ptr<RouteProvider> apisix_provider() { return std::make_unique<ApisixProvider>(); }

}  // namespace volary::live
