#pragma once

#include <string>
#include <vector>

#include "policies/policy.hpp"
#include "sim/report/outcomes.hpp"
#include "sim/report/verdict.hpp"
#include "sim/run.hpp"
#include "sim/scenario.hpp"

/// A report: one HTML file that opens offline and prints on paper. Verdict first, then charts,
/// tables and inputs.
namespace volary::sim::report {

/// One run with what is said of it.
struct Flight {
  const Scenario* scenario = nullptr;
  const Policy* policy = nullptr;
  const Run* run = nullptr;
  Verdict verdict;
  std::string compat;  ///< how the other semantics end, if differently
};

struct Report {
  std::vector<Flight> flights;     ///< at least one; several share a table at the top
  std::vector<Outcomes> outcomes;  ///< over many seeds; then each flight is one of them
  std::string version;             ///< of Volary
  std::string command;             ///< the command line that reproduces it
};

[[nodiscard]] std::string html(const Report& report);

/// Text as HTML: nothing in it is markup, and control characters are gone.
[[nodiscard]] std::string escaped(std::string_view text);
/// The series of a run's charts, as the JSON that report.js draws; safe inside a script element.
[[nodiscard]] std::string chart_data(const Run& run, const Scenario& scenario,
                                     const Canary* canary = nullptr);

}  // namespace volary::sim::report
