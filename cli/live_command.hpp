#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/session.hpp"
#include "live/http.hpp"
#include "live/operator/release.hpp"

namespace volary::cli {

/// `volary live` as it was typed. The names and defaults of the second half are Flagger's
/// (controller.md §1).
struct LiveFlags {
  bool act = false;
  std::string canary;  ///< ns/name
  bool once = false;
  std::string shadow;     ///< a policy
  std::string take_over;  ///< ns/name
  std::string context;
  bool json = false;
  std::string log_file;  ///< the decision log
  std::string compat = "strict";

  std::string kubeconfig;
  double qps = 100;
  int burst = 250;
  std::string metrics_server = "http://prometheus:9090";
  std::string control_loop_interval = "10s";
  std::string mesh_provider = "istio";
  std::string ns;
  std::string selector_labels = "app,name,app.kubernetes.io/name";
  std::string include_label_prefix;
  bool config_tracking = true;
  std::string ingress_annotations_prefix = "nginx.ingress.kubernetes.io";
  std::string ingress_class;
  bool leader_election = false;
  std::string leader_election_ns = "kube-system";
  bool no_cross_namespace_refs = false;
  std::string event_webhook;
  std::string slack_url, slack_token, slack_proxy, slack_channel, slack_user = "flagger";
  std::string teams_url, teams_proxy;
  std::string cluster_name;
  std::string address = "0.0.0.0";
  int port = 8080;
  std::string log_level = "info";
};

/// "ns/name". Errors: Invalid.
[[nodiscard]] Result<ObjectName> object_named(const std::string& text, const std::string& flag);
/// What the flags say about every release. Errors: Invalid, naming the flag.
[[nodiscard]] Result<live::ReleaseSettings> release_settings(const LiveFlags& flags);
/// FLAG-20..23, FLAG-31, FLAG-32.
[[nodiscard]] live::AlertSender::Settings alert_settings(const LiveFlags& flags);

/// How checks are answered: a source for each pass over a Canary, made from what they share.
using MetricsFactory = std::function<std::unique_ptr<MetricSource>(const Canary&)>;
/// GET of a path of the API server.
using ApiText = std::function<live::KubeResult<std::string>(const std::string& path)>;
[[nodiscard]] MetricsFactory live_metrics(live::KubeApi& api, live::Http& http, const Clock& clock,
                                          Entropy& entropy, ApiText api_text,
                                          std::function<void(Duration)> wait,
                                          const LiveFlags& flags);

/// Ends the process as `volary live` does.
[[nodiscard]] Exit live_command(const Session& session, LiveFlags flags);

}  // namespace volary::cli
