#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/ports.hpp"
#include "policies/policy_test.hpp"
#include "sim/scripted/route_object.hpp"

/// A world that does exactly what a script says: the engine's ports answered from a handful of
/// plain values, tick by tick, with no traffic model behind them. Policy tests run in it.
namespace volary::sim {

/// The world before the first tick.
struct WorldSetup {
  Canary canary;  ///< without status
  std::vector<MetricTemplate> templates;
  int replicas = 1;
  std::string revision = "A";
  /// The pod template refers to one ConfigMap and one Secret, both mandatory and at content "1".
  bool configs = false;
  std::optional<int> autoscaler_min;  ///< set: the autoscaler of `autoscalerRef` exists
  /// Whether its workloads are built as the reference builds them.
  Compat compat = Compat::Strict;
};

struct WorldState;

/// What can be seen after a tick.
struct Observation {
  std::string phase;
  int canary_weight = 0;
  int iterations = 0;
  int failed_checks = 0;
  std::string condition;  ///< "True/Initialized"
  std::optional<Routes>
      routes;  ///< as read back; nothing for `kubernetes`, or when absent or unreadable
  std::optional<int> target_replicas;
  std::string target_revision;
  std::optional<int> primary_replicas;
  std::string primary_revision;
  std::string primary_config;  ///< "1,1": content of the primary's ConfigMap and Secret; empty =
                               ///< there are none
  std::string applied, promoted;
  std::vector<std::string> events;  ///< short_form of event.hpp
  std::vector<std::string> alerts;  ///< "AL-INIT:info"
  std::vector<std::string>
      calls;  ///< "smoke Progressing"; event hooks "tell Progressing EV-START Normal"
  std::vector<std::string>
      queries;  ///< check names; "vector(1)" is the test of the server (PRV-09)
  std::array<std::string, 3>
      cookies;  ///< canary, previous, primary; values renamed v1, v2, … as they appear (SA-13)
  bool gone = false;
  std::vector<std::pair<std::string, std::string>>
      evidence;  ///< check name, what it said; for explanations
};

/// The scripted world. Operations come between ticks; `begin_tick` shows the pods' states to the
/// engine, which then runs on `ports()`; `end_tick` lets time pass until the next.
class World {
 public:
  explicit World(WorldSetup setup);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // What a script can do.
  void release(const std::string& revision, std::optional<int> replicas);
  void set_replicas(Role role, int replicas);
  void set_config(const std::string& content);
  void set_secret(const std::string& content);
  void delete_config();
  void set_state(Role role, PodState state);
  /// An HTTP status, `drop` or `timeout`; "ok" is 200.
  void answer_hook(const std::string& name, const std::string& answer);
  /// A number's text, `no-data`, `NaN`, `+Inf`, `-Inf`, an HTTP status of 400 and more as
  /// "http500", `garbage`, `drop`, `timeout`, any other text (which is no number); or `pass` and
  /// `fail`, a value inside or outside of the bounds.
  void answer_check(const std::string& name, const std::string& answer);
  void answer_all_checks(const std::string& answer);
  /// The answer to the online test of the metric server.
  void answer_server(const std::string& answer);
  void edit_spec(CanarySpec spec);
  void edit_routes(int primary, int canary);
  void drift_routes();
  void delete_routes();
  void delete_workload(Role role);
  /// The last status write moves this far into the past (RDY-22).
  void age(Duration by);
  /// For the coming tick only.
  void refuse(WriteClass writes);
  /// Sets the deletion timestamp, or lets the object vanish when it has no finalizer.
  void request_deletion();

  [[nodiscard]] bool gone() const;
  /// The object as it is stored.
  [[nodiscard]] const Canary& canary() const;

  void begin_tick();
  void end_tick(Duration until_next);
  /// FIN-10 (3): the pods of a restored target are there at once.
  void ready_when_restored();

  [[nodiscard]] Ports ports();
  /// What happened since `begin_tick`, and what stands now.
  [[nodiscard]] Observation observe();

 private:
  std::unique_ptr<WorldState> state_;
};

}  // namespace volary::sim
