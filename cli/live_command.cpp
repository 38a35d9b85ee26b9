#include "cli/live_command.hpp"

#include <atomic>
#include <cstdio>
#include <fstream>
#include <optional>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/stop_signals.hpp"
#include "live/canary_object.hpp"
#include "live/checksum.hpp"
#include "live/decision_log.hpp"
#include "live/kube_objects.hpp"
#include "live/net/http_client.hpp"
#include "live/net/kube_client.hpp"
#include "live/net/pause.hpp"
#include "live/net/status_server.hpp"
#include "live/operator/entropy.hpp"
#include "live/operator/foreign.hpp"
#include "live/operator/lease.hpp"
#include "live/operator/one_release.hpp"
#include "live/operator/operator.hpp"
#include "live/operator/overlay_api.hpp"
#include "live/operator/shadow.hpp"
#include "live/operator/system_clock.hpp"
#include "live/operator/watching.hpp"
#include "sim/report/text.hpp"

namespace volary::cli {
namespace {

using namespace std::chrono_literals;
using live::KubeError;

constexpr Duration drain_alerts = 1s;

Error refused_by_neighbour(const std::string& what, const std::string& who,
                           const std::string& hint) {
  return {.kind = ErrorKind::Unavailable,
          .message = fmt::format("{} is driven by another controller: {}", what, who),
          .where = {},
          .hint = hint};
}

/// CTL-01: what a first look at the cluster may say, and what to do about it.
Error first_look(const KubeError& error, const live::ClusterAccess& access) {
  Error said = live::error_of(error, "the Canaries of " + access.server);
  said.kind = ErrorKind::Unavailable;
  said.where = "context " + access.context;
  switch (error.kind) {
    case KubeError::Kind::NotFound:
      said.hint = "this cluster does not know the kind Canary: kubectl apply -k live/manifests";
      break;
    case KubeError::Kind::Forbidden:
      said.hint = "give this user the rights of live/manifests/rbac.yaml";
      break;
    case KubeError::Kind::Unauthorized:
      said.hint = "the credentials have run out or are not known here: log in anew";
      break;
    default: said.hint = "is this the right --kubeconfig and --context?";
  }
  return said;
}

std::string identity() {
  char host[256] = "volary";
  (void)gethostname(host, sizeof host - 1);
  return fmt::format("{}_{}", host, live::uuid_of(std::to_string(live::random_seed())));
}

/// Everything that `volary live` holds while it runs, in the order in which it is made.
class LiveRun {
 public:
  LiveRun(const Session& session, const LiveFlags& flags, live::ClusterAccess access,
          live::ReleaseSettings settings)
      : session_{session},
        flags_{flags},
        access_{std::move(access)},
        settings_{std::move(settings)},
        signals_{ending_},
        log_{clock_, live::level_named(flags.log_level),
             [](std::string_view line) { (void)std::fwrite(line.data(), 1, line.size(), stderr); }},
        client_{access_, cut_.get_token(), limits(), agent},
        watcher_{access_, ending_.get_token(), limits(), agent},
        lease_client_{access_, lease_cut_.get_token(), limits(), agent},
        http_{cut_.get_token(), agent},
        overlay_{client_, [this](const std::string& would) { tell(would); }},
        fence_{client_, [this] { return may_write(); }},
        telling_{[this](const std::string& would) { tell(would); }},
        outbox_{http_,
                [this](const std::string& what, const Error& error) {
                  log_.say(live::Log::Level::Warn, "outbox", what + ": " + to_string(error));
                }},
        events_{api()},
        alerts_{api(), flags.act ? static_cast<live::Postbox&>(outbox_) : telling_,
                alert_settings(flags),
                [this](const std::string& what, const Error& error) {
                  log_.say(live::Log::Level::Warn, "alerts", what + ": " + to_string(error));
                }},
        world_{.clock = clock_,
               .api = api(),
               .routes = api(),
               .http = http_,
               .postbox = flags.act ? static_cast<live::Postbox&>(outbox_) : telling_,
               .alerts = alerts_,
               .events = events_,
               .gauges = gauges_,
               .log = log_,
               .entropy = entropy_,
               .metrics = live_metrics(
                   api(), http_, clock_, entropy_,
                   [this](const std::string& path) { return client_.get_text(path); },
                   [this](Duration time) { pause(time); }, flags),
               .wait = [this](Duration time) { pause(time); }} {
    if (!flags.act) world_.instead_of_hooks = [this](const std::string& would) { tell(would); };
    gauges_.set("flagger_info",
                {{"mesh_provider", flags.mesh_provider}, {"version", VOLARY_VERSION}}, 1);
  }

