#pragma once

#include <functional>
#include <stop_token>

#include "live/operator/release.hpp"

namespace volary::live {

/// How one release ended, for whoever watched it alone.
enum class Ending { Promoted, RolledBack, Interrupted };

struct OneRelease {
  Duration patience = std::chrono::seconds{60};  ///< with a cluster that does not answer
  /// Told of each pass, with the plan that it followed.
  std::function<void(const TickRecord&, const Plan&)> on_tick;
  /// Told once, when the object is at rest and nothing is there to release yet.
  std::function<void()> waiting;
  /// The objects that are read fresh before each pass are checked with this; an error ends it.
  std::function<Result<void>(const nlohmann::json& canary)> check;
};

/// Takes the release that is under way, or the next one, to its end: admits the object, and ticks
/// it at its interval.
/// Errors: NotFound, Invalid: the object cannot be driven; Unavailable: the API server did not
/// answer for `patience`.
[[nodiscard]] Result<Ending> fly(Release& release, const EngineSettings& settings,
                                 const OneRelease& flight, const std::stop_token& stop);

}  // namespace volary::live
