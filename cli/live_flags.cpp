#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/live_command.hpp"
#include "live/retry.hpp"

/// The flags of `volary live`, and what they mean.
namespace volary::cli {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  volary live                                        what would Volary do in this cluster?\n"
    "  volary live --canary shop/checkout --once          the same for one release\n"
    "  volary live --shadow policy.yaml                   my policy, on what is released just now\n"
    "  volary live --act --canary shop/checkout --once    takes one release to its end\n"
    "  volary live --act --enable-leader-election         the controller of a cluster\n"
    "  volary live --act --take-over shop/checkout        from Flagger; prints the way back\n"
    "\n"
    "Without --act nothing in the cluster is written, no hook called, no alert sent. With it,\n"
    "objects that another controller drives are refused. docs/live.md has the whole story.\n"
    "\n"
    "Ends with 0 when done or stopped, 1 when the one release was rolled back, 2 when an input is\n"
    "refused, 3 when the cluster does not answer or another controller is at work, 7 when the\n"
    "leadership was lost.\n";

std::vector<std::string> words(const std::string& list) {
  std::vector<std::string> found;
  std::istringstream stream{list};
  for (std::string word; std::getline(stream, word, ',');)
    if (!word.empty()) found.push_back(word);
  return found;
}

/// FLAG-31: the environment wins where it says anything.
std::string with_environment(const std::string& flag, const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : flag;
}

}  // namespace

Result<ObjectName> object_named(const std::string& text, const std::string& flag) {
  const auto slash = text.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == text.size() ||
      text.find('/', slash + 1) != std::string::npos)
    return tl::unexpected(Error{.kind = ErrorKind::Invalid,
                                .message = "'" + text + "' is not NAMESPACE/NAME",
                                .where = flag,
                                .hint = "write it as shop/checkout"});
  return ObjectName{text.substr(0, slash), text.substr(slash + 1)};
}

Result<live::ReleaseSettings> release_settings(const LiveFlags& flags) {
  const Compat compat = compat_named(flags.compat).value_or(Compat::Strict);
  if (!live::is_http_url(flags.metrics_server))
    return tl::unexpected(Error{.kind = ErrorKind::Invalid,
                                .message = "'" + flags.metrics_server + "' is not a URL",
                                .where = "--metrics-server",
                                .hint = "such as http://prometheus.monitoring:9090"});
  live::ReleaseSettings settings;
  settings.engine = {.compat = compat,
                     .mesh_provider = flags.mesh_provider,
                     .metrics_server = flags.metrics_server,
                     .selector_labels = words(flags.selector_labels),
                     .config_tracking = flags.config_tracking,
                     .no_cross_namespace_refs = flags.no_cross_namespace_refs};
  settings.routing = {.compat = compat,
                      .ingress_annotations_prefix = flags.ingress_annotations_prefix,
                      .ingress_class = flags.ingress_class,
                      .cross_namespace_refs = !flags.no_cross_namespace_refs};
  settings.workload = {.selector_labels = words(flags.selector_labels),
                       .include_label_prefixes = words(flags.include_label_prefix),
                       .config_tracking = flags.config_tracking,
                       .compat = compat};
  settings.event_webhook = with_environment(flags.event_webhook, "EVENT_WEBHOOK_URL");
  return settings;
}

live::AlertSender::Settings alert_settings(const LiveFlags& flags) {
  live::AlertSender::Settings settings{
      .compat = compat_named(flags.compat).value_or(Compat::Strict),
      .cluster = flags.cluster_name,
      .cross_namespace_refs = !flags.no_cross_namespace_refs};
  const std::string teams = with_environment(flags.teams_url, "MSTEAMS_URL");
  if (!teams.empty()) {  // FLAG-32
    settings.global = {.type = "msteams",
                       .address = teams,
                       .proxy = with_environment(flags.teams_proxy, "MSTEAMS_PROXY_URL")};
  } else {
    settings.global = {.type = "slack",
                       .address = with_environment(flags.slack_url, "SLACK_URL"),
                       .token = with_environment(flags.slack_token, "SLACK_TOKEN"),
                       .channel = flags.slack_channel,
                       .username = flags.slack_user,
                       .proxy = with_environment(flags.slack_proxy, "SLACK_PROXY_URL")};
  }
  return settings;
}