  [[nodiscard]] Exit run();

 private:
  static constexpr const char* agent = "volary/" VOLARY_VERSION;

  [[nodiscard]] live::KubeClientLimits limits() const {
    return {.requests_per_second = flags_.qps, .burst = flags_.burst};
  }
  [[nodiscard]] live::KubeApi& api() {
    if (flags_.act) return fence_;
    return overlay_;
  }
  void pause(Duration time) { (void)live::sleep_for(ending_.get_token(), time); }
  [[nodiscard]] bool may_write() const { return !closed_ && (!election_ || election_->leads()); }
  void tell(const std::string& would) {
    if (one_release_) {
      if (!flags_.json) (void)write_out("  " + would + "\n");
    } else {
      log_.say(live::Log::Level::Info, "watching", would);
    }
  }
  /// Whatever is under way fails from here on; no write begins any more.
  void cut_off() {
    closed_ = true;
    cut_.request_stop();
  }

  [[nodiscard]] std::optional<Exit> look_at_cluster();
  [[nodiscard]] std::optional<Exit> refuse_neighbours(const std::string& ns);
  [[nodiscard]] Exit take_over();
  [[nodiscard]] Exit one(const ObjectName& name);
  [[nodiscard]] Exit shadow();
  [[nodiscard]] Exit operate();

