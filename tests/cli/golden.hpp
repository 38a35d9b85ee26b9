#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

/// Golden files are text beside the tests; VOLARY_UPDATE_GOLDEN=1 rewrites them and `git diff` is
/// the review.
namespace volary::golden {

inline std::string read(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// What the golden file says; when it is being updated, `actual`, which it then holds.
inline std::string expected(const std::string& name, const std::string& actual) {
  const std::string path = VOLARY_SOURCE_DIR "/tests/golden/" + name;
  if (std::getenv("VOLARY_UPDATE_GOLDEN") == nullptr) return read(path);
  std::ofstream{path, std::ios::binary} << actual;
  return actual;
}

}  // namespace volary::golden
