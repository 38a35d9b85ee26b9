#include "sim/cluster/proxy_readers.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "live/kube_objects.hpp"

namespace volary::sim::cluster {

using live::at;
using live::list_at;
using live::Resource;
using live::text_at;
using nlohmann::json;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::optional<StringMatch> string_match(const json& written) {
  using Kind = StringMatch::Kind;
  for (const auto& [key, kind] :
       {std::pair{"exact", Kind::Exact}, std::pair{"prefix", Kind::Prefix},
        std::pair{"suffix", Kind::Suffix}, std::pair{"regex", Kind::Regex}})
    if (const json& value = at(written, {key}); value.is_string())
      return StringMatch{.kind = kind, .value = value.get<std::string>()};
  return std::nullopt;
}

ProxyRule weighted(const json& destinations, std::initializer_list<std::string_view> path,
                   std::string_view primary, std::string_view canary, int missing_weight,
                   char end) {
  ProxyRule rule;
  if (!destinations.is_array()) return rule;
  for (const json& destination : destinations) {
    std::string name = text_at(destination, path);
    if (end != '\0') name = name.substr(0, name.find(end));
    const auto weight = static_cast<int>(std::clamp<std::int64_t>(
        live::integer_at(destination, {"weight"}).value_or(missing_weight), 0, 1'000'000));
    if (name == primary) rule.primary += weight;
    if (name == canary) {
      rule.canary += weight;
      rule.divides = true;
    }
  }
  return rule;
}

std::optional<RouteReader> route_reader(const std::string& provider, const RoutedNames& names) {
  const auto reader = [&](Resource resource, const std::string& name, auto read,
                          bool namespaced = true) {
    return RouteReader{
        .resource = resource, .path = {resource, namespaced ? names.ns : "", name}, .read = read};
  };
  if (provider == "kubernetes" || provider == "knative") return std::nullopt;
  if (provider.starts_with("gatewayapi:v1beta1"))
    return reader({"gateway.networking.k8s.io", "v1beta1", "httproutes"}, names.apex,
                  read_http_route);
  if (provider.starts_with("gatewayapi:v1"))
    return reader({"gateway.networking.k8s.io", "v1", "httproutes"}, names.apex, read_http_route);
  if (provider.starts_with("appmesh:v1beta2"))
    return reader({"appmesh.k8s.aws", "v1beta2", "virtualrouters"}, names.apex, read_app_mesh);
  if (provider == "appmesh")
    return reader({"appmesh.k8s.aws", "v1beta1", "virtualservices"}, names.apex + "." + names.ns,
                  read_app_mesh);
  if (provider == "contour")
    return reader({"projectcontour.io", "v1", "httpproxies"}, names.apex, read_http_proxy);
  if (provider.starts_with("gloo"))
    return reader({"gateway.solo.io", "v1", "routetables"}, names.apex, read_route_table);
  if (provider == "nginx")
    return reader({"networking.k8s.io", "v1", "ingresses"}, names.ingress + "-canary", read_nginx);
  if (provider == "skipper")
    return reader({"networking.k8s.io", "v1", "ingresses"}, names.ingress + "-canary",
                  read_skipper);
  if (provider == "traefik")
    return reader({"traefik.io", "v1alpha1", "traefikservices"}, names.apex, read_traefik);
  if (provider == "apisix")
    return reader({"apisix.apache.org", "v2", "apisixroutes"},
                  fmt::format("{}-{}-canary", names.route, names.apex), read_apisix);
  if (provider == "kuma")
    return reader({"kuma.io", "v1alpha1", "trafficroutes"}, names.apex, read_kuma, false);
  for (const char* version : {"v1alpha1", "v1alpha2", "v1alpha3"})
    if (provider.starts_with(std::string{"smi:"} + version))
      return reader({"split.smi-spec.io", version, "trafficsplits"}, names.apex,
                    read_traffic_split);
  if (provider == "linkerd" || provider == "osm")
    return reader(
        {"split.smi-spec.io", provider == "osm" ? "v1alpha2" : "v1alpha1", "trafficsplits"},
        names.apex, read_traffic_split);
  return reader({"networking.istio.io", "v1beta1", "virtualservices"}, names.apex,
                read_virtual_service);  // RT-COMMON-04 row 20
}

// ── providers that know weights only ──

std::vector<ProxyRule> read_traffic_split(const json& object, const RoutedNames& names) {
  return {weighted(at(object, {"spec", "backends"}), {"service"}, names.primary, names.canary)};
}

/// Traefik takes a missing weight as 1 (RT-TRAEFIK-03).
std::vector<ProxyRule> read_traefik(const json& object, const RoutedNames& names) {
  ProxyRule rule = weighted(at(object, {"spec", "weighted", "services"}), {"name"}, names.primary,
                            names.canary, 1);
  rule.divides = true;  // a canary that takes nothing is not listed (RT-TRAEFIK-11)
  return {rule};
}

std::vector<ProxyRule> read_apisix(const json& object, const RoutedNames& names) {
  std::vector<ProxyRule> rules;
  for (const json& rule : list_at(object, {"spec", "http"}))
    rules.push_back(weighted(at(rule, {"backends"}), {"serviceName"}, names.primary, names.canary));
  return rules;
}

/// RT-KUMA-10: a tag is `<service>_<namespace>_svc_<port>`.
std::vector<ProxyRule> read_kuma(const json& object, const RoutedNames& names) {
  return {weighted(at(object, {"spec", "conf", "split"}), {"destination", "kuma.io/service"},
                   names.primary, names.canary, 0, '_')};
}

/// RT-SKIPPER-05..07: with `False()` the route is switched off and the user's own Ingress serves.
std::vector<ProxyRule> read_skipper(const json& object, const RoutedNames& names) {
  ProxyRule rule{.primary = 100, .divides = true};
  const std::string predicate =
      text_at(object, {"metadata", "annotations", "zalando.org/skipper-predicate"});
  if (predicate.find("False()") != std::string::npos) return {rule};
  const json weights = json::parse(
      text_at(object, {"metadata", "annotations", "zalando.org/backend-weights"}), nullptr, false);
  const auto weight = [&](const std::string& name) {
    return static_cast<int>(live::integer_at(weights, {name}).value_or(0));
  };
  rule.primary = weight(names.primary);
  rule.canary = weight(names.canary);
  return {rule};
}

}  // namespace volary::sim::cluster
