#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace volary {

/// Stops the program, in every build, when our own code broke a promise. Bad input is never a
/// reason: that is a Result (result.hpp).
inline void expects(bool kept, const char* promise,
                    std::source_location at = std::source_location::current()) {
  if (kept) [[likely]]
    return;
  std::fprintf(stderr, "volary: broken promise: %s (%s:%u)\n", promise, at.file_name(), at.line());
  std::abort();
}

}  // namespace volary
