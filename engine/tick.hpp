#pragma once

#include "engine/plan.hpp"
#include "engine/ports.hpp"

namespace volary {

/// SCH-01: notices a new or changed object: validates it (VAL-10..13), sets `Initializing`, keeps
/// the finalizer as `revertOnDeletion` says (FIN-02). Errors: Invalid when it must not be
/// scheduled; Unavailable.
[[nodiscard]] Result<void> admit(const Ports& ports, const EngineSettings& settings);

/// One pass of the rules over one Canary (SM-01 … SM-28). Everything it has to say goes to the
/// Recorder; the state that the next tick continues from is in the Canary's status and in the
/// routing objects (SCH-10).
void tick(const Ports& ports, const EngineSettings& settings);

/// FIN-10: undoes the take-over of an object that is being deleted, and releases its finalizer.
/// Errors: whatever stopped it; the finalizer then stays and the next call starts over (FIN-12).
[[nodiscard]] Result<void> revert(const Ports& ports, const EngineSettings& settings);

}  // namespace volary
