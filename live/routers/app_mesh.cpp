#include "live/routers/app_mesh.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace volary::live {
namespace {

using nlohmann::json;

/// RT-APPMESH-05: all headers of all entries, of which all have to match.
json header_matches(const RouteContext& context) {
  json all = json::array();
  for (const json& entry : analysis_match(context)) {
    const json& headers = at(entry, {"headers"});
    if (!headers.is_object()) continue;
    for (const auto& [name, match] : headers.items()) {
      json tests = json::object();
      for (const char* kind : {"exact", "prefix", "regex", "suffix"})
        if (std::string value = text_at(match, {kind}); !value.empty())
          tests[kind] = std::move(value);
      all.push_back({{"name", name}, {"match", std::move(tests)}});
    }
  }
  return all;
}

}  // namespace

ObjectPath AppMeshProvider::path(const RouteContext& context, const char* version,
                                 const char* plural, std::string name) {
  return path_of(context, {"appmesh.k8s.aws", version, plural}, std::move(name));
}

std::string AppMeshProvider::protocol(const RouteContext& context) {
  const std::string port = text_at(context.service(), {"portName"});
  return port.find("grpc") == std::string::npos ? "http" : "grpc";
}

json AppMeshProvider::logging(const RouteContext& context) {
  const auto& annotations = context.canary.annotations;
  const auto log = annotations.find("appmesh.flagger.app/accesslog");
  if (log == annotations.end() || log->second != "enabled") return {};
  return {{"accessLog", {{"file", {{"path", "/dev/stdout"}}}}}};
}

Labels AppMeshProvider::node_labels(const RouteContext& context) {
  return labels_at(context.service(), {"apex", "labels"});
}

Labels AppMeshProvider::gateway_annotations(const RouteContext& context) {
  std::string domain;
  for (const std::string& host : context.canary.spec.service.hosts) domain += host + ",";
  if (domain.empty()) return {};
  const std::string prefix = "gateway.appmesh.k8s.aws/";
  Labels annotations{{prefix + "expose", "true"}, {prefix + "domain", domain}};
  if (const std::string timeout = text_at(context.service(), {"timeout"}); !timeout.empty())
    annotations[prefix + "timeout"] = timeout;
  if (const auto attempts = integer_at(context.service(), {"retries", "attempts"});
      attempts && *attempts > 0)
    annotations[prefix + "retries"] = std::to_string(*attempts);
  return annotations;
}

std::optional<AppMeshProvider::Retries> AppMeshProvider::retries(const RouteContext& context) {
  const json& written = at(context.service(), {"retries"});
  if (!written.is_object()) return std::nullopt;
  const auto each = go_parse_duration(text_at(written, {"perTryTimeout"}));
  const auto most = integer_at(written, {"attempts"});
  const std::string on = text_at(written, {"retryOn"});
  return Retries{
      .timeout_ms =
          each ? std::chrono::duration_cast<std::chrono::milliseconds>(*each).count() : 250,
      .most = most && *most > 0 ? *most : 1,
      .events = on.empty() ? json::array({"gateway-error"}) : split_at_commas(on)};
}

json AppMeshProvider::targets(const RouteContext& context, const Routes& routes) const {
  const auto target = [&](const std::string& node, Weight weight) -> json {
    return {{spelling_.node, spelling_.node_is_object ? json{{"name", node}} : json(node)},
            {"weight", weight.percent()}};
  };
  return json::array(
      {target(context.service_canary(), routes.canary), target(context.primary(), routes.primary)});
}

json AppMeshProvider::route(const RouteContext& context, const std::string& name, json headers,
                            json targets) const {
  json http = policies(context);
  http["match"] = {{"prefix", first_prefix(context)}, {"headers", std::move(headers)}};
  http["action"] = {{"weightedTargets", std::move(targets)}};
  return {{"name", name}, {"priority", nullptr}, {spelling_.http, std::move(http)}};
}

json AppMeshProvider::route_list(const RouteContext& context, const std::string& router, bool apex,
                                 const Routes& routes) const {
  if (!apex || analysis_match(context).empty())
    return json::array({route(context, router, nullptr, targets(context, routes))});
  json headers = header_matches(context);
  json matched = route(context, router + "-a", headers.empty() ? json() : std::move(headers),
                       targets(context, routes));
  matched["priority"] = 10;
  json rest =
      route(context, router + "-b", nullptr, json::array({targets(context, Routes{}).back()}));
  rest["priority"] = 20;
  return json::array({std::move(matched), std::move(rest)});
}

std::string AppMeshProvider::node_of(const json& target) const {
  return spelling_.node_is_object ? text_at(target, {spelling_.node, "name"})
                                  : text_at(target, {spelling_.node});
}

