#pragma once

#include <algorithm>

#include "sim/real_math.hpp"
#include "sim/scenario.hpp"

namespace volary::sim {

/// A time that was drawn, kept away from the end of the Timeline: no answer takes a hundred years.
constexpr Duration drawn_seconds(double s) { return from_seconds(std::min(s, 3e9)); }

/// A Latency whose parameters are worked out once, ready to be drawn from by inversion: one uniform
/// number, one value. Source: docs/models/services.md.
class LatencyLaw {
 public:
  explicit LatencyLaw(const Latency& latency) : law_{latency.law}, constant_{latency.p50} {
    constexpr double z99 = 2.3263478740408408;  // the standard normal's 99th percentile
    switch (latency.law) {
      case Latency::Law::Constant: break;
      case Latency::Law::Exponential: scale_ = seconds(latency.mean); break;
      case Latency::Law::Lognormal:
        scale_ = seconds(latency.p50);
        if (latency.p50 <= Duration::zero()) {  // nothing takes no time
          law_ = Latency::Law::Constant;
        } else {
          sigma_ = real_log(seconds(latency.p99) / seconds(latency.p50)) / z99;
        }
        break;
    }
  }

  /// The `unit`-quantile (Exponential: of 1 - unit). Precondition: 0 < unit < 1.
  [[nodiscard]] Duration draw(double unit) const {
    switch (law_) {
      case Latency::Law::Constant: return constant_;
      case Latency::Law::Exponential: return drawn_seconds(scale_ * -real_log(unit));
      case Latency::Law::Lognormal:
        return drawn_seconds(scale_ * real_exp(sigma_ * real_normal_quantile(unit)));
    }
    return {};
  }

 private:
  Latency::Law law_;
  Duration constant_{};
  double scale_ = 0, sigma_ = 0;  ///< seconds; of the logarithm
};

}  // namespace volary::sim
