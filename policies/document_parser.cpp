#include <algorithm>
#include <charconv>
#include <istream>
#include <map>
#include <optional>
#include <streambuf>
#include <unordered_set>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "policies/document.hpp"

namespace volary {
namespace {

/// Carries one of our errors out of yaml-cpp's call stack; never leaves this file.
struct Refusal {
  Error error;
};

Mark mark_of(const YAML::Mark& mark, const std::string& file) {
  return mark.is_null() ? Mark{file, 0, 0} : Mark{file, mark.line + 1, mark.column + 1};
}

/// Hands the text to yaml-cpp and watches what it costs. Its scanner keeps everything from a `[` to
/// the matching `]` as tokens before the first event, so ten megabytes of brackets would be
/// gigabytes before anyone could count depth.
class WatchedText : public std::streambuf {
 public:
  WatchedText(std::string_view text, const std::string& file, const InputLimits& limits)
      : text_{text}, file_{file}, limits_{limits} {}

  void an_event_came() { since_ = {}; }
  /// Why the text ended before its end.
  [[nodiscard]] const std::optional<Error>& refusal() const { return refusal_; }

 protected:
  std::streamsize xsgetn(char* to, std::streamsize wanted) override {
    std::size_t count = 0;
    for (; count < static_cast<std::size_t>(wanted) && position_ < text_.size() && !refusal_;
         ++count)
      watch(to[count] = text_[position_++]);
    return static_cast<std::streamsize>(count);
  }

 private:
  void watch(char c) {
    switch (++since_.bytes; c) {
      case '\n': ++line_, ++since_.lines; break;
      case '[':
      case '{': ++since_.open, ++since_.separators; break;
      case ']':
      case '}': --since_.open; break;
      case '!':
      case '?':
      case '&':
      case '*': ++since_.references; break;
      case '"':
      case '\'': ++since_.quotes; break;
      case ',':
      case ':': ++since_.separators; break;
      default: break;
    }
    // What stands within quoted text counts too, so the bounds are far above what a legitimate
    // document of the permitted depth and size can reach between two events.
    if (since_.open > 1000) stop(fmt::format("nested deeper than {} levels", limits_.depth));
    if (since_.references > 20 * limits_.aliases)
      stop(fmt::format("more than {} uses of aliases and tags", limits_.aliases));
    if (std::max({since_.separators, since_.quotes, since_.lines}) > 4 * limits_.nodes)
      stop(fmt::format("more than {} nodes", limits_.nodes));
    if (since_.bytes > 6 * limits_.scalar_bytes) stop("a single value of many MiB");
  }

  /// From here on the text is at its end: yaml-cpp leaks when its input throws.
  void stop(std::string why) {
    if (!refusal_) refusal_ = error_at({file_, line_, 1}, {}, std::move(why));
  }

  std::string_view text_;
  const std::string& file_;
  const InputLimits& limits_;
  std::size_t position_ = 0;
  int line_ = 1;
  struct {
    long open = 0;
    std::size_t bytes = 0, lines = 0, separators = 0, references = 0, quotes = 0;
  } since_;  ///< the last event
  std::optional<Error> refusal_;
};

struct Size {
  std::size_t nodes = 0, bytes = 0, depth = 0;
};

Size size_of(const Node& node) {
  Size size{1, node.text.size(), 0};
  const auto add = [&](const Size& child) {
    size.nodes += child.nodes;
    size.bytes += child.bytes;
    size.depth = std::max(size.depth, child.depth);
  };
  for (const Node& item : node.items) add(size_of(item));
  for (const Node::Entry& entry : node.entries) {
    add(size_of(entry.value));
    size.nodes += 1;
    size.bytes += entry.key.size();
  }
  if (node.is_map() || node.is_sequence()) ++size.depth;
  return size;
}

/// Builds Nodes from yaml-cpp's events.
class Builder : public YAML::EventHandler {
 public:
  Builder(WatchedText& text, const std::string& file, const InputLimits& limits)
      : text_{text}, file_{file}, limits_{limits} {}

