#include "live/kube_objects.hpp"
#include "sim/cluster/proxy_readers.hpp"

/// How a Gateway reads an HTTPRoute.
namespace volary::sim::cluster {
namespace {

using live::list_at;
using live::text_at;
using nlohmann::json;

std::string set_cookie(const json& backend) {
  for (const json& filter : list_at(backend, {"filters"}))
    for (const json& header : list_at(filter, {"responseHeaderModifier", "add"}))
      if (lower(text_at(header, {"name"})) == "set-cookie") return text_at(header, {"value"});
  return {};
}

}  // namespace

std::vector<ProxyRule> read_http_route(const json& object, const RoutedNames& names) {
  std::vector<ProxyRule> rules;
  for (const json& written : list_at(object, {"spec", "rules"})) {
    const json& backends = list_at(written, {"backendRefs"});
    ProxyRule rule = weighted(backends, {"name"}, names.primary, names.canary, 1);
    for (const json& match : list_at(written, {"matches"})) {
      Condition condition;
      for (const json& header : list_at(match, {"headers"}))
        condition[lower(text_at(header, {"name"}))] = {
            .kind = text_at(header, {"type"}) == "RegularExpression" ? StringMatch::Kind::Regex
                                                                     : StringMatch::Kind::Exact,
            .value = text_at(header, {"value"})};
      rule.any_of.push_back(std::move(condition));
    }
    for (const json& filter : list_at(written, {"filters"}))
      if (text_at(filter, {"requestMirror", "backendRef", "name"}) == names.canary)
        rule.mirrors = true;
    for (const json& backend : backends) {
      const std::string name = text_at(backend, {"name"});
      if (name == names.primary) rule.primary_cookie = set_cookie(backend);
      if (name == names.canary) rule.canary_cookie = set_cookie(backend);
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace volary::sim::cluster
