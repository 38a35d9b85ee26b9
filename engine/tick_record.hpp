#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/canary.hpp"
#include "engine/event.hpp"
#include "engine/ports.hpp"
#include "engine/units.hpp"

/// What is kept of one pass of the rules, in a simulated run and in a live decision log alike.
namespace volary {

/// One webhook call of a tick, in order.
struct HookRecord {
  std::string hook;
  HookType type{};
  Phase phase{};
  bool passed = false;
  std::string error;
  Duration took{};
  friend bool operator==(const HookRecord&, const HookRecord&) = default;
};

/// One pass of the rules: the state after it and everything it said.
struct TickRecord {
  int number = 0;  ///< from 0
  Instant began{}, ended{};
  CanaryStatus status;           ///< after the tick
  std::optional<Routes> routes;  ///< as the routing object says after the tick
  int target_replicas = 0, primary_replicas = 0;
  std::string target_version, primary_version;
  std::vector<Event> events;
  std::vector<Alert> alerts;
  std::vector<CheckEvidence> checks;
  std::vector<HookRecord> hooks;
};

}  // namespace volary
