#include "live/operator/scheduler.hpp"

#include <atomic>
#include <mutex>
#include <thread>

#include <catch2/catch.hpp>

#include "live/operator/gauges.hpp"

namespace volary::live {
namespace {

using namespace std::chrono_literals;

template <class Condition>
bool eventually(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

TEST_CASE("INV-36: an object whose turn never ends delays no other") {
  std::atomic<bool> release = false;
  std::atomic<int> others = 0;
  Scheduler scheduler{[&](const ObjectName& name, Duration) {
    if (name.name == "stuck") {
      while (!release) std::this_thread::sleep_for(1ms);
    } else {
      ++others;
    }
  }};
  scheduler.put({"shop", "stuck"}, 1h);
  for (int i = 0; i < 50; ++i) scheduler.put({"shop", "web-" + std::to_string(i)}, 1h);
  CHECK(eventually([&] { return others == 50; }));
  CHECK_FALSE(scheduler.stop(10ms));  // the stuck one is still on
  release = true;
  CHECK(scheduler.stop(10s));
}

TEST_CASE("SCH-03: turns of one object never overlap, and one that was missed is made up") {
  std::atomic<int> inside = 0, turns = 0;
  std::atomic<bool> overlapped = false;
  Scheduler scheduler{[&](const ObjectName&, Duration) {
    if (++inside > 1) overlapped = true;
    if (turns++ == 0) std::this_thread::sleep_for(250ms);  // misses two of its turns
    --inside;
  }};
  scheduler.put({"shop", "web"}, 100ms);
  REQUIRE(eventually([&] { return turns >= 5; }));
  CHECK_FALSE(overlapped);
}

TEST_CASE("SCH-02, SCH-04, SCH-05: at once, anew with another interval, and never when gone") {
  std::atomic<int> turns = 0;
  Scheduler scheduler{[&](const ObjectName&, Duration) { ++turns; }};
  scheduler.put({"shop", "web"}, 1h);
  REQUIRE(eventually([&] { return turns == 1; }));
  scheduler.put({"shop", "web"}, 1h);  // nothing is new
  std::this_thread::sleep_for(50ms);
  CHECK(turns == 1);
  scheduler.put({"shop", "web"}, 2h);
  REQUIRE(eventually([&] { return turns == 2; }));
  scheduler.nudge({"shop", "web"});
  REQUIRE(eventually([&] { return turns == 3; }));
  scheduler.drop({"shop", "web"});
  scheduler.nudge({"shop", "web"});
  std::this_thread::sleep_for(50ms);
  CHECK(turns == 3);
  CHECK(scheduler.size() == 0);
}

TEST_CASE("PM-01, PM-05, PM-07: figures in the Prometheus text format") {
  Gauges gauges;
  gauges.set("flagger_info", {{"mesh_provider", "istio"}, {"version", "0.1\"0\n"}}, 1);
  gauges.add("flagger_canary_successes_total", {{"name", "web"}, {"namespace", "shop"}});
  gauges.add("flagger_canary_successes_total", {{"name", "web"}, {"namespace", "shop"}});
  gauges.observe("flagger_canary_duration_seconds", {{"name", "web"}, {"namespace", "shop"}}, 0.3);
  const std::string text = gauges.text();
  CHECK_THAT(text,
             Catch::Contains("flagger_info{mesh_provider=\"istio\",version=\"0.1\\\"0\\n\"} 1\n"));
  CHECK_THAT(
      text, Catch::Contains("flagger_canary_successes_total{name=\"web\",namespace=\"shop\"} 2\n"));
  CHECK_THAT(text, Catch::Contains("_bucket{name=\"web\",namespace=\"shop\",le=\"0.25\"} 0\n"));
  CHECK_THAT(text, Catch::Contains("_bucket{name=\"web\",namespace=\"shop\",le=\"0.5\"} 1\n"));
  CHECK_THAT(text, Catch::Contains("_bucket{name=\"web\",namespace=\"shop\",le=\"+Inf\"} 1\n"));
  gauges.forget("shop", "web");
  CHECK_THAT(gauges.text(), !Catch::Contains("\"web\""));
  CHECK_THAT(gauges.text(), Catch::Contains("flagger_info"));
}

}  // namespace
}  // namespace volary::live
