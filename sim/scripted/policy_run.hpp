#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policies/policy_test.hpp"

namespace volary::sim {

/// What was seen after one tick, in the words of a PolicyTest.
struct SeenTick {
  int tick = 0;  ///< from 0
  int row = 0;   ///< index into PolicyTest::rows
  Mark at;
  std::array<std::vector<std::string>, test_fields> fields;
  std::vector<std::pair<std::string, std::string>> evidence;  ///< check name, what it said
  [[nodiscard]] const std::vector<std::string>& of(TestField field) const {
    return fields[static_cast<std::size_t>(field)];
  }
};

/// One field that is not as expected.
struct Difference {
  TestField field{};
  std::vector<std::string> expected, got;
  friend bool operator==(const Difference&, const Difference&) = default;
};

/// One PolicyTest, run. The run ends at the first tick that differs: later rows follow from it.
struct PolicyTestResult {
  std::string name;
  Mark at;
  Compat compat{};
  std::vector<SeenTick> ticks;
  std::vector<Difference> differences;  ///< of the last tick in `ticks`; empty = passed
  std::vector<std::string> rules;       ///< the rules that decided that tick
  [[nodiscard]] bool passed() const { return differences.empty(); }
};

struct PolicyRunOptions {
  bool past_differences = false;  ///< run to the end and compare nothing, to record what happens
};

[[nodiscard]] PolicyTestResult run_policy_test(const PolicyTest& test,
                                               const PolicyRunOptions& options = {});

/// Values of a field as a test writes them: "100/0", "[EV-START, EV-WEIGHT(10)]".
[[nodiscard]] std::string as_written(TestField field, const std::vector<std::string>& values);

}  // namespace volary::sim
