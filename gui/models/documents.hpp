#pragma once

#include <string>
#include <vector>

#include "gui/models/snapshot.hpp"

namespace volary::gui {

/// What is open: the worlds and the policies that a person may choose between.
struct Documents {
  std::vector<ScenarioPtr> scenarios;  ///< at least one
  std::vector<PolicyPtr> policies;     ///< at least one
  /// The scenarios were read from files; otherwise they ship with Volary, or were built from a
  /// manifest.
  bool chosen_world = false;
};

/// The release that ships inside the program.
[[nodiscard]] Documents shipped_documents();

/// What is open after these files (scenario and manifests, told apart by kind) are opened on top of
/// `current`. A scenario alone keeps the policies, manifests alone keep the scenario: one that was
/// chosen always, the shipped one where the release is of its service; else a world is built from
/// the manifest, with a bad and a good release, as `volary run` does.
///
/// Errors: Invalid or NotFound with file, line and hint; `current` stays as it is.
[[nodiscard]] Result<Documents> open_documents(const std::vector<std::string>& files,
                                               const Documents& current);

/// What reading them had to remark: unknown keys, documents that were skipped.
[[nodiscard]] std::vector<std::string> remarks_of(const Documents& documents);

}  // namespace volary::gui
