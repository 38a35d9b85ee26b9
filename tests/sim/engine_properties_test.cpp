// Properties of the engine under strict semantics, over random plans and random storms of edits,
// failures and refused writes in the scripted world. Seeds are fixed, so a failure repeats; INFO
// names the one to look at.
#include <random>
#include <set>

#include <catch2/catch.hpp>

#include "engine/tick.hpp"
#include "sim/scripted/world.hpp"

using namespace volary;
using namespace volary::sim;
using namespace std::chrono_literals;

namespace {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_{seed} {}
  int below(int n) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }
  bool one_in(int n) { return below(n) == 0; }
  template <class T>
  T pick(std::initializer_list<T> values) {
    return *(values.begin() + below(static_cast<int>(values.size())));
  }

 private:
  std::mt19937_64 engine_;
};

Canary random_canary(Dice& dice) {
  Canary canary;
  canary.name = {"test", "web"};
  canary.spec.provider =
      dice.pick<const char*>({"istio", "istio", "istio", "linkerd", "contour", "kubernetes"});
  canary.spec.target_ref = {"apps/v1", dice.one_in(6) ? "DaemonSet" : "Deployment", "web"};
  canary.spec.service.port = 80;
  canary.spec.progress_deadline_seconds = 60;
  Analysis& analysis = canary.spec.analysis;
  analysis.interval = "10s";
  analysis.threshold = 1 + dice.below(4);
  switch (dice.below(4)) {
    case 0: analysis.iterations = 1 + dice.below(3); break;
    case 1:
      analysis.iterations = 1 + dice.below(3);
      analysis.match = {{.headers = {{"x-canary", {.value = "insider"}}}}};
      break;
    case 2:
      for (int w = 1 + dice.below(20); w <= 100; w += dice.below(40)) {
        analysis.step_weights.push_back(w);
        if (analysis.step_weights.size() > 4) break;
      }
      break;
    default:
      analysis.step_weight = dice.pick({0, 7, 20, 50, 100});
      analysis.max_weight = dice.pick({0, 20, 50, 100, 150});
  }
  analysis.step_weight_promotion = dice.pick({0, 0, 30, -20});
  analysis.mirror = dice.one_in(4);
  if (dice.one_in(4))
    analysis.session_affinity = SessionAffinity{.cookie_name = "ck", .primary_cookie_name = "pk"};
  analysis.metrics = {
      {.name = "request-success-rate", .range = ThresholdRange{.min = 99, .max = {}}}};
  for (const HookType type :
       {HookType::ConfirmRollout, HookType::PreRollout, HookType::Rollout, HookType::Rollback,
        HookType::ConfirmTrafficIncrease, HookType::ConfirmPromotion, HookType::PostRollout})
    if (dice.one_in(4))
      analysis.webhooks.push_back(
          {.name = std::string{to_string(type)}, .url = "http://hooks", .type = type});
  return canary;
}

void disturb(World& world, Dice& dice, int& revision) {
  using Kind = PodState::Kind;
  switch (dice.below(14)) {
    case 0: world.release("r" + std::to_string(++revision), {}); break;
    case 1: world.release("A", {}); break;
    case 2:
      world.answer_all_checks(
          dice.pick<const char*>({"97", "no-data", "NaN", "+Inf", "http500", "100"}));
      break;
    case 3: world.answer_all_checks("100"); break;
    case 4:
      world.set_state(Role::Target,
                      {dice.pick({Kind::Rolling, Kind::Unavailable, Kind::Deadline})});
      break;
    case 5:
      world.set_state(Role::Primary,
                      {dice.pick({Kind::Rolling, Kind::Unavailable, Kind::Deadline})});
      break;
    case 6: world.set_state(Role::Target, {}); break;
    case 7: world.set_state(Role::Primary, {}); break;
    case 8: {
      CanarySpec spec = world.canary().spec;
      if (dice.one_in(2)) spec.suspend = !spec.suspend;
      if (dice.one_in(3)) spec.analysis.threshold = 1 + dice.below(4);
      if (dice.one_in(3) && spec.analysis.iterations > 0)
        spec.analysis.iterations = 1 + dice.below(3);
      world.edit_spec(spec);
      break;
    }
    case 9: {
      const int canary = dice.below(101);
      if (world.canary().spec.provider == "istio") world.edit_routes(100 - canary, canary);
      break;
    }
    case 10:
      world.refuse(dice.pick(
          {WriteClass::Status, WriteClass::Route, WriteClass::Target, WriteClass::Primary}));
      break;
    case 11:
      for (const Webhook& hook : world.canary().spec.analysis.webhooks)
        if (dice.one_in(2))
          world.answer_hook(hook.name, dice.pick<const char*>({"200", "403", "503", "drop"}));
      break;
    default: break;
  }
}

