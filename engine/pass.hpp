#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <utility>

#include "engine/plan.hpp"
#include "engine/ports.hpp"
#include "engine/readiness.hpp"

/// The inside of `tick()`: what one pass of the rules holds in its hands. Not for other layers.
namespace volary {

class Pass {
 public:
  Pass(const Ports& ports, const EngineSettings& settings, Canary canary);

  /// SM-03 … SM-28.
  void run();
  /// FIN-10.
  [[nodiscard]] Result<void> revert();

 private:
  using Edit = std::function<void(CanaryStatus&)>;
  enum class Gate { Open, Closed };

  // ── the steps, in the order of the specification (tick.cpp) ──
  [[nodiscard]] bool prepare();          // SM-04 … SM-13
  [[nodiscard]] bool has_work();         // SM-14
  [[nodiscard]] bool primary_holds();    // SM-15
  [[nodiscard]] bool started();          // SM-17
  [[nodiscard]] bool unchanged();        // SM-18
  [[nodiscard]] bool canary_holds();     // SM-19
  [[nodiscard]] bool not_called_back();  // SM-21
  [[nodiscard]] bool analysed();         // SM-25
  void adapt_to_kubernetes();            // SM-26
  [[nodiscard]] bool primary_exists();   // SM-08a
  [[nodiscard]] bool routes_begin();     // strict: INV-05
  void rest();                           // strict: INV-69
  [[nodiscard]] bool repair_weights();   // strict: SM-34, Q-04

  // ── strategies and endings (rollout.cpp) ──
  void step_progressive();                         // §7.2
  void iterate_ab();                               // §7.3
  void iterate_blue_green();                       // §7.4
  void copy_to_primary();                          // EV-COPY … Promoting
  void shift_back();                               // §8
  void finish();                                   // SM-23
  void promote_unchecked();                        // §10
  void roll_back();                                // §11
  void fail_promotion(const std::string& reason);  // §8.1

  // ── checks and hooks (analysis.cpp) ──
  [[nodiscard]] bool analysis_passes();  // SM-60 … SM-64
  [[nodiscard]] bool metric_passes(const MetricCheck& check, MetricQuery::Kind kind);
  [[nodiscard]] bool template_passes(const MetricCheck& check);
  [[nodiscard]] bool verdict(const MetricCheck& check, const MetricQuery& query,
                             const Result<Measurement>& answer);
  void test_providers();  // SM-06
  [[nodiscard]] Result<void> call_hook(const Webhook& hook, Phase phase);
  [[nodiscard]] Gate rollout_gate(const Canary& fresh);  // HOOK-20
  [[nodiscard]] bool pre_rollout_passes();               // HOOK-30
  [[nodiscard]] Gate traffic_gate();                     // HOOK-40
  [[nodiscard]] Gate promotion_gate();                   // SM-80
  void post_rollout(Phase phase, Phase event_phase);     // HOOK-55

  // ── writing (status.cpp) ──
  [[nodiscard]] Result<void> write(const Canary& base, const Edit& edit);
  [[nodiscard]] Result<void> write_sync(const Canary& base, CanaryStatus wanted);  // ST-51
  [[nodiscard]] Result<void> write_phase(const Canary& base, Phase phase);         // ST-52
  [[nodiscard]] Result<void> write_failed_check();                                 // ST-53
  [[nodiscard]] Result<void> write_weight(Weight weight);
  [[nodiscard]] Result<void> write_iterations(int iterations);
  [[nodiscard]] Result<void> route(const Routes& routes);

  // ── saying (status.cpp) ──
  void say(EventId id, std::string text, std::string value = {}, std::string detail = {});
  void say_in(Phase phase, EventId id, std::string text, std::string value = {},
              std::string detail = {});
  void cured(const char* quirk, std::string text);
  void alert(AlertId id, std::string text, bool with_metadata = false);
  /// EV-ERROR for a failed call; true when it had succeeded.
  [[nodiscard]] bool done(const Result<void>& result);
  [[nodiscard]] bool strict() const { return settings_.compat == Compat::Strict; }
  [[nodiscard]] bool in_analysis() const;
  [[nodiscard]] bool initializing() const;
  [[nodiscard]] bool promoting() const;
  [[nodiscard]] Readiness ready(Role role);
  /// Is a single pod there to answer a request?
  [[nodiscard]] bool answers(Role role);
  [[nodiscard]] bool primary_can_take_traffic();
  [[nodiscard]] bool target_at_zero();
  [[nodiscard]] std::string target_text() const;
  [[nodiscard]] std::string primary_text() const;
  [[nodiscard]] std::string canary_text() const { return to_string(canary_.name); }

  Ports ports_;
  EngineSettings settings_;
  Canary canary_;  ///< in-memory copy: status and version as read; cookies move in it (SA-13)
  CanaryStatus as_read_;  ///< the status at the start of the tick
  Plan plan_;
  Phase phase_;           ///< for events (HOOK-63)
  std::string checksum_;  ///< HOOK-04
  Routes now_;            ///< SM-16
};

}  // namespace volary
