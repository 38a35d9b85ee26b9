#include "policies/tree_reader.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

#include <fmt/format.h>

namespace volary {
namespace {

/// Letters to change, add or leave out until one word is the other.
std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= one.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= other.size(); ++j) {
      const std::size_t changed = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

std::string nearest_hint(const std::string& word, const std::vector<std::string>& known) {
  if (known.empty()) return {};
  const auto nearest = std::min_element(
      known.begin(), known.end(),
      [&](const auto& a, const auto& b) { return distance(word, a) < distance(word, b); });
  if (distance(word, *nearest) <= std::max<std::size_t>(2, word.size() / 3))
    return "did you mean " + *nearest + "?";
  return "one of " + fmt::format("{}", fmt::join(known, ", "));
}

}  // namespace

void TreeReader::complain(const Mark& at, const std::string& path, const std::string& what,
                          std::string hint) {
  if (error_) return;
  error_ = Error{ErrorKind::Invalid, path + ": " + what, to_string(at), std::move(hint)};
}

void TreeReader::unknown_key(const Mark& at, const std::string& key, const std::string& where,
                             const std::vector<std::string>& known) {
  complain(at, where, fmt::format("unknown key '{}'", key), nearest_hint(key, known));
}

bool TreeReader::known_name(const Mark& at, const std::string& name, const std::string& what,
                            const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), name) != known.end()) return true;
  complain(at, name, "is no " + what, nearest_hint(name, known));
  return false;
}

void TreeReader::only(const Tree& map, const std::string& where,
                      const std::vector<std::string>& known) {
  if (!is_map(map, where)) return;
  for (const auto& [key, value] : map.entries)
    if (std::find(known.begin(), known.end(), key) == known.end())
      unknown_key(value.at, key, where, known);
}

bool TreeReader::is_map(const Tree& tree, const std::string& what) {
  if (tree.kind == Tree::Kind::Map) return true;
  complain(tree.at, what, "must be a mapping");
  return false;
}

std::string TreeReader::text(const Tree& tree, const std::string& path) {
  if (tree.kind == Tree::Kind::Scalar) return tree.text;
  complain(tree.at, path, "must be a single value");
  return {};
}

std::vector<std::string> TreeReader::texts(const Tree& tree, const std::string& path) {
  std::vector<std::string> texts;
  if (tree.kind != Tree::Kind::List) {
    complain(tree.at, path, "must be a list");
    return texts;
  }
  for (const Tree& item : tree.items) texts.push_back(text(item, path));
  return texts;
}

std::string TreeReader::one_of(const Tree& tree, const std::string& path,
                               const std::vector<std::string>& known) {
  std::string word = text(tree, path);
  if (std::find(known.begin(), known.end(), word) == known.end())
    complain(tree.at, path, fmt::format("'{}' is not known", word), nearest_hint(word, known));
  return word;
}

int TreeReader::integer(const Tree& tree, const std::string& path, int least, int most) {
  const std::string digits = text(tree, path);
  int value = least;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc{} && end == digits.data() + digits.size() && value >= least &&
      value <= most)
    return value;
  complain(tree.at, path,
           fmt::format("'{}' is not a whole number from {} to {}", digits, least, most));
  return least;
}

bool TreeReader::truth(const Tree& tree, const std::string& path) {
  const std::string word = text(tree, path);
  if (word != "true" && word != "false")
    complain(tree.at, path, fmt::format("'{}' is neither true nor false", word));
  return word == "true";
}

}  // namespace volary
