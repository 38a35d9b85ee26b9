#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <cmath>

#include <catch2/catch.hpp>

#include "gui/models/cursor.hpp"
#include "gui/models/event_model.hpp"
#include "gui/models/evidence_model.hpp"
#include "gui/models/series.hpp"
#include "tests/gui/support.hpp"

using namespace volary;
using namespace volary::gui;

namespace {

QString cell(const QAbstractItemModel& model, int row, int column) {
  return model.data(model.index(row, column), Qt::DisplayRole).toString();
}

constexpr std::int64_t minute = 60'000, noon = 12 * 60 * minute;

}  // namespace

TEST_CASE("the event model keeps Qt's promises while runs come and go") {
  EventModel model;
  const QAbstractItemModelTester tester{&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal};
  const auto whole = gui::test::snapshot();
  model.show(whole);
  CHECK(model.rowCount() == 9);
  model.show(gui::test::shorter(whole, 4));
  CHECK(model.rowCount() == 4);
  model.show(gui::test::shorter(whole, 4));
  model.show(whole);
  CHECK(model.rowCount() == 9);
  model.show(nullptr);
  CHECK(model.rowCount() == 0);
}

TEST_CASE("an event has its time, its phase, its sign and its words") {
  EventModel model;
  model.show(gui::test::snapshot());
  CHECK(cell(model, 0, EventModel::Time) == "12:00:00");
  CHECK(cell(model, 0, EventModel::PhaseName) == "Initialized");
  CHECK(cell(model, 0, EventModel::Text) == "Initialization done! checkout.prod");
  CHECK(cell(model, 0, EventModel::Sign) == "·");
  CHECK(cell(model, 8, EventModel::Sign) == "✗");
  CHECK(model.rowAt(-1) == -1);
  CHECK(model.rowAt(0) == 0);
  CHECK(model.rowAt(1) == 0);  // nothing was said there: the last that was
  CHECK(model.rowAt(3) == 3);  // the last of two
  CHECK(model.tickOf(2) == 3);
  CHECK(model.rowAt(99) == 8);
}

TEST_CASE("the evidence model keeps Qt's promises from tick to tick") {
  EvidenceModel model;
  const QAbstractItemModelTester tester{&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal};
  const auto run = gui::test::snapshot();
  for (const int tick : {-1, 0, 4, 5, 6, 7, 5, 99, 5}) model.show(run, tick);
  CHECK(model.rowCount() == 2);
  model.show(nullptr, 0);
  CHECK(model.rowCount() == 0);
  CHECK(model.emptyText() == "No release has flown yet.");
}

TEST_CASE("evidence: value, bound, samples and sign, as the report has them") {
  EvidenceModel model;
  const auto run = gui::test::snapshot();
  model.show(run, 5);
  CHECK(cell(model, 0, EvidenceModel::Sign) == "✓");
  CHECK(cell(model, 0, EvidenceModel::Check) == "success");
  CHECK(cell(model, 0, EvidenceModel::Value) == "99.41 %");
  CHECK(cell(model, 0, EvidenceModel::Bound) == "≥ 99 %");
  CHECK(cell(model, 0, EvidenceModel::Samples) == "1.2 k");
  CHECK(cell(model, 1, EvidenceModel::Value) == "312 ms");
  CHECK(cell(model, 1, EvidenceModel::Bound) == "≤ 500 ms");
  CHECK(model.headline() == "12:05:00  Progressing, canary 20 %, failed checks 1 of 2");
  CHECK(model.emptyText().isEmpty());

  model.show(run, 4);
  CHECK(cell(model, 0, EvidenceModel::Sign) == "◦");
  CHECK(cell(model, 0, EvidenceModel::Value) == "no data");
  CHECK(model.remarks() == "request-success-rate: no values found");

  model.show(run, 6);
  CHECK(cell(model, 0, EvidenceModel::Sign) == "✗");
  CHECK(model.remarks() == "request-success-rate decided the rollback.");

  model.show(run, 0);
  CHECK(model.rowCount() == 0);
  CHECK(model.emptyText() == "No check was asked: no release has begun.");
}

