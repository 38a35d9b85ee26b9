#pragma once

#include <QTest>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "gui/models/documents.hpp"
#include "gui/models/snapshot.hpp"
#include "sim/report/charts.hpp"
#include "tests/cli/sample_run.hpp"

template <>
struct Catch::StringMaker<QString> {
  static std::string convert(const QString& text) { return '"' + text.toStdString() + '"'; }
};

/// What the tests of the window share.
namespace volary::gui::test {

/// Lets the event loop turn until something is so; false when it is not within the time.
inline bool comes_true(const std::function<bool()>& so, int milliseconds = 20'000) {
  return QTest::qWaitFor(so, milliseconds);
}

/// The run written by hand (tests/cli/sample_run.hpp), as a snapshot.
inline SnapshotPtr snapshot(sample::Flight flight = sample::checkout(), quint64 edition = 1) {
  auto made = std::make_shared<Snapshot>();
  made->edition = edition;
  made->scenario = std::make_shared<const sim::Scenario>(flight.scenario);
  made->policy = std::make_shared<const Policy>(flight.policy);
  made->run = flight.run;
  made->charts = sim::report::charts(made->run, *made->scenario, &made->policy->canary);
  made->verdict = sim::report::verdict(made->run);
  made->whole = true;
  return made;
}

/// The same world with a run that ended after so many ticks.
inline SnapshotPtr shorter(const SnapshotPtr& of, std::size_t ticks) {
  auto made = std::make_shared<Snapshot>(*of);
  made->run.ticks.resize(ticks);
  made->charts = sim::report::charts(made->run, *made->scenario, &made->policy->canary);
  return made;
}

inline std::string source_file(const std::string& name) { return VOLARY_SOURCE_DIR "/" + name; }

}  // namespace volary::gui::test
