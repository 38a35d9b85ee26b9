#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/ports.hpp"

namespace volary::sim {

/// The part of a run's ports that a cluster answers, and what a run wants to know of it.
class WiredWorld {
 public:
  virtual ~WiredWorld() = default;

  [[nodiscard]] virtual CanaryStore& store() = 0;
  [[nodiscard]] virtual Router& router() = 0;
  /// The one for the tick at hand.
  [[nodiscard]] virtual Workload& workload() = 0;
  virtual void begin_tick() {}

  /// Somebody applies the n-th release of the scenario, which is one of the released service.
  virtual void release(std::size_t n) = 0;
  [[nodiscard]] virtual CanaryStatus status() const = 0;
  /// What the routing object says; nothing before there is one.
  [[nodiscard]] virtual std::optional<Routes> written() const = 0;
  /// What was assumed, for people.
  [[nodiscard]] virtual std::vector<std::string> notes() const { return {}; }
};

}  // namespace volary::sim
