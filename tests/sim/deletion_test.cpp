// FIN-10: what the deletion work waits for, and how long.
#include <catch2/catch.hpp>

#include "engine/tick.hpp"
#include "sim/scripted/ports.hpp"
#include "sim/scripted/state.hpp"

using namespace volary;
using namespace volary::sim;
using namespace std::chrono_literals;

namespace {

/// Counts how often the target is asked for.
class Asked final : public ScriptedWorkloads {
 public:
  explicit Asked(WorldState& state) : ScriptedWorkloads{state} {}
  Result<WorkloadView> view(Role role) override {
    tries += role == Role::Target;
    return ScriptedWorkloads::view(role);
  }
  int tries = 0;
};

struct Deletion {
  int tries = 0;
  Duration took{};
  bool done = false;
};

Deletion deletion(const std::string& interval, PodState::Kind pods) {
  Canary canary;
  canary.name = {"shop", "checkout"};
  canary.spec.provider = "istio";
  canary.spec.target_ref = {"apps/v1", "Deployment", "checkout"};
  canary.spec.revert_on_deletion = true;
  canary.spec.analysis.interval = interval;
  canary.spec.analysis.step_weight = 10;
  WorldState state{{.canary = canary}};
  Asked workload{state};
  const Ports scripted = state.port_set->ports();
  const Ports ports{scripted.clock,   scripted.store,    scripted.router,   workload,
                    scripted.metrics, scripted.webhooks, scripted.recorder, scripted.entropy};
  REQUIRE(admit(ports, {}));
  for (int ticks = 0; ticks < 2; ++ticks) {
    state.show_pods();
    tick(ports, {});
  }
  REQUIRE(state.canary.status.phase == Phase::Initialized);
  state.canary.deleting = true;
  state.states[Role::Target] = {pods, 0};
  state.target->replicas = 1;
  state.show_pods();
  workload.tries = 0;
  const Instant before = state.now;
  const bool done = revert(ports, {}).has_value();
  CHECK(state.gone == done);
  return {workload.tries, state.now - before, done};
}

}  // namespace

TEST_CASE("FIN-10: readiness is tried at 0, 3, 9 and 21 s, cut short by the interval") {
  const auto waits = [](const std::string& interval, int tries, Duration took) {
    INFO(interval);
    const Deletion hanging = deletion(interval, PodState::Kind::Unavailable);
    CHECK_FALSE(hanging.done);
    CHECK(hanging.tries == tries);
    CHECK(hanging.took == took);
  };
  waits("10s", 2, 9s);   // the wait of 6 s after the second try is still spent
  waits("12s", 3, 21s);  // a wait of 12 s does not exceed the interval, one of 24 s would
  waits("23s", 3, 21s);
  waits("24s", 4, 21s);
  waits("1m", 4, 21s);
}

TEST_CASE("FIN-10: a target that is ready, or past its deadline, is not waited for") {
  const Deletion ready = deletion("10s", PodState::Kind::Ready);
  CHECK(ready.done);
  CHECK(ready.took == 0s);
  const Deletion late = deletion("10s", PodState::Kind::Deadline);
  CHECK_FALSE(late.done);
  CHECK(late.tries == 1);
  CHECK(late.took == 0s);
}
