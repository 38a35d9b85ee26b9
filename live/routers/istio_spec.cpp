#include "live/routers/istio_spec.hpp"

#include <algorithm>
#include <cctype>

#include "live/routers/model.hpp"
#include "live/routers/parts.hpp"

namespace volary::live::istio {
namespace {

using nlohmann::json;

const json& analysis_match(const RouteContext& context) {
  return list_at(context.object, {"spec", "analysis", "match"});
}

/// RT-ISTIO-08.
bool writes_ports(const RouteContext& context) {
  if (!true_at(context.service(), {"portDiscovery"})) return false;
  if (is_delegated(context)) return true;
  const json& gateways = list_at(context.service(), {"gateways"});
  return !gateways.empty() && gateways.front() != "mesh";
}

json destination(const RouteContext& context, const std::string& host, Weight weight) {
  json to{{"host", host}};
  if (writes_ports(context)) to["port"] = {{"number", context.canary.spec.service.port}};
  return {{"destination", std::move(to)}, {"weight", weight.percent()}};
}

/// The two backends of a weighted route, primary first.
json destinations(const RouteContext& context, Weight primary, Weight canary) {
  return json::array({destination(context, context.primary(), primary),
                      destination(context, context.service_canary(), canary)});
}

/// What every HTTP route of a Canary carries beside its destinations (RT-ISTIO-09).
json http_frame(const RouteContext& context) {
  const json& service = context.service();
  json route = json::object();
  for (const char* key : {"match", "rewrite", "timeout", "retries", "corsPolicy", "headers"})
    if (const json& value = at(service, {key}); !value.is_null()) route[key] = value;
  route = without_empty(modelled(route, virtual_service_shape()["http"].front()));
  if (at(route, {"retries"}).is_object() && !route["retries"].contains("attempts"))
    route["retries"]["attempts"] = 0;
  return without_nulls(std::move(route));
}

json weighted(const RouteContext& context, Weight primary, Weight canary) {
  json route = http_frame(context);
  route["route"] = destinations(context, primary, canary);
  return route;
}

/// RT-ISTIO-10, RT-ISTIO-47.
json ab_routes(const RouteContext& context, Weight primary, Weight canary) {
  json test = weighted(context, primary, canary);
  test["match"] =
      merged_matches(analysis_match(context), at(context.service(), {"match"}), context.strict());
  json others = http_frame(context);
  others["route"] = json::array({destination(context, context.primary(), primary)});
  return json::array({std::move(test), std::move(others)});
}

json cookie_match(const RouteContext& context, const std::string& cookie) {
  const json special =
      json::array({json{{"headers", {{"Cookie", {{"regex", cookie_regex(cookie)}}}}}}});
  return merged_matches(special, at(context.service(), {"match"}), context.strict());
}

json& object_in(json& holder, const char* key) {
  json& member = holder[key];
  if (!member.is_object()) member = json::object();
  return member;
}

void add_response_header(json& holder, const std::string& value) {
  json& response = object_in(object_in(holder, "headers"), "response");
  object_in(response, "add")["Set-Cookie"] = value;
}

/// RT-COMMON-58 for `c > 0`, RT-ISTIO-42.
Result<json> sticky_routes(const RouteContext& context, const SessionAffinity& affinity,
                           const Routes& routes) {
  const CanaryStatus& status = context.canary.status;
  const bool with_primary = !affinity.primary_cookie_name.empty();
  if (status.session_affinity_cookie.empty() ||
      (with_primary && status.primary_session_affinity_cookie.empty()))
    return fail(ErrorKind::Invalid, "Canary {}: a cookie of its session affinity was not drawn",
                to_string(context.canary.name));

  json list = json::array();
  json to_canary = weighted(context, Weight{0}, Weight{100});
  to_canary["match"] = cookie_match(context, status.session_affinity_cookie);
  list.push_back(std::move(to_canary));

  json divided = weighted(context, routes.primary, routes.canary);
  if (with_primary) {
    const auto age = primary_cookie_age(context.canary);
    if (!age) return tl::unexpected(age.error());
    json to_primary = weighted(context, Weight{100}, Weight{0});
    to_primary["match"] = cookie_match(context, status.primary_session_affinity_cookie);
    list.push_back(std::move(to_primary));
    add_response_header(divided["route"][0],
                        set_cookie(affinity, status.primary_session_affinity_cookie, *age));
  }
  add_response_header(divided["route"][1], set_cookie(affinity, status.session_affinity_cookie,
                                                      canary_cookie_age(affinity)));
  list.push_back(std::move(divided));
  return list;
}

/// RT-COMMON-58 for `c == 0`, RT-ISTIO-43.
json unsticky_routes(const RouteContext& context, const Routes& routes) {
  const std::string& previous = context.canary.status.previous_session_affinity_cookie;
  json divided = weighted(context, routes.primary, routes.canary);
  if (previous.empty()) {
    // RT-ISTIO-45 [Q]: the reference writes the same route twice.
    json list = json::array({divided});
    if (!context.strict()) list.push_back(divided);
    return list;
  }
  json forget = divided;
  forget["match"] = cookie_match(context, previous);
  add_response_header(forget, delete_cookie(previous));
  // RT-ISTIO-44 [Q]: in the reference both routes share the headers of the Canary.
  if (!context.strict() && at(context.service(), {"headers"}).is_object())
    add_response_header(divided, delete_cookie(previous));
  return json::array({std::move(forget), std::move(divided)});
}

/// RT-ISTIO-46.
void mirror(const RouteContext& context, json& route) {
  route["mirror"] = {{"host", context.service_canary()}};
  if (const int share = context.canary.spec.analysis.mirror_weight; share > 0)
    route["mirrorPercentage"] = {{"value", share}};
}

}  // namespace

const json& virtual_service_shape() {
  static const json shape = json::parse(R"({
    "hosts": true, "gateways": true,
    "http": [{
      "name": true,
      "match": [{"name": true, "uri": true, "scheme": true, "method": true, "authority": true,
                 "headers": true, "port": true, "sourceLabels": true, "gateways": true,
                 "queryParams": true, "ignoreUriCase": true, "withoutHeaders": true,
                 "sourceNamespace": true}],
      "route": [{"destination": {"host": true, "subset": true,
                                 "port": {"number": true, "name": true}},
                 "weight": true, "headers": true}],
      "redirect": {"uri": true, "authority": true},
      "rewrite": {"uri": true, "authority": true},
      "timeout": true,
      "retries": {"attempts": true, "perTryTimeout": true, "retryOn": true},
      "fault": {"delay": {"percent": true, "fixedDelay": true, "exponentialDelay": true},
                "abort": {"percent": true, "httpStatus": true}},
      "mirror": true, "mirrorPercentage": {"value": true},
      "corsPolicy": {"allowOrigin": true, "allowOrigins": true, "allowMethods": true,
                     "allowHeaders": true, "exposeHeaders": true, "maxAge": true,
                     "allowCredentials": true},
      "headers": {"request": {"set": true, "add": true, "remove": true},
                  "response": {"set": true, "add": true, "remove": true}}
    }],
    "tcp": [{
      "match": [{"destinationSubnet": true, "port": true, "sourceSubnet": true,
                 "sourceLabel": true, "gateways": true}],
      "route": [{"destination": {"host": true, "subset": true,
                                 "port": {"number": true, "name": true}},
                 "weight": true, "headers": true}]
    }]
  })");
  return shape;
}

