#pragma once

#include <string>

#include "tests/prometheus/dice.hpp"

namespace volary::test {

/// Random queries of the subset, over the series of world.hpp.
class Expressions {
 public:
  explicit Expressions(std::uint64_t seed) : dice_{seed} {}
  [[nodiscard]] std::string query();
  /// Over the series that go stale.
  [[nodiscard]] std::string late_query();

 private:
  std::string vector(int depth);
  std::string scalar(int depth);
  std::string selector();
  std::string matchers();
  std::string range();
  std::string binary(int depth);
  std::string aggregate(int depth);
  std::string number();
  std::string duration();
  std::string offset();
  std::string labels();
  std::string word(std::string text);  ///< in lower or upper case

  Dice dice_;
  bool late_ = false;
};

}  // namespace volary::test
