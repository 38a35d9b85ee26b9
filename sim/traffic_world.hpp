#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ports.hpp"
#include "sim/fifo.hpp"
#include "sim/kernel.hpp"
#include "sim/latency_histogram.hpp"
#include "sim/latency_law.hpp"
#include "sim/random.hpp"
#include "sim/request_counters.hpp"
#include "sim/run.hpp"
#include "sim/scenario.hpp"

namespace volary::sim {

using WorkloadId = std::uint32_t;
inline constexpr WorkloadId no_workload = ~WorkloadId{0};
/// Pods are numbered in the order in which they were made, from 0; numbers are not used again.
using PodId = std::uint32_t;

/// What became of requests to a workload, as its sidecars report it, cumulative since the start.
struct WorkloadCounters {
  std::array<std::uint64_t, reply_kinds> replies{};
  LatencyHistogram latency;                           ///< copies left out
  std::uint64_t mirrored = 0, mirrored_failures = 0;  ///< of the replies above, those to copies
};

/// What users saw, after retries, at one source of traffic.
struct EdgeCounters {
  std::uint64_t requests = 0, failures = 0;
  LatencyHistogram latency;
};

/// What became of requests to one version of a service, copies left out.
struct VersionCounters {
  std::uint64_t requests = 0, failures = 0;
};

/// How requests to a service are divided, once the change has reached the proxies.
struct RouteRule {
  bool active = false;  ///< false: the service selects the pods of `apex`
  Role apex = Role::Target;
  Routes routes;
  bool matched_only =
      false;  ///< A/B: the division concerns matched segments, others go to the primary
  /// [traffic][segment], the last one for users outside of all segments.
  std::vector<std::vector<bool>> matched;
  std::uint32_t canary_cookie = 0;  ///< session affinity: 0 = none; a new number is a new cookie
  bool primary_cookie = false;
  Duration primary_cookie_age{};
  friend bool operator==(const RouteRule&, const RouteRule&) = default;
};

/// The traffic of a scenario, request by request: users, services, pods, faults (executor
/// `events`). Deterministic in scenario and seed. Models: docs/models/traffic.md,
/// docs/models/services.md.
class TrafficWorld {
 public:
  TrafficWorld(const Scenario& scenario, std::uint64_t seed);
  TrafficWorld(const TrafficWorld&) = delete;
  TrafficWorld& operator=(const TrafficWorld&) = delete;

  [[nodiscard]] Instant now() const { return kernel_.now(); }
  void run_until(Instant end);
  void call_at(Instant at, std::function<void()> call) { kernel_.call_at(at, std::move(call)); }
  void stop() { kernel_.stop(); }

  // ── what a cluster can be told ──
  /// The Deployment of a service, or its generated primary (`no_workload` while there is none).
  [[nodiscard]] WorkloadId workload(std::string_view service, Role role) const;
  /// A copy of the target with its template and `replicas`.
  WorkloadId create_primary(std::string_view service, int replicas);
  void set_version(WorkloadId id, int version);
  void scale(WorkloadId id, int replicas);
  /// Takes effect after the mesh's propagation delay; what was told last already has nothing to
  /// propagate.
  void set_route(std::string_view service, RouteRule rule);
  /// One request that passes by the routes and whose answer no user waits for; `number` is its
  /// place among all of them.
  void send_directly(WorkloadId to, std::uint64_t number);

