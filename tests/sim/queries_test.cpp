// which text a check sends to its server.
#include <map>
#include <string>

#include <catch2/catch.hpp>

#include "engine/tick.hpp"
#include "sim/scripted/world.hpp"

using namespace volary;

namespace {

/// Remembers the text of each query; everything is fine.
class Heard final : public MetricSource {
 public:
  Result<Measurement> query(const MetricQuery& query) override {
    texts[query.metric] = query.text;
    return Measurement{};
  }
  Result<void> online(const MetricQuery&) override { return {}; }
  Result<MetricTemplate> find_template(const ObjectName& name) override {
    return MetricTemplate{
        .name = name, .provider_type = "prometheus", .query = "depth[{{ interval }}]"};
  }
  std::map<std::string, std::string> texts;
};

struct Analysed {
  std::map<std::string, std::string> texts;
  std::vector<std::string> events;
};

/// One analysed tick with this check alone.
Analysed analysed(const MetricCheck& check, Compat compat) {
  Canary canary;
  canary.name = {"shop", "checkout"};
  canary.spec.provider = "istio";
  canary.spec.target_ref = {"apps/v1", "Deployment", "checkout"};
  canary.spec.analysis.step_weight = 10;
  canary.spec.analysis.metrics = {check};
  sim::World world{{.canary = canary}};
  Heard heard;
  const Ports scripted = world.ports();
  const Ports ports{scripted.clock, scripted.store,    scripted.router,   scripted.workload,
                    heard,          scripted.webhooks, scripted.recorder, scripted.entropy};
  EngineSettings settings;
  settings.compat = compat;
  REQUIRE(admit(ports, settings));
  for (int at = 0; at < 5; ++at) {
    if (at == 2) world.release("B", {});
    world.begin_tick();
    tick(ports, settings);
  }
  return {heard.texts, world.observe().events};
}

}  // namespace

TEST_CASE(
    "Q-07: a template without an interval gets 1m under strict semantics, nothing under flagger") {
  MetricCheck check{.name = "depth", .range = ThresholdRange{.min = {}, .max = 5}};
  check.template_ref = ObjectName{"", "queue-depth"};
  CHECK(analysed(check, Compat::Strict).texts.at("depth") == "depth[1m]");
  CHECK(analysed(check, Compat::Flagger).texts.at("depth") == "depth[]");
  check.interval = "30s";
  CHECK(analysed(check, Compat::Strict).texts.at("depth") == "depth[30s]");
  CHECK(analysed(check, Compat::Flagger).texts.at("depth") == "depth[30s]");
}

TEST_CASE(
    "Q-10: an in-line query that does not render is an error under strict semantics, sent empty "
    "under flagger") {
  const MetricCheck check{.name = "depth",
                          .range = ThresholdRange{.min = {}, .max = 5},
                          .query = "depth{pod=\"{{ nonsense }}\"}"};
  const Analysed strict = analysed(check, Compat::Strict);
  CHECK(strict.texts.empty());
  CHECK(strict.events == std::vector<std::string>{"EV-QUERY-ERROR|depth"});
  CHECK(analysed(check, Compat::Flagger).texts.at("depth").empty());
}
