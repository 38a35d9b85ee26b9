#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/units.hpp"

/// The Flagger documents as they were written: plain structs, nothing defaulted or floored but what
/// the schema itself fills in. What they mean is `plan()`'s business (plan.hpp). Source:
/// canary-resource.md.
namespace volary {

struct ObjectName {
  std::string ns;
  std::string name;
  friend auto operator<=>(const ObjectName&, const ObjectName&) = default;
};
/// "name.namespace", as Flagger's texts have it (CTL-32).
[[nodiscard]] std::string to_string(const ObjectName& object);

/// CR-30..32, and the other references of the same form (CR-13..16).
struct ObjectRef {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string ns;  ///< upstreamRef only, as written: empty is not the Canary's (CR-16)
  friend bool operator==(const ObjectRef&, const ObjectRef&) = default;
};

/// One Istio string match: at most one member is set.
struct StringMatch {
  enum class Kind { Exact, Prefix, Suffix, Regex };
  Kind kind = Kind::Exact;
  std::string value;
  friend bool operator==(const StringMatch&, const StringMatch&) = default;
};

/// ANA-04: one entry of `analysis.match` (and the part of `service.match` that a data plane needs).
struct HttpMatch {
  std::map<std::string, StringMatch>
      headers;  ///< keys in lower case; a cookie is matched through "cookie"
  std::map<std::string, StringMatch> query_params;
  std::map<std::string, std::string> source_labels;
  std::optional<StringMatch> uri;
  friend bool operator==(const HttpMatch&, const HttpMatch&) = default;
};

/// ANA-42.
struct ThresholdRange {
  std::optional<double> min;
  std::optional<double> max;
  friend bool operator==(const ThresholdRange&, const ThresholdRange&) = default;
};

/// ANA-40..47.
struct MetricCheck {
  std::string name;
  std::string interval;  ///< as written; empty = not written (MET-03, Q-07)
  std::optional<ThresholdRange> range;
  double threshold = 0;                    ///< deprecated single bound (MET-21)
  std::string query;                       ///< deprecated in-line PromQL
  std::optional<ObjectName> template_ref;  ///< empty `ns` = the Canary's
  std::map<std::string, std::string> variables;
  friend bool operator==(const MetricCheck&, const MetricCheck&) = default;
};

enum class HookType {
  Rollout,  ///< also written as ""
  ConfirmRollout,
  PreRollout,
  ConfirmTrafficIncrease,
  ConfirmPromotion,
  PostRollout,
  Rollback,
  Event,
};
/// "confirm-rollout", …; Rollout is "rollout".
[[nodiscard]] std::string_view to_string(HookType type);
[[nodiscard]] std::optional<HookType> hook_type(std::string_view written);

/// ANA-60..67.
struct Webhook {
  std::string name;
  std::string url;
  HookType type = HookType::Rollout;
  std::string timeout;  ///< as written (ANA-63)
  int retries = 0;
  bool disable_tls = false;
  bool mute_alert = false;
  std::map<std::string, std::string> metadata;
  friend bool operator==(const Webhook&, const Webhook&) = default;
};

/// ANA-80..83.
struct AlertRef {
  std::string name;
  std::string severity;
  ObjectName provider;  ///< empty `ns` = the Canary's
  friend bool operator==(const AlertRef&, const AlertRef&) = default;
};

/// SA-01..06.
struct SessionAffinity {
  std::string cookie_name;
  std::string primary_cookie_name;
  int max_age = 86400;  ///< seconds
  std::string domain, path, same_site;
  bool http_only = false, partitioned = false, secure = false;
  friend bool operator==(const SessionAffinity&, const SessionAffinity&) = default;
};

/// ANA-01..16.
struct Analysis {
  std::string interval;  ///< as written
  int threshold = 0;
  int iterations = 0;
  std::vector<HttpMatch> match;
  int step_weight = 0;
  std::vector<int> step_weights;
  int max_weight = 0;
  int step_weight_promotion = 0;
  bool mirror = false;
  int mirror_weight = 0;
  std::optional<int> primary_ready_threshold;
  std::optional<int> canary_ready_threshold;
  std::vector<MetricCheck> metrics;
  std::vector<Webhook> webhooks;
  std::vector<AlertRef> alerts;
  std::optional<SessionAffinity> session_affinity;
  friend bool operator==(const Analysis&, const Analysis&) = default;
};

/// SVC-12: a Gateway that the generated HTTPRoute hangs on.
struct GatewayRef {
  std::string name;
  std::string ns;  ///< empty = the Canary's
  std::string group, kind, section_name;
  std::optional<int> port;
  friend bool operator==(const GatewayRef&, const GatewayRef&) = default;
};

/// SVC-01..25, as far as the engine and a simulated data plane lean on it.
struct ServiceSpec {
  std::string name;
  int port = 0;
  std::string port_name;
  std::string target_port;
  std::string app_protocol;
  std::string timeout;
  std::vector<std::string> gateways;
  std::vector<GatewayRef> gateway_refs;
  std::vector<std::string> hosts;
  std::vector<HttpMatch> match;
  friend bool operator==(const ServiceSpec&, const ServiceSpec&) = default;
};

/// CR-10..22.
struct CanarySpec {
  std::string provider;  ///< empty = the global one
  std::string metrics_server;
  ObjectRef target_ref;
  std::optional<ObjectRef> autoscaler_ref;
  std::optional<ObjectRef> ingress_ref;
  std::optional<ObjectRef> route_ref;
  std::optional<ObjectRef> upstream_ref;
  ServiceSpec service;
  Analysis analysis;
  std::optional<int> progress_deadline_seconds;
  bool skip_analysis = false;
  bool revert_on_deletion = false;
  bool suspend = false;
  friend bool operator==(const CanarySpec&, const CanarySpec&) = default;
};

/// ST-01.
enum class Phase {
  None,  ///< the empty string: never synced
  Initializing,
  Initialized,
  Waiting,
  Progressing,
  WaitingPromotion,
  Promoting,
  Finalising,
  Succeeded,
  Failed,
  Terminating,
  Terminated,
};
/// "" for None.
[[nodiscard]] std::string_view to_string(Phase phase);
[[nodiscard]] std::optional<Phase> phase_named(std::string_view text);

/// ST-40: the one condition, type Promoted.
struct Condition {
  std::string status;  ///< True, False, Unknown
  std::string reason;  ///< the phase
  std::string message;
  Instant last_update{};
  Instant last_transition{};
  friend bool operator==(const Condition&, const Condition&) = default;
};

/// `configmap/name` or `secret/name` → checksum (CHG-23, ST-21).
using TrackedConfigs = std::map<std::string, std::string>;
/// What a pod template amounts to: an opaque text that is only compared (ST-20).
using Fingerprint = std::string;

/// ST-01..12.
struct CanaryStatus {
  Phase phase = Phase::None;
  int failed_checks = 0;
  int canary_weight = 0;
  int iterations = 0;
  std::optional<TrackedConfigs> tracked_configs;
  std::string session_affinity_cookie;
  std::string primary_session_affinity_cookie;
  std::string previous_session_affinity_cookie;
  Fingerprint last_applied_spec;
  Fingerprint last_promoted_spec;
  Instant last_transition_time{};
  std::optional<Condition> condition;
  friend bool operator==(const CanaryStatus&, const CanaryStatus&) = default;
};

/// One `flagger.app/v1beta1` Canary.
struct Canary {
  ObjectName name;
  std::string uid;
  std::int64_t version = 0;     ///< resource version of this copy
  std::int64_t generation = 0;  ///< moves with the spec
  bool deleting = false;        ///< has a deletion timestamp
  bool finalizer = false;       ///< carries finalizer.flagger.app
  std::map<std::string, std::string> labels, annotations;
  CanarySpec spec;
  CanaryStatus status;
};

/// MT-10..16.
struct MetricTemplate {
  ObjectName name;
  std::string provider_type;
  std::string address;
  std::map<std::string, std::vector<std::string>> headers;
  std::string secret_ref;
  std::string region;
  bool insecure_skip_verify = false;
  std::string query;
  friend bool operator==(const MetricTemplate&, const MetricTemplate&) = default;
};

/// AP-10..15.
struct AlertProvider {
  ObjectName name;
  std::string type;
  std::string address;
  std::string secret_ref;
  std::string channel;
  std::string username;
  std::string proxy;
  friend bool operator==(const AlertProvider&, const AlertProvider&) = default;
};

/// SVC-50: `service.name`, else `targetRef.name`.
[[nodiscard]] std::string apex_name(const Canary& canary);

/// "1m30s" → 90 s, Go's duration syntax (VAL-04); nothing when it is not one.
[[nodiscard]] std::optional<Duration> go_parse_duration(std::string_view text);

}  // namespace volary
