#pragma once

#include <QString>
#include <cstddef>
#include <string>
#include <vector>

#include "gui/models/snapshot.hpp"
#include "policies/text_edit.hpp"

namespace volary::gui {

/// A policy as its file has it, and the numbers that were changed since. What was changed and
/// changed back is not changed.
class PolicyDraft {
 public:
  /// The bound of one check, where the policy wrote one (MET-20, MET-21).
  struct Bound {
    std::size_t metric = 0;  ///< its place in spec.analysis.metrics
    bool at_least = false;   ///< a lowest rather than a highest accepted value
    std::string name;        ///< "success", "p99", or the metric's own
    std::string unit;        ///< "%", "ms" or ""
    double value = 0;
    double written = 0;  ///< in the file
  };

  explicit PolicyDraft(PolicyPtr written);

  [[nodiscard]] const PolicyPtr& written() const { return written_; }
  /// The policy with its edits (its text has them too, where they can be made in place), to be
  /// flown; the very same object while there is none.
  [[nodiscard]] PolicyPtr edited() const;
  [[nodiscard]] bool changed() const { return !edits().empty(); }
  /// What differs from the file, as fields of the document.
  [[nodiscard]] std::vector<FieldEdit> edits() const;
  /// The file's text with the edited fields in place and everything else as it is.
  /// Errors: those of edit_text().
  [[nodiscard]] Result<std::string> manifest() const;

  /// What the numbers mean, defaults and floors applied; of the draft and of the file.
  [[nodiscard]] Plan plan() const;
  [[nodiscard]] Plan writtenPlan() const;
  [[nodiscard]] std::vector<Bound> bounds() const;

  void setInterval(Duration interval);  ///< whole seconds, at least ten (ANA-01)
  void setThreshold(int failed_checks);
  void setIterations(int iterations);
  void setStepWeight(int percent);
  void setMaxWeight(int percent);
  void setBound(std::size_t metric, bool at_least, double value);
  /// Back to the file.
  void reset();

 private:
  [[nodiscard]] std::vector<Bound> boundsOf(const Canary& canary) const;

  PolicyPtr written_;
  Canary canary_;
};

}  // namespace volary::gui
