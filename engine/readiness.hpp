#pragma once

#include <string>

#include "engine/plan.hpp"
#include "engine/ports.hpp"

namespace volary {

/// state-machine.md §5: ready, or not, why, and whether waiting may still help.
struct Readiness {
  bool ready = false;
  bool retriable = true;
  std::string reason;
  friend bool operator==(const Readiness&, const Readiness&) = default;
};

struct ReadinessRule {
  int threshold = 100;      ///< percent of updated pods that must be available (ANA-11, ANA-12)
  Duration deadline{};      ///< CR-19
  Instant waiting_since{};  ///< DaemonSet deadlines run from here (RDY-22, Q-36)
  bool deadline_counts =
      true;  ///< strict mode: no DaemonSet deadline while nothing is rolled out (Q-36)
  Role role = Role::Target;
  Compat compat = Compat::Strict;
};

[[nodiscard]] Readiness readiness(const WorkloadView& workload, const ReadinessRule& rule,
                                  Instant now);

}  // namespace volary
