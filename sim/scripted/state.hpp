#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/scripted/world.hpp"

/// The inside of the scripted world: plain values, and the ports that answer from them.
namespace volary::sim {

/// A year: beyond every deadline that a policy would sensibly set.
inline constexpr Duration longer_than_any_deadline = std::chrono::hours{8760};

/// A Deployment, DaemonSet or other target.
struct ScriptedWorkload {
  std::string revision{};
  int replicas = 1;
  bool scaled_to_zero = false;  ///< DaemonSet: carries the selector of SCL-03
  bool seen = false;            ///< its controller has written a status
  PodState shown{};             ///< the state that status was written from
  int pods = 0;                 ///< replicas at that moment
};

/// Content of a ConfigMap or Secret.
using Content = std::optional<std::string>;

struct WorldState {
  explicit WorldState(WorldSetup setup);
  ~WorldState();

  // The object.
  Canary canary;
  bool gone = false;
  std::vector<MetricTemplate> templates;

  // Workloads.
  WorkloadView::Kind kind = WorkloadView::Kind::Deployment;
  Compat compat = Compat::Strict;
  int first_replicas = 1;
  std::optional<ScriptedWorkload> target, primary;
  std::map<Role, PodState> states;
  bool configs = false;
  Content config, secret, primary_config, primary_secret;
  std::optional<int> autoscaler_min;
  bool restored_at_once = false;

  // Routing, checks, hooks.
  RouteFamily family;
  RouteObject route;
  std::map<std::string, std::string> hooks, checks;
  std::string all_checks = "pass";
  std::string server = "1";
  std::set<WriteClass> refused;

  // Records of the tick.
  std::vector<std::string> events, alerts, calls, queries;
  std::vector<std::pair<std::string, std::string>> evidence;

  Instant now{};
  int letters_drawn = 0;
  std::map<std::string, std::string> cookie_names;  ///< drawn value → v1, v2, …

  [[nodiscard]] Result<void> may_write(WriteClass writes) const;
  [[nodiscard]] std::optional<ScriptedWorkload>& workload(Role role) {
    return role == Role::Target ? target : primary;
  }
  /// The pods' states become visible: what a workload's own controller would have written by now.
  void show_pods();
  void show_pods(Role role, PodState state);
  [[nodiscard]] int pods_of(const ScriptedWorkload& workload) const;

  struct PortSet;
  std::unique_ptr<PortSet> port_set;
};

/// The answer to one query in the unit of its text (MET-14), as a Prometheus server would give it
/// (PRV-05..PRV-08). Errors: NoData, Unavailable, Timeout.
[[nodiscard]] Result<double> prometheus_answer(const std::string& answer);
/// A value that passes, or does not pass, the named check of this spec (MET-20..23), in the unit of
/// its bounds.
[[nodiscard]] std::string answer_within_bounds(const Analysis& analysis, const std::string& check,
                                               bool pass);

}  // namespace volary::sim
