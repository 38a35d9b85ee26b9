#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace volary::test {

/// A program that this one started. It does not outlive this object, nor, where a test is killed,
/// the test.
class Child {
 public:
  /// What it prints goes to the file `log`.
  Child(const std::vector<std::string>& words, const std::string& log);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  /// Its exit code; 128 + the signal, where one ended it.
  int wait();
  [[nodiscard]] bool ended();

 private:
  void reap(int options);

  pid_t pid_ = -1;
  int code_ = -1;
};

}  // namespace volary::test