  const Session& session_;
  const LiveFlags& flags_;
  live::ClusterAccess access_;
  live::ReleaseSettings settings_;
  std::stop_source ending_, cut_, lease_cut_;
  StopSignals signals_;  // before every thread
  live::SystemClock clock_;
  live::SystemEntropy entropy_;
  live::Log log_;
  live::Gauges gauges_;
  live::KubeClient client_, watcher_, lease_client_;
  live::HttpClient http_;
  std::atomic<bool> closed_ = false;
  std::unique_ptr<live::LeaderElection> election_;
  bool one_release_ = false;
  live::OverlayApi overlay_;
  live::FencedApi fence_;
  live::TellingPostbox telling_;
  live::Outbox outbox_;
  live::EventSink events_;
  live::AlertSender alerts_;
  live::ReleaseWorld world_;
};

std::optional<Exit> LiveRun::look_at_cluster() {
  for (const std::string& warning : access_.warnings) warn(session_, warning);
  const auto found = client_.list(live::canaries, flags_.ns, "");
  if (found) return std::nullopt;
  return refuse(session_, first_look(found.error(), access_));
}

/// FLT-44. With an election of our own, who holds the Lease is waited for.
std::optional<Exit> LiveRun::refuse_neighbours(const std::string& ns) {
  std::vector<std::string> unknown;
  const auto who = live::foreign_controller(
      client_, {.lease_ns = flags_.ns.empty() ? flags_.leader_election_ns : flags_.ns, .ns = ns},
      clock_.now(), unknown);
  if (!who) return refuse(session_, who.error());
  for (const std::string& what : unknown)
    warn(session_, what + " may not be read: another controller there would not be noticed");
  if (!*who || (flags_.leader_election && (*who)->find(" holds the Lease ") != std::string::npos))
    return std::nullopt;
  return refuse(session_,
                refused_by_neighbour(ns.empty() ? "this cluster" : "namespace " + ns, **who,
                                     "stop it first, or hand single objects over with --take-over "
                                     "and drive them with --canary"));
}

Exit LiveRun::take_over() {
  const auto name = object_named(flags_.take_over, "--take-over");
  if (!name) return refuse(session_, name.error());
  if (!flags_.act) {
    const auto end =
        print(session_, "would suspend " + flags_.take_over +
                            " for other controllers and mark it as Volary's: --act does it\n");
    return end.value_or(Exit::Done);
  }
  const auto back = live::take_over(client_, *name);
  if (!back) return refuse(session_, back.error());
  const auto end = print(session_, fmt::format("{} is Volary's now: volary live --act --canary {}\n"
                                               "To hand it back:\n  {}\n",
                                               flags_.take_over, flags_.take_over, *back));
  return end.value_or(Exit::Done);
}

Exit LiveRun::one(const ObjectName& name) {
  one_release_ = true;
  settings_.full_records = flags_.json || !flags_.log_file.empty();
  std::ofstream log;
  if (!flags_.log_file.empty()) {
    log.open(flags_.log_file, std::ios::binary | std::ios::app);
    if (!log)
      return refuse(session_, {.kind = ErrorKind::Output,
                               .message = "cannot write",
                               .where = flags_.log_file,
                               .hint = "see --log"});
  }
  live::Release release{world_, settings_, name};
  std::optional<sim::report::Timeline> timeline;
  bool headed = false, lost_output = false;
  live::OneRelease flight;
  flight.on_tick = [&](const TickRecord& record, const Plan& followed) {
    std::string records = headed ? ""
                                 : live::header_record({.canary = name,
                                                        .compat = settings_.engine.compat,
                                                        .plan = followed,
                                                        .world = access_.context,
                                                        .source = access_.server});
    headed = true;
    records += live::tick_records(record);
    if (log.is_open()) {
      log << records << std::flush;
      lost_output = lost_output || !log;
    }
    if (flags_.json) {
      lost_output = lost_output || !write_out(records);
      return;
    }
    if (!timeline) {
      std::vector<Remark> remarks;
      const auto canary = live::canary_of(release.object(), remarks);
      if (!canary) return;
      timeline.emplace(*canary, followed, Duration{}, session_.out);
    }
    lost_output = lost_output || !write_out(timeline->tick(record));
  };
  flight.waiting = [&] {
    if (!flags_.json)
      fmt::print(stderr, "nothing is released just now: waiting for a new revision\n");
  };
  auto ended = live::fly(release, settings_.engine, flight, ending_.get_token());
  while (!flags_.once && ended && *ended != live::Ending::Interrupted)
    ended = live::fly(release, settings_.engine, flight, ending_.get_token());
  cut_off();
  if (timeline) (void)write_out(timeline->finish());
  if (!ended) return refuse(session_, ended.error());
  if (lost_output && log.is_open() && !log)
    return refuse(session_, {.kind = ErrorKind::Output,
                             .message = "the decision log could not be written",
                             .where = flags_.log_file,
                             .hint = "free some space or write elsewhere"});
  const char* said = *ended == live::Ending::Promoted     ? "promoted"
                     : *ended == live::Ending::RolledBack ? "rolled back"
                                                          : "interrupted";
  if (!flags_.json) {
    const bool would = !flags_.act && *ended != live::Ending::Interrupted;
    if (const auto end = print(session_, fmt::format("{}{}{}\n", to_string(name),
                                                     would ? " would have been " : " ", said)))
      return *end;
  }
  return *ended == live::Ending::RolledBack ? Exit::No : Exit::Done;
}

Exit LiveRun::shadow() {
  const auto documents = read_documents(flags_.shadow);
  if (!documents) return refuse(session_, documents.error());
  if (auto policies = policies_in(*documents, flags_.shadow); !policies)
    return refuse(session_, policies.error());
  const auto placed =
      live::place_shadow(overlay_, *documents, flags_.ns.empty() ? access_.default_ns : flags_.ns,
                         settings_, clock_.now());
  if (!placed) return refuse(session_, in(flags_.shadow)(placed.error()));
  if (!placed->under_way && !flags_.json)
    fmt::print(stderr,
               "{} has no primary here: the shadow starts with the taking over of the target\n",
               to_string(placed->canary));
  return one(placed->canary);
}

Exit LiveRun::operate() {
  const std::string lease_ns = flags_.ns.empty() ? flags_.leader_election_ns : flags_.ns;
  const auto loop = go_parse_duration(flags_.control_loop_interval);
  if (!loop || *loop <= Duration{})
    return refuse(session_, {.kind = ErrorKind::Invalid,
                             .message = "'" + flags_.control_loop_interval + "' is not a duration",
                             .where = "--control-loop-interval",
                             .hint = "such as 10s"});
  live::Operator controller{world_,
                            settings_,
                            {.ns = flags_.ns, .control_loop = *loop, .yield_to_others = flags_.act},
                            watcher_};
  // Before the server, whose threads look at it.
  if (flags_.act && flags_.leader_election)
    election_ = std::make_unique<live::LeaderElection>(
        lease_client_, clock_,
        live::LeaderElection::Settings{.ns = lease_ns, .identity = identity()}, log_);
  auto server = live::StatusServer::start(
      flags_.address, flags_.port,
      {.metrics = [this] { return gauges_.text(); },
       // One that waits for its turn is fine as it is.
       .ready = [&] { return (election_ && !election_->leads()) || controller.ready(); }});
  if (!server) return refuse(session_, server.error());
  log_.say(live::Log::Level::Info, "live",
           fmt::format("{} in {} ({}); figures at port {}",
                       flags_.act ? "driving Canaries" : "only watching, nothing is written",
                       access_.server, access_.context, (*server)->port()));

  std::atomic<bool> lost = false;
  std::thread renewing;
  if (election_) {
    if (!election_->acquire(ending_.get_token())) return Exit::Done;
    renewing = std::thread{[&] {
      if (!election_->hold(ending_.get_token())) {
        lost = true;
        ending_.request_stop();
      }
    }};
  }
  gauges_.set("volary_leader", {}, flags_.act ? 1 : 0);
  controller.run(ending_.get_token(), [this] { cut_off(); });
  gauges_.set("volary_leader", {}, 0);
  if (renewing.joinable()) renewing.join();
  if (election_) election_->release();
  if (!lost) return Exit::Done;
  fmt::print(stderr, "{}\n",
             error_line({.kind = ErrorKind::Unavailable,
                         .message = "leadership lost",
                         .where = "Lease " + lease_ns + "/" + std::string{live::lease_name},
                         .hint = "another controller may drive now; a restart waits its turn"},
                        Exit::LeadershipLost, session_.json_errors));
  return Exit::LeadershipLost;
}

Exit LiveRun::run() {
  if (const auto end = look_at_cluster()) return *end;
  if (!flags_.take_over.empty()) return take_over();
  if (!flags_.shadow.empty()) return shadow();
  if (flags_.canary.empty()) {
    if (flags_.act)
      if (const auto end = refuse_neighbours(flags_.ns)) return *end;
    return operate();
  }
  const auto name = object_named(flags_.canary, "--canary");
  if (!name) return refuse(session_, name.error());
  const live::ObjectPath path{live::canaries, name->ns, name->name};
  const auto object = client_.get(path);
  if (!object)
    return refuse(session_, live::error_of(object.error(), live::spoken("Canary", path)));
  if (flags_.act && !live::taken_over(*object)) {
    std::vector<Remark> remarks;
    const auto canary = live::canary_of(*object, remarks);
    if (!canary) return refuse(session_, canary.error());
    const Duration interval = plan(*canary, settings_.engine).interval;
    if (const auto who = live::foreign_writer(*object, interval, clock_.now()))
      return refuse(session_, refused_by_neighbour(live::spoken("Canary", path), *who,
                                                   "volary live --act --take-over " +
                                                       flags_.canary + " hands it over"));
    if (const auto end = refuse_neighbours(name->ns)) return *end;
  }
  return one(*name);
}

}  // namespace

Exit live_command(const Session& session, LiveFlags flags) {
  const auto wrong = [&](const char* message, const char* hint) {
    return refuse(
        session,
        {.kind = ErrorKind::Invalid, .message = message, .where = "command line", .hint = hint});
  };
  if (!flags.shadow.empty() && (flags.act || !flags.canary.empty()))
    return wrong("--shadow goes without --act and --canary", "a shadow only ever watches");
  if (flags.once && flags.canary.empty())
    return wrong("--once needs --canary", "name the one release: --canary NS/NAME");
  if (!flags.shadow.empty()) flags.once = true;
  auto settings = release_settings(flags);
  if (!settings) return refuse(session, settings.error());
  auto access = live::find_cluster({.kubeconfig = flags.kubeconfig, .context = flags.context});
  if (!access) return refuse(session, access.error());
  // What one release says to a person is told once, not in log lines as well.
  if ((!flags.canary.empty() || !flags.shadow.empty()) && flags.log_level == "info")
    flags.log_level = "error";
  LiveRun run{session, flags, *std::move(access), *std::move(settings)};
  return run.run();
}

}  // namespace volary::cli
