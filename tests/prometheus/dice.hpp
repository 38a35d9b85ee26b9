#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace volary::test {

/// Draws that are the same everywhere: the engine's numbers are standardized, `std::` distributions
/// are not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_{seed} {}
  [[nodiscard]] std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(n));
  }
  [[nodiscard]] bool chance(int percent) { return below(100) < percent; }
  [[nodiscard]] std::string pick(const std::vector<std::string>& of) {
    return of[static_cast<std::size_t>(below(static_cast<std::int64_t>(of.size())))];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace volary::test
