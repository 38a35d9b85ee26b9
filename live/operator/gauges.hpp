#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/canary.hpp"
#include "engine/plan.hpp"
#include "engine/ports.hpp"

namespace volary::live {

/// The figures that a controller exports (PM-01 … PM-08), and those that are ours. Thread-safe.
/// Series of objects that went away are dropped with `forget()`; Flagger keeps them.
class Gauges {
 public:
  using LabelList = std::vector<std::pair<std::string, std::string>>;

  Gauges();
  void set(std::string_view name, const LabelList& labels, double value);
  void add(std::string_view name, const LabelList& labels, double value = 1);
  /// Into the buckets of PM-05. Units: seconds.
  void observe(std::string_view name, const LabelList& labels, double value);
  /// Every series with this `namespace`, and `name` or `workload` of this target or its primary.
  void forget(const std::string& ns, const std::string& target);

  /// The Prometheus text format, version 0.0.4; families and series in the order of their names.
  [[nodiscard]] std::string text() const;

 private:
  struct Series {
    double value = 0;  ///< of a histogram: the sum
    std::vector<std::uint64_t> buckets;
    std::uint64_t count = 0;
  };
  struct Family {
    std::string type, help;
    std::map<LabelList, Series> series;
  };
  Family& family(std::string_view name);

  mutable std::mutex guard_;
  std::map<std::string, Family, std::less<>> families_;
};

/// PM-03: 0 while progressing, 2 when failed, 1 otherwise.
[[nodiscard]] double status_figure(Phase phase);

}  // namespace volary::live
