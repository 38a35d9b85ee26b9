#include "engine/canary.hpp"

#include <array>
#include <utility>

namespace volary {
namespace {

constexpr std::array<std::pair<HookType, std::string_view>, 8> hook_types{{
    {HookType::Rollout, "rollout"},
    {HookType::ConfirmRollout, "confirm-rollout"},
    {HookType::PreRollout, "pre-rollout"},
    {HookType::ConfirmTrafficIncrease, "confirm-traffic-increase"},
    {HookType::ConfirmPromotion, "confirm-promotion"},
    {HookType::PostRollout, "post-rollout"},
    {HookType::Rollback, "rollback"},
    {HookType::Event, "event"},
}};

constexpr std::array<std::pair<Phase, std::string_view>, 12> phases{{
    {Phase::None, ""},
    {Phase::Initializing, "Initializing"},
    {Phase::Initialized, "Initialized"},
    {Phase::Waiting, "Waiting"},
    {Phase::Progressing, "Progressing"},
    {Phase::WaitingPromotion, "WaitingPromotion"},
    {Phase::Promoting, "Promoting"},
    {Phase::Finalising, "Finalising"},
    {Phase::Succeeded, "Succeeded"},
    {Phase::Failed, "Failed"},
    {Phase::Terminating, "Terminating"},
    {Phase::Terminated, "Terminated"},
}};

}  // namespace

std::string to_string(const ObjectName& object) { return object.name + "." + object.ns; }

std::string_view to_string(HookType type) {
  for (const auto& [known, text] : hook_types)
    if (known == type) return text;
  return "rollout";
}

std::optional<HookType> hook_type(std::string_view written) {
  if (written.empty()) return HookType::Rollout;  // ANA-62
  for (const auto& [known, text] : hook_types)
    if (text == written) return known;
  return std::nullopt;
}

std::string_view to_string(Phase phase) {
  for (const auto& [known, text] : phases)
    if (known == phase) return text;
  return "";
}

std::optional<Phase> phase_named(std::string_view text) {
  for (const auto& [known, name] : phases)
    if (name == text) return known;
  return std::nullopt;
}

std::string apex_name(const Canary& canary) {
  return canary.spec.service.name.empty() ? canary.spec.target_ref.name : canary.spec.service.name;
}

}  // namespace volary