const json& destination_rule_shape() {
  static const json shape = [] {
    const json policy = json::parse(R"({
      "loadBalancer": {
        "simple": true,
        "consistentHash": {"httpHeaderName": true,
                           "httpCookie": {"name": true, "path": true, "ttl": true},
                           "useSourceIp": true, "minimumRingSize": true},
        "localityLbSetting": {"distribute": true, "failover": true, "enabled": true},
        "warmupDurationSecs": true},
      "connectionPool": {
        "tcp": {"maxConnections": true, "connectTimeout": true},
        "http": {"h2UpgradePolicy": true, "http1MaxPendingRequests": true,
                 "http2MaxRequests": true, "maxRequestsPerConnection": true, "maxRetries": true,
                 "idleTimeout": true}},
      "outlierDetection": {"consecutiveErrors": true, "consecutiveGatewayErrors": true,
                           "consecutive5xxErrors": true, "splitExternalLocalOriginErrors": true,
                           "consecutiveLocalOriginFailures": true, "interval": true,
                           "baseEjectionTime": true, "maxEjectionPercent": true,
                           "minHealthPercent": true},
      "tls": {"mode": true, "clientCertificate": true, "privateKey": true, "caCertificates": true,
              "subjectAltNames": true, "sni": true}
    })");
    json whole = policy;
    json per_port = policy;
    per_port["port"] = true;
    whole["portLevelSettings"] = json::array({std::move(per_port)});
    return json{{"host", true}, {"trafficPolicy", std::move(whole)}, {"subsets", true}};
  }();
  return shape;
}

