#include "engine/event.hpp"

#include <array>
#include <utility>

namespace volary {
namespace {

using enum EventId;
constexpr std::array<std::pair<EventId, std::string_view>, 46> events{{
    {Suspended, "EV-SUSPENDED"},
    {Error, "EV-ERROR"},
    {ProvidersUp, "EV-PROVIDERS-UP"},
    {ProvidersDown, "EV-PROVIDERS-DOWN"},
    {PrimaryNotReady, "EV-PRIMARY-NOT-READY"},
    {InitDone, "EV-INIT-DONE"},
    {GateRolloutClosed, "EV-GATE-ROLLOUT-CLOSED"},
    {GateRolloutOpen, "EV-GATE-ROLLOUT-OPEN"},
    {NewRevision, "EV-NEW-REVISION"},
    {Restart, "EV-RESTART"},
    {CanaryNotReady, "EV-CANARY-NOT-READY"},
    {RollbackHookNo, "EV-ROLLBACK-HOOK-NO"},
    {RollbackHookYes, "EV-ROLLBACK-HOOK-YES"},
    {RollbackManual, "EV-ROLLBACK-MANUAL"},
    {Start, "EV-START"},
    {PrePass, "EV-PRE-PASS"},
    {PreFail, "EV-PRE-FAIL"},
    {RolloutHookFail, "EV-ROLLOUT-HOOK-FAIL"},
    {NoValues, "EV-NO-VALUES"},
    {QueryError, "EV-QUERY-ERROR"},
    {NoQuery, "EV-NO-QUERY"},
    {Breach, "EV-BREACH"},
    {K8sNoAb, "EV-K8S-NO-AB"},
    {K8sNoWeights, "EV-K8S-NO-WEIGHTS"},
    {K8sIterations, "EV-K8S-ITERATIONS"},
    {GateTrafficClosed, "EV-GATE-TRAFFIC-CLOSED"},
    {GateTrafficOpen, "EV-GATE-TRAFFIC-OPEN"},
    {EventId::Weight, "EV-WEIGHT"},
    {Iteration, "EV-ITERATION"},
    {GatePromotionClosed, "EV-GATE-PROMOTION-CLOSED"},
    {GatePromotionOpen, "EV-GATE-PROMOTION-OPEN"},
    {RouteCanary, "EV-ROUTE-CANARY"},
    {RouteCanaryFromMirror, "EV-ROUTE-CANARY-FROM-MIRROR"},
    {Copy, "EV-COPY"},
    {RoutePrimary, "EV-ROUTE-PRIMARY"},
    {PrimaryWeight, "EV-PRIMARY-WEIGHT"},
    {Done, "EV-DONE"},
    {DoneSkipped, "EV-DONE-SKIPPED"},
    {Threshold, "EV-THRESHOLD"},
    {Failed, "EV-FAILED"},
    {PromotionFailed, "EV-PROMOTION-FAILED"},
    {PostPass, "EV-POST-PASS"},
    {PostFail, "EV-POST-FAIL"},
    {Terminating, "EV-TERMINATING"},
    {Terminated, "EV-TERMINATED"},
    {Cured, "EV-CURED"},
}};

constexpr std::array<std::pair<AlertId, std::string_view>, 11> alerts{{
    {AlertId::Init, "AL-INIT"},
    {AlertId::NewRevision, "AL-NEW-REVISION"},
    {AlertId::Wait, "AL-WAIT"},
    {AlertId::WaitTraffic, "AL-WAIT-TRAFFIC"},
    {AlertId::WaitPromotion, "AL-WAIT-PROMOTION"},
    {AlertId::RollbackManual, "AL-ROLLBACK-MANUAL"},
    {AlertId::Threshold, "AL-THRESHOLD"},
    {AlertId::PromotionFailed, "AL-PROMOTION-FAILED"},
    {AlertId::Done, "AL-DONE"},
    {AlertId::DoneSkipped, "AL-DONE-SKIPPED"},
    {AlertId::Deadline, "AL-DEADLINE"},
}};

}  // namespace

std::string_view to_string(EventId id) {
  for (const auto& [known, text] : events)
    if (known == id) return text;
  return "EV-?";
}

std::optional<EventId> event_named(std::string_view text) {
  for (const auto& [known, name] : events)
    if (name == text) return known;
  return std::nullopt;
}

std::string short_form(const Event& event) {
  std::string text{to_string(event.id)};
  if (!event.value.empty()) text += "(" + event.value + ")";
  if (!event.detail.empty()) text += "|" + event.detail;
  return text;
}

std::string_view to_string(AlertId id) {
  for (const auto& [known, text] : alerts)
    if (known == id) return text;
  return "AL-?";
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::Info: return "info";
    case Severity::Warn: return "warn";
    case Severity::Error: return "error";
  }
  return "info";
}

}  // namespace volary
