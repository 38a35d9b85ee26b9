#pragma once

#include <string>
#include <vector>

#include "policies/document.hpp"
#include "policies/policy.hpp"

/// Single objects of Flagger's kinds, as an API server hands them out, through the very tables that
/// read files.
namespace volary {

/// Errors: Invalid with place and hint, for what the schema of the kind refuses (VAL-01..07). What
/// the API server would have pruned becomes a remark.
[[nodiscard]] Result<Canary> read_canary(const Node& document, std::vector<Remark>& remarks);
[[nodiscard]] Result<MetricTemplate> read_metric_template(const Node& document,
                                                          std::vector<Remark>& remarks);
[[nodiscard]] Result<AlertProvider> read_alert_provider(const Node& document,
                                                        std::vector<Remark>& remarks);

}  // namespace volary
