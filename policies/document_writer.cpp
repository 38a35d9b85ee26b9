#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "policies/document.hpp"

namespace volary {
namespace {

/// Read by some YAML tool as something else than text: numbers, dates, 1:30, and the truth values
/// of YAML 1.1 too, since Kubernetes tools still read those.
bool looks_like_a_value(std::string_view text) {
  static constexpr std::array words{"true", "false", "yes",  "no", "on",   "off",
                                    "y",    "n",     "null", "~",  ".inf", ".nan"};
  std::string lower{text};
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (std::find(words.begin(), words.end(), lower) != words.end()) return true;
  return !text.empty() &&
         std::string_view{"+-.0123456789"}.find(text.front()) != std::string_view::npos &&
         lower.find_first_not_of("0123456789+-.:_abcdefxoin") == std::string::npos;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
  });
}

/// May stand without quotes, in block and in flow style.
bool plain_safe(std::string_view text) {
  if (text.empty() || has_control(text) || text.find('\n') != std::string_view::npos) return false;
  if (text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  if (std::string_view{"?:,[]{}#&*!|>'\"%@`=<"}.find(text.front()) != std::string_view::npos)
    return false;
  if (text.front() == '-' && (text.size() == 1 || text[1] == ' ' || text[1] == '-')) return false;
  if (text.starts_with("...")) return false;
  return text.find_first_of(",[]{}?&*") == std::string_view::npos &&
         text.find(": ") == std::string_view::npos && text.find(" #") == std::string_view::npos;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\r': out += "\\r"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
          out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        else
          out += c;
    }
  }
  return out + '"';
}

std::string key_text(const std::string& key) {
  return plain_safe(key) && !looks_like_a_value(key) && key.size() < 1000 ? key : quoted(key);
}

std::string scalar_text(const Node& node) {
  const bool ambiguous = looks_like_a_value(node.text) || node.text.empty();
  return plain_safe(node.text) && !(node.quoted && ambiguous) && node.text != "~" &&
                 node.text != "null"
             ? node.text
             : quoted(node.text);
}

/// Several lines that read best as a block: PromQL, mostly.
bool fits_a_block(const Node& node) {
  const std::string_view text = node.text;
  return text.size() > 1 && text.find('\n') != std::string_view::npos && !has_control(text) &&
         text.front() != ' ' && text.front() != '\n' && !text.ends_with("\n\n") &&
         text.find(" \n") == std::string_view::npos;
}

class Writer {
 public:
  std::string text;

  void block(const Node& node, int indent) {
    if (node.is_map() && !node.entries.empty()) {
      bool first = true;
      for (const Node::Entry& entry : node.entries) {
        start_line(indent, first);
        text += key_text(entry.key) + ':';
        child(entry.value, indent, entry.value.is_sequence() ? 0 : 2);
      }
    } else if (node.is_sequence() && !node.items.empty()) {
      bool first = true;
      for (const Node& item : node.items) {
        start_line(indent, first);
        text += '-';
        if ((item.is_map() && !item.entries.empty()) ||
            (item.is_sequence() && !item.items.empty())) {
          text += ' ';
          begun_ = true;
          block(item, indent + 2);
        } else {
          child(item, indent, 2);
        }
      }
    } else {
      start_line(indent, begun_);
      leaf(node, indent);
      text += '\n';
    }
  }

 private:
  /// The first entry of a list item stands on the line of its dash.
  void start_line(int indent, bool& first) {
    if (!(first && begun_)) text.append(static_cast<std::size_t>(indent), ' ');
    if (first) begun_ = false;
    first = false;
  }

  void child(const Node& value, int indent, int deeper) {
    const bool nested =
        (value.is_map() && !value.entries.empty()) || (value.is_sequence() && !value.items.empty());
    if (nested) {
      text += '\n';
      block(value, indent + deeper);
      return;
    }
    text += ' ';
    leaf(value, indent);
    text += '\n';
  }

  void leaf(const Node& node, int indent) {
    if (node.is_scalar() && fits_a_block(node)) {
      text += node.text.ends_with('\n') ? "|" : "|-";
      std::string_view rest = node.text;
      if (rest.ends_with('\n')) rest.remove_suffix(1);
      for (;;) {
        const auto end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        text += '\n';
        if (!line.empty()) text.append(static_cast<std::size_t>(indent) + 2, ' ').append(line);
        if (end == std::string_view::npos) return;
        rest.remove_prefix(end + 1);
      }
    }
    text += to_flow_yaml(node);
  }

  bool begun_ = false;
};

}  // namespace

std::string to_flow_yaml(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null: return "null";
    case Node::Kind::Scalar: return scalar_text(node);
    case Node::Kind::Sequence: {
      std::string out = "[";
      for (const Node& item : node.items) out += (out.size() > 1 ? ", " : "") + to_flow_yaml(item);
      return out + ']';
    }
    case Node::Kind::Map: {
      std::string out = "{";
      for (const Node::Entry& entry : node.entries)
        out +=
            (out.size() > 1 ? ", " : "") + key_text(entry.key) + ": " + to_flow_yaml(entry.value);
      return out + '}';
    }
  }
  return "null";
}

std::string to_yaml(const Node& node) {
  Writer writer;
  writer.block(node, 0);
  return std::move(writer.text);
}

}  // namespace volary
