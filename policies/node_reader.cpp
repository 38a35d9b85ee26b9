#include "policies/node_reader.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace volary {
namespace {

std::string nearest_hint(const std::string& word, const std::vector<std::string>& known) {
  if (known.empty()) return {};
  if (const std::string near = nearest(word, known); !near.empty())
    return "did you mean " + near + "?";
  return "one of " + fmt::format("{}", fmt::join(known, ", "));
}

}  // namespace

void NodeReader::complain(const Mark& at, const std::string& path, const std::string& what,
                          std::string hint) {
  if (error_) return;
  error_ = Error{ErrorKind::Invalid, path + ": " + what, to_string(at), std::move(hint)};
}

void NodeReader::unknown_key(const Mark& at, const std::string& key, const std::string& where,
                             const std::vector<std::string>& known) {
  complain(at, where, fmt::format("unknown key '{}'", key), nearest_hint(key, known));
}

bool NodeReader::known_name(const Mark& at, const std::string& name, const std::string& what,
                            const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), name) != known.end()) return true;
  complain(at, name, "is no " + what, nearest_hint(name, known));
  return false;
}

void NodeReader::only(const Node& map, const std::string& where,
                      const std::vector<std::string>& known) {
  if (!is_map(map, where)) return;
  for (const auto& [key, value, at] : map.entries)
    if (std::find(known.begin(), known.end(), key) == known.end())
      unknown_key(at, key, where, known);
}

bool NodeReader::is_map(const Node& node, const std::string& what) {
  if (node.kind == Node::Kind::Map) return true;
  complain(node.at, what, "must be a mapping");
  return false;
}

std::string NodeReader::text(const Node& node, const std::string& path) {
  if (node.kind == Node::Kind::Scalar) return node.text;
  complain(node.at, path, "must be a single value");
  return {};
}

std::vector<std::string> NodeReader::texts(const Node& node, const std::string& path) {
  std::vector<std::string> texts;
  if (node.kind != Node::Kind::Sequence) {
    complain(node.at, path, "must be a list");
    return texts;
  }
  for (const Node& item : node.items) texts.push_back(text(item, path));
  return texts;
}

std::string NodeReader::one_of(const Node& node, const std::string& path,
                               const std::vector<std::string>& known) {
  std::string word = text(node, path);
  if (std::find(known.begin(), known.end(), word) == known.end())
    complain(node.at, path, fmt::format("'{}' is not known", word), nearest_hint(word, known));
  return word;
}

int NodeReader::integer(const Node& node, const std::string& path, int least, int most) {
  const std::string digits = text(node, path);
  int value = least;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc{} && end == digits.data() + digits.size() && value >= least &&
      value <= most)
    return value;
  complain(node.at, path,
           fmt::format("'{}' is not a whole number from {} to {}", digits, least, most));
  return least;
}

bool NodeReader::truth(const Node& node, const std::string& path) {
  const std::string word = text(node, path);
  if (word != "true" && word != "false")
    complain(node.at, path, fmt::format("'{}' is neither true nor false", word));
  return word == "true";
}

}  // namespace volary
