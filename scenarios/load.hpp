#pragma once

#include <string>
#include <string_view>

#include "engine/result.hpp"
#include "sim/scenario.hpp"

/// Scenarios as people write them: `volary.dev/v1alpha1 Scenario`, one a file (docs/scenarios.md).
namespace volary {

/// Reads the scenario of a file; "-" is standard input.
///
/// Errors: Invalid with file, line, column, path and hint: unreadable or hostile input (INV-41),
/// unknown keys and names with the nearest known one, values out of range, calls in a circle,
/// shares beyond 100 %, a release or fault outside of the run. NotFound when there is no such file.
[[nodiscard]] Result<sim::Scenario> load_scenario(const std::string& path);
/// The same from text that is already in hand; `name` stands for the file.
[[nodiscard]] Result<sim::Scenario> read_scenario(std::string_view text, const std::string& name);

/// Does the file hold a scenario, rather than policies? Told from its kind; standard input always
/// holds policies. Errors: those of read_documents().
[[nodiscard]] Result<bool> holds_scenario(const std::string& path);

/// The scenario as a document that read_scenario reads back as the same scenario (its file and text
/// aside); the story becomes the comment at the head.
[[nodiscard]] std::string write_scenario(const sim::Scenario& scenario);

}  // namespace volary
