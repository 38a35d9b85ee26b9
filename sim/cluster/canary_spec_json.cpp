#include "sim/cluster/canary_spec_json.hpp"

namespace volary::sim::cluster {
namespace {

using nlohmann::json;

/// Writes a member unless it stands at its default.
template <class T>
void put(json& into, const char* key, const T& value, const T& unset = T{}) {
  if (!(value == unset)) into[key] = value;
}
template <class T>
void put(json& into, const char* key, const std::optional<T>& value) {
  if (value) into[key] = *value;
}

json json_of(const ObjectRef& ref) {
  json written{{"apiVersion", ref.api_version}, {"kind", ref.kind}, {"name", ref.name}};
  put(written, "namespace", ref.ns);
  return written;
}

json json_of(const ObjectName& name) {
  json written{{"name", name.name}};
  put(written, "namespace", name.ns);
  return written;
}

json json_of(const StringMatch& match) {
  switch (match.kind) {
    case StringMatch::Kind::Exact: return {{"exact", match.value}};
    case StringMatch::Kind::Prefix: return {{"prefix", match.value}};
    case StringMatch::Kind::Suffix: return {{"suffix", match.value}};
    case StringMatch::Kind::Regex: return {{"regex", match.value}};
  }
  return {};
}

json json_of(const HttpMatch& match) {
  json written = json::object();
  for (const auto& [name, value] : match.headers) written["headers"][name] = json_of(value);
  for (const auto& [name, value] : match.query_params)
    written["queryParams"][name] = json_of(value);
  if (!match.source_labels.empty()) written["sourceLabels"] = match.source_labels;
  if (match.uri) written["uri"] = json_of(*match.uri);
  return written;
}

json json_of(const MetricCheck& check) {
  json written{{"name", check.name}};
  put(written, "interval", check.interval);
  if (check.range) {
    written["thresholdRange"] = json::object();
    put(written["thresholdRange"], "min", check.range->min);
    put(written["thresholdRange"], "max", check.range->max);
  }
  put(written, "threshold", check.threshold);
  put(written, "query", check.query);
  if (check.template_ref) written["templateRef"] = json_of(*check.template_ref);
  if (!check.variables.empty()) written["templateVariables"] = check.variables;
  return written;
}

json json_of(const Webhook& hook) {
  json written{{"name", hook.name}, {"url", hook.url}, {"type", to_string(hook.type)}};
  put(written, "timeout", hook.timeout);
  put(written, "retries", hook.retries);
  put(written, "disableTLS", hook.disable_tls);
  put(written, "muteAlert", hook.mute_alert);
  if (!hook.metadata.empty()) written["metadata"] = hook.metadata;
  return written;
}

json json_of(const AlertRef& alert) {
  json written{{"name", alert.name}, {"providerRef", json_of(alert.provider)}};
  put(written, "severity", alert.severity);
  return written;
}

json json_of(const SessionAffinity& affinity) {
  json written{{"cookieName", affinity.cookie_name}};
  put(written, "primaryCookieName", affinity.primary_cookie_name);
  put(written, "maxAge", affinity.max_age, SessionAffinity{}.max_age);
  put(written, "domain", affinity.domain);
  put(written, "path", affinity.path);
  put(written, "sameSite", affinity.same_site);
  put(written, "httpOnly", affinity.http_only);
  put(written, "partitioned", affinity.partitioned);
  put(written, "secure", affinity.secure);
  return written;
}

json json_of(const GatewayRef& ref) {
  json written{{"name", ref.name}};
  put(written, "namespace", ref.ns);
  put(written, "group", ref.group);
  put(written, "kind", ref.kind);
  put(written, "sectionName", ref.section_name);
  put(written, "port", ref.port);
  return written;
}

template <class T>
void put_list(json& into, const char* key, const std::vector<T>& list) {
  for (const T& item : list) into[key].push_back(json_of(item));
}

json json_of(const ServiceSpec& service) {
  json written = json::object();
  put(written, "name", service.name);
  written["port"] = service.port;
  put(written, "portName", service.port_name);
  put(written, "targetPort", service.target_port);
  put(written, "appProtocol", service.app_protocol);
  put(written, "timeout", service.timeout);
  put(written, "gateways", service.gateways);
  put_list(written, "gatewayRefs", service.gateway_refs);
  put(written, "hosts", service.hosts);
  put_list(written, "match", service.match);
  return written;
}

json json_of(const Analysis& analysis) {
  json written = json::object();
  put(written, "interval", analysis.interval);
  written["threshold"] = analysis.threshold;
  put(written, "iterations", analysis.iterations);
  put_list(written, "match", analysis.match);
  put(written, "stepWeight", analysis.step_weight);
  put(written, "stepWeights", analysis.step_weights);
  put(written, "maxWeight", analysis.max_weight);
  put(written, "stepWeightPromotion", analysis.step_weight_promotion);
  put(written, "mirror", analysis.mirror);
  put(written, "mirrorWeight", analysis.mirror_weight);
  put(written, "primaryReadyThreshold", analysis.primary_ready_threshold);
  put(written, "canaryReadyThreshold", analysis.canary_ready_threshold);
  put_list(written, "metrics", analysis.metrics);
  put_list(written, "webhooks", analysis.webhooks);
  put_list(written, "alerts", analysis.alerts);
  if (analysis.session_affinity) written["sessionAffinity"] = json_of(*analysis.session_affinity);
  return written;
}

}  // namespace

json json_of_spec(const CanarySpec& spec) {
  json written = json::object();
  put(written, "provider", spec.provider);
  put(written, "metricsServer", spec.metrics_server);
  written["targetRef"] = json_of(spec.target_ref);
  const auto put_ref = [&written](const char* key, const std::optional<ObjectRef>& ref) {
    if (ref) written[key] = json_of(*ref);
  };
  put_ref("autoscalerRef", spec.autoscaler_ref);
  put_ref("ingressRef", spec.ingress_ref);
  put_ref("routeRef", spec.route_ref);
  put_ref("upstreamRef", spec.upstream_ref);
  if (!(spec.service == ServiceSpec{})) written["service"] = json_of(spec.service);
  written["analysis"] = json_of(spec.analysis);
  put(written, "progressDeadlineSeconds", spec.progress_deadline_seconds);
  put(written, "skipAnalysis", spec.skip_analysis);
  put(written, "revertOnDeletion", spec.revert_on_deletion);
  put(written, "suspend", spec.suspend);
  return written;
}

}  // namespace volary::sim::cluster