void add_live(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "live", "watch or drive releases in a Kubernetes cluster, with the engine of `run`");
  command->footer(examples);
  const auto flags = std::make_shared<LiveFlags>();
  const auto text = [command](const char* name, std::string& into, const char* about,
                              const std::string& group, const char* type) {
    command->add_option(name, into, about)->type_name(type)->group(group)->capture_default_str();
  };

  const std::string what = "What is done";
  command->add_flag("--act", flags->act, "write to the cluster; without it, only watch")
      ->group(what);
  text("--canary", flags->canary, "only this Canary", what, "NS/NAME");
  command->add_flag("--once", flags->once, "end when the release of --canary has ended")
      ->group(what);
  text("--shadow", flags->shadow, "fly this policy above the release that is running now", what,
       "POLICY");
  text("--take-over", flags->take_over,
       "hand this Canary over to Volary: suspended for others, and the way back printed", what,
       "NS/NAME");
  command->add_option("--compat", flags->compat, "cure the quirks of Flagger, or reproduce them")
      ->check(CLI::IsMember({"strict", "flagger"}))
      ->capture_default_str()
      ->group(what);

  const std::string cluster = "The cluster";
  text("--kubeconfig", flags->kubeconfig,
       "how to reach it (default: KUBECONFIG, ~/.kube/config, in-cluster)", cluster, "FILE");
  text("--context", flags->context, "of the kubeconfig (default: the current one)", cluster,
       "NAME");
  text("--namespace", flags->ns, "only this one (default: all)", cluster, "NS");
  command->add_option("--kubeconfig-qps", flags->qps, "requests a second")
      ->check(CLI::Range(0.1, 1e6))
      ->capture_default_str()
      ->group(cluster);
  command->add_option("--kubeconfig-burst", flags->burst, "requests at once")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str()
      ->group(cluster);

  const std::string results = "Results";
  command->add_flag("--json", flags->json, "of one release: the decision log instead of text")
      ->group(results);
  text("--log", flags->log_file, "of one release: write the decision log here, too", results,
       "FILE");
  text("--log-level", flags->log_level, "debug, info, warn or error", results, "LEVEL");
  text("--address", flags->address, "where /metrics, /healthz and /readyz are served", results,
       "ADDRESS");
  command->add_option("--port", flags->port, "of the same; 0: any")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str()
      ->group(results);

  const std::string controller = "As Flagger has them";
  text("--metrics-server", flags->metrics_server, "Prometheus, for builtin checks", controller,
       "URL");
  text("--control-loop-interval", flags->control_loop_interval, "between two looks around",
       controller, "TIME");
  text("--mesh-provider", flags->mesh_provider, "of Canaries that name none", controller, "NAME");
  text("--selector-labels", flags->selector_labels, "labels that may select a target's pods",
       controller, "LIST");
  text("--include-label-prefix", flags->include_label_prefix,
       "labels with these prefixes are copied to what is generated", controller, "LIST");
  command
      ->add_flag("--enable-config-tracking", flags->config_tracking,
                 "release changes of ConfigMaps and Secrets, too")
      ->group(controller);
  text("--ingress-annotations-prefix", flags->ingress_annotations_prefix, "of NGINX", controller,
       "PREFIX");
  text("--ingress-class", flags->ingress_class, "of generated HTTPProxies", controller, "NAME");
  command
      ->add_flag("--enable-leader-election", flags->leader_election,
                 "only the holder of the Lease drives")
      ->group(controller);
  text("--leader-election-namespace", flags->leader_election_ns, "where the Lease is", controller,
       "NS");
  command
      ->add_flag("--no-cross-namespace-refs", flags->no_cross_namespace_refs,
                 "refuse references to other namespaces")
      ->group(controller);
  text("--event-webhook", flags->event_webhook, "where all events go (or EVENT_WEBHOOK_URL)",
       controller, "URL");
  text("--slack-url", flags->slack_url, "where alerts go (or SLACK_URL)", controller, "URL");
  text("--slack-token", flags->slack_token, "better: SLACK_TOKEN", controller, "TOKEN");
  text("--slack-proxy-url", flags->slack_proxy, "on the way there", controller, "URL");
  text("--slack-channel", flags->slack_channel, "where they appear", controller, "NAME");
  text("--slack-user", flags->slack_user, "who says them", controller, "NAME");
  text("--msteams-url", flags->teams_url, "where alerts go (or MSTEAMS_URL)", controller, "URL");
  text("--msteams-proxy-url", flags->teams_proxy, "on the way there", controller, "URL");
  text("--cluster-name", flags->cluster_name, "named in alerts", controller, "NAME");

  command->callback([&session, flags] {
    session.action = [&session, flags] { return live_command(session, *flags); };
  });
}

}  // namespace volary::cli
