#pragma once

#include <string>
#include <vector>

#include "sim/experiment.hpp"

/// A histogram as SVG, drawn here: a report needs no library for some bars. Its colours are the
/// page's own (report.css).
namespace volary::sim::report {

struct Histogram {
  /// What is counted, and in what steps an axis of it is read.
  enum class Kind { Count, Seconds } kind = Kind::Count;
  std::vector<double> values;
  Spread spread;        ///< of the values: thin rules with numbers
  double low = 0;       ///< of the axis; several histograms under each other share one
  double high = 1;      ///< at least `low`
  std::string noun;     ///< "requests", for screen readers
  std::string subject;  ///< the policy
  std::string empty;    ///< said in place of bars when there are no values
};

/// Edges of the bars: round numbers from at most `low` to beyond `high`, at most forty bars.
///
/// Units: those of the values; whole numbers of a count, round times of seconds.
[[nodiscard]] std::vector<double> histogram_edges(Histogram::Kind kind, double low, double high);

[[nodiscard]] std::string histogram_svg(const Histogram& histogram);

}  // namespace volary::sim::report
