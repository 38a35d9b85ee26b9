#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policies/tree.hpp"

namespace volary {

/// Every document of a file, as values.
/// Errors: Invalid with file and line: unreadable or hostile input (INV-41).
[[nodiscard]] Result<std::vector<Tree>> read_trees(const std::string& file);

/// Reads values and keeps the first complaint, so that the code that reads stays a list of what is
/// read.
class TreeReader {
 public:
  void complain(const Mark& at, const std::string& path, const std::string& what,
                std::string hint = {});
  /// "unknown key", with the nearest known one.
  void unknown_key(const Mark& at, const std::string& key, const std::string& where,
                   const std::vector<std::string>& known);
  /// `name` must be one of `known`.
  bool known_name(const Mark& at, const std::string& name, const std::string& what,
                  const std::vector<std::string>& known);
  /// Complains about every other key.
  void only(const Tree& map, const std::string& where, const std::vector<std::string>& known);
  bool is_map(const Tree& tree, const std::string& what);

  std::string text(const Tree& tree, const std::string& path);
  std::vector<std::string> texts(const Tree& tree, const std::string& path);
  std::string one_of(const Tree& tree, const std::string& path,
                     const std::vector<std::string>& known);
  int integer(const Tree& tree, const std::string& path, int least, int most);
  bool truth(const Tree& tree, const std::string& path);

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace volary
