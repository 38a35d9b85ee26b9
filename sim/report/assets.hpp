#pragma once

#include <string_view>

/// Files that a report carries inside it; embedded at build time (cmake/VolaryEmbed.cmake).
namespace volary::sim::report {

extern const std::string_view dygraphs_js;       ///< dygraphs, from its Debian package
extern const std::string_view dygraphs_css;      ///< the same
extern const std::string_view dygraphs_sync_js;  ///< its synchronizer extra
extern const std::string_view dygraphs_licence;  ///< MIT, kept with every copy
extern const std::string_view report_js;         ///< ours
extern const std::string_view report_css;        ///< ours

}  // namespace volary::sim::report