  [[nodiscard]] std::vector<Node> take() { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    text_.an_event_came();
    // Before a token that cannot begin a document yaml-cpp sees one empty document after the other,
    // without end.
    if (mark.pos == last_start_)
      refuse(mark_of(mark, file_), "this is not YAML", "a value cannot begin here");
    last_start_ = mark.pos;
    if (++started_ > limits_.documents)
      refuse(mark_of(mark, file_), fmt::format("more than {} documents", limits_.documents));
    anchors_.clear();
  }
  void OnDocumentEnd() override { text_.an_event_came(); }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    complete(new_node(Node::Kind::Null, mark), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Mark at = mark_of(mark, file_);
    if (++aliases_ > limits_.aliases)
      refuse(at, fmt::format("more than {} uses of aliases", limits_.aliases));
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) refuse(at, "an alias that contains itself");
    const Size& size = known->second.size;
    count_nodes(size.nodes, at);
    count_bytes(size.bytes, at);
    if (stack_.size() + size.depth > limits_.depth) too_deep(at);
    complete(known->second.node, YAML::NullAnchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = new_node(Node::Kind::Scalar, mark);
    if (value.size() > limits_.scalar_bytes)
      refuse(node.at, fmt::format("a text of more than {} KiB", limits_.scalar_bytes >> 10));
    node.text = value;
    node.quoted = tag != "?" && tag != "" && !is_core_number(tag);
    check_tag(tag, node.at);
    complete(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::Sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::Map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor{};
    std::optional<Node> key;
    std::unordered_set<std::string> keys{};
    std::vector<Node> merges{};  ///< values of `<<`, the strongest first
  };
  struct Anchored {
    Node node;
    Size size;
  };

  [[noreturn]] static void refuse(const Mark& at, std::string message, std::string hint = {}) {
    throw Refusal{error_at(at, {}, std::move(message), std::move(hint))};
  }
  [[noreturn]] void too_deep(const Mark& at) {
    refuse(at, fmt::format("nested deeper than {} levels", limits_.depth));
  }

  static bool is_core_number(std::string_view tag) {
    return tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float" ||
           tag == "tag:yaml.org,2002:bool" || tag == "tag:yaml.org,2002:null";
  }
  static void check_tag(const std::string& tag, const Mark& at) {
    if (tag.empty() || tag == "?" || tag == "!" || is_core_number(tag) ||
        tag == "tag:yaml.org,2002:str" || tag == "tag:yaml.org,2002:map" ||
        tag == "tag:yaml.org,2002:seq")
      return;
    refuse(at, fmt::format("unknown tag {}", printable(tag)),
           "write the plain value without a tag");
  }

  void count_nodes(std::size_t more, const Mark& at) {
    nodes_ += more;
    if (nodes_ > limits_.nodes) refuse(at, fmt::format("more than {} nodes", limits_.nodes));
  }
  /// Text is bounded by the file's size; what aliases multiply, and what anchors keep, is bounded
  /// by the same number.
  void count_bytes(std::size_t more, const Mark& at) {
    copied_bytes_ += more;
    if (copied_bytes_ > limits_.bytes) refuse(at, "aliases that expand to too much text");
  }

  Node new_node(Node::Kind kind, const YAML::Mark& mark) {
    text_.an_event_came();
    Node node;
    node.kind = kind;
    node.at = mark_of(mark, file_);
    count_nodes(1, node.at);
    return node;
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    Node node = new_node(kind, mark);
    check_tag(tag, node.at);
    if (stack_.size() >= limits_.depth) too_deep(node.at);
    stack_.push_back({std::move(node), anchor, std::nullopt});
  }

  void close() {
    text_.an_event_came();
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    for (Node& source : frame.merges)  // explicit keys stand, and the first source wins
      for (Node::Entry& entry : source.entries)
        if (frame.keys.insert(entry.key).second) frame.node.entries.push_back(std::move(entry));
    complete(std::move(frame.node), frame.anchor);
  }

  void complete(Node node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      const Size size = size_of(node);
      count_bytes(size.bytes, node.at);
      kept_nodes_ += size.nodes;
      if (kept_nodes_ > limits_.nodes)
        refuse(node.at, fmt::format("anchors on more than {} nodes", limits_.nodes));
      anchors_[anchor] = {node, size};
    }
    if (stack_.empty()) {
      if (!node.is_null()) documents_.push_back(std::move(node));
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.is_sequence()) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      if (!node.is_scalar())
        refuse(node.at, fmt::format("a key must be a text, this is {}", spoken_kind(node)),
               "a value that begins with { or [ or * needs quotes");
      frame.key = std::move(node);
    } else {
      add_entry(frame, std::move(node));
    }
  }

