#include "policies/schema.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace volary {

bool Outline::check_keys(const Node& node, Reader& reader, bool open) const {
  if (!node.is_map()) {
    reader.refuse(node.at, fmt::format("must be a map, this is {}", spoken_kind(node)));
    return false;
  }
  const std::size_t before = reader.refusals();
  std::vector<std::string> keys;
  for (const Line& line : lines_) keys.push_back(line.key);
  for (const Node::Entry& entry : node.entries)
    if (!open && std::find(keys.begin(), keys.end(), entry.key) == keys.end())
      reader.unknown_key(entry, keys);
  for (const Line& line : lines_) {
    const Node* written = node.find(line.key);
    if (!line.notes.required || (written && !written->is_null())) continue;
    std::string hint = line.notes.doc;
    for (const Node::Entry& entry :
         node.entries)  // a required key that is missing is often there, misspelt
      if (nearest(entry.key, {line.key}) == line.key)
        hint = fmt::format("is '{}' meant?", printable(entry.key));
    reader.refuse(node.at, fmt::format("'{}' is missing", line.key), std::move(hint));
  }
  return reader.refusals() == before;
}

std::string Outline::reference(int indent) const {
  std::string text;
  for (const Line& line : lines_) {
    text += fmt::format("{}{}: {}", std::string(static_cast<std::size_t>(indent), ' '), line.key,
                        line.shape.accepts.empty() ? "anything" : line.shape.accepts);
    if (line.notes.required) text += "; required";
    if (!line.notes.unset.empty()) text += fmt::format("; unset: {}", line.notes.unset);
    if (!line.notes.rule.empty()) text += fmt::format(" [{}]", line.notes.rule);
    if (!line.notes.doc.empty()) text += fmt::format(": {}", line.notes.doc);
    text += '\n';
    if (line.shape.object) text += line.shape.object->reference(indent + 2);
  }
  return text;
}

}  // namespace volary
