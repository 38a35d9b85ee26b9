#pragma once

#include <string>

#include "engine/tick_record.hpp"
#include "live/operator/release.hpp"

namespace volary::live {

/// What the engine says about one Canary: as Kubernetes Events, log lines, alerts, event webhooks,
/// figures, and as the record of the pass (CTL-30, CTL-31, PM-03 … PM-08).
class ClusterRecorder : public Recorder {
 public:
  ClusterRecorder(const ReleaseWorld& world, const ReleaseSettings& settings, const Canary& canary);

  void event(const Event& event) override;
  void alert(const Alert& alert) override;
  void evidence(const CheckEvidence& evidence) override;
  void weights(const Routes& routes) override;
  void ended(bool succeeded, std::string_view status) override;
  /// What a router did otherwise than the reference.
  void remark(const std::string& text);
  /// PM-03, PM-05, at the end of a pass.
  void pass_over(const CanaryStatus& status, Duration took);

  TickRecord tick;

 private:
  [[nodiscard]] Gauges::LabelList labels() const;

  const ReleaseWorld& world_;
  const ReleaseSettings& settings_;
  const Canary& canary_;
  std::string checksum_;
  std::string target_;
};

}  // namespace volary::live
