// VAL-10..13, SCH-01, FIN-02: what is noticed, and what must not be scheduled.
#include <catch2/catch.hpp>

#include "engine/tick.hpp"
#include "sim/scripted/world.hpp"

using namespace volary;

namespace {

Canary canary() {
  Canary canary;
  canary.name = {"shop", "checkout"};
  canary.spec.provider = "istio";
  canary.spec.target_ref = {"apps/v1", "Deployment", "checkout"};
  canary.spec.analysis.step_weight = 10;
  return canary;
}

std::string refused(const Canary& canary, const EngineSettings& settings = {}) {
  sim::World world{{.canary = canary}};
  const auto admitted = admit(world.ports(), settings);
  if (admitted) return {};
  CHECK(admitted.error().kind == ErrorKind::Invalid);
  CHECK_FALSE(world.canary().status.condition);
  return admitted.error().message;
}

}  // namespace

TEST_CASE(
    "SCH-01, FIN-02: a new object becomes Initializing once, and its finalizer follows the field") {
  Canary reverted = canary();
  reverted.spec.revert_on_deletion = true;
  sim::World world{{.canary = reverted}};
  REQUIRE(admit(world.ports(), {}));
  CHECK(world.canary().status.phase == Phase::Initializing);
  CHECK(world.canary().status.condition->status == "Unknown");
  CHECK(world.canary().finalizer);
  const auto version = world.canary().version;
  REQUIRE(admit(world.ports(), {}));
  CHECK(world.canary().version == version);
  CanarySpec spec = world.canary().spec;
  spec.revert_on_deletion = false;
  world.edit_spec(spec);
  REQUIRE(admit(world.ports(), {}));
  CHECK_FALSE(world.canary().finalizer);
}

TEST_CASE("VAL-11, VAL-12, VAL-13: what no controller schedules") {
  CHECK(refused(canary()).empty());
  Canary knative = canary();
  knative.spec.provider = "knative";
  CHECK_FALSE(refused(knative).empty());
  knative.spec.target_ref = {"serving.knative.dev/v1", "Service", "checkout"};
  CHECK(refused(knative).empty());
  knative.spec.autoscaler_ref = ObjectRef{"autoscaling/v2", "HorizontalPodAutoscaler", "checkout"};
  CHECK_FALSE(refused(knative).empty());
  Canary sticky = canary();
  sticky.spec.analysis.session_affinity =
      SessionAffinity{.cookie_name = "ck", .primary_cookie_name = "ck"};
  CHECK_FALSE(refused(sticky).empty());
}

TEST_CASE("VAL-10: references to other namespaces, when they are off") {
  EngineSettings fenced;
  fenced.no_cross_namespace_refs = true;
  const auto check = [&](auto edit) {
    Canary edited = canary();
    edit(edited.spec, "");
    CHECK(refused(edited, fenced).empty());
    edit(edited.spec, "shop");
    CHECK(refused(edited, fenced).empty());
    edit(edited.spec, "other");
    CHECK(refused(edited).empty());
    CHECK(refused(edited, fenced).find("namespace other") != std::string::npos);
  };
  check([](CanarySpec& spec, const char* ns) {
    spec.upstream_ref = ObjectRef{"gloo.solo.io/v1", "Upstream", "u", ns};
  });
  check([](CanarySpec& spec, const char* ns) {
    MetricCheck metric{.name = "m"};
    metric.template_ref = ObjectName{ns, "t"};
    spec.analysis.metrics = {metric};
  });
  check([](CanarySpec& spec, const char* ns) {
    spec.analysis.alerts = {AlertRef{.name = "a", .severity = {}, .provider = ObjectName{ns, "p"}}};
  });
}
