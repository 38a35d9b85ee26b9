#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/canary.hpp"
#include "engine/event.hpp"
#include "engine/plan.hpp"
#include "engine/result.hpp"
#include "engine/units.hpp"

/// What the engine knows of the world. A set of ports is bound to one Canary object. Every call may
/// take time (of the run's Clock); the engine does not notice. Errors are values; what the rules
/// make of them is written in tick.cpp.
namespace volary {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
};

/// Whatever varies between runs with equal inputs comes through here.
class Entropy {
 public:
  virtual ~Entropy() = default;
  /// `count` letters from a–z, A–Z (SA-11).
  [[nodiscard]] virtual std::string letters(int count) = 0;
};

/// The object itself. Source: SM-01, ST-50.
class CanaryStore {
 public:
  virtual ~CanaryStore() = default;
  /// Errors: NotFound when it is gone, Unavailable.
  [[nodiscard]] virtual Result<Canary> read() = 0;
  /// Writes the status subresource against `version`; returns the new version.
  /// Errors: Conflict when `version` is stale, Unavailable when refused.
  [[nodiscard]] virtual Result<std::int64_t> write_status(const CanaryStatus& status,
                                                          std::int64_t version) = 0;
  /// FIN-02, FIN-10 (7).
  [[nodiscard]] virtual Result<void> set_finalizer(bool present) = 0;
};

/// How requests are divided. A/B: of matched requests (SM-76).
struct Routes {
  Weight primary{100};
  Weight canary{0};
  bool mirrored = false;
  friend bool operator==(const Routes&, const Routes&) = default;
};

/// The traffic router of one provider (RT-COMMON-11). The Canary it is handed carries the in-memory
/// status, whose cookies it writes into its rules (SA-14); the engine moves the cookies themselves
/// (affinity.hpp).
class Router {
 public:
  virtual ~Router() = default;
  /// Creates the routing objects at 100/0, or repairs drift (SM-07, SM-12, RT-COMMON-40).
  [[nodiscard]] virtual Result<void> reconcile(const Canary& canary) = 0;
  /// Errors: NotFound when the object is missing; Invalid when its weights make no sense, so that
  /// writing them is the cure (RT-COMMON-43); Unavailable for everything else, such as a route that
  /// its parents have not accepted (SM-142).
  [[nodiscard]] virtual Result<Routes> routes(const Canary& canary) = 0;
  [[nodiscard]] virtual Result<void> set_routes(const Canary& canary, const Routes& routes) = 0;
  /// FIN-21.
  [[nodiscard]] virtual Result<void> finalize(const Canary& canary) = 0;
};

enum class Role { Target, Primary };

/// What a controller can read of a Deployment or DaemonSet, as its status says it. Core Services
/// and Knative revisions are `always_ready` or `pending`. Source: state-machine.md §5.
struct WorkloadView {
  enum class Kind { Deployment, DaemonSet, Other } kind = Kind::Deployment;
  std::string name;
  std::int64_t generation = 0;
  std::int64_t observed_generation = 0;
  std::optional<int> spec_replicas;
  int replicas = 0, updated = 0,
      available = 0;  ///< DaemonSet: `updatedNumberScheduled`, `numberAvailable`
  int desired = 0;    ///< DaemonSet: `desiredNumberScheduled`
  bool has_progressing = false;
  std::string progressing_reason;
  bool has_available = false;
  std::string available_status, available_reason;
  Instant available_updated{};
  bool ready_condition = true;  ///< Other: RDY-30, RDY-31
};

