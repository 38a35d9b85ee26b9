#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policies/promql/promql.hpp"
#include "tests/prometheus/child.hpp"

namespace volary::test {

struct Series {
  promql::Labels labels;  ///< sorted
  std::vector<promql::Sample> samples;
};

/// What either side says to one query.
struct Answer {
  bool refused = false;
  std::string why;  ///< where refused
  bool scalar = false;
  double number = 0;
  std::map<promql::Labels, double> vector;
};

/// The real server, on a data folder of its own and a free port of the loopback interface.
class PrometheusServer {
 public:
  /// Loads `series` as OpenMetrics text through promtool; throws where the server does not start.
  explicit PrometheusServer(const std::vector<Series>& series);

  /// Adds samples by remote write, whose values arrive bit by bit: OpenMetrics text has no word for
  /// the stale marker. They must be later than every sample the server was built with.
  void append(const std::vector<Series>& series);

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] Answer query(std::string_view text, std::int64_t at_ms) const;

 private:
  std::string folder_;
  int port_ = 0;
  std::unique_ptr<Child> process_;
};

}  // namespace volary::test
