#include "gui/workers/run_worker.hpp"

#include <QElapsedTimer>
#include <QSignalSpy>
#include <atomic>
#include <mutex>
#include <thread>

#include <catch2/catch.hpp>

#include "sim/digest.hpp"
#include "tests/gui/support.hpp"

using namespace volary;
using namespace volary::gui;
using namespace std::chrono_literals;

namespace {

FlightOrder shipped() {
  const Documents documents = shipped_documents();
  return {.scenario = documents.scenarios.front(), .policy = documents.policies.front()};
}

SnapshotPtr snapshot_in(const QList<QVariant>& arguments) {
  return arguments.front().value<SnapshotPtr>();
}

/// A flight that lasts until it is called off.
Result<sim::Run> endless(const sim::Scenario&, const Policy&, const sim::RunOptions& options) {
  const sim::TickRecord tick{};
  while (!options.on_tick || options.on_tick(tick)) std::this_thread::sleep_for(1ms);
  return sim::Run{};
}

}  // namespace

TEST_CASE("the worker flies what simulate() flies, and says what volary run says") {
  RunWorker worker;
  QSignalSpy landed{&worker, &RunWorker::snapshotReady};
  const FlightOrder order = shipped();
  const quint64 edition = worker.order(order);
  REQUIRE(gui::test::comes_true([&] { return landed.size() == 2; }));
  const auto first = snapshot_in(landed[0]), whole = snapshot_in(landed[1]);
  CHECK(first->edition == edition);
  CHECK_FALSE(first->whole);
  CHECK(whole->whole);

  const auto run = sim::simulate(*order.scenario, *order.policy, {});
  REQUIRE(run);
  CHECK(whole->run.digest == run->digest);
  const auto other =
      sim::report::with_threshold_one(*order.scenario, *order.policy, *run, {}, sim::simulate);
  REQUIRE(other);
  CHECK(whole->verdict.headline == sim::report::verdict(*run, other).headline);
  CHECK(whole->verdict.sentences == sim::report::verdict(*run, other).sentences);
  CHECK(first->verdict.sentences == sim::report::verdict(*run).sentences);
  worker.stop();
}

TEST_CASE("the last edit wins: what an older order comes to is never seen") {
  std::atomic<int> begun = 0;
  RunWorker worker{nullptr,
                   [&](const sim::Scenario& scenario, const Policy& policy,
                       const sim::RunOptions& options) -> Result<sim::Run> {
                     ++begun;
                     if (options.seed < 10) return endless(scenario, policy, options);
                     sim::Run run;
                     run.seed = options.seed;
                     return run;
                   }};
  QSignalSpy landed{&worker, &RunWorker::snapshotReady};
  FlightOrder order = shipped();
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    order.seed = seed;
    worker.order(order);
    if (seed == 1) REQUIRE(gui::test::comes_true([&] { return begun > 0; }));
  }
  REQUIRE(gui::test::comes_true([&] { return !landed.empty(); }));
  for (const auto& signal : landed) {
    CHECK(snapshot_in(signal)->run.seed == 10);
    CHECK(snapshot_in(signal)->edition == worker.latest());
  }
  CHECK(begun <= 4);  // the first, the last, what was in the air between: not one each
  worker.stop();
}

TEST_CASE("a flight is called off, by its owner or by the end of the worker") {
  auto worker = std::make_unique<RunWorker>(nullptr, endless);
  QSignalSpy landed{worker.get(), &RunWorker::snapshotReady};
  QSignalSpy progressed{worker.get(), &RunWorker::progressed};
  worker->order(shipped());
  REQUIRE(gui::test::comes_true([&] { return !progressed.empty(); }));
  worker->cancel();
  worker->order(shipped());
  QElapsedTimer clock;
  clock.start();
  worker.reset();  // joins
  CHECK(clock.elapsed() < 5000);
  QTest::qWait(20);
  CHECK(landed.empty());
}

TEST_CASE("at most thirty signals a second, and the last is always one of them") {
  RunWorker worker{
      nullptr,
      [](const sim::Scenario&, const Policy&, const sim::RunOptions& options) -> Result<sim::Run> {
        sim::Run run;
        run.seed = options.seed;
        return run;
      }};
  std::mutex mutex;
  std::vector<std::chrono::steady_clock::time_point> times;
  std::vector<std::uint64_t> seeds;
  QObject::connect(
      &worker, &RunWorker::snapshotReady, &worker,
      [&](const SnapshotPtr& snapshot) {
        const std::lock_guard lock{mutex};
        times.push_back(std::chrono::steady_clock::now());
        seeds.push_back(snapshot->run.seed);
      },
      Qt::DirectConnection);
  FlightOrder order = shipped();
  for (order.seed = 1; order.seed <= 200; ++order.seed) {
    worker.order(order);
    QTest::qWait(2);
  }
  REQUIRE(gui::test::comes_true([&] {
    const std::lock_guard lock{mutex};
    return !seeds.empty() && seeds.back() == 200;
  }));
  worker.stop();
  for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] - times[i - 1] >= 33ms);
}

TEST_CASE("a release that cannot be flown is refused in words") {
  RunWorker worker;
  QSignalSpy refused{&worker, &RunWorker::refused};
  FlightOrder order = shipped();
  auto policy = std::make_shared<Policy>(*order.policy);
  policy->canary.spec.analysis.metrics[0].name = "orders";
  policy->canary.spec.analysis.metrics[0].query = "sum(rate(orders_total[1m]))";
  order.policy = policy;
  const quint64 edition = worker.order(order);
  REQUIRE(gui::test::comes_true([&] { return !refused.empty(); }));
  CHECK(refused[0][0].value<quint64>() == edition);
  CHECK_FALSE(refused[0][1].value<Error>().hint.empty());
  worker.stop();
}

TEST_CASE("an exception ends a flight, not the program") {
  RunWorker worker{
      nullptr, [](const sim::Scenario&, const Policy&, const sim::RunOptions&) -> Result<sim::Run> {
        throw std::runtime_error{"no memory"};
      }};
  QSignalSpy refused{&worker, &RunWorker::refused};
  worker.order(shipped());
  REQUIRE(gui::test::comes_true([&] { return !refused.empty(); }));
  CHECK(refused[0][1].value<Error>().message == "the flight broke off: no memory");
  worker.stop();
}
