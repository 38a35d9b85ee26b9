#include "policies/tree.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace volary {
namespace {

bool is_number(std::string_view text) {
  if (text.starts_with('+')) return false;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() &&
         text.find_first_not_of("0123456789+-.eE") == std::string_view::npos &&
         text.front() != '.' && text.back() != '.';
}

bool is_bare_word(std::string_view text) {
  return text == "true" || text == "false" || text == "null";
}

std::string quoted(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    switch (c) {
      case '"': json += "\\\""; break;
      case '\\': json += "\\\\"; break;
      case '\n': json += "\\n"; break;
      case '\t': json += "\\t"; break;
      case '\r': json += "\\r"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          json += fmt::format("\\u{:04x}", static_cast<int>(c));
        else
          json += c;
    }
  }
  return json + "\"";
}

/// A number as JSON allows it: no leading zeros.
bool is_json_number(std::string_view text) {
  if (!is_number(text)) return false;
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  return !(digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9');
}

}  // namespace

const Tree* Tree::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const auto& entry) { return entry.first == key; });
  return found == entries.end() ? nullptr : &found->second;
}

Tree* Tree::find(std::string_view key) {
  return const_cast<Tree*>(
      static_cast<const Tree*>(this)->find(key));  // NOLINT: one search serves both
}

void merge_patch(Tree& base, const Tree& patch) {
  if (patch.kind != Tree::Kind::Map) {
    base = patch;
    return;
  }
  if (base.kind != Tree::Kind::Map) {
    base = Tree{};
    base.kind = Tree::Kind::Map;
    base.at = patch.at;
  }
  for (const auto& [key, value] : patch.entries) {
    Tree* known = base.find(key);
    if (value.kind == Tree::Kind::Null) {
      if (known)
        base.entries.erase(std::find_if(base.entries.begin(), base.entries.end(),
                                        [&](const auto& entry) { return entry.first == key; }));
      continue;
    }
    if (!known) {
      base.entries.emplace_back(key, Tree{});
      known = &base.entries.back().second;
    }
    merge_patch(*known, value);
  }
}

Result<void> set_path(Tree& base, std::string_view path, const Tree& value) {
  Tree* here = &base;
  std::string_view rest = path;
  while (!rest.empty()) {
    const auto end = rest.find_first_of(".[");
    const std::string key{rest.substr(0, end)};
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
    if (!key.empty()) {
      if (here->kind == Tree::Kind::Null) here->kind = Tree::Kind::Map;
      if (here->kind != Tree::Kind::Map)
        return fail(ErrorKind::Invalid, "'{}' does not lead to a field", path);
      Tree* next = here->find(key);
      if (!next) {
        here->entries.emplace_back(key, Tree{});
        next = &here->entries.back().second;
      }
      here = next;
    }
    if (rest.starts_with('[')) {
      const auto close = rest.find(']');
      std::size_t index = 0;
      const char* first = rest.data() + 1;
      const char* last = rest.data() + (close == std::string_view::npos ? 1 : close);
      const auto [parsed, error] = std::from_chars(first, last, index);
      if (error != std::errc{} || parsed != last || here->kind != Tree::Kind::List ||
          index >= here->items.size())
        return fail(ErrorKind::Invalid, "'{}' does not lead to a list entry that is there", path);
      here = &here->items[index];
      rest = rest.substr(close + 1);
    }
    if (rest.starts_with('.')) rest.remove_prefix(1);
  }
  *here = value;
  return {};
}

std::string to_json(const Tree& tree) {
  switch (tree.kind) {
    case Tree::Kind::Null: return "null";
    case Tree::Kind::Scalar:
      if (!tree.quoted && (is_json_number(tree.text) || is_bare_word(tree.text))) return tree.text;
      return quoted(tree.text);
    case Tree::Kind::List: {
      std::string json = "[";
      for (const Tree& item : tree.items) json += (json.size() > 1 ? "," : "") + to_json(item);
      return json + "]";
    }
    case Tree::Kind::Map: {
      std::string json = "{";
      for (const auto& [key, value] : tree.entries)
        json += (json.size() > 1 ? "," : "") + quoted(key) + ":" + to_json(value);
      return json + "}";
    }
  }
  return "null";
}

}  // namespace volary
