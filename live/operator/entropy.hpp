#pragma once

#include <string>

#include "engine/ports.hpp"

namespace volary::live {

/// The Entropy port over the system's own source of randomness. Thread-safe.
class SystemEntropy : public Entropy {
 public:
  [[nodiscard]] std::string letters(int count) override;
};

}  // namespace volary::live
