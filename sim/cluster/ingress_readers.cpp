#include <algorithm>

#include <fmt/format.h>

#include "live/kube_objects.hpp"
#include "sim/cluster/proxy_readers.hpp"

/// Contour, Gloo, App Mesh and NGINX, which know weights and one way each to tell requests apart.
namespace volary::sim::cluster {

using live::at;
using live::list_at;
using live::text_at;
using nlohmann::json;

/// RT-CONTOUR-10: all conditions of a route have to be met, so several headers are one condition.
std::vector<ProxyRule> read_http_proxy(const json& object, const RoutedNames& names) {
  std::vector<ProxyRule> rules;
  const json& routes = list_at(object, {"spec", "routes"});
  for (const json& route : routes) {
    ProxyRule rule = weighted(at(route, {"services"}), {"name"}, names.primary, names.canary);
    Condition all;
    for (const json& condition : list_at(route, {"conditions"})) {
      const std::string name = lower(text_at(condition, {"header", "name"}));
      if (name.empty()) continue;
      if (const json& exact = at(condition, {"header", "exact"}); exact.is_string()) {
        all[name] = {.kind = StringMatch::Kind::Exact, .value = exact.get<std::string>()};
      } else if (const json& part = at(condition, {"header", "contains"}); part.is_string()) {
        std::string quoted;
        for (const char c : part.get<std::string>())
          quoted += fmt::format("\\x{{{:x}}}", static_cast<unsigned char>(c));
        all[name] = {.kind = StringMatch::Kind::Regex, .value = ".*" + quoted + ".*"};
      }
    }
    // The route of everybody else lists the canary, too, and gives it nothing (RT-CONTOUR-09).
    rule.divides = rule.divides && (&route == &routes.front() || rule.canary > 0);
    if (!all.empty()) rule.any_of.push_back(std::move(all));
    rules.push_back(std::move(rule));
  }
  return rules;
}

/// RT-APPMESH-05: all headers of a route have to match.
std::vector<ProxyRule> read_app_mesh(const json& object, const RoutedNames& names) {
  std::vector<ProxyRule> rules;
  for (const json& route : list_at(object, {"spec", "routes"})) {
    const json& http =
        at(route, {"http"}).is_object() ? at(route, {"http"}) : at(route, {"httpRoute"});
    const json& targets = at(http, {"action", "weightedTargets"});
    ProxyRule rule = weighted(targets, {"virtualNodeRef", "name"}, names.primary, names.canary);
    if (at(route, {"http"}).is_object())
      rule = weighted(targets, {"virtualNodeName"}, names.primary, names.canary);
    Condition all;
    for (const json& header : list_at(http, {"match", "headers"}))
      if (const auto wanted = string_match(at(header, {"match"})))
        all[lower(text_at(header, {"name"}))] = *wanted;
    if (!all.empty()) rule.any_of.push_back(std::move(all));
    rules.push_back(std::move(rule));
  }
  return rules;
}

/// Upstreams are called `<namespace>-<apex>-primaryupstream-<port>` (RT-GLOO-01). All headers of a
/// matcher have to match.
std::vector<ProxyRule> read_route_table(const json& object, const RoutedNames& names) {
  std::vector<ProxyRule> rules;
  for (const json& route : list_at(object, {"spec", "routes"})) {
    json destinations = list_at(route, {"routeAction", "multi", "destinations"});
    for (json& destination : destinations) {
      std::string name = text_at(destination, {"destination", "upstream", "name"});
      name = name.substr(0, name.rfind('-'));
      destination["side"] = name;
    }
    const std::string stem = names.ns + "-" + names.apex;
    ProxyRule rule =
        weighted(destinations, {"side"}, stem + "-primaryupstream", stem + "-canaryupstream");
    for (const json& matcher : list_at(route, {"matchers"})) {
      Condition all;
      for (const json& header : list_at(matcher, {"headers"}))
        all[lower(text_at(header, {"name"}))] = {.kind = live::true_at(header, {"regex"})
                                                             ? StringMatch::Kind::Regex
                                                             : StringMatch::Kind::Exact,
                                                 .value = text_at(header, {"value"})};
      rule.any_of.push_back(std::move(all));
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

/// A canary Ingress: the header decides first, then the cookie, then the weight (RT-NGINX-10,
/// RT-NGINX-17). A cookie's value is `always`, and so is a header's without a value of its own.
std::vector<ProxyRule> read_nginx(const json& object, const RoutedNames&) {
  const live::Labels annotations = live::labels_at(object, {"metadata", "annotations"});
  const auto said = [&](const std::string& name) -> std::string {
    for (const auto& [key, value] : annotations)
      if (key.ends_with("/" + name)) return value;
    return {};
  };
  std::vector<ProxyRule> rules;
  const auto everything_for = [&](Condition condition) {
    rules.push_back({.any_of = {std::move(condition)}, .canary = 100, .divides = true});
  };
  if (said("canary") == "true") {
    if (const std::string header = said("canary-by-header"); !header.empty()) {
      StringMatch match{.kind = StringMatch::Kind::Exact, .value = "always"};
      if (const std::string pattern = said("canary-by-header-pattern"); !pattern.empty())
        match = {.kind = StringMatch::Kind::Regex, .value = pattern};
      if (const std::string value = said("canary-by-header-value"); !value.empty())
        match = {.kind = StringMatch::Kind::Exact, .value = value};
      everything_for({{lower(header), match}});
    }
    if (const std::string cookie = said("canary-by-cookie"); !cookie.empty())
      everything_for(
          {{"cookie",
            {.kind = StringMatch::Kind::Regex, .value = "(.*; ?)?" + cookie + "=always(;.*)?"}}});
  }
  const json weight = said("canary-weight");
  const auto canary =
      static_cast<int>(std::clamp<std::int64_t>(live::integer_at(weight, {}).value_or(0), 0, 100));
  rules.push_back(
      {.primary = 100 - canary, .canary = canary, .divides = rules.empty() || canary > 0});
  return rules;
}

}  // namespace volary::sim::cluster
