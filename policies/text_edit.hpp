#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policies/document.hpp"

namespace volary {

/// One value to put into a document: at a path such as `spec.analysis.threshold` or
/// `spec.analysis.metrics[0].thresholdRange.max`.
struct FieldEdit {
  std::string path;
  std::string value;  ///< as it is to be written, a plain scalar: 3, 99.5, 30s
};

/// The text with these values in place and everything else as its author left it: comments, order,
/// quotes, indentation, the other documents. `document` is where the document begins (Node::at). A
/// field that is not there is added beside its siblings.
///
/// Errors: Invalid when a path leads nowhere, or when the value cannot be changed in place without
/// touching something else (it comes from an alias that others share, say); with the place and a
/// hint. What is returned has been read again and holds exactly the edits.
[[nodiscard]] Result<std::string> edit_text(std::string_view text, const Mark& document,
                                            const std::vector<FieldEdit>& edits);

}  // namespace volary
