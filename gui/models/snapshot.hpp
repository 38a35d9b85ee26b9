#pragma once

#include <QMetaType>
#include <memory>
#include <string>

#include "policies/policy.hpp"
#include "sim/report/charts.hpp"
#include "sim/report/verdict.hpp"
#include "sim/run.hpp"
#include "sim/scenario.hpp"

namespace volary::gui {

using ScenarioPtr = std::shared_ptr<const sim::Scenario>;
using PolicyPtr = std::shared_ptr<const Policy>;

/// One finished flight with what is said and drawn of it. Nobody changes it once it is made, so
/// every view and every thread may hold it.
struct Snapshot {
  quint64 edition = 0;  ///< the order that it answers
  ScenarioPtr scenario;
  PolicyPtr policy;
  sim::Run run;
  sim::report::Charts charts;
  sim::report::Verdict verdict;
  std::string compat;  ///< how the other semantics end, if differently
  /// The verdict also says what threshold 1 and the other semantics would have come to; a first
  /// snapshot of an edition does not wait for that.
  bool whole = false;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace volary::gui
