#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policies/policy.hpp"

namespace volary {

/// A document as a value: what a merge patch can change (RFC 7386) and what can be written out
/// again as JSON. Reading is document.hpp's business.
struct Tree {
  enum class Kind { Null, Scalar, List, Map } kind = Kind::Null;
  std::string text;         ///< Scalar
  bool quoted = false;      ///< Scalar: it is text, whatever it looks like
  std::vector<Tree> items;  ///< List
  std::vector<std::pair<std::string, Tree>> entries;  ///< Map, in the order written
  Mark at;

  [[nodiscard]] const Tree* find(std::string_view key) const;
  [[nodiscard]] Tree* find(std::string_view key);
};

/// RFC 7386: null removes, maps merge, everything else replaces.
void merge_patch(Tree& base, const Tree& patch);
/// Sets the value at a path such as `spec.analysis.threshold` or
/// `spec.analysis.metrics[0].threshold`. Errors: Invalid when the path leads through something that
/// is neither there nor a map.
[[nodiscard]] Result<void> set_path(Tree& base, std::string_view path, const Tree& value);
/// One line of JSON. A plain scalar that YAML's core schema reads as a number, a truth value or
/// null stays one.
[[nodiscard]] std::string to_json(const Tree& tree);

}  // namespace volary
