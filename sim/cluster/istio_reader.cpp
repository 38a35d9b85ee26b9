#include "live/kube_objects.hpp"
#include "sim/cluster/proxy_readers.hpp"

/// How Envoy, told by Istio, reads a VirtualService.
namespace volary::sim::cluster {
namespace {

using live::at;
using live::list_at;
using live::text_at;
using nlohmann::json;

/// What `headers.response.add` gives to the answers of a destination.
std::string set_cookie(const json& holder) {
  return text_at(holder, {"headers", "response", "add", "Set-Cookie"});
}

}  // namespace

std::vector<ProxyRule> read_virtual_service(const json& object, const RoutedNames& names) {
  const bool tcp = list_at(object, {"spec", "http"}).empty();
  std::vector<ProxyRule> rules;
  for (const json& route : list_at(object, {"spec", tcp ? "tcp" : "http"})) {
    const json& destinations = list_at(route, {"route"});
    ProxyRule rule = weighted(destinations, {"destination", "host"}, names.primary, names.canary);
    // The only destination takes everything, whatever it weighs.
    if (destinations.size() == 1) (rule.divides ? rule.canary : rule.primary) = 100;
    for (const json& match : list_at(route, {"match"})) {
      Condition condition;
      if (const json& headers = at(match, {"headers"}); headers.is_object())
        for (const auto& [name, written] : headers.items())
          if (const auto wanted = string_match(written)) condition[lower(name)] = *wanted;
      rule.any_of.push_back(std::move(condition));
    }
    rule.mirrors = text_at(route, {"mirror", "host"}) == names.canary;
    for (const json& destination : destinations) {
      const std::string host = text_at(destination, {"destination", "host"});
      if (host == names.primary) rule.primary_cookie = set_cookie(destination);
      if (host == names.canary) rule.canary_cookie = set_cookie(destination);
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace volary::sim::cluster