bool settled(const Observation& now) {
  return now.phase == "Initialized" || now.phase == "Succeeded" || now.phase == "Failed";
}

bool said(const Observation& now, std::string_view event) {
  for (const std::string& text : now.events)
    if (text == event || text.rfind(std::string{event} + "(", 0) == 0) return true;
  return false;
}

Observation one_tick(World& world) {
  world.begin_tick();
  tick(world.ports(), {.compat = Compat::Strict});
  Observation now = world.observe();
  world.end_tick(10s);
  return now;
}

}  // namespace

TEST_CASE(
    "strict: through any storm the weights stay legal, nothing unpassed is promoted, suspension "
    "freezes") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    INFO("seed " << seed);
    Dice dice{seed};
    World world{{.canary = random_canary(dice), .replicas = 1 + dice.below(3)}};
    REQUIRE(admit(world.ports(), {}));
    int revision = 0;
    Observation before = one_tick(world);
    for (int step = 0; step < 80; ++step) {
      INFO("step " << step << ", phase " << before.phase);
      const bool stormy = dice.one_in(2);
      bool edited = false;
      if (stormy) {
        const auto routes_before = world.observe().routes;
        disturb(world, dice, revision);
        edited = world.observe().routes != routes_before;
      }
      const bool suspended = world.canary().spec.suspend;
      const Observation after_edit = world.observe();
      const Observation now = one_tick(world);

      if (now.routes && !edited) {  // INV-01
        CHECK(now.routes->primary.percent() + now.routes->canary.percent() == 100);
        CHECK(now.routes->canary.percent() >= 0);
        CHECK(now.routes->canary.percent() <= 100);
      }
      if (suspended) {  // INV-39
        CHECK(now.phase == before.phase);
        CHECK(now.routes == after_edit.routes);
        CHECK(now.target_replicas == after_edit.target_replicas);
        CHECK(now.primary_revision == before.primary_revision);
      }
      if (!before.primary_revision.empty() &&
          now.primary_revision != before.primary_revision) {  // INV-10, INV-13
        CHECK(said(now, "EV-COPY"));
        CHECK(now.primary_revision == now.target_revision);
        for (const auto& [check, verdict] : now.evidence)
          CHECK(verdict.find("97") == std::string::npos);
        CHECK_FALSE(said(now, "EV-BREACH"));
      }
      if (now.phase == "Succeeded" && before.phase != "Succeeded") {  // INV-15
        CHECK(now.target_replicas == 0);
        if (now.routes) CHECK(*now.routes == Routes{});
        CHECK(now.promoted == now.applied);
      }
      const bool same_attempt = now.phase == "Progressing" && before.phase == "Progressing" &&
                                !said(now, "EV-RESTART") && !said(now, "EV-NEW-REVISION");
      if (same_attempt) {  // INV-22
        CHECK(now.failed_checks >= before.failed_checks);
        CHECK(now.iterations >= before.iterations);
      }
      if (now.phase == "Progressing" && before.phase == "Progressing" && now.routes &&
          before.routes && !edited &&
          now.routes->canary > before.routes->canary)  // INV-07: a step needs a passed tick
        CHECK_FALSE(said(now, "EV-BREACH"));
      before = now;
    }
  }
}

TEST_CASE("strict: once the storm is over every attempt ends, and rest is silent") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    INFO("seed " << seed);
    Dice dice{seed + 10'000};
    World world{{.canary = random_canary(dice), .replicas = 1 + dice.below(3)}};
    REQUIRE(admit(world.ports(), {}));
    int revision = 0;
    for (int step = 0; step < 40; ++step) {
      disturb(world, dice, revision);
      (void)one_tick(world);
    }
    // Calm: pods are ready, checks pass, hooks are open, nobody edits.
    CanarySpec spec = world.canary().spec;
    spec.suspend = false;
    world.edit_spec(spec);
    world.set_state(Role::Target, {});
    world.set_state(Role::Primary, {});
    world.answer_all_checks("100");
    for (const Webhook& hook : spec.analysis.webhooks)
      world.answer_hook(hook.name, hook.type == HookType::Rollback ? "403" : "200");
    Observation now;
    for (int step = 0; step < 250; ++step) now = one_tick(world);
    INFO("phase " << now.phase << ", strategy weights " << spec.analysis.step_weight << ", max "
                  << spec.analysis.max_weight << ", iterations " << spec.analysis.iterations);
    CHECK(settled(now));  // INV-60, INV-61
    if (now.phase != "Failed" && now.routes) CHECK(*now.routes == Routes{});
    const std::int64_t version = world.canary().version;  // INV-34
    for (int step = 0; step < 3; ++step) now = one_tick(world);
    CHECK(now.events.empty());
    CHECK(world.canary().version == version);
  }
}
