#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/result.hpp"
#include "engine/units.hpp"

/// The query language of metric checks, evaluated over series that live in memory, with the
/// semantics of Prometheus 2.42 (the server in Debian 12, to which the tests hold it).
/// docs/models/promql.md says what is understood; everything else is refused by name and position,
/// never guessed.
namespace volary::promql {

/// Sorted by name; the metric's name is the label `__name__`.
using Labels = std::vector<std::pair<std::string, std::string>>;
/// `name{a="b", …}`, or `{…}` without a name.
[[nodiscard]] std::string to_string(const Labels& labels);
[[nodiscard]] const std::string* find_label(const Labels& labels, std::string_view name);

struct Sample {
  std::int64_t ms = 0;
  double value = 0;
};
/// The value that ends a series (a NaN with bits of its own).
[[nodiscard]] double stale_marker();
[[nodiscard]] bool is_stale(double value);

class Pattern;  ///< a compiled regular expression, anchored at both ends
struct Matcher {
  enum class Op { Equal, NotEqual, Matches, NotMatches } op = Op::Equal;
  std::string name, value;
  std::shared_ptr<const Pattern> pattern{};
  /// An absent label is the empty text.
  [[nodiscard]] bool accepts(std::string_view label_value) const;
};

struct SeriesView {
  const Labels* labels = nullptr;
  std::span<const Sample> samples;
};

/// Where series come from.
class SeriesSource {
 public:
  virtual ~SeriesSource() = default;
  /// Appends each series that every matcher accepts, with its samples of [from, to] (milliseconds,
  /// both ends included).
  virtual void select(std::span<const Matcher> matchers, std::int64_t from_ms, std::int64_t to_ms,
                      std::vector<SeriesView>& out) const = 0;
};

struct Node;

/// A parsed query; cheap to copy.
class Expression {
 public:
  explicit Expression(std::shared_ptr<const Node> root) : root_{std::move(root)} {}
  [[nodiscard]] const Node& root() const { return *root_; }
  /// Each metric name that a selector asks for by equality, once, in order of appearance.
  [[nodiscard]] std::vector<std::string> metric_names() const;
  /// Whether a selector asks for this value of a label by equality.
  [[nodiscard]] bool asks_for(std::string_view label, std::string_view value) const;
  /// The ranges of its range selectors (zero when there is none: an instant query).
  [[nodiscard]] Duration longest_range() const;

 private:
  std::shared_ptr<const Node> root_;
};

/// Errors: Invalid, with line:column, what stands there, and a hint with the nearest known name.
[[nodiscard]] Result<Expression> parse(std::string_view text);

struct Element {
  Labels labels;
  double value = 0;
};
/// A scalar, or an instant vector in the order of its labels.
struct Value {
  bool scalar = false;
  double number = 0;
  std::vector<Element> vector;
};

/// Errors: Invalid for what the server refuses while evaluating (many-to-many matching, duplicate
/// label sets).
[[nodiscard]] Result<Value> evaluate(const Expression& expression, const SeriesSource& source,
                                     Instant at);

}  // namespace volary::promql