SplitObject AppMeshProvider::split_object(const RouteContext& context, ObjectPath where, bool apex,
                                          std::function<json(const Routes&)> spec) const {
  const Routes initial = apex ? Routes{} : Routes{.primary = Weight{0}, .canary = Weight{100}};
  return {.kind = spelling_.routed_kind,
          .path = std::move(where),
          .spec = std::move(spec),
          .live = [this, apex, initial, primary = context.primary(),
                   canary = context.service_canary()](const json& now) -> std::optional<Routes> {
            const json& all = list_at(now, {"routes"});
            if (all.empty()) return std::nullopt;
            json named = json::array();
            for (const json& target :
                 list_at(all.front(), {spelling_.http, "action", "weightedTargets"}))
              named.push_back({{"node", node_of(target)}, {"weight", at(target, {"weight"})}});
            const auto split = legal_split(named, {"node"}, primary, canary);
            if (!apex && split != initial) return std::nullopt;
            for (std::size_t i = 1; i < all.size(); ++i) {  // the others are the primary's alone
              const json& rest = list_at(all[i], {spelling_.http, "action", "weightedTargets"});
              if (rest.size() != 1 || node_of(rest.front()) != primary ||
                  entry_weight(rest.front()) != 100)
                return std::nullopt;
            }
            return split;
          },
          .comparable =
              [http = spelling_.http](json now) {
                if (json* all = member_at(now, {"routes"}); all && all->is_array())
                  for (json& route : *all)
                    if (json* action = member_at(route, {http, "action"});
                        action && action->is_object())
                      action->erase("weightedTargets");
                return now;
              },
          .lists = {{"routes", "name"},
                    {"listeners", ""},
                    {"weightedTargets", spelling_.node},
                    {"backends", "virtualService"}},
          .metadata_drifts = false,
          .initial = initial};
}

RouteWrites AppMeshProvider::reconciled_keeping(const RouteContext& context,
                                                const Snapshot& snapshot,
                                                const SplitObject& object) const {
  RouteWrites writes = reconciled(context, snapshot, object);
  const json* existing = snapshot.find(object.path);
  // Strict mode has kept what may be kept (RT-COMMON-41); the reference keeps whatever is there.
  if (!existing || context.strict() || writes.writes.empty()) return writes;
  const json& routes = list_at(*existing, {"spec", "routes"});
  if (routes.empty()) return writes;
  const json& action = at(routes.front(), {spelling_.http, "action"});
  json& first = writes.writes.front().body["spec"]["routes"].front();
  if (action.is_object()) first[spelling_.http]["action"] = action;
  return writes;
}

Result<void> AppMeshProvider::refuse_matching_all(const RouteContext& context) {
  if (!context.strict() || analysis_match(context).empty() || !header_matches(context).empty())
    return {};
  Error error{.kind = ErrorKind::Invalid,
              .message = fmt::format("Canary {}: analysis.match has no headers, and App Mesh is "
                                     "told nothing else: all requests would go to the canary",
                                     to_string(context.canary.name)),
              .where = {},
              .hint = "match a header (RT-APPMESH-05)"};
  return tl::unexpected(std::move(error));
}

Result<Routes> AppMeshProvider::routes(const RouteContext& context,
                                       const Snapshot& snapshot) const {
  const ObjectPath where = routed(context);
  const std::string& kind = spelling_.routed_kind;
  const json* existing = snapshot.find(where);
  if (!existing) return tl::unexpected(missing(kind, where));
  const json& all = list_at(*existing, {"spec", "routes"});
  if (all.empty()) return tl::unexpected(malformed(kind, where, "it has no routes"));
  const json& both = list_at(all.front(), {spelling_.http, "action", "weightedTargets"});
  if (both.size() != 2)
    return tl::unexpected(malformed(kind, where, "its first route has not two targets"));
  Routes found{.primary = Weight{0}, .canary = Weight{0}, .mirrored = false};
  for (const json& target : both) {
    const std::string node = node_of(target);
    if (node != context.primary() && node != context.service_canary()) continue;
    const auto weight = entry_weight(target);
    if (!weight) return tl::unexpected(unreadable(kind, where, node));
    (node == context.primary() ? found.primary : found.canary) = Weight{*weight};
  }
  if (found.primary == Weight{0} && found.canary == Weight{0})
    return tl::unexpected(malformed(kind, where, "primary and canary both weigh 0"));
  return found;
}

Result<RouteWrites> AppMeshProvider::set_routes(const RouteContext& context,
                                                const Snapshot& snapshot,
                                                const Routes& routes) const {
  if (routes.canary > Weight{0})
    if (auto may = refuse_matching_all(context); !may) return tl::unexpected(may.error());
  const ObjectPath where = routed(context);
  const json* existing = snapshot.find(where);
  if (!existing) return tl::unexpected(missing(spelling_.routed_kind, where));
  json body = *existing;
  const json& all = list_at(body, {"spec", "routes"});
  if (all.empty() || !all.front().is_object())  // the reference crashes
    return tl::unexpected(malformed(spelling_.routed_kind, where, "it has no routes"));
  json& first = body["spec"]["routes"].front();
  first = laid_over(
      first, {{spelling_.http, {{"action", {{"weightedTargets", targets(context, routes)}}}}}},
      {{"weightedTargets", spelling_.node}});
  if (context.strict() && body == *existing) return RouteWrites{};
  RouteWrites writes;
  writes.writes.push_back(
      {.verb = RouteWrite::Verb::Update, .path = where, .body = std::move(body)});
  return writes;
}

Result<RouteWrites> AppMeshProvider::finalize(const RouteContext& /*context*/,
                                              const Snapshot& /*snapshot*/) const {
  return RouteWrites{};
}

}  // namespace volary::live
