#pragma once

#include <memory>

namespace CLI {
class FormatterBase;
}

namespace volary::cli {

/// Help as people read it: what an option wants by its own name or its choices, and what it is when
/// not given; no types of ours.
[[nodiscard]] std::shared_ptr<CLI::FormatterBase> help();

}  // namespace volary::cli
