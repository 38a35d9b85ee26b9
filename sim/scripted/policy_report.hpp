#pragma once

#include <string>
#include <vector>

#include "sim/report/text_style.hpp"
#include "sim/scripted/policy_run.hpp"

/// What policy tests found, for people and for machines.
namespace volary::sim {

/// One test: a line when it passed; where, what and why when it did not.
[[nodiscard]] std::string as_text(const PolicyTestResult& result, const report::TextStyle& style);
/// "12 tests: 11 passed, 1 differs".
[[nodiscard]] std::string summary(const std::vector<PolicyTestResult>& results);
/// One JSON record a test, one a line (docs/policy-tests.md).
[[nodiscard]] std::string as_json_lines(const std::vector<PolicyTestResult>& results);
/// JUnit XML: one suite a file, one case a test.
[[nodiscard]] std::string as_junit(const std::vector<PolicyTestResult>& results);

}  // namespace volary::sim
