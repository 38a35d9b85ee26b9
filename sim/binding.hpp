#pragma once

#include <string>
#include <vector>

#include "engine/builtin_queries.hpp"
#include "sim/run.hpp"

namespace volary::sim {

/// How a Canary and its queries are tied to a scenario, before anything flies.
struct Binding {
  std::string service;  ///< the scenario's, under the Canary
  QueryFamily family{};
  /// Whose series are scraped beside the mesh's, because a query asks for them: the workload's own
  /// (`http_requests_total`), or those of whoever implements the Gateway API.
  std::vector<QueryFamily> also;
  std::vector<std::string> notes;  ///< what was assumed, for people
};

/// Errors: Invalid when no service fits, or a query cannot be answered by what the world exports;
/// with a hint.
[[nodiscard]] Result<Binding> bind(const Scenario& scenario, const Policy& policy,
                                   const RunOptions& options);

}  // namespace volary::sim
