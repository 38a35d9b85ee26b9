#pragma once

#include <map>
#include <string>
#include <string_view>

#include "engine/result.hpp"

namespace volary {

/// What a query template may name (MT-40).
struct TemplateValues {
  std::string name, ns, target, service, ingress, route, interval;
  std::map<std::string, std::string> variables;
};

/// Renders the `{{ … }}` of a query: the zero-argument functions of MT-40, `variables.x`, `index
/// variables "x"`, string literals, comments and the trim markers `{{-` `-}}`. Anything else is an
/// error that names it and its position: nothing is guessed.
///
/// Errors: Invalid for an unknown function, a missing variable, a syntax error (MT-41, MT-42).
[[nodiscard]] Result<std::string> render_query(std::string_view text, const TemplateValues& values);

/// Every run of white space becomes one blank (PRV-01).
[[nodiscard]] std::string collapse_space(std::string_view text);

}  // namespace volary
