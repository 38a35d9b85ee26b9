#include "engine/plan.hpp"

#include <catch2/catch.hpp>

#include "engine/progressive.hpp"

using namespace volary;
using namespace std::chrono_literals;

namespace {

Plan planned(Analysis analysis, Compat compat = Compat::Flagger, std::string provider = "istio") {
  Canary canary;
  canary.spec.provider = std::move(provider);
  canary.spec.analysis = std::move(analysis);
  return plan(canary, {.compat = compat});
}

std::vector<int> weights(const Plan& plan) {
  std::vector<int> all;
  for (const Weight w : plan.ramp()) all.push_back(w.percent());
  return all;
}

}  // namespace

TEST_CASE(
    "ANA-01: an interval below ten seconds is read as ten, an unreadable "
    "one as sixty") {
  CHECK(planned({.interval = "30s"}).interval == 30s);
  CHECK(planned({.interval = "5s"}).interval == 10s);
  CHECK(planned({.interval = "1m30s"}).interval == 90s);
  CHECK(planned({.interval = "1min"}).interval == 60s);
  CHECK(planned({.interval = ""}).interval == 60s);
  CHECK(planned({.interval = "10ms"}).interval == 10s);
}

TEST_CASE("ANA-02: a threshold below one acts as one") {
  CHECK(planned({.threshold = 0}).threshold == 1);
  CHECK(planned({.threshold = -3}).threshold == 1);
  CHECK(planned({.threshold = 7}).threshold == 7);
}

TEST_CASE("ANA-20: match and iterations choose the strategy") {
  CHECK(planned({.match = {HttpMatch{}}}).strategy == Strategy::Progressive);
  CHECK(planned({.iterations = 3}).strategy == Strategy::BlueGreen);
  CHECK(planned({.iterations = 3, .match = {HttpMatch{}}}).strategy == Strategy::AbTesting);
}

TEST_CASE(
    "ANA-21: the last entry of stepWeights is the maximum, maxWeight is "
    "not looked at") {
  CHECK(planned({.step_weights = {10, 20, 60}, .max_weight = 50}).max_weight == 60_pct);
  CHECK(planned({.step_weights = {1, 200}}).max_weight == 100_pct);
  CHECK(planned({.max_weight = 0}).max_weight == 100_pct);
  CHECK(planned({.max_weight = 150}).max_weight == Weight{150});
  CHECK(planned({.max_weight = 150}, Compat::Strict).max_weight == 100_pct);
}

TEST_CASE("ANA-23: the next step, by the examples of ANA-24") {
  const Plan list = planned({.step_weights = {1, 2, 10, 80}});
  CHECK(list.next_step(0_pct) == 1);
  CHECK(list.next_step(1_pct) == 1);
  CHECK(list.next_step(2_pct) == 8);
  CHECK(list.next_step(10_pct) == 70);
  CHECK(list.next_step(80_pct) == 20);
  const Plan beyond = planned({.step_weights = {1, 2, 10, 200}});
  CHECK(beyond.next_step(10_pct) == 90);
  CHECK(beyond.next_step(100_pct) == 1);
  const Analysis edited{.step_weights = {15, 30, 60}};
  CHECK(planned(edited).next_step(20_pct) == 80);
  CHECK(planned(edited, Compat::Strict).next_step(20_pct) == 10);  // to the next entry, not to 100
}

TEST_CASE("SM-73: the last step may overshoot maxWeight") {
  CHECK(weights(planned({.step_weight = 20, .max_weight = 50})) == std::vector{20, 40, 60});
  CHECK(weights(planned({.step_weights = {1, 2, 10, 80}})) == std::vector{1, 2, 10, 80});
}

TEST_CASE(
    "Q-06: equal neighbours freeze the reference, strict mode goes to "
    "the next greater entry") {
  const Analysis analysis{.step_weights = {10, 10, 30}};
  CHECK(planned(analysis).next_step(10_pct) == 0);
  CHECK(weights(planned(analysis, Compat::Strict)) == std::vector{10, 30});
  CHECK(std::holds_alternative<Stuck>(next_weights(planned({.step_weight = 0}), {})));
}

TEST_CASE("Q-05: the mirror step is planned only where the mirror can be read back") {
  const Analysis analysis{.step_weight = 10, .mirror = true};
  CHECK(planned(analysis, Compat::Strict, "istio").mirror);
  CHECK_FALSE(planned(analysis, Compat::Strict, "linkerd").mirror);
  CHECK(planned(analysis, Compat::Flagger, "linkerd").mirror);
}

TEST_CASE("SM-72: the weights of a progressive step") {
  const Plan steps = planned({.step_weight = 30});
  CHECK(next_weights(steps, {.primary = 80_pct, .canary = 20_pct}) ==
        ProgressiveDecision{MoveTraffic{{.primary = 50_pct, .canary = 50_pct}}});
  CHECK(next_weights(steps, {.primary = 10_pct, .canary = 90_pct}) ==
        ProgressiveDecision{MoveTraffic{{.primary = 0_pct, .canary = 100_pct}}});
  const Plan mirrored = planned({.step_weight = 30, .mirror = true});
  CHECK(next_weights(mirrored, {}) ==
        ProgressiveDecision{MoveTraffic{{.primary = 100_pct, .canary = 0_pct, .mirrored = true}}});
  CHECK(next_weights(mirrored, {.mirrored = true}) ==
        ProgressiveDecision{MoveTraffic{{.primary = 70_pct, .canary = 30_pct, .mirrored = false}}});
}

TEST_CASE(
    "SM-77, Q-11: an A/B run whose iterations were lowered hangs in the "
    "reference only") {
  const Analysis analysis{.iterations = 2, .match = {HttpMatch{}}};
  CHECK(next_iteration(planned(analysis), 1) == IterationDecision::Iterate);
  CHECK(next_iteration(planned(analysis), 2) == IterationDecision::Promote);
  CHECK(next_iteration(planned(analysis), 3) == IterationDecision::Hang);
  CHECK(next_iteration(planned(analysis, Compat::Strict), 3) == IterationDecision::Promote);
}

TEST_CASE(
    "SM-92, SM-93b: promotion weights, a negative step runs away in the "
    "reference only") {
  const Plan down = planned({.step_weight_promotion = 20});
  CHECK(next_back(down, {.primary = 90_pct, .canary = 10_pct}).routes == Routes{});
  CHECK(next_back(down, {}).kind == BackToPrimary::Kind::Stays);
  const Analysis negative{.step_weight_promotion = -50};
  CHECK(next_back(planned(negative), {.primary = 10_pct, .canary = 90_pct}).routes.canary ==
        Weight{140});
  CHECK(
      next_back(planned(negative, Compat::Strict), {.primary = 10_pct, .canary = 90_pct}).routes ==
      Routes{});
}
