#include "engine/plan.hpp"

#include <algorithm>

#include "engine/affinity.hpp"

namespace volary {

std::string_view to_string(Compat compat) {
  return compat == Compat::Strict ? "strict" : "flagger";
}

std::optional<Compat> compat_named(std::string_view text) {
  if (text == "strict") return Compat::Strict;
  if (text == "flagger") return Compat::Flagger;
  return std::nullopt;
}

std::string_view to_string(Strategy strategy) {
  switch (strategy) {
    case Strategy::Progressive: return "canary";
    case Strategy::AbTesting: return "ab-testing";
    case Strategy::BlueGreen: return "blue-green";
  }
  return "canary";
}

int Plan::next_step(Weight canary) const {
  if (step_weight > 0 || step_weights.empty()) return step_weight;
  const int w = canary.percent();
  const int room = 100 - w;
  if (room == 0) return 1;
  if (compat == Compat::Strict) {
    const auto next = std::ranges::find_if(step_weights, [w](int entry) { return entry > w; });
    return next == step_weights.end() ? room : std::min(room, *next - w);
  }
  if (w == 0) return std::min(room, step_weights.front());
  for (std::size_t i = 0; i + 1 < step_weights.size(); ++i)
    if (step_weights[i] == w) return std::min(room, step_weights[i + 1] - w);
  return room;
}

std::vector<Weight> Plan::ramp() const {
  std::vector<Weight> weights;
  Weight w{0};
  while (w < max_weight && weights.size() < 101) {
    const int step = next_step(w);
    if (step <= 0) break;
    w = Weight{std::min(100, w.percent() + step)};
    weights.push_back(w);
    if (w == Weight{100}) break;
  }
  return weights;
}

Plan plan(const Canary& canary, const EngineSettings& settings) {
  using namespace std::chrono_literals;
  const CanarySpec& spec = canary.spec;
  const Analysis& analysis = spec.analysis;
  const bool strict = settings.compat == Compat::Strict;

  Plan plan;
  plan.compat = settings.compat;
  plan.provider = spec.provider.empty() ? settings.mesh_provider : spec.provider;
  plan.kubernetes = plan.provider == "kubernetes";
  if (analysis.iterations > 0) {  // ANA-20
    plan.strategy = analysis.match.empty() ? Strategy::BlueGreen : Strategy::AbTesting;
  } else {
    plan.strategy = Strategy::Progressive;
  }
  plan.interval =
      std::max<Duration>(go_parse_duration(analysis.interval).value_or(60s), 10s);  // ANA-01
  plan.threshold = analysis.threshold > 0 ? analysis.threshold : 1;                 // ANA-02
  plan.iterations = analysis.iterations;
  plan.step_weight = analysis.step_weight;
  plan.step_weights = analysis.step_weights;
  if (!analysis.step_weights.empty()) {  // ANA-21
    const auto& steps = analysis.step_weights;
    plan.max_weight =
        Weight{std::min(100, strict ? *std::ranges::max_element(steps) : steps.back())};
  } else {
    plan.max_weight = Weight{analysis.max_weight > 0 ? analysis.max_weight : 100};
    if (strict) plan.max_weight = std::min(plan.max_weight, 100_pct);
  }
  plan.step_weight_promotion =
      strict ? std::max(0, analysis.step_weight_promotion) : analysis.step_weight_promotion;
  plan.mirror = analysis.mirror;
  if (strict && plan.strategy == Strategy::Progressive && !reads_mirror_back(canary, plan.provider))
    plan.mirror = false;
  plan.primary_ready_threshold = analysis.primary_ready_threshold.value_or(100);
  plan.canary_ready_threshold = analysis.canary_ready_threshold.value_or(100);
  plan.progress_deadline = std::chrono::seconds{spec.progress_deadline_seconds.value_or(600)};
  plan.skip_analysis = spec.skip_analysis;
  return plan;
}

}  // namespace volary
