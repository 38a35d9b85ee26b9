#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/canary.hpp"

namespace volary {

/// Whether the reference's quirks (state-machine.md §16) are cured or reproduced.
enum class Compat { Strict, Flagger };
[[nodiscard]] std::string_view to_string(Compat compat);
[[nodiscard]] std::optional<Compat> compat_named(std::string_view text);

/// The controller's flags that decide something (controller.md §1).
struct EngineSettings {
  Compat compat = Compat::Strict;
  std::string mesh_provider = "istio";                                                ///< FLAG-08
  std::string metrics_server = "http://prometheus:9090";                              ///< FLAG-06
  std::vector<std::string> selector_labels{"app", "name", "app.kubernetes.io/name"};  ///< FLAG-11
  bool config_tracking = true;                                                        ///< FLAG-13
  bool no_cross_namespace_refs = false;                                               ///< FLAG-18
};

enum class Strategy { Progressive, AbTesting, BlueGreen };
/// PM-10: "canary", "ab-testing", "blue-green".
[[nodiscard]] std::string_view to_string(Strategy strategy);

/// What a Canary document means: defaults and floors applied (ANA-01..24).
struct Plan {
  Compat compat = Compat::Strict;
  std::string provider;  ///< CR-10 with the global default
  Strategy strategy{};   ///< ANA-20
  Duration interval{};   ///< ANA-01
  int threshold = 1;     ///< ANA-02
  int iterations = 0;    ///< ANA-03
  int step_weight = 0;
  std::vector<int> step_weights;
  Weight max_weight{100};  ///< ANA-21
  int step_weight_promotion = 0;
  bool mirror = false;
  int primary_ready_threshold = 100;
  int canary_ready_threshold = 100;
  Duration progress_deadline{};  ///< CR-19
  bool skip_analysis = false;
  bool kubernetes = false;  ///< provider `kubernetes`: no traffic router (SM-26)

  /// ANA-23: how far the weight moves from `canary`; ≤ 0 means never again. Strict mode
  /// looks for the next greater entry of `stepWeights` instead of an equal one, so equal neighbours
  /// and edited lists do not freeze.
  [[nodiscard]] int next_step(Weight canary) const;
  /// The weights of a progressive run from 0 to the promotion, as the rules will walk them (ANA-23,
  /// SM-72); ends when promotion is due, or at the first step that never comes.
  [[nodiscard]] std::vector<Weight> ramp() const;
};

[[nodiscard]] Plan plan(const Canary& canary, const EngineSettings& settings);

}  // namespace volary
