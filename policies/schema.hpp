#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "policies/formats.hpp"

/// A document declared once: the table that reads it also checks it and can print its reference
/// (style: documents are declared once).
///
///   static const Schema<Analysis> schema{"Analysis", {
///       field("stepWeight", &Analysis::step_weight, {.rule = "ANA-05", .doc = "added to the
///       canary's weight per step"}), field("severity",   &Alert::severity, one_of({"", "info",
///       "warn", "error"}), {.rule = "ANA-81"}), known("trafficPolicy", {.rule = "SVC-15"}),
///   }};
///   Reader reader{Dialect::Volary};
///   if (auto analysis = schema.read(node, reader)) …
namespace volary {

/// What a table says about a field beside its format.
struct Notes {
  bool required = false;
  std::string unset{};  ///< what it means when it is left out, in words; the value itself is the
                        ///< member's initializer
  std::string rule{};   ///< of the specification
  std::string doc{};
};

/// A document's fields without their C++ type: for reference pages, a JSON Schema and forms.
class Outline {
 public:
  struct Line {
    std::string key;
    Shape shape;
    Notes notes;
  };
  Outline(std::string name, std::string doc) : name_{std::move(name)}, doc_{std::move(doc)} {}
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& doc() const { return doc_; }
  [[nodiscard]] const std::vector<Line>& lines() const { return lines_; }
  /// One line a field, nested objects indented: `stepWeight  a whole number  ANA-05  added to …`.
  [[nodiscard]] std::string reference(int indent = 0) const;

 protected:
  /// Refuses what is no map, remarks on or refuses unknown keys, and refuses missing required ones.
  [[nodiscard]] bool check_keys(const Node& node, Reader& reader, bool open) const;

  std::string name_, doc_;
  std::vector<Line> lines_;
};

template <class T>
struct Field {
  Outline::Line line;
  std::function<void(const Node&, T&, Reader&)>
      read;  ///< empty: known, but nothing here leans on it
};

/// A member read by a format; a member `std::optional<V>` is read by a Format<V>.
template <class T, class M, class V>
[[nodiscard]] Field<T> field(std::string key, M T::*member, Format<V> format, Notes notes = {}) {
  Outline::Line line{std::move(key), format.shape, std::move(notes)};
  return {std::move(line),
          [member, format = std::move(format)](const Node& node, T& into, Reader& reader) {
            if (auto value = format.read(node, reader)) into.*member = *std::move(value);
          }};
}

template <class V>
struct Unwrapped {
  using type = V;
};
template <class V>
struct Unwrapped<std::optional<V>> {
  using type = V;
};

/// The same with the usual format of the member's type.
template <class T, class M>
[[nodiscard]] Field<T> field(std::string key, M T::*member, Notes notes = {}) {
  return field(std::move(key), member, usual_format<typename Unwrapped<M>::type>(),
               std::move(notes));
}

/// A field that ends up somewhere else than in one member: `store` is given the value and the node.
template <class T, class V, class Store>
[[nodiscard]] Field<T> field_into(std::string key, Format<V> format, Store store,
                                  Notes notes = {}) {
  Outline::Line line{std::move(key), format.shape, std::move(notes)};
  return {std::move(line), [format = std::move(format), store = std::move(store)](
                               const Node& node, T& into, Reader& reader) {
            if (auto value = format.read(node, reader)) store(into, *std::move(value));
          }};
}

/// A key that the document may have and that nothing here leans on. It becomes a field of whatever
/// table it stands in.
struct Known {
  std::string key;
  Notes notes;
};
[[nodiscard]] inline Known known(std::string key, Notes notes = {}) {
  return {std::move(key), std::move(notes)};
}

template <class T>
class Schema : public Outline {
 public:
  /// A line of the table: a field, or a key that is merely known.
  struct Row : Field<T> {
    Row(Field<T> field) : Field<T>{std::move(field)} {}  // NOLINT
    Row(Known known)
        : Field<T>{{std::move(known.key), Shape{}, std::move(known.notes)}, nullptr} {}  // NOLINT
  };
  using Check = std::function<void(const T&, const Node&, Reader&)>;

  Schema(std::string name, std::vector<Row> rows, std::string doc = {})
      : Outline{std::move(name), std::move(doc)} {
    for (Row& row : rows) {
      lines_.push_back(std::move(row.line));
      reads_.push_back(std::move(row.read));
    }
  }

  /// A condition on the whole; it is asked only when every field was readable.
  Schema&& check(Check check) && {
    checks_.push_back(std::move(check));
    return std::move(*this);
  }
  /// Exactly one of these keys must be there.
  Schema&& exactly_one_of(std::vector<std::string> keys) && {
    return std::move(*this).check(
        [keys = std::move(keys)](const T&, const Node& node, Reader& reader) {
          refuse_unless_one(node, keys, reader);
        });
  }
  /// Unknown keys are not worth a word: we read a part of somebody else's document.
  Schema&& open() && {
    open_ = true;
    return std::move(*this);
  }

  /// Nothing when something was refused, which the Reader knows.
  [[nodiscard]] std::optional<T> read(const Node& node, Reader& reader) const {
    return read(node, reader, T{});
  }
  /// The same, over values that stand where nothing is written.
  [[nodiscard]] std::optional<T> read(const Node& node, Reader& reader, T value) const {
    if (!check_keys(node, reader, open_)) return std::nullopt;
    bool good = true;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const Node* written = node.find(lines_[i].key);
      if (!written || written->is_null() || !reads_[i])
        continue;  // null is "not written" to the API server too
      const Reader::Within here{reader, lines_[i].key};
      Tally tally{reader};
      reads_[i](*written, value, reader);
      good = good && tally.unchanged();
    }
    if (!good) return std::nullopt;
    Tally tally{reader};
    for (const Check& check : checks_) check(value, node, reader);
    if (!tally.unchanged()) return std::nullopt;
    return value;
  }

 private:
  class Tally {
   public:
    explicit Tally(const Reader& reader) : reader_{reader}, before_{reader.refusals()} {}
    [[nodiscard]] bool unchanged() const { return reader_.refusals() == before_; }

   private:
    const Reader& reader_;
    std::size_t before_;
  };

  static void refuse_unless_one(const Node& node, const std::vector<std::string>& keys,
                                Reader& reader) {
    std::vector<std::string> there;
    for (const std::string& key : keys)
      if (const Node* value = node.find(key); value && !value->is_null()) there.push_back(key);
    if (there.size() == 1) return;
    std::string list;
    for (const std::string& key : keys) list += (list.empty() ? "" : ", ") + key;
    reader.refuse(node.at, there.empty() ? "needs one of " + list : "may have only one of " + list);
  }

  std::vector<std::function<void(const Node&, T&, Reader&)>> reads_;
  std::vector<Check> checks_;
  bool open_ = false;
};

/// A schema as the format of a field. The schema must outlive it, as the function-local statics of
/// our tables do.
template <class T>
[[nodiscard]] Format<T> object(const Schema<T>& schema) {
  Shape shape{Shape::Kind::Object, "a map (" + schema.name() + ")"};
  shape.object = &schema;
  return {[&schema](const Node& node, Reader& reader) { return schema.read(node, reader); },
          std::move(shape)};
}

}  // namespace volary
