#pragma once

#include <chrono>

#include "engine/ports.hpp"

namespace volary::live {

/// The Clock port of a live run: Unix time.
class SystemClock : public Clock {
 public:
  [[nodiscard]] Instant now() const override {
    return Instant{std::chrono::system_clock::now().time_since_epoch()};
  }
};

}  // namespace volary::live