  void add_entry(Frame& frame, Node value) {
    const Node key = std::move(*frame.key);
    frame.key.reset();
    if (key.text == "<<" && !key.quoted) return add_merge(frame, key, std::move(value));
    if (!frame.keys.insert(key.text).second)
      refuse(key.at, fmt::format("the key '{}' stands here twice", printable(key.text)),
             fmt::format("it was first given at line {}", line_of(frame.node, key.text)));
    frame.node.entries.push_back({key.text, std::move(value), key.at});
  }

  void add_merge(Frame& frame, const Node& key, Node value) {
    if (!frame.merges.empty())
      refuse(key.at, "the key '<<' stands here twice", "merge a list: <<: [*a, *b]");
    if (value.is_map()) {
      frame.merges.push_back(std::move(value));
      return;
    }
    const bool maps =
        value.is_sequence() && std::all_of(value.items.begin(), value.items.end(),
                                           [](const Node& item) { return item.is_map(); });
    if (!maps) refuse(key.at, fmt::format("'<<' merges maps, this is {}", spoken_kind(value)));
    frame.merges = std::move(value.items);
  }

  static int line_of(const Node& map, const std::string& key) {
    for (const Node::Entry& entry : map.entries)
      if (entry.key == key) return entry.at.line;
    return 0;
  }

  WatchedText& text_;
  const std::string& file_;
  const InputLimits& limits_;
  std::vector<Node> documents_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t started_ = 0, aliases_ = 0, nodes_ = 0, copied_bytes_ = 0, kept_nodes_ = 0;
  int last_start_ = -1;
};

/// FLT-124: NUL and other control characters, invalid UTF-8, UTF-16 and 32.
std::optional<Error> not_text(std::string_view text, const std::string& file) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    return error_at({file, 0, 0}, {}, "is UTF-16, not UTF-8", "save it as UTF-8");
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    return error_at({file, 0, 0}, {}, fmt::format("is not text: byte {} is NUL", nul));
  Mark at{file, 1, 1};
  for (std::size_t i = 0; i < text.size(); ++at.column) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r')
      return error_at(at, {}, fmt::format("a control character (0x{:02x})", byte),
                      "is this a text file?");
    const std::size_t length = byte < 0x80   ? 1
                               : byte < 0xC2 ? 0
                               : byte < 0xE0 ? 2
                               : byte < 0xF0 ? 3
                               : byte < 0xF5 ? 4
                                             : 0;
    bool good = length > 0 && i + length <= text.size();
    for (std::size_t k = 1; good && k < length; ++k)
      good = (static_cast<unsigned char>(text[i + k]) & 0xC0) == 0x80;
    if (good && length > 2) {  // over-long forms, surrogates, beyond U+10FFFF
      const auto second = static_cast<unsigned char>(text[i + 1]);
      good = !(byte == 0xE0 && second < 0xA0) && !(byte == 0xED && second > 0x9F) &&
             !(byte == 0xF0 && second < 0x90) && !(byte == 0xF4 && second > 0x8F);
    }
    if (!good) return error_at(at, {}, "is not UTF-8 text", "save it as UTF-8");
    i += length;
    if (byte == '\n') at = {file, at.line + 1, 0};
  }
  return std::nullopt;
}

