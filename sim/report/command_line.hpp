#pragma once

#include <string>
#include <vector>

namespace volary::sim::report {

/// A `volary` command line as it can be pasted again: words that need it are quoted. The first word
/// is the program's, whatever it was called.
[[nodiscard]] std::string pasted(const std::vector<std::string>& words);

}  // namespace volary::sim::report