  // ── what can be read ──
  /// Do routes divide the traffic of a service, or will they once the last change has arrived?
  [[nodiscard]] bool is_routed(std::string_view service) const;
  [[nodiscard]] WorkloadView view(WorkloadId id) const;
  [[nodiscard]] int version(WorkloadId id) const { return workloads_[id].version; }
  [[nodiscard]] int replicas(WorkloadId id) const { return workloads_[id].replicas; }
  [[nodiscard]] const std::string& version_name(std::string_view service, int version) const;
  /// The version that the n-th release of the scenario brings.
  [[nodiscard]] int version_of_release(std::size_t release) const {
    return release_versions_.at(release);
  }
  [[nodiscard]] const WorkloadCounters& counters(WorkloadId id) const {
    return workloads_[id].counters;
  }
  /// What an ingress or gateway in front of a workload counts: every answer it gave for it, its own
  /// 503s among them.
  [[nodiscard]] const RequestCounters& ingress_counters(WorkloadId id) const {
    return workloads_[id].ingress;
  }
  [[nodiscard]] std::size_t pod_count() const { return pods_.size(); }
  [[nodiscard]] WorkloadId workload_of(PodId pod) const { return pods_[pod].workload; }
  /// A pod that is gone is scraped no more.
  [[nodiscard]] bool gone(PodId pod) const { return pods_[pod].state == Pod::State::Gone; }
  /// As a Deployment names its pods: the workload, its template, five letters.
  [[nodiscard]] std::string pod_name(PodId pod) const;
  /// What the sidecar of one pod counts (reporter "destination").
  [[nodiscard]] const RequestCounters& pod_counters(PodId pod) const { return sidecars_[pod]; }
  [[nodiscard]] std::size_t workload_count() const { return workloads_.size(); }
  [[nodiscard]] const std::string& workload_name(WorkloadId id) const {
    return workloads_[id].name;
  }
  [[nodiscard]] std::size_t service_of(WorkloadId id) const { return workloads_[id].service; }
  [[nodiscard]] int ready_pods(WorkloadId id) const {
    return static_cast<int>(workloads_[id].ready.size());
  }
  [[nodiscard]] int queued(WorkloadId id) const;
  [[nodiscard]] const EdgeCounters& edge(std::size_t traffic) const {
    return sources_[traffic].counters;
  }
  [[nodiscard]] VersionCounters version_counters(std::string_view service, int version) const;
  /// Users that met at least one failure of a version.
  [[nodiscard]] std::uint64_t harmed_users(std::string_view service, int version) const;
  [[nodiscard]] std::uint64_t users() const;
  [[nodiscard]] std::vector<Conservation> conservation() const;
  [[nodiscard]] std::uint64_t hops() const { return hops_started_; }
  [[nodiscard]] std::uint64_t kernel_events() const { return kernel_.events(); }
  /// Sum and count of the time that hops of a service waited for a worker (the wait of queueing
  /// theory), seconds.
  [[nodiscard]] std::pair<double, std::uint64_t> waits(std::string_view service) const;
  [[nodiscard]] const Scenario& scenario() const { return scenario_; }

 private:
  enum Kind : std::uint32_t { Arrival, WorkDone, PodReady, PodCrash, Retry, Observe };
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct Version {
    std::string name;
    Changes changes;
    VersionCounters counters;
  };
  struct ServiceState {
    const Service* spec = nullptr;
    LatencyLaw work{{}}, startup{{}};
    double fault_latency = 1, fault_errors = 0;
    std::vector<Version> versions;
    std::vector<std::size_t> calls;        ///< index of each call's service
    std::vector<Kernel::Ring> call_rings;  ///< none: no time-out
    WorkloadId target = no_workload, primary = no_workload;
    RouteRule route, told;  ///< in force, and told last
    std::uint64_t route_sequence = 0, route_applied = 0;
    // By user over all traffic, and empty until somebody is in it: populations may be large.
    std::vector<std::uint32_t> canary_cookies;  ///< the cookie that was given
    std::vector<Instant> primary_cookies;       ///< until when
    std::vector<std::vector<bool>> harmed;      ///< [version][user]
    Conservation conservation;
    std::uint64_t waited_ns = 0, waits = 0;
  };
  struct Pod {
    enum class State : std::uint8_t {
      Starting,
      Ready,
      Crashed,
      Draining,
      Gone
    } state = State::Starting;
    WorkloadId workload = 0;
    int version = 0;
    Instant started{};
    int busy = 0;
    int crashes = 0;          ///< since it was made
    int waited_restarts = 0;  ///< that the back-off remembers
    int ordinal = 0;          ///< among those of the workload
    Fifo<std::uint32_t> queue;
  };
  struct Workload {
    std::string name;
    std::size_t service = 0;
    int version = 0;
    int replicas = 0;
    std::int64_t generation = 1, observed = 1;
    std::vector<std::uint32_t> pods;  ///< all but the gone
    std::vector<std::uint32_t> ready;
    Fifo<std::uint32_t> shared_queue;
    Instant progressed{};  ///< last sign of progress of the rollout
    bool available = true;
    Instant available_since{};
    int pods_made = 0;
    std::uint64_t busy_ns = 0;  ///< workers × time, for the autoscaler
    int busy = 0;
    Instant busy_since{};
    std::deque<std::pair<Instant, int>> wished;  ///< the autoscaler's last five minutes
    std::uint64_t busy_at_last_look = 0;
    WorkloadCounters counters;
    RequestCounters ingress;
  };
  struct Hop {
    enum class State : std::uint8_t { Free, Queued, Working, Calling, Dead } state = State::Free;
    enum class Parent : std::uint8_t { Nobody, Edge, Hop } parent_kind = Parent::Nobody;
    bool mirrored = false;
    bool direct = false;  ///< sent to the pods past every gateway
    bool fails = false;
    std::uint8_t retry = 0;
    std::uint16_t step = 0;
    std::uint32_t generation = 0;
    std::uint32_t parent = 0, parent_generation = 0;
    std::uint32_t service = 0;
    PodId pod = none;  ///< none before one was chosen
    WorkloadId workload = 0;
    std::uint32_t source = 0;
    std::uint32_t user = 0;  ///< over all traffic
    std::uint64_t key = 0;
    std::array<std::uint32_t, 4> draw{};
    Instant started{};
  };
  struct EdgeRequest {
    bool live = false;
    std::uint32_t generation = 0;
    std::uint32_t source = 0, user = 0;
    std::uint32_t hop = none, hop_generation = 0;
    int attempt = 0;
    std::uint64_t number = 0;
    Instant started{};
  };
  struct Source {
    const Traffic* spec = nullptr;
    std::size_t service = 0;
    std::uint32_t first_user = 0;
    double rate_max = 0;
    std::vector<const Fault*> surges;
    std::uint64_t arrived = 0;
    Kernel::Ring ring = none;
    Stream arrivals;
    EdgeCounters counters;
    Conservation conservation;
  };

