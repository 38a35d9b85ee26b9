#pragma once

#include <string_view>

/// Files that the window carries inside it; embedded at build time (cmake/VolaryEmbed.cmake).
namespace volary::gui {

extern const std::string_view shipped_scenario;  ///< scenarios/checkout-latency-regression.yaml
extern const std::string_view shipped_policy;    ///< policies/default-progressive.yaml

}  // namespace volary::gui
