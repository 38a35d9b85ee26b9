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

Result<void> set_path(Node& base, std::string_view path, const Node& value) {
  Node* here = &base;
  std::string_view rest = path;
  while (!rest.empty()) {
    const auto end = rest.find_first_of(".[");
    const std::string key{rest.substr(0, end)};
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
    if (!key.empty()) {
      if (here->kind == Node::Kind::Null) here->kind = Node::Kind::Map;
      if (here->kind != Node::Kind::Map)
        return fail(ErrorKind::Invalid, "'{}' does not lead to a field", path);
      Node* next = here->find(key);
      if (!next) {
        here->set(key, Node{});
        next = here->find(key);
      }
      here = next;
    }
    if (rest.starts_with('[')) {
      const auto close = rest.find(']');
      std::size_t index = 0;
      const char* first = rest.data() + 1;
      const char* last = rest.data() + (close == std::string_view::npos ? 1 : close);
      const auto [parsed, error] = std::from_chars(first, last, index);
      if (error != std::errc{} || parsed != last || here->kind != Node::Kind::Sequence ||
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

}  // namespace volary