TEST_CASE("the cursor begins where the release was decided, and goes tick by tick") {
  Cursor cursor;
  QSignalSpy moved{&cursor, &Cursor::moved};
  cursor.step(1);  // nothing is shown yet
  CHECK(moved.empty());
  cursor.show(gui::test::snapshot());
  CHECK(cursor.tick() == 6);
  CHECK(cursor.at() == noon + 6 * minute);
  CHECK(moved.size() == 1);
  cursor.step(-1);
  CHECK(cursor.tick() == 5);
  cursor.toEnd();
  CHECK(cursor.tick() == 9);
  cursor.step(1);
  CHECK(cursor.tick() == 9);
  cursor.toStart();
  CHECK(cursor.tick() == 0);
  cursor.step(-1);
  CHECK(cursor.tick() == 0);
  cursor.moveTo(noon + 3 * minute + 20'000);  // between two ticks
  CHECK(cursor.tick() == 3);
  cursor.step(-1);  // to the one that is shown, then further
  CHECK(cursor.at() == noon + 3 * minute);
  cursor.step(-1);
  CHECK(cursor.at() == noon + 2 * minute);
  cursor.moveTo(0);
  CHECK(cursor.at() == noon);
}

TEST_CASE("the cursor keeps its place in another run of the same world, and says so") {
  Cursor cursor;
  const auto run = gui::test::snapshot();
  cursor.show(run);
  cursor.moveToTick(3);
  QSignalSpy moved{&cursor, &Cursor::moved};
  cursor.show(gui::test::shorter(run, 8));
  CHECK(cursor.tick() == 3);
  CHECK(moved.size() == 1);  // the tick there is another one
  cursor.show(gui::test::shorter(run, 2));
  CHECK(cursor.tick() == 1);
  cursor.show(gui::test::snapshot());  // another world
  CHECK(cursor.tick() == 6);
}

TEST_CASE("thinning keeps the one bad second, the gaps and the order of time") {
  std::vector<std::int64_t> times;
  sim::report::ChartSeries series;
  using Kind = sim::report::ChartPoint::Kind;
  for (int i = 0; i < 10'000; ++i) {
    times.push_back(i * 1000);
    series.points.push_back({Kind::Number, 100.0 - 0.001 * (i % 7)});
  }
  series.points[4321].value = 12;
  series.points[7000] = {Kind::Gap, 0};
  series.points[7001] = {Kind::None, 0};
  const auto points = thinned(times, series, 0, 10'000'000, 300);
  CHECK(points.size() <= 4 * 300 + 4);
  CHECK(std::ranges::count(points, 12.0, &PlotPoint::value) == 1);
  CHECK(std::ranges::count_if(points, [](auto p) { return std::isnan(p.value); }) == 1);
  CHECK(std::ranges::is_sorted(points, {}, &PlotPoint::at));
  CHECK(points.front().at == 0);
  CHECK(points.back().at == 9999);

  // Few points stay as they are; what is beyond the edges carries the line out of sight.
  const auto seen = thinned(times, series, 100'500, 103'500, 300);
  REQUIRE(seen.size() == 5);
  CHECK(seen.front().at == 100);
  CHECK(seen.back().at == 104);
  CHECK(thinned({}, {}, 0, 1, 10).empty());
}

TEST_CASE("a chart's values at a time stand beside its title") {
  const auto run = gui::test::snapshot();
  const auto& charts = run->charts;
  const auto of = [&](sim::report::ChartTopic topic, std::int64_t at) {
    for (const auto& chart : charts.charts)
      if (chart.topic == topic) return readout(charts, chart, at);
    return QString{};
  };
  using Topic = sim::report::ChartTopic;
  CHECK(of(Topic::Traffic, noon + 5 * minute + 1) == "primary 80 % · canary 20 %");
  CHECK(of(Topic::Traffic, noon + 3 * minute - 1) == "primary 100 % · canary 0 %");
  CHECK(of(Topic::SuccessRate, noon + 30'000).startsWith("primary 99."));
  CHECK_FALSE(of(Topic::SuccessRate, noon + 30'000).contains("canary"));
  CHECK(of(Topic::SuccessRate, noon + 5 * minute).contains("canary 9"));
  CHECK(of(Topic::Latency, noon + 5 * minute).contains(" ms / "));
}

TEST_CASE("axes have units, and no share above a whole") {
  CHECK(axis_text(95, "%") == "95 %");
  CHECK(axis_text(120, "%").isEmpty());
  CHECK(axis_text(0.1 + 0.2, "") == "0.3");
  CHECK(axis_text(-1e-17, "ms") == "0 ms");
}
