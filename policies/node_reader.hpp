#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policies/document.hpp"

namespace volary {

/// Reads values and keeps the first complaint, so that the code that reads stays a list of what is
/// read.
class NodeReader {
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
  void only(const Node& map, const std::string& where, const std::vector<std::string>& known);
  bool is_map(const Node& node, const std::string& what);

  std::string text(const Node& node, const std::string& path);
  std::vector<std::string> texts(const Node& node, const std::string& path);
  std::string one_of(const Node& node, const std::string& path,
                     const std::vector<std::string>& known);
  int integer(const Node& node, const std::string& path, int least, int most);
  bool truth(const Node& node, const std::string& path);

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace volary
