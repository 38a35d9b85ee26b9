#include <fmt/format.h>

#include "sim/scripted/policy_report.hpp"

/// Runs the PolicyTest files it is given; ends with 1 when one differs, 2 when one cannot be read.
int main(int argc, char** argv) {
  int exit_code = argc > 1 ? 0 : 2;
  for (int i = 1; i < argc; ++i) {
    const auto tests = volary::load_policy_tests(argv[i]);
    if (!tests) {
      fmt::print("{} ({})\n", volary::to_string(tests.error()), tests.error().hint);
      return 2;
    }
    for (const volary::PolicyTest& test : *tests) {
      const auto result = volary::sim::run_policy_test(test);
      fmt::print("{}", volary::sim::as_text(result, {}));
      if (!result.passed()) exit_code = 1;
    }
  }
  return exit_code;
}
