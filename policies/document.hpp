#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/result.hpp"
#include "policies/policy.hpp"
#include "policies/words.hpp"

/// What was written, before anyone asks what it means: YAML and JSON alike, with merge keys applied
/// and aliases expanded, so that one schema (schema.hpp) serves files and API objects.
namespace volary {

/// One value of a document, and where it stands.
struct Node {
  enum class Kind { Null, Scalar, Sequence, Map };
  struct Entry;

  Kind kind = Kind::Null;
  Mark at;
  std::string text;         ///< Scalar
  bool quoted = false;      ///< Scalar: it is text, whatever it looks like ("1", 'true', a block)
  std::vector<Node> items;  ///< Sequence
  std::vector<Entry> entries;  ///< Map, in the order written; no key twice

  [[nodiscard]] bool is_null() const { return kind == Kind::Null; }
  [[nodiscard]] bool is_scalar() const { return kind == Kind::Scalar; }
  [[nodiscard]] bool is_sequence() const { return kind == Kind::Sequence; }
  [[nodiscard]] bool is_map() const { return kind == Kind::Map; }

  /// The value of a map's key; nothing when there is none, or this is no map.
  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] Node* find(std::string_view key);
  /// The value at the end of a path of keys.
  [[nodiscard]] const Node* find(std::initializer_list<std::string_view> path) const;
  /// The scalar's text at the end of a path; "" when there is none.
  [[nodiscard]] std::string_view text_at(std::initializer_list<std::string_view> path) const;

  /// Builders, for what Volary writes itself.
  [[nodiscard]] static Node scalar(
      std::string text);  ///< read back as what it looks like: 3, true, 40m
  [[nodiscard]] static Node string(
      std::string text);  ///< read back as text: quoted where it looks like anything else
  [[nodiscard]] static Node sequence(std::vector<Node> items = {});
  [[nodiscard]] static Node map();
  /// Adds or replaces an entry; returns this map, so that calls chain.
  Node& set(std::string key, Node value);
  Node& push(Node item);
};

struct Node::Entry {
  std::string key;
  Node value;
  Mark at;  ///< of the key
};

/// Equal in kind, text and order; where they stand and how they were quoted does not matter.
[[nodiscard]] bool same_content(const Node& a, const Node& b);
/// "a number", "a list", "text", …: for messages.
[[nodiscard]] std::string_view spoken_kind(const Node& node);

/// INV-41: what one set of documents may cost.
struct InputLimits {
  std::size_t bytes = std::size_t{16} << 20;
  std::size_t depth = 64;
  std::size_t documents = 1000;
  std::size_t aliases = 1000;
  std::size_t nodes = 100'000;  ///< with aliases expanded, keys counted
  std::size_t scalar_bytes = std::size_t{1} << 20;
};

/// Every document of a text that is not empty. YAML 1.2 as Kubernetes tools write it, and JSON.
/// Errors: Invalid with file:line:column and a hint: not text, not YAML, empty, a key twice, an
/// unknown tag, an alias to nothing or to itself, or more than the limits allow. Source: INV-41,
/// FLT-120..126.
[[nodiscard]] Result<std::vector<Node>> parse_documents(std::string_view text,
                                                        const std::string& file,
                                                        const InputLimits& limits = {});

/// The bytes of a regular file, or of standard input for "-".
/// Errors: NotFound; Invalid: a directory, a device, unreadable, larger than `limit` (FLT-125,
/// FLT-128).
[[nodiscard]] Result<std::string> read_file_or_stdin(const std::string& path,
                                                     std::size_t limit = InputLimits{}.bytes);

/// read_file_or_stdin, then parse_documents.
[[nodiscard]] Result<std::vector<Node>> read_documents(const std::string& path);

/// Block-style YAML that parse_documents reads back as the same content; ends with a line feed.
[[nodiscard]] std::string to_yaml(const Node& node);
/// The same on one line, in flow style: `{stepWeight: 10, maxWeight: 50}`.
[[nodiscard]] std::string to_flow_yaml(const Node& node);

/// An error at a place of a document: "file:12:5: spec.analysis" is `where`.
[[nodiscard]] Error error_at(const Mark& at, std::string_view path, std::string message,
                             std::string hint = {});
/// Text from outside, fit for a message: control characters escaped, cut after `longest` bytes.
[[nodiscard]] std::string printable(std::string_view text, std::size_t longest = 60);

}  // namespace volary
