#pragma once

#include <nlohmann/json.hpp>

/// Which fields of an object a router knows, and what follows for comparing and writing it.
///
/// A *shape* is a JSON value: `true` stands for a field that is taken whole, an object for the
/// members that are known, `[shape]` for a list of such items. Source: RT-COMMON-25, RT-COMMON-26.
namespace volary::live {

/// The part of a value that its shape knows; what was not expected there is kept as it is, so that
/// it shows as a difference. Null members are left out.
[[nodiscard]] nlohmann::json modelled(const nlohmann::json& value, const nlohmann::json& shape);

/// `existing`, with every known field as `desired` has it (absent there: taken away) and every
/// other field untouched (RT-COMMON-25 [Q]). Lists are replaced whole.
[[nodiscard]] nlohmann::json overlaid(nlohmann::json existing, const nlohmann::json& desired,
                                      const nlohmann::json& shape);

/// Without members that are empty lists or objects, at the top level.
[[nodiscard]] nlohmann::json without_empty(nlohmann::json object);

}  // namespace volary::live
