#pragma once

#include <filesystem>
#include <string>
#include <unistd.h>

/// A folder of this test process alone: ctest runs many at once, and two that write one file would
/// read each other's. Gone when the process ends.
namespace volary::test {

class Scratch {
 public:
  Scratch() { std::filesystem::create_directories(folder_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code gone;
    std::filesystem::remove_all(folder_, gone);
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }

 private:
  std::filesystem::path folder_ =
      std::filesystem::path{VOLARY_BINARY_DIR} / "scratch" / std::to_string(getpid());
};

/// The path of a file in it; its folder is there.
inline std::string scratch(const std::string& name) {
  static const Scratch folder;
  return folder.path(name);
}

}  // namespace volary::test
