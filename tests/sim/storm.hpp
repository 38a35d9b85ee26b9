#pragma once

#include <cstdlib>
#include <iterator>
#include <optional>
#include <ostream>
#include <rapidcheck.h>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tick.hpp"
#include "sim/scripted/world.hpp"

/// Random policies and random trouble for them, as plain numbers, so that rapidcheck can shrink a
/// storm that breaks a property to the few edits that matter. A number that is out of range means
/// "as usual".
namespace volary::test {

/// The choices that make a Canary.
struct Shape {
  int provider = 0, kind = 0, strategy = 0, step = 0, top = 0, back = 0, iterations = 0,
      threshold = 0;
  int mirror = 0, affinity = 0, hooks = 0, autoscaler = 0, replicas = 0;
};

/// One thing that happens before a tick.
struct Edit {
  int kind = 0, a = 0, b = 0;
};

struct Storm {
  Shape shape;
  std::vector<std::vector<Edit>> ticks;
};

template <class Value>
Value nth(std::initializer_list<Value> values, int which) {
  return *(values.begin() + which % static_cast<int>(values.size()));
}

inline Canary canary_of(const Shape& shape) {
  Canary canary;
  canary.name = {"test", "web"};
  CanarySpec& spec = canary.spec;
  spec.provider = nth<const char*>(
      {"istio", "istio", "istio", "gatewayapi:v1", "contour", "linkerd", "traefik", "kubernetes"},
      shape.provider);
  spec.target_ref = {"apps/v1", shape.kind % 6 == 5 ? "DaemonSet" : "Deployment", "web"};
  if (shape.autoscaler % 5 == 4 && spec.target_ref.kind == "Deployment")
    spec.autoscaler_ref = ObjectRef{"autoscaling/v2", "HorizontalPodAutoscaler", "web"};
  spec.service.port = 80;
  spec.progress_deadline_seconds = 60;
  Analysis& analysis = spec.analysis;
  analysis.interval = "10s";
  analysis.threshold = 1 + shape.threshold % 4;
  switch (shape.strategy % 4) {
    case 0:
      analysis.step_weight = nth({20, 10, 50, 100, 34, 0}, shape.step);
      analysis.max_weight = nth({50, 0, 20, 100, 150}, shape.top);
      break;
    case 1:
      analysis.step_weights = nth<std::vector<int>>(
          {{10, 50}, {1, 2, 10, 80}, {20, 20, 60}, {50, 30}, {150, 43, 100}, {0, 10}}, shape.step);
      break;
    case 2: analysis.iterations = 1 + shape.iterations % 3; break;
    default:
      analysis.iterations = 1 + shape.iterations % 3;
      analysis.match = {{.headers = {{"x-canary", {.value = "insider"}}}}};
  }
  analysis.step_weight_promotion = nth({0, 0, 30, 50, -20}, shape.back);
  analysis.mirror = shape.mirror % 4 == 3;
  if (shape.affinity % 4 == 3 && analysis.match.empty())
    analysis.session_affinity = SessionAffinity{
        .cookie_name = "ck", .primary_cookie_name = shape.affinity % 8 == 7 ? "pk" : ""};
  analysis.metrics = {
      {.name = "request-success-rate", .range = ThresholdRange{.min = 99, .max = {}}}};
  int bit = 1;
  for (const HookType type :
       {HookType::ConfirmRollout, HookType::PreRollout, HookType::Rollout, HookType::Rollback,
        HookType::ConfirmTrafficIncrease, HookType::ConfirmPromotion, HookType::PostRollout}) {
    if (shape.hooks & bit)
      analysis.webhooks.push_back(
          {.name = std::string{to_string(type)}, .url = "http://hooks", .type = type});
    bit *= 2;
  }
  return canary;
}

inline sim::WorldSetup setup_of(const Shape& shape, Compat compat) {
  sim::WorldSetup setup{.canary = canary_of(shape),
                        .replicas = 1 + shape.replicas % 3,
                        .configs = shape.replicas % 2 == 1};
  setup.compat = compat;
  if (setup.canary.spec.autoscaler_ref) setup.autoscaler_min = 2;
  return setup;
}

enum EditKind {
  Release,
  Checks,
  TargetPods,
  PrimaryPods,
  HookAnswer,
  Suspend,
  Skip,
  Threshold,
  Iterations,
  RefuseWrite,
  Config,
  Age,  // what a user and a cluster do
  Weights,
  Drift,
  LoseRoutes,
  LosePrimary,
  LoseTarget,
  TargetReplicas,
  PrimaryReplicas,  // what nobody should do
  Calm,
  edit_kinds,
};

inline constexpr const char* edit_names[] = {"release",
                                             "checks",
                                             "target pods",
                                             "primary pods",
                                             "hook",
                                             "suspend",
                                             "skip",
                                             "threshold",
                                             "iterations",
                                             "refuse",
                                             "config",
                                             "age",
                                             "weights",
                                             "drift",
                                             "lose routes",
                                             "lose primary",
                                             "lose target",
                                             "target replicas",
                                             "primary replicas",
                                             "calm"};

/// Everything mended: pods are ready, checks pass, gates are open, nobody asks for a rollback.
inline void calm(sim::World& world) {
  CanarySpec spec = world.canary().spec;
  spec.suspend = spec.skip_analysis = false;
  world.edit_spec(spec);
  world.set_state(Role::Target, {});
  world.set_state(Role::Primary, {});
  world.answer_all_checks("100");
  world.set_config("1");
  for (const Webhook& hook : spec.analysis.webhooks)
    world.answer_hook(hook.name, hook.type == HookType::Rollback ? "403" : "200");
}

inline void apply(sim::World& world, const Edit& edit) {
  using Kind = PodState::Kind;
  CanarySpec spec = world.canary().spec;
  switch (static_cast<EditKind>(edit.kind)) {
    case Release: return world.release(std::string(1, static_cast<char>('A' + edit.a % 6)), {});
    case Checks:
      return world.answer_all_checks(
          nth<const char*>({"100", "97", "no-data", "NaN", "+Inf", "http500", "100"}, edit.a));
    case TargetPods:
    case PrimaryPods:
      return world.set_state(edit.kind == TargetPods ? Role::Target : Role::Primary,
                             {nth({Kind::Ready, Kind::Rolling, Kind::OldPods, Kind::Unavailable,
                                   Kind::Deadline, Kind::UnavailableExpired},
                                  edit.a)});
    case HookAnswer:
      if (spec.analysis.webhooks.empty()) return;
      return world.answer_hook(
          spec.analysis.webhooks[static_cast<std::size_t>(edit.a) % spec.analysis.webhooks.size()]
              .name,
          nth<const char*>({"200", "403", "503", "drop", "202"}, edit.b));
    case Suspend: spec.suspend = edit.a % 2 == 1; return world.edit_spec(spec);
    case Skip: spec.skip_analysis = edit.a % 2 == 1; return world.edit_spec(spec);
    case Threshold: spec.analysis.threshold = 1 + edit.a % 4; return world.edit_spec(spec);
    case Iterations:
      if (spec.analysis.iterations > 0) spec.analysis.iterations = 1 + edit.a % 4;
      return world.edit_spec(spec);
    case RefuseWrite:
      return world.refuse(
          nth({WriteClass::Status, WriteClass::Route, WriteClass::Target, WriteClass::Primary},
              edit.a));
    case Config:
      if (edit.a % 5 == 4) return world.delete_config();
      return world.set_config(std::to_string(1 + edit.a % 3));
    case Age: return world.age(std::chrono::hours{3});
    case Weights:
      return world.edit_routes(edit.a % 101, edit.b % 3 == 0 ? edit.b % 101 : 100 - edit.a % 101);
    case Drift: return world.drift_routes();
    case LoseRoutes: return world.delete_routes();
    case LosePrimary: return world.delete_workload(Role::Primary);
    case LoseTarget: return world.delete_workload(Role::Target);
    case TargetReplicas: return world.set_replicas(Role::Target, edit.a % 4);
    case PrimaryReplicas: return world.set_replicas(Role::Primary, edit.a % 4);
    case Calm: return calm(world);
    case edit_kinds: return;
  }
}

/// Storms of `kinds` first kinds of edits (and Calm), of up to 60 ticks. Half of the ticks are
/// quiet.
inline rc::Gen<Storm> storms(int kinds) {
  namespace gen = rc::gen;
  const auto below = [](int n) {
    return gen::resize(rc::kNominalSize, gen::inRange(0, n));
  };  // whatever the size
  const auto number = below(120);
  const auto kind = gen::weightedOneOf<int>(
      {{8, below(kinds)}, {2, gen::just<int>(Calm)}, {3, gen::just<int>(Release)}});
  const auto edit = gen::build<Edit>(gen::set(&Edit::kind, kind), gen::set(&Edit::a, number),
                                     gen::set(&Edit::b, number));
  const auto tick = gen::weightedOneOf<std::vector<Edit>>(
      {{1, gen::just(std::vector<Edit>{})},
       {1, gen::resize(3, gen::container<std::vector<Edit>>(edit))}});
  const auto shape =
      gen::build<Shape>(gen::set(&Shape::provider, number), gen::set(&Shape::kind, number),
                        gen::set(&Shape::strategy, number), gen::set(&Shape::step, number),
                        gen::set(&Shape::top, number), gen::set(&Shape::back, number),
                        gen::set(&Shape::iterations, number), gen::set(&Shape::threshold, number),
                        gen::set(&Shape::mirror, number), gen::set(&Shape::affinity, number),
                        gen::set(&Shape::hooks, below(128)), gen::set(&Shape::autoscaler, number),
                        gen::set(&Shape::replicas, number));
  return gen::build<Storm>(
      gen::set(&Storm::shape, shape),
      gen::set(&Storm::ticks,
               gen::resize(60, gen::container<std::vector<std::vector<Edit>>>(tick))));
}

inline void show(const Storm& storm, std::ostream& out) {
  const Canary canary = canary_of(storm.shape);
  const Analysis& analysis = canary.spec.analysis;
  out << canary.spec.provider << ' ' << canary.spec.target_ref.kind << ", step "
      << analysis.step_weight << " [" << fmt::format("{}", fmt::join(analysis.step_weights, ","))
      << "] max " << analysis.max_weight << " back " << analysis.step_weight_promotion
      << ", iterations " << analysis.iterations << ", match " << !analysis.match.empty()
      << ", mirror " << analysis.mirror << ", affinity " << analysis.session_affinity.has_value()
      << ", threshold " << analysis.threshold << ", hooks";
  for (const Webhook& hook : analysis.webhooks) out << ' ' << hook.name;
  for (std::size_t at = 0; at < storm.ticks.size(); ++at) {
    out << "\n  tick " << at + 1 << ':';
    for (const Edit& edit : storm.ticks[at])
      out << ' ' << edit_names[edit.kind] << '(' << edit.a << ',' << edit.b << ')';
  }
  out << '\n';
}

}  // namespace volary::test

namespace rc {
inline void showValue(const volary::test::Storm& storm, std::ostream& out) {
  volary::test::show(storm, out);
}
}  // namespace rc
