#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/canary.hpp"
#include "engine/units.hpp"

namespace volary {

/// controller.md §6: what the engine tells its Recorder, and event webhooks.
enum class EventId {
  Suspended,
  Error,
  ProvidersUp,
  ProvidersDown,
  PrimaryNotReady,
  InitDone,
  GateRolloutClosed,
  GateRolloutOpen,
  NewRevision,
  Restart,
  CanaryNotReady,
  RollbackHookNo,
  RollbackHookYes,
  RollbackManual,
  Start,
  PrePass,
  PreFail,
  RolloutHookFail,
  NoValues,
  QueryError,
  NoQuery,
  Breach,
  K8sNoAb,
  K8sNoWeights,
  K8sIterations,
  GateTrafficClosed,
  GateTrafficOpen,
  Weight,
  Iteration,
  GatePromotionClosed,
  GatePromotionOpen,
  RouteCanary,
  RouteCanaryFromMirror,
  Copy,
  RoutePrimary,
  PrimaryWeight,
  Done,
  DoneSkipped,
  Threshold,
  Failed,
  PromotionFailed,
  PostPass,
  PostFail,
  Terminating,
  Terminated,
  /// Strict mode only: a quirk of the reference was cured here; `detail` names it ("Q-06"), the
  /// text says how.
  Cured,
};
/// "EV-GATE-ROLLOUT-OPEN".
[[nodiscard]] std::string_view to_string(EventId id);
[[nodiscard]] std::optional<EventId> event_named(std::string_view text);

struct Event {
  EventId id{};
  bool warning = false;
  std::string value{};   ///< "20" of EV-WEIGHT(20), "1/3" of EV-ITERATION(1/3)
  std::string detail{};  ///< hook name, metric name, or `metric|97.20% < 99%` for EV-BREACH
  std::string text{};    ///< for people (CTL-32)
  Phase phase{};         ///< in-memory phase at that moment (HOOK-63)
  friend bool operator==(const Event&, const Event&) = default;
};
/// "EV-WEIGHT(20)", "EV-PRE-FAIL|smoke": the short form of cases and policy tests.
[[nodiscard]] std::string short_form(const Event& event);

/// controller.md §7.
enum class AlertId {
  Init,
  NewRevision,
  Wait,
  WaitTraffic,
  WaitPromotion,
  RollbackManual,
  Threshold,
  PromotionFailed,
  Done,
  DoneSkipped,
  /// Strict mode only, cures Q-14: a rollback for a missed deadline.
  Deadline,
};
enum class Severity { Info, Warn, Error };
[[nodiscard]] std::string_view to_string(AlertId id);
[[nodiscard]] std::string_view to_string(Severity severity);

struct Alert {
  AlertId id{};
  Severity severity{};
  std::string text{};
  bool with_metadata = false;  ///< AP §9.3
  friend bool operator==(const Alert&, const Alert&) = default;
};

/// What one check said, with what is needed to believe it.
struct CheckEvidence {
  enum class Verdict { Pass, Breach, NoValues, Error };
  std::string name;   ///< metric or hook
  bool hook = false;  ///< a rollout or pre-rollout hook rather than a metric
  Verdict verdict{};
  std::optional<double> value;     ///< in the unit of the bound
  std::string unit;                ///< "%", "ms" or ""
  std::optional<double> min, max;  ///< the bounds in force (MET-20..22)
  std::string query;               ///< the text that was evaluated
  Duration window{};               ///< zero when unknown
  std::optional<double> samples;   ///< requests behind the value, where it can be known
  std::string reason;              ///< for Error and NoValues
  friend bool operator==(const CheckEvidence&, const CheckEvidence&) = default;
};

}  // namespace volary
