#include "policies/text_edit.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "policies/node_edit.hpp"

/// Edits are made in the text, one at a time, and each is proved by reading the text again: it must
/// say what the old document says with that one value changed, or nothing is returned. So the ways
/// in which YAML can surprise (aliases, merge keys, quotes) end in a refusal, never in a manifest
/// that means something else.
namespace volary {
namespace {

/// Where a line and column stand in the text; both count from 1, columns in bytes.
std::optional<std::size_t> offset_of(std::string_view text, const Mark& at) {
  if (at.line < 1 || at.column < 1) return std::nullopt;
  std::size_t offset = 0;
  for (int line = 1; line < at.line; ++line) {
    const std::size_t end = text.find('\n', offset);
    if (end == std::string_view::npos) return std::nullopt;
    offset = end + 1;
  }
  offset += static_cast<std::size_t>(at.column) - 1;
  return offset <= text.size() ? std::optional{offset} : std::nullopt;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// The end of the scalar that begins at `begin`. In flow style it also ends before , ] and }.
std::size_t scalar_end(std::string_view text, std::size_t begin, bool flow) {
  const char quote = begin < text.size() ? text[begin] : '\0';
  if (quote == '"' || quote == '\'') {
    for (std::size_t i = begin + 1; i < text.size(); ++i) {
      if (quote == '"' && text[i] == '\\') {
        ++i;
      } else if (text[i] == quote) {
        if (quote == '\'' && i + 1 < text.size() && text[i + 1] == '\'')
          ++i;
        else
          return i + 1;
      }
    }
    return text.size();
  }
  std::size_t end = begin;
  while (end < text.size() && text[end] != '\n') {
    if (text[end] == '#' && end > begin && is_blank(text[end - 1])) break;
    if (flow && (text[end] == ',' || text[end] == ']' || text[end] == '}')) break;
    ++end;
  }
  while (end > begin && is_blank(text[end - 1])) --end;
  return end;
}

/// One document of a text, found again after each edit: it stands alone, or in the items of a List.
struct Found {
  std::vector<Node> documents;
  std::size_t index = 0;
  std::string prefix;  ///< "items[2]." of a List
};

struct Step {
  std::string key;                   ///< of a map; empty for a list
  std::optional<std::size_t> index;  ///< of a list
};

std::vector<Step> steps_of(std::string_view path) {
  std::vector<Step> steps;
  while (!path.empty()) {
    if (path.front() == '.') path.remove_prefix(1);
    if (path.starts_with('[')) {
      const std::size_t close = std::min(path.find(']'), path.size() - 1);
      std::size_t index = 0;
      std::from_chars(path.data() + 1, path.data() + close, index);
      steps.push_back({{}, index});
      path.remove_prefix(close + 1);
      continue;
    }
    const std::size_t end = std::min(path.find_first_of(".["), path.size());
    steps.push_back({std::string{path.substr(0, end)}, std::nullopt});
    path.remove_prefix(end);
  }
  return steps;
}

/// The deepest node of the path that is there, whether it sits in brackets, and the keys that are
/// missing below it.
struct Place {
  const Node* node = nullptr;
  bool flow = false;
  std::vector<std::string> missing;
};

bool begins_with_bracket(std::string_view text, const Node& node) {
  const auto at = offset_of(text, node.at);
  return at && *at < text.size() && (text[*at] == '{' || text[*at] == '[');
}

std::optional<Place> place_of(std::string_view text, const Node& root, std::string_view path) {
  Place place{&root, begins_with_bracket(text, root), {}};
  for (const Step& step : steps_of(path)) {
    if (!place.missing.empty()) {
      if (step.index) return std::nullopt;
      place.missing.push_back(step.key);
      continue;
    }
    const Node* next = nullptr;
    if (step.index) {
      if (!place.node->is_sequence() || *step.index >= place.node->items.size())
        return std::nullopt;
      next = &place.node->items[*step.index];
    } else {
      if (!place.node->is_map()) return std::nullopt;
      next = place.node->find(step.key);
      if (next == nullptr) {
        place.missing.push_back(step.key);
        continue;
      }
    }
    place.node = next;
    if (begins_with_bracket(text, *next)) place.flow = true;
  }
  return place;
}

/// `key: value` of a field whose last parents are missing too: `thresholdRange: {max: 5}`.
std::string field_text(const std::vector<std::string>& keys, const std::string& value,
                       bool quoted) {
  const auto name = [&](const std::string& key) { return quoted ? '"' + key + '"' : key; };
  std::string text = name(keys.front()) + ": ", close;
  for (std::size_t i = 1; i < keys.size(); ++i) {
    text += "{" + name(keys[i]) + ": ";
    close += "}";
  }
  return text + value + close;
}

/// Puts a new field into a map in brackets, as its first.
std::optional<std::string> insert_in_flow(std::string_view text, const Node& map,
                                          const std::vector<std::string>& keys,
                                          const std::string& value) {
  const auto open = offset_of(text, map.at);
  if (!open || *open >= text.size() || text[*open] != '{') return std::nullopt;
  const std::size_t next = text.find_first_not_of(" \t\r\n", *open + 1);
  const bool json = next != std::string_view::npos && text[next] == '"';
  std::string out{text.substr(0, *open + 1)};
  if (json && next != *open + 1)  // a key a line: the new one gets its own
    out += text.substr(*open + 1, next - *open - 1);
  out += field_text(keys, value, json) + (map.entries.empty() ? "" : json ? "," : ", ");
  out += text.substr(*open + 1);
  return out;
}

/// Puts a new field on a line of its own, after a sibling that ends on its line.
std::optional<std::string> insert_in_block(std::string_view text, const Node& map,
                                           const std::vector<std::string>& keys,
                                           const std::string& value) {
  for (auto entry = map.entries.rbegin(); entry != map.entries.rend(); ++entry) {
    const auto at = offset_of(text, entry->at), start = offset_of(text, entry->value.at);
    if (!at || !start || !entry->value.is_scalar() || entry->at.column != map.at.column) continue;
    const std::size_t line_end = std::min(text.find('\n', *at), text.size());
    if (*start > line_end || *start < *at || text[*start] == '|' || text[*start] == '>') continue;
    if (scalar_end(text, *start, false) > line_end) continue;  // goes on below
    const bool returns = line_end > 0 && text[line_end - 1] == '\r';
    std::string out{text.substr(0, line_end)};
    out += "\n" + std::string(static_cast<std::size_t>(entry->at.column) - 1, ' ') +
           field_text(keys, value, false) + (returns ? "\r" : "");
    return out += text.substr(line_end);
  }
  return std::nullopt;
}

std::optional<std::string> replaced(std::string_view text, const Place& place,
                                    const std::string& value) {
  const auto begin = offset_of(text, place.node->at);
  if (!begin || *begin >= text.size()) return std::nullopt;
  const char quote = text[*begin];
  if (quote == '|' || quote == '>' || quote == '*' || quote == '&' || quote == '!')
    return std::nullopt;
  std::string written = value;
  if (quote == '"' || quote == '\'') written = quote + value + quote;  // a style of its own
  const std::size_t end = scalar_end(text, *begin, place.flow);
  return std::string{text.substr(0, *begin)} + written + std::string{text.substr(end)};
}

std::optional<std::string> inserted(std::string_view text, const Place& place,
                                    const std::string& value) {
  if (place.missing.empty() || !place.node->is_map()) return std::nullopt;
  return place.flow ? insert_in_flow(text, *place.node, place.missing, value)
                    : insert_in_block(text, *place.node, place.missing, value);
}

/// The ways to make one edit, the plainest first.
std::vector<std::string> ways(std::string_view text, const Node& root, const std::string& path,
                              const std::string& value) {
  std::vector<std::string> found;
  const auto add = [&](std::optional<std::string> way) {
    if (way) found.push_back(*std::move(way));
  };
  const auto place = place_of(text, root, path);
  if (!place) return found;
  add(inserted(text, *place, value));
  if (!place->missing.empty() || !place->node->is_scalar()) return found;
  add(replaced(text, *place, value));
  // A value that came through a merge key is overridden where it was merged.
  if (const std::size_t dot = path.rfind('.'); dot != std::string::npos) {
    if (auto parent = place_of(text, root, path.substr(0, dot)); parent && !path.ends_with(']')) {
      parent->missing = {path.substr(dot + 1)};
      add(inserted(text, *parent, value));
    }
  }
  return found;
}

/// Equal but for the order of keys and for how a number is spelled.
bool means_the_same(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.text != b.text || a.items.size() != b.items.size() ||
      a.entries.size() != b.entries.size())
    return false;
  for (std::size_t i = 0; i < a.items.size(); ++i)
    if (!means_the_same(a.items[i], b.items[i])) return false;
  return std::ranges::all_of(a.entries, [&](const Node::Entry& entry) {
    const Node* other = b.find(entry.key);
    return other != nullptr && means_the_same(entry.value, *other);
  });
}

Result<Found> find_document(std::string_view text, const Mark& document) {
  auto documents = parse_documents(text, document.file);
  if (!documents) return tl::unexpected(documents.error());
  const auto here = [&](const Node& node) {
    return node.at.line == document.line && node.at.column == document.column;
  };
  for (std::size_t i = 0; i < documents->size(); ++i) {
    const Node& candidate = (*documents)[i];
    if (const Node* items = candidate.find("items");
        items && candidate.text_at({"kind"}).ends_with("List")) {
      for (std::size_t k = 0; k < items->items.size(); ++k)
        if (here(items->items[k]))
          return Found{*std::move(documents), i, fmt::format("items[{}].", k)};
    } else if (here(candidate)) {
      return Found{*std::move(documents), i, {}};
    }
  }
  return tl::unexpected(error_at(document, {}, "no document begins here",
                                 "the file has changed since it was read: open it again"));
}

}  // namespace

Result<std::string> edit_text(std::string_view text, const Mark& document,
                              const std::vector<FieldEdit>& edits) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  const bool marked = text.starts_with(byte_order_mark);
  if (marked) text.remove_prefix(byte_order_mark.size());
  std::string current{text};
  for (const FieldEdit& edit : edits) {
    const auto found = find_document(current, document);
    if (!found) return tl::unexpected(found.error());
    const std::string path = found->prefix + edit.path;
    std::vector<Node> wanted = found->documents;
    if (auto set = set_path(wanted[found->index], path, Node::scalar(edit.value)); !set)
      return tl::unexpected(in(to_string(document))(set.error()));
    const auto attempts = ways(current, found->documents[found->index], path, edit.value);
    const auto good = std::ranges::find_if(attempts, [&](const std::string& attempt) {
      const auto read = parse_documents(attempt, document.file);
      return read && std::ranges::equal(*read, wanted, means_the_same);
    });
    if (good == attempts.end())
      return tl::unexpected(
          error_at(document, edit.path, "cannot be changed without touching something else",
                   "change it by hand: it is shared, or written in a way that only its author can "
                   "keep"));
    current = *good;
  }
  return marked ? std::string{byte_order_mark} + current : current;
}

}  // namespace volary
