#include <fmt/format.h>

#include "live/routers/gateway_api_spec.hpp"
#include "live/routers/model.hpp"
#include "live/routers/parts.hpp"

/// Conditions and filters of an HTTPRoute.
namespace volary::live::gateway_api {
namespace {

using nlohmann::json;

tl::unexpected<Error> no_words(const RouteContext& context, const std::string& field,
                               std::string_view accepted, std::string_view rule) {
  return fail(ErrorKind::Invalid, "Canary {}: {}: the Gateway API can match {} only ({})",
              to_string(context.canary.name), field, accepted, rule);
}

/// RT-GWAPI-14, RT-GWAPI-15: a map of string matches, sorted by key (RT-COMMON-27).
Result<json> named_values(const RouteContext& context, const json& written,
                          const std::string& field, std::string_view rule) {
  json list = json::array();
  if (!written.is_object()) return list;
  for (const auto& [name, match] : written.items()) {
    const std::string exact = text_at(match, {"exact"});
    const std::string regex = text_at(match, {"regex"});
    if (exact.empty() && regex.empty())
      return no_words(context, fmt::format("{}.{}", field, name), "exact and regex", rule);
    list.push_back({{"type", exact.empty() ? "RegularExpression" : "Exact"},
                    {"name", name},
                    {"value", exact.empty() ? regex : exact}});
  }
  return list;
}

/// RT-GWAPI-12.
Result<json> path_match(const RouteContext& context, const json& uri, const std::string& field) {
  for (const auto& [key, type] : {std::pair{"regex", "RegularExpression"},
                                  std::pair{"exact", "Exact"}, std::pair{"prefix", "PathPrefix"}})
    if (const std::string value = text_at(uri, {key}); !value.empty())
      return json{{"type", type}, {"value", value}};
  return no_words(context, field, "regex, exact and prefix", "RT-GWAPI-12");
}

/// RT-GWAPI-21: a map of headers as a list, sorted by name.
json header_list(const json& written) {
  json list = json::array();
  if (written.is_object())
    for (const auto& [name, value] : written.items())
      if (value.is_string()) list.push_back({{"name", name}, {"value", value}});
  return list;
}

void add_modifier(json& list, const json& headers, const char* type, const char* member) {
  if (!headers.is_object()) return;
  json modifier{{"add", header_list(at(headers, {"add"}))},
                {"set", header_list(at(headers, {"set"}))},
                {"remove", list_at(headers, {"remove"})}};
  list.push_back({{"type", type}, {member, without_empty(std::move(modifier))}});
}

/// RT-GWAPI-22.
void add_rewrite(json& list, const json& rewrite) {
  if (!rewrite.is_object()) return;
  json filter = json::object();
  if (const std::string host = text_at(rewrite, {"authority"}); !host.empty())
    filter["hostname"] = host;
  if (const std::string uri = text_at(rewrite, {"uri"}); !uri.empty()) {
    const bool prefix = text_at(rewrite, {"type"}) == "ReplacePrefixMatch";
    filter["path"] = {{"type", prefix ? "ReplacePrefixMatch" : "ReplaceFullPath"},
                      {prefix ? "replacePrefixMatch" : "replaceFullPath", uri}};
  }
  list.push_back({{"type", "URLRewrite"}, {"urlRewrite", std::move(filter)}});
}

/// RT-GWAPI-24.
void add_cors(json& list, const RouteContext& context, std::vector<std::string>& remarks) {
  const json& policy = at(context.service(), {"corsPolicy"});
  if (!policy.is_object()) return;
  json cors{{"allowOrigins", list_at(policy, {"allowOrigin"})},
            {"allowMethods", list_at(policy, {"allowMethods"})},
            {"allowHeaders", list_at(policy, {"allowHeaders"})},
            {"exposeHeaders", list_at(policy, {"exposeHeaders"})}};
  cors = without_empty(std::move(cors));
  if (true_at(policy, {"allowCredentials"})) cors["allowCredentials"] = true;
  if (const auto age = go_parse_duration(text_at(policy, {"maxAge"}))) {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(*age).count();
    // The CRD accepts 1 and more.
    if (whole > 0 || !context.strict()) cors["maxAge"] = whole;
  }
  if (!list_at(policy, {"allowOrigins"}).empty())
    remarks.push_back(
        fmt::format("Canary {}: service.corsPolicy.allowOrigins cannot be said in an HTTPRoute and "
                    "is left out; allowOrigin can (RT-GWAPI-24)",
                    to_string(context.canary.name)));
  list.push_back({{"type", "CORS"}, {"cors", std::move(cors)}});
}

}  // namespace

Result<json> translated(const RouteContext& context, const json& matches, std::string_view where) {
  json list = json::array();
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const json& entry = matches[i];
    const std::string field = fmt::format("{}[{}]", where, i);
    json match = json::object();
    if (const json& uri = at(entry, {"uri"}); uri.is_object()) {
      const auto path = path_match(context, uri, field + ".uri");
      if (!path) return path;
      match["path"] = *path;
    }
    if (const json& method = at(entry, {"method"}); method.is_object()) {  // RT-GWAPI-13
      const std::string exact = text_at(method, {"exact"});
      if (exact.empty()) return no_words(context, field + ".method", "exact", "RT-GWAPI-13");
      match["method"] = exact;
    }
    const auto headers =
        named_values(context, at(entry, {"headers"}), field + ".headers", "RT-GWAPI-14");
    if (!headers) return headers;
    const auto query =
        named_values(context, at(entry, {"queryParams"}), field + ".queryParams", "RT-GWAPI-15");
    if (!query) return query;
    if (!headers->empty()) match["headers"] = *headers;
    if (!query->empty()) match["queryParams"] = *query;
    if (!match.empty()) list.push_back(std::move(match));  // RT-GWAPI-15
  }
  return list;
}

json filters(const RouteContext& context, Model model, std::vector<std::string>& remarks) {
  const json& service = context.service();
  json list = json::array();
  add_modifier(list, at(service, {"headers", "request"}), "RequestHeaderModifier",
               "requestHeaderModifier");
  add_modifier(list, at(service, {"headers", "response"}), "ResponseHeaderModifier",
               "responseHeaderModifier");
  add_rewrite(list, at(service, {"rewrite"}));
  static const json backend_shape = json::parse(
      R"({"group": true, "kind": true, "namespace": true, "name": true, "port": true})");
  for (const json& mirror : list_at(service, {"mirror"}))  // RT-GWAPI-23
    if (const json& backend = at(mirror, {"backendRef"}); backend.is_object())
      list.push_back({{"type", "RequestMirror"},
                      {"requestMirror", {{"backendRef", modelled(backend, backend_shape)}}}});
  if (model == Model::V1) add_cors(list, context, remarks);
  return list;
}

}  // namespace volary::live::gateway_api
