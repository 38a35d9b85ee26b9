#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/ports.hpp"
#include "policies/policy.hpp"

/// `volary.dev/v1alpha1 PolicyTest`: a policy held tick by tick against a script, as alert rules
/// are with `promtool test rules`. Source: docs/policy-tests.md.
namespace volary {

/// How the pods of a workload look to a controller when a tick begins.
struct PodState {
  enum class Kind {
    Ready,
    Unobserved,          ///< the workload's controller has not seen the newest generation
    Rolling,             ///< one pod is not yet updated
    OldPods,             ///< one pod of the former revision is still there
    Available,           ///< `available` pods are available
    Unavailable,         ///< none is available, since just now
    UnavailableExpired,  ///< none is available, for longer than any deadline
    ReadyExpired,  ///< all are available, though the condition said otherwise for longer than any
                   ///< deadline
    Deadline,      ///< the Deployment's own progress deadline is missed (RDY-03)
  } kind = Kind::Ready;
  int available = 0;  ///< Available only
  friend bool operator==(const PodState&, const PodState&) = default;
};
/// "ready", "unobserved", "rolling", "old-pods", "available", "unavailable", "unavailable-expired",
/// "ready-expired", "deadline".
[[nodiscard]] std::optional<PodState::Kind> pod_state_named(std::string_view text);
[[nodiscard]] std::vector<std::string> pod_state_names();

/// API writes that a script can have refused (SM-141).
enum class WriteClass { Status, Route, Target, Primary };
/// "status", "route", "target", "primary".
[[nodiscard]] std::string_view to_string(WriteClass writes);
[[nodiscard]] std::optional<WriteClass> write_class_named(std::string_view text);
[[nodiscard]] std::vector<std::string> write_class_names();

/// What a row can say, in the order written; it happens before the tick.
namespace say {
struct Revision {
  std::string revision;
  std::optional<int> replicas;
};
struct Replicas {
  Role role{};
  int replicas = 0;
};
struct Config {
  std::string content;
};
struct Secret {
  std::string content;
};
struct DeleteConfig {};
struct Pods {
  Role role{};
  PodState state;
};
/// An empty name means every check.
struct Check {
  std::string name;
  std::string answer;
};
/// The answer to the test of the metric server (MET-50).
struct Server {
  std::string answer;
};
struct Hook {
  std::string name;
  std::string answer;
};
/// The Canary's spec after the user's patch.
struct Spec {
  CanarySpec spec;
};
struct EditRoutes {
  int primary = 0, canary = 0;
};
struct DriftRoutes {};
struct DeleteRoutes {};
struct DeleteWorkload {
  Role role{};
};
/// The last status write moves into the past (RDY-22).
struct Age {
  Duration by{};
};
struct Refuse {
  WriteClass writes{};
};
struct DeleteCanary {};
}  // namespace say

using Say = std::variant<say::Revision, say::Replicas, say::Config, say::Secret, say::DeleteConfig,
                         say::Pods, say::Check, say::Server, say::Hook, say::Spec, say::EditRoutes,
                         say::DriftRoutes, say::DeleteRoutes, say::DeleteWorkload, say::Age,
                         say::Refuse, say::DeleteCanary>;

/// What can be expected after a tick.
enum class TestField {
  Phase,
  CanaryWeight,
  Iterations,
  FailedChecks,
  Condition,
  Routes,
  Mirror,
  TargetReplicas,
  TargetRevision,
  PrimaryReplicas,
  PrimaryRevision,
  PrimaryConfig,
  Applied,
  Promoted,
  Cookies,
  Gone,
  Events,
  Alerts,
  Calls,
  Queries,
};
inline constexpr int test_fields = static_cast<int>(TestField::Queries) + 1;
/// "phase", "canaryWeight", …, "target.replicas".
[[nodiscard]] std::string_view to_string(TestField field);
/// A list of what happened in one tick, rather than of what holds until it changes.
[[nodiscard]] constexpr bool happens(TestField field) { return field >= TestField::Events; }

/// One expectation: a single text for what holds, a list for what happened (and for cookies).
struct Claim {
  TestField field{};
  std::vector<std::string> values;
  Mark at;
};

/// One row: what is said, then `repeat` ticks, each with the same claims.
struct TestRow {
  std::vector<Say> says;
  std::vector<Claim> claims;
  int repeat = 1;
  bool has_expect = false;
  Mark at;
};

struct PolicyTest {
  std::string name;
  Mark at;
  Compat compat = Compat::Strict;
  Canary canary;
  std::vector<MetricTemplate> templates;
  int replicas = 1;
  bool configs = false;               ///< the pod template refers to a ConfigMap and a Secret
  std::optional<int> autoscaler_min;  ///< set: the autoscaler of `autoscalerRef` exists
  Duration between_ticks{};           ///< a script has no clock of its own
  /// `start: created`: row 0 is the first tick of a Canary just created, which creates the primary.
  /// Otherwise that tick has passed, and row 0 completes the initialization.
  bool from_creation = false;
  /// `compare: everything`: what was once named holds until a later row says otherwise, and an
  /// event, alert, call or query that a row does not name must not happen. Texts are compared
  /// whole.
  bool everything = false;
  std::vector<TestRow> rows;
  std::vector<Remark> remarks;  ///< of its policy
};

/// Reads every PolicyTest of a file. Other kinds of the same file serve its tests: MetricTemplates,
/// Deployments and autoscalers all of them, Canaries those that name no policy of their own.
/// Errors: Invalid with file, line and hint.
[[nodiscard]] Result<std::vector<PolicyTest>> load_policy_tests(const std::string& file);

}  // namespace volary
