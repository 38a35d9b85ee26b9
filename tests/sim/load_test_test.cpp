#include "sim/load_test.hpp"

#include <catch2/catch.hpp>

using namespace volary;
using namespace volary::sim;
using namespace std::chrono_literals;

namespace {

Webhook hook(const std::string& command, const std::string& type = "cmd") {
  Webhook hook{.name = "load"};
  hook.metadata = {{"cmd", command}};
  if (!type.empty()) hook.metadata["type"] = type;
  return hook;
}

Scenario idle_world() {
  Scenario scenario{.name = "idle", .duration = 10min};
  scenario.services.push_back(
      {.name = "web", .latency = {.law = Latency::Law::Constant, .p50 = 10ms}});
  scenario.traffic.push_back({.name = "users", .to = "web", .rate = 0});
  return scenario;
}

}  // namespace

TEST_CASE("LT-20: hey's command line says rate, length and host") {
  const LoadTest wanted{.host = "podinfo-canary.test", .rate = 20, .length = 1min};
  CHECK(read_load_test(hook("hey -z 1m -q 10 -c 2 http://podinfo-canary.test:9898/")) == wanted);
  CHECK(read_load_test(hook("hey -c 2 -q 10 -z 1m -H 'X-Canary: insider' "
                            "http://podinfo-canary.test:9898/token?a=b",
                            "")) == wanted);
  CHECK(read_load_test(hook("hey -z 30s -q 2 http://a.b"))->rate == 100);  // 50 workers
  for (const char* other :
       {"curl -sd 'test' http://podinfo-canary.test:9898/token | grep token", "hey", "hey -z 1m",
        "hey -z 1m -c 2 http://a", "hey -q 5 -c 2 http://a", "hey -z x -q 5 http://a",
        "hey -z 1m -q -5 http://a", "hey -z 1m -q 1e9 http://a", "hey -z 1m -q nan http://a", ""})
    CHECK_FALSE(read_load_test(hook(other)));
  CHECK_FALSE(read_load_test(hook("hey -z 1m -q 10 http://a", "helm")));
  CHECK_FALSE(read_load_test(Webhook{}));
}

TEST_CASE("LT-30: a load test that runs is not started again, and reaches the canary's pods only") {
  const Scenario scenario = idle_world();
  TrafficWorld world{scenario, 1};
  LoadTester tester{world, "web", "web-canary"};
  const WorkloadId target = world.workload("web", Role::Target);
  const auto answered = [&] { return world.counters(target).replies[0]; };
  world.run_until(Instant{1min});
  tester.accept(hook("hey -z 1m -q 10 -c 1 http://web-canary.shop/"));
  tester.accept(hook("hey -z 1m -q 10 -c 1 http://web-canary.shop/"));  // runs already
  tester.accept(hook("hey -z 1m -q 90 -c 1 http://web.shop/"));         // is the users' traffic
  world.run_until(Instant{3min});
  CHECK(answered() == 599);  // each 100 ms, both ends of the minute left out
  CHECK(world.counters(target).mirrored == 599);
  tester.accept(hook("hey -z 1m -q 10 -c 1 http://web-canary.shop/"));  // has ended
  world.run_until(Instant{5min});
  CHECK(answered() == 2 * 599);
  CHECK(world.edge(0).requests == 0);
  for (const auto& flow : world.conservation())
    CHECK(flow.arrived == flow.answered + flow.failed + flow.in_flight);
}
