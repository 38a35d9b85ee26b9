#include "sim/scripted/route_object.hpp"

#include <algorithm>
#include <utility>

namespace volary::sim {
namespace {

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

/// Providers whose object has a rule of its own for matched requests (RT-COMMON-19).
bool has_matched_rule(RouteFamily family) {
  return family == RouteFamily::Istio || family == RouteFamily::GatewayApi ||
         family == RouteFamily::Contour || family == RouteFamily::AppMesh;
}

bool is_tcp(const Canary& canary) {
  std::string protocol = canary.spec.service.app_protocol;
  std::transform(protocol.begin(), protocol.end(), protocol.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return protocol == "tcp";
}

std::string text_of(const StringMatch& match) {
  static constexpr const char* kinds[] = {"exact", "prefix", "suffix", "regex"};
  return std::string{kinds[static_cast<int>(match.kind)]} + "=" + match.value;
}

std::vector<std::string> texts_of(const std::vector<HttpMatch>& conditions) {
  std::vector<std::string> texts;
  for (const HttpMatch& condition : conditions) {
    std::string text;
    if (condition.uri) text += "uri " + text_of(*condition.uri) + ";";
    for (const auto& [name, value] : condition.headers)
      text += "header " + name + " " + text_of(value) + ";";
    for (const auto& [name, value] : condition.query_params)
      text += "query " + name + " " + text_of(value) + ";";
    for (const auto& [name, value] : condition.source_labels)
      text += "label " + name + "=" + value + ";";
    texts.push_back(std::move(text));
  }
  return texts;
}

/// The parts of `service` that every router copies into its object (SM-156).
std::vector<std::string> service_texts(const Canary& canary) {
  const ServiceSpec& service = canary.spec.service;
  std::vector<std::string> texts = texts_of(service.match);
  for (const std::string& host : service.hosts) texts.push_back("host " + host);
  for (const std::string& gateway : service.gateways) texts.push_back("gateway " + gateway);
  texts.push_back("timeout " + service.timeout);
  texts.push_back("name " + apex_name(canary));
  return texts;
}

/// RT-COMMON-57.
std::string cookie_match(const std::string& cookie) {
  const auto equals = cookie.find('=');
  const std::string name = cookie.substr(0, equals);
  const std::string value = equals == std::string::npos ? std::string{} : cookie.substr(equals + 1);
  return "Cookie:.*" + name + ".*" + value + ".*";
}

/// RT-ISTIO-21, RT-GWAPI-31: a rule that session affinity put there is not drift. An empty primary
/// name matches every rule that has a match at all in Istio (RT-ISTIO-22), every cookie rule in
/// Gateway API.
bool is_sticky(const RouteRule& rule, const SessionAffinity& affinity, RouteFamily family) {
  return std::any_of(rule.match.begin(), rule.match.end(), [&](const std::string& text) {
    if (family == RouteFamily::Istio && affinity.primary_cookie_name.empty()) return true;
    return starts_with(text, "Cookie:") &&
           (text.find(affinity.cookie_name) != std::string::npos ||
            text.find(affinity.primary_cookie_name) != std::string::npos);
  });
}

/// A rule as drift sees it: weights and mirrors do not count (RT-COMMON-40).
struct Shape {
  std::vector<std::string> match;
  bool lists_canary;
  friend bool operator==(const Shape&, const Shape&) = default;
};

std::vector<Shape> shapes_of(const std::vector<RouteRule>& rules, const Canary& canary,
                             RouteFamily family) {
  std::vector<Shape> shapes;
  const bool affine = canary.spec.analysis.session_affinity &&
                      (family == RouteFamily::Istio || family == RouteFamily::GatewayApi);
  for (const RouteRule& rule : rules) {
    if (affine && is_sticky(rule, *canary.spec.analysis.session_affinity, family)) continue;
    // RT-TRAEFIK-04: whether the canary is listed follows the live object.
    shapes.push_back({rule.match, family == RouteFamily::Traefik || rule.lists_canary});
  }
  return shapes;
}

}  // namespace

RouteFamily route_family(std::string_view provider) {
  if (starts_with(provider, "appmesh:v1beta2") || provider == "appmesh")
    return RouteFamily::AppMesh;
  if (provider == "linkerd" || provider == "osm") return RouteFamily::Smi;
  for (const char* smi : {"smi:v1alpha1", "smi:v1alpha2", "smi:v1alpha3"})
    if (starts_with(provider, smi)) return RouteFamily::Smi;
  if (provider == "contour") return RouteFamily::Contour;
  if (provider == "knative") return RouteFamily::Knative;
  if (starts_with(provider, "gloo")) return RouteFamily::Gloo;
  if (provider == "nginx") return RouteFamily::Nginx;
  if (provider == "skipper") return RouteFamily::Skipper;
  if (provider == "traefik") return RouteFamily::Traefik;
  if (provider == "apisix") return RouteFamily::Apisix;
  if (provider == "kuma") return RouteFamily::Kuma;
  if (starts_with(provider, "gatewayapi:v1")) return RouteFamily::GatewayApi;
  if (provider == "kubernetes") return RouteFamily::Kubernetes;
  return RouteFamily::Istio;  // RT-COMMON-04 row 20
}

std::vector<RouteRule> RouteObject::desired(const Canary& canary) const {
  const std::vector<std::string> service = texts_of(canary.spec.service.match);
  const bool tcp = family_ == RouteFamily::Istio && is_tcp(canary);
  if (canary.spec.analysis.match.empty() || tcp || !has_matched_rule(family_)) {
    RouteRule rule{.match = service};
    if (family_ == RouteFamily::Gloo && !canary.spec.analysis.match.empty())
      rule.match = texts_of(canary.spec.analysis.match);  // RT-74
    return {rule};
  }
  RouteRule matched{.match = texts_of(canary.spec.analysis.match)};
  matched.match.insert(matched.match.end(), service.begin(), service.end());
  const RouteRule rest{.match = service, .lists_canary = false};
  return {matched, rest};
}

bool RouteObject::differs(const Canary& canary) const {
  if (drifted_ || service_ != service_texts(canary)) return true;
  const std::vector<RouteRule> wanted = desired(canary);
  if (family_ == RouteFamily::GatewayApi) {
    // RT-GWAPI-32: a live mirror filter is tolerated only while an analysis that mirrors is under
    // way.
    const Phase phase = canary.status.phase;
    const bool tolerated =
        canary.spec.analysis.mirror && (phase == Phase::Progressing || phase == Phase::Waiting ||
                                        phase == Phase::WaitingPromotion);
    const bool live =
        std::any_of(rules_->begin(), rules_->end(), [](const RouteRule& r) { return r.mirrors; });
    if (live && !tolerated) return true;
  }
  return shapes_of(*rules_, canary, family_) != shapes_of(wanted, canary, family_);
}

bool RouteObject::needs_write(const Canary& canary) const {
  if (family_ == RouteFamily::Kubernetes) return false;
  return !rules_ || differs(canary);
}

void RouteObject::reconcile(const Canary& canary) {
  if (!needs_write(canary)) return;
  std::vector<RouteRule> wanted = desired(canary);
  if (rules_) {
    original_ = rules_;  // RT-16
    // RT-COMMON-40: these keep the live weights.
    const bool keeps = family_ == RouteFamily::AppMesh || family_ == RouteFamily::Nginx;
    if (keeps && !rules_->empty()) {
      wanted.front().primary = rules_->front().primary;
      wanted.front().canary = rules_->front().canary;
    }
    if (family_ == RouteFamily::Traefik) wanted.front().lists_canary = rules_->front().lists_canary;
  } else {
    by_header_ = false;
    if (family_ == RouteFamily::Traefik) wanted.front().lists_canary = false;  // RT-TRAEFIK-02
  }
  rules_ = std::move(wanted);
  service_ = service_texts(canary);
  drifted_ = false;
}

Result<Routes> RouteObject::read(const Canary& canary) const {
  if (family_ == RouteFamily::Kubernetes) {
    // RT-COMMON-50.
    if (canary.status.iterations > 0) return Routes{Weight{0}, Weight{100}, false};
    return Routes{Weight{100}, Weight{0}, false};
  }
  if (!rules_)
    return fail(ErrorKind::NotFound, "the routing object of {} does not exist",
                to_string(canary.name));

  const auto routes = [](int primary, int weight, bool mirrored) {
    return Routes{Weight{primary}, Weight{weight}, mirrored};
  };
  switch (family_) {
    case RouteFamily::Istio:
    case RouteFamily::GatewayApi: {
      // RT-ISTIO-30..32, RT-GWAPI-39..40.
      const RouteRule* found = nullptr;
      const RouteRule* with_cookie = nullptr;
      bool mirrored = false;
      for (const RouteRule& rule : *rules_) {
        if (!rule.lists_canary) continue;
        found = &rule;
        if (rule.sets_cookie) with_cookie = &rule;
        mirrored = family_ == RouteFamily::GatewayApi ? mirrored || rule.mirrors : rule.mirrors;
      }
      if (canary.spec.analysis.session_affinity && with_cookie) found = with_cookie;
      const int primary = found ? found->primary : 0;
      const int weight = found ? found->canary : 0;
      if (family_ == RouteFamily::Istio && primary == 0 && weight == 0)
        return fail(ErrorKind::Invalid, "virtualservice {}: both weights are 0", apex_name(canary));
      return routes(primary, weight, mirrored);
    }
    case RouteFamily::Nginx:
      if (by_header_) return routes(0, 100, false);  // RT-44
      return routes(100 - rules_->front().canary, rules_->front().canary, false);
    case RouteFamily::Contour:
    case RouteFamily::Gloo:
    case RouteFamily::Traefik:
    case RouteFamily::Apisix:
    case RouteFamily::Kuma:
      return routes(rules_->front().primary, 100 - rules_->front().primary, false);  // RT-COMMON-42
    case RouteFamily::AppMesh:
    case RouteFamily::Smi:
      if (rules_->front().primary == 0 && rules_->front().canary == 0)  // RT-COMMON-43
        return fail(ErrorKind::Invalid, "routing object {}: both weights are 0", apex_name(canary));
      return routes(rules_->front().primary, rules_->front().canary, false);
    case RouteFamily::Skipper:
    case RouteFamily::Knative:
    case RouteFamily::Kubernetes:
      return routes(rules_->front().primary, rules_->front().canary, false);
  }
  return fail(ErrorKind::Invalid, "unknown routing family");
}

Result<void> RouteObject::write(const Canary& canary, const Routes& to) {
  if (family_ == RouteFamily::Kubernetes) return {};
  const int primary = to.primary.percent();
  const int weight = to.canary.percent();
  const bool refuses_zero = family_ == RouteFamily::Contour || family_ == RouteFamily::Gloo ||
                            family_ == RouteFamily::Traefik || family_ == RouteFamily::Apisix;
  if (refuses_zero && primary == 0 && weight == 0)  // RT-09
    return fail(ErrorKind::Invalid, "total weight must be 100");
  if (!rules_)
    return fail(ErrorKind::NotFound, "the routing object of {} does not exist",
                to_string(canary.name));

  const Analysis& analysis = canary.spec.analysis;
  std::vector<RouteRule> rules = desired(canary);
  for (RouteRule& rule : rules) {
    rule.primary = primary;
    rule.canary = weight;
  }
  const bool speaks_http =
      (family_ == RouteFamily::Istio && !is_tcp(canary)) || family_ == RouteFamily::GatewayApi;
  if (speaks_http && analysis.match.empty()) {
    if (analysis.session_affinity) {
      const CanaryStatus& status = canary.status;
      RouteRule plain = rules.front();
      rules.clear();
      if (weight > 0) {  // RT-COMMON-58
        RouteRule sticky = plain;
        sticky.match.push_back(cookie_match(status.session_affinity_cookie));
        sticky.primary = 0;
        sticky.canary = 100;
        rules.push_back(sticky);
        if (!analysis.session_affinity->primary_cookie_name.empty()) {
          RouteRule pinned = plain;
          pinned.match.push_back(cookie_match(status.primary_session_affinity_cookie));
          pinned.primary = 100;
          pinned.canary = 0;
          rules.push_back(pinned);
        }
        plain.sets_cookie = true;
      } else {
        // SA-14: without a previous cookie this is a plain copy, which the next reconcile takes for
        // drift.
        RouteRule forget = plain;
        if (!status.previous_session_affinity_cookie.empty())
          forget.match.push_back(cookie_match(status.previous_session_affinity_cookie));
        rules.push_back(forget);
      }
      rules.push_back(plain);
    }
    // RT-ISTIO-46: on the first rule. RT-GWAPI-42: on the weighted rule, only with iterations.
    if (to.mirrored && family_ == RouteFamily::Istio) rules.front().mirrors = true;
    if (to.mirrored && family_ == RouteFamily::GatewayApi && analysis.iterations > 0)
      rules.back().mirrors = true;
  }
  if (speaks_http && !analysis.match.empty() && family_ == RouteFamily::GatewayApi) {
    rules.back().primary = 100;  // RT-GWAPI-46
    if (to.mirrored && analysis.iterations > 0) rules.front().mirrors = true;
  }
  if (family_ == RouteFamily::Traefik) rules.front().lists_canary = weight > 0;  // RT-TRAEFIK-11
  if (family_ == RouteFamily::Nginx)                                             // RT-42, RT-43
    by_header_ =
        weight > 0 && std::any_of(analysis.match.begin(), analysis.match.end(),
                                  [](const HttpMatch& match) { return !match.headers.empty(); });
  rules_ = std::move(rules);
  return {};
}

bool RouteObject::finalize_writes() const {
  return (family_ == RouteFamily::Istio && original_.has_value()) ||
         family_ == RouteFamily::Skipper;
}

Result<void> RouteObject::finalize() {
  switch (family_) {
    case RouteFamily::Istio:
      if (!rules_) return fail(ErrorKind::NotFound, "the virtualservice does not exist");
      if (original_) rules_ = original_;
      return {};
    case RouteFamily::Skipper: remove(); return {};
    default: return {};
  }
}

void RouteObject::remove() {
  rules_.reset();
  original_.reset();
  drifted_ = false;
}

void RouteObject::edit(int primary, int canary) {
  if (!rules_) return;
  for (RouteRule& rule : *rules_) {
    rule.primary = primary;
    rule.canary = canary;
  }
}

void RouteObject::drift() {
  if (rules_) drifted_ = true;
}

}  // namespace volary::sim
