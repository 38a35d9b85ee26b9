#pragma once

#include <string>
#include <vector>

#include "sim/scripted/policy_run.hpp"

namespace volary::sim {

struct Recorded {
  std::string text;  ///< the whole file
  int rows_changed = 0;
  std::vector<std::string> notes;  ///< what could not be said, by file and line
};

/// The text of a test file with the expectations of what happened. A row that expects something
/// keeps its fields and gets their new values; a row that expects nothing yet gets phase, weight,
/// counters, routes and events. Everything else, comments included, stays as it was written.
///
/// `results` are runs of `tests` past their differences, in the same order; `text` is what the
/// tests were read from. Errors: Invalid when a row's text cannot be found again.
[[nodiscard]] Result<Recorded> record_expectations(const std::string& text,
                                                   const std::vector<PolicyTest>& tests,
                                                   const std::vector<PolicyTestResult>& results);

}  // namespace volary::sim