  // fleet.cpp: pods, rollouts, autoscaler, faults
  void add_pod(WorkloadId id, bool ready_at_once);
  void pod_ready(std::uint32_t pod);
  void pod_crashes(std::uint32_t pod, bool restarts);
  void remove_pod(std::uint32_t pod);
  void leave_ready(std::uint32_t pod);
  void forget_if_drained(std::uint32_t pod);
  void roll_out(WorkloadId id);
  void note_availability(Workload& workload);
  void count_busy(Workload& workload, int change);
  void look_at_load();
  void plan_faults();
  void weigh_faults(ServiceState& service);

  // requests.cpp: the way of one request
  void arrive(std::uint32_t source);
  void plan_arrival(std::uint32_t source);
  [[nodiscard]] double rate_factor(const Source& source, Instant at) const;
  void attempt(std::uint32_t edge);
  void attempt_ended(std::uint32_t edge, bool ok);
  void edge_done(std::uint32_t edge, bool ok);
  std::uint32_t dispatch(std::size_t service, Hop::Parent kind, std::uint32_t parent,
                         std::uint64_t key, std::uint32_t source, std::uint32_t user);
  void send(std::uint32_t hop);
  [[nodiscard]] WorkloadId choose(ServiceState& service, std::uint32_t word, std::uint32_t source,
                                  std::uint32_t user);
  void accept(std::uint32_t hop, std::uint32_t pod);
  void begin_work(std::uint32_t hop, std::uint32_t pod);
  void work_done(std::uint32_t hop);
  void next_call(std::uint32_t hop);
  void call_returned(std::uint32_t hop, bool ok);
  void complete(std::uint32_t hop, Reply reply);
  void finish(std::uint32_t hop, Reply reply, bool reported, bool awaited = false);
  void harm(ServiceState& service, std::size_t version, std::uint32_t user);
  void arm(Kernel::Ring ring, std::uint32_t index, std::uint32_t generation);
  [[nodiscard]] bool is_void(std::uint32_t index, std::uint32_t generation) const;
  void free_worker(std::uint32_t pod);
  void expired(std::uint32_t index, std::uint32_t generation);
  std::uint32_t new_hop();
  void release_hop(std::uint32_t hop);

  Scenario scenario_;
  std::uint64_t seed_;
  Kernel kernel_;
  LatencyLaw propagation_law_;
  Stream propagation_;
  std::vector<ServiceState> services_;
  std::vector<Source> sources_;
  std::vector<Workload> workloads_;
  std::vector<Pod> pods_;
  std::vector<RequestCounters> sidecars_;  ///< by pod
  std::vector<Hop> hops_;
  std::vector<std::uint32_t> free_hops_;
  std::vector<EdgeRequest> edges_;
  std::vector<std::uint32_t> free_edges_;
  std::vector<int> release_versions_;
  std::uint32_t user_count_ = 0;
  std::uint64_t hops_started_ = 0;
  static constexpr std::uint32_t edge_timer = 1U << 31;
};

}  // namespace volary::sim
