#pragma once

#include <deque>
#include <map>
#include <vector>

#include "policies/promql/promql.hpp"

namespace volary::promql {

/// Series in memory, found by metric name.
class SeriesStore : public SeriesSource {
 public:
  using Id = std::size_t;

  /// The series with these labels (sorted here), made when it is new. Ids never change.
  Id series(Labels labels);
  /// Precondition: times of one series grow.
  void append(Id id, std::int64_t ms, double value);
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  /// Each metric name once, sorted.
  [[nodiscard]] std::vector<std::string> names() const;

  void select(std::span<const Matcher> matchers, std::int64_t from_ms, std::int64_t to_ms,
              std::vector<SeriesView>& out) const override;

 private:
  struct Series {
    Labels labels;
    std::vector<Sample> samples;
  };
  std::deque<Series> all_;
  std::map<Labels, Id> by_labels_;
  std::map<std::string, std::vector<Id>, std::less<>> by_name_;
};

}  // namespace volary::promql