/// The code unit of `\uXXXX` at a place of a text.
std::optional<unsigned> escaped_unit(std::string_view text, std::size_t place) {
  if (place + 6 > text.size() || text[place] != '\\' || text[place + 1] != 'u') return std::nullopt;
  unsigned unit = 0;
  const char* end = text.data() + place + 6;
  const auto [parsed, error] = std::from_chars(end - 4, end, unit, 16);
  return error == std::errc{} && parsed == end ? std::optional{unit} : std::nullopt;
}

/// JSON writes characters beyond U+FFFF as two escapes (RFC 8259 §7), which YAML does not know.
std::string join_surrogates(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  for (std::size_t i = 0; i < json.size();) {
    const auto high = escaped_unit(json, i);
    const auto low =
        high && *high >= 0xD800 && *high < 0xDC00 ? escaped_unit(json, i + 6) : std::nullopt;
    if (low && *low >= 0xDC00 && *low < 0xE000) {
      text += fmt::format("\\U{:08X}", 0x10000 + ((*high - 0xD800) << 10) + (*low - 0xDC00));
      i += 12;
    } else {
      const std::size_t length = json[i] == '\\' ? 2 : 1;  // an escaped backslash begins no escape
      text += json.substr(i, length);
      i += length;
    }
  }
  return text;
}

bool looks_like_json(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

bool indented_by_tab(std::string_view text, int line) {
  for (int here = 1; here < line; ++here) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  const auto first = text.find_first_not_of(" \t");
  return text.substr(0, first).find('\t') != std::string_view::npos;
}

Error syntax_error(const YAML::Exception& exception, std::string_view text,
                   const std::string& file) {
  const Mark at = mark_of(exception.mark, file);
  const std::string_view said = exception.msg;
  if (at.line > 0 && indented_by_tab(text, at.line))
    return error_at(at, {}, "this line is indented by a tab", "YAML is indented by spaces");
  if (said == YAML::ErrorMsg::MAP_VALUE)
    return error_at(at, {}, "a ':' where no value can begin",
                    "check the indentation; a text with ': ' in it needs quotes");
  if (said == YAML::ErrorMsg::UNKNOWN_ANCHOR)
    return error_at(at, {}, "an alias to an anchor that does not exist",
                    "a text that begins with * needs quotes");
  if (said.starts_with(YAML::ErrorMsg::INVALID_UNICODE))
    return error_at(at, {}, "an escape that is no character");
  return error_at(at, {}, fmt::format("this is not YAML: {}", said),
                  "check the indentation, brackets and quotes before this place");
}

}  // namespace

Result<std::vector<Node>> parse_documents(std::string_view text, const std::string& file,
                                          const InputLimits& limits) {
  if (text.size() > limits.bytes)
    return tl::unexpected(
        error_at({file, 0, 0}, {}, fmt::format("input larger than {} MiB", limits.bytes >> 20)));
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (auto error = not_text(text, file)) return tl::unexpected(*std::move(error));
  std::string joined;
  if (looks_like_json(text) && text.find("\\u") != std::string_view::npos)
    text = joined = join_surrogates(text);
  WatchedText watched{text, file, limits};
  try {
    std::istream stream{&watched};
    YAML::Parser parser{stream};
    Builder builder{watched, file, limits};
    while (parser.HandleNextDocument(builder)) {
    }
    if (watched.refusal()) return tl::unexpected(*watched.refusal());
    std::vector<Node> documents = builder.take();
    if (documents.empty())
      return tl::unexpected(error_at({file, 0, 0}, {}, "is empty: no document in it"));
    return documents;
  } catch (const Refusal& refusal) {
    return tl::unexpected(watched.refusal().value_or(refusal.error));
  } catch (const YAML::Exception& exception) {
    return tl::unexpected(watched.refusal().value_or(syntax_error(exception, text, file)));
  }
}

}  // namespace volary