/// Target, primary, their Services, autoscalers and config copies (SM-04..SM-11, controller.md
/// §8–9).
class Workload {
 public:
  virtual ~Workload() = default;
  /// SM-04: NotFound when the target is missing, Invalid when it has no known selector label
  /// (GEN-10).
  [[nodiscard]] virtual Result<void> check_target() = 0;
  /// SM-05: the canary service, then the primary service.
  [[nodiscard]] virtual Result<void> reconcile_services() = 0;
  /// SM-08a, with the ConfigMap and Secret copies (GEN-20..35, GEN-50).
  [[nodiscard]] virtual Result<void> create_primary_if_missing() = 0;
  /// SM-09: creates a missing primary autoscaler (GEN-54, GEN-56). Nothing without `autoscalerRef`.
  [[nodiscard]] virtual Result<void> create_primary_autoscaler_if_missing() = 0;
  /// SM-22, SM-102 (GEN-55).
  [[nodiscard]] virtual Result<void> update_primary_autoscaler() = 0;
  /// SCL-01, SCL-02.
  [[nodiscard]] virtual Result<void> pause_autoscaler() = 0;
  [[nodiscard]] virtual Result<void> resume_autoscaler() = 0;
  /// SM-10.
  [[nodiscard]] virtual Result<void> reconcile_apex() = 0;
  [[nodiscard]] virtual Result<WorkloadView> view(Role role) = 0;
  /// CHG-01.
  [[nodiscard]] virtual Result<Fingerprint> fingerprint() = 0;
  /// CHG-20..23; nothing when tracking is off or does not apply (CHG-24, CR-35).
  /// Errors: NotFound for a missing mandatory object (CHG-05).
  [[nodiscard]] virtual Result<std::optional<TrackedConfigs>> tracked_configs() = 0;
  /// SCL-03, SCL-10, SCL-11.
  [[nodiscard]] virtual Result<void> scale_to_zero() = 0;
  [[nodiscard]] virtual Result<void> scale_up() = 0;
  /// GEN-40..46: copies the target over the primary.
  [[nodiscard]] virtual Result<void> promote() = 0;
  /// FIN-10 (3).
  [[nodiscard]] virtual Result<void> restore_target() = 0;
  /// FIN-20.
  [[nodiscard]] virtual Result<void> revert_services() = 0;
  /// FIN-10 (4): lets the given time of the run pass.
  virtual void wait(Duration time) = 0;
};

/// SCL-10: the replicas a Deployment is started with.
/// Errors: Invalid when neither an autoscaler nor a primary says how many.
[[nodiscard]] Result<int> replicas_to_start(std::optional<int> current, bool has_autoscaler,
                                            std::optional<int> autoscaler_min,
                                            std::optional<int> primary);

/// One query, rendered. Source: metrics.md §1.
struct MetricQuery {
  enum class Kind { BuiltinSuccessRate, BuiltinDuration, Inline, Template } kind{};
  std::string metric;                               ///< name in the analysis
  std::string provider_type;                        ///< "prometheus", or the template's
  std::string server;                               ///< MET-05, MET-06
  std::string text;                                 ///< rendered
  std::string interval;                             ///< the window, as text (MET-03)
  const MetricTemplate* metric_template = nullptr;  ///< credentials and headers
  /// Builtin checks: asks the same server for the rate of the requests behind the value; else "".
  std::string requests;
};

/// The answer to a MetricQuery, with what evidence needs.
struct Measurement {
  double value = 0;
  int series = 1;                 ///< how many answered
  Instant newest{};               ///< time of the newest sample
  Duration window{};              ///< zero when unknown
  std::optional<double> samples;  ///< requests behind it; builtin checks have a companion query
};

class MetricSource {
 public:
  virtual ~MetricSource() = default;
  /// Errors: NoData when nothing was measured (also NaN from Prometheus, PRV-07), Unavailable or
  /// Timeout when nobody answered, Invalid for a refused query.
  [[nodiscard]] virtual Result<Measurement> query(const MetricQuery& query) = 0;
  /// MET-50: does the server answer `vector(1)` (or its kind's own test)?
  [[nodiscard]] virtual Result<void> online(const MetricQuery& server) = 0;
  /// Errors: NotFound.
  [[nodiscard]] virtual Result<MetricTemplate> find_template(const ObjectName& name) = 0;
};

/// One call of one hook. Source: HOOK-01..07, HOOK-61.
struct HookCall {
  const Webhook* hook = nullptr;
  ObjectName canary;
  Phase phase{};
  std::string checksum;          ///< ST-22
  const Event* event = nullptr;  ///< for hooks of type event
};

class Webhooks {
 public:
  virtual ~Webhooks() = default;
  /// Passed or not, after retries; the error's message is the text of HOOK-05.
  [[nodiscard]] virtual Result<void> call(const HookCall& call) = 0;
};

/// What the engine has to say. Cannot fail the tick.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual void event(const Event& event) = 0;
  virtual void alert(const Alert& alert) = 0;
  virtual void evidence(const CheckEvidence& evidence) = 0;
  /// PM-04: the weights in force, after SM-16 and after each successful change.
  virtual void weights(const Routes& routes) = 0;
  /// PM-07, PM-08: an analysis ended; `status` is "completed" or "skipped".
  virtual void ended(bool succeeded, std::string_view status) = 0;
};

struct Ports {
  const Clock& clock;
  CanaryStore& store;
  Router& router;
  Workload& workload;
  MetricSource& metrics;
  Webhooks& webhooks;
  Recorder& recorder;
  Entropy& entropy;
};

}  // namespace volary