bool is_tcp(const RouteContext& context) {
  const std::string& protocol = context.canary.spec.service.app_protocol;
  return std::ranges::equal(protocol, std::string_view{"tcp"}, [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

bool is_delegated(const RouteContext& context) {
  return true_at(context.service(), {"delegation"});
}

json destination_rule(const RouteContext& context, const std::string& host) {
  json spec{{"host", host}};
  if (const json& policy = at(context.service(), {"trafficPolicy"}); policy.is_object())
    spec["trafficPolicy"] = policy;
  return without_nulls(modelled(spec, destination_rule_shape()));
}

json virtual_service(const RouteContext& context) {
  json spec = json::object();
  json hosts = json::array();
  if (!is_delegated(context)) {
    hosts = list_at(context.service(), {"hosts"});  // RT-ISTIO-05
    const bool named = std::any_of(hosts.begin(), hosts.end(), [&](const json& host) {
      return host == context.apex() || host == "*";
    });
    if (!named) hosts.push_back(context.apex());
    spec["gateways"] = list_at(context.service(), {"gateways"});  // RT-ISTIO-06
    if (spec["gateways"].empty()) spec["gateways"] = json::array({"mesh"});
  }
  spec["hosts"] = std::move(hosts);
  if (is_tcp(context)) {
    spec["tcp"] = tcp_routes(context, {});
  } else if (!analysis_match(context).empty()) {
    spec["http"] = ab_routes(context, Weight{100}, Weight{0});
  } else {
    spec["http"] = json::array({weighted(context, Weight{100}, Weight{0})});
  }
  return spec;
}

Result<json> http_routes(const RouteContext& context, const Routes& routes) {
  // RT-ISTIO-47: an A/B test takes the place of affinity and mirror.
  if (!analysis_match(context).empty()) return ab_routes(context, routes.primary, routes.canary);
  json list = json::array({weighted(context, routes.primary, routes.canary)});  // RT-ISTIO-41
  if (const auto& affinity = context.canary.spec.analysis.session_affinity) {
    if (routes.canary > Weight{0}) {
      auto sticky = sticky_routes(context, *affinity, routes);
      if (!sticky) return sticky;
      list = *std::move(sticky);
    } else {
      list = unsticky_routes(context, routes);
    }
  }
  if (routes.mirrored) mirror(context, list.front());
  return list;
}

json tcp_routes(const RouteContext& context, const Routes& routes) {
  json route{{"route", destinations(context, routes.primary, routes.canary)}};
  json matches = json::array();
  for (const json& entry : list_at(context.service(), {"match"})) {
    const auto port = integer_at(entry, {"port"});
    matches.push_back(port ? json{{"port", *port}} : json::object());
  }
  if (!matches.empty()) route["match"] = std::move(matches);
  return json::array({std::move(route)});
}

}  // namespace volary::live::istio
