#include "policies/node_edit.hpp"

#include <algorithm>
#include <charconv>

namespace volary {
void merge_patch(Node& base, const Node& patch) {
  if (patch.kind != Node::Kind::Map) {
    base = patch;
    return;
  }
  if (base.kind != Node::Kind::Map) {
    base = Node{};
    base.kind = Node::Kind::Map;
    base.at = patch.at;
  }
  for (const auto& [key, value, at] : patch.entries) {
    Node* known = base.find(key);
    if (value.kind == Node::Kind::Null) {
      if (known)
        base.entries.erase(std::find_if(base.entries.begin(), base.entries.end(),
                                        [&](const auto& entry) { return entry.key == key; }));
      continue;
    }
    if (!known) {
      base.set(key, Node{});
      known = base.find(key);
    }
    merge_patch(*known, value);
  }
}

namespace {

/// The entry of a list that a path names by its position, or by its `name`.
Node* entry_of(Node& list, std::string_view which) {
  if (list.kind != Node::Kind::Sequence) return nullptr;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(which.data(), which.data() + which.size(), index);
  if (error == std::errc{} && end == which.data() + which.size())
    return index < list.items.size() ? &list.items[index] : nullptr;
  for (Node& item : list.items)
    if (item.text_at({"name"}) == which && !which.empty()) return &item;
  return nullptr;
}

}  // namespace

Result<void> set_path(Node& base, std::string_view path, const Node& value) {
  Node* here = &base;
  std::string_view rest = path;
  while (!rest.empty()) {
    const bool bracket = rest.front() == '[';
    const auto end = bracket ? rest.find(']') : rest.find_first_of(".[");
    if (bracket && end == std::string_view::npos)
      return fail(ErrorKind::Invalid, "'{}' has a bracket that nothing closes", path);
    const std::string key{bracket ? rest.substr(1, end - 1) : rest.substr(0, end)};
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + bracket);
    if (rest.starts_with('.')) rest.remove_prefix(1);
    if (bracket || here->kind == Node::Kind::Sequence) {
      here = entry_of(*here, key);
      if (!here)
        return fail(ErrorKind::Invalid, "'{}' does not lead to a list entry that is there", path);
      continue;
    }
    if (here->kind == Node::Kind::Null) here->kind = Node::Kind::Map;
    if (here->kind != Node::Kind::Map)
      return fail(ErrorKind::Invalid, "'{}' does not lead to a field", path);
    if (!here->find(key)) here->set(key, Node{});
    here = here->find(key);
  }
  *here = value;
  return {};
}

}  // namespace volary
