#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>

#include "policies/promql/ast.hpp"
#include "policies/promql/functions.hpp"
#include "policies/promql/numbers.hpp"

namespace volary::promql {
namespace {

constexpr std::int64_t lookback_ms = 5 * 60 * 1000;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

void drop_name(Labels& labels) {
  std::erase_if(labels, [](const auto& label) { return label.first == "__name__"; });
}

bool listed(const std::vector<std::string>& labels, std::string_view name) {
  return std::ranges::find(labels, name) != labels.end();
}

/// The labels by which elements are grouped or matched.
Labels projected(const Labels& labels, const std::vector<std::string>& names, bool keep) {
  Labels out;
  for (const auto& label : labels) {
    const bool is_name = label.first == "__name__";
    if (keep ? listed(names, label.first) : !is_name && !listed(names, label.first))
      out.push_back(label);
  }
  return out;
}

double arithmetic(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::Add: return a + b;
    case BinaryOp::Sub: return a - b;
    case BinaryOp::Mul: return a * b;
    case BinaryOp::Div: return a / b;
    case BinaryOp::Mod: return std::fmod(a, b);
    case BinaryOp::Pow: return std::pow(a, b);
    default: return nan;
  }
}

bool compares(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::Eq: return a == b;
    case BinaryOp::Ne: return a != b;
    case BinaryOp::Gt: return a > b;
    case BinaryOp::Lt: return a < b;
    case BinaryOp::Ge: return a >= b;
    case BinaryOp::Le: return a <= b;
    default: return false;
  }
}

/// An infinity wins over a NaN, and that over numbers.
double greater(double a, double b) {
  if (std::isinf(a) && a > 0) return a;
  if (std::isinf(b) && b > 0) return b;
  return std::isnan(a) || std::isnan(b) ? nan : std::max(a, b);
}

class Evaluator {
 public:
  Evaluator(const SeriesSource& source, std::int64_t at) : source_{source}, at_{at} {}

  Result<Value> eval(const Node& node) {
    switch (node.kind) {
      case Node::Kind::Number: return Value{.scalar = true, .number = node.number};
      case Node::Kind::Selector: return instant(node);
      case Node::Kind::RangeSelector: break;  // only below a call, which reads it itself
      case Node::Kind::Call: return call(node);
      case Node::Kind::Aggregate: return aggregate(node);
      case Node::Kind::Binary: return binary(node);
      case Node::Kind::Negate: return negate(node);
    }
    return refuse(node, "a range vector has no value");
  }

 private:
  static tl::unexpected<Error> refuse(const Node& node, std::string what) {
    return tl::unexpected(
        Error{ErrorKind::Invalid, fmt::format("{}:{}: {}", node.line, node.column, what)});
  }

  /// No two elements may share their labels once the name is gone.
  static Result<Value> unique(const Node& node, Value value) {
    std::ranges::sort(value.vector, {}, &Element::labels);
    const auto twin = std::ranges::adjacent_find(value.vector, {}, &Element::labels);
    if (twin != value.vector.end())
      return refuse(node, fmt::format("the result holds {} twice", to_string(twin->labels)));
    return value;
  }

  Value instant(const Node& node) {
    const std::int64_t time = at_ - node.offset_ms;
    std::vector<SeriesView> series;
    source_.select(node.matchers, time - lookback_ms, time, series);
    Value value;
    for (const SeriesView& view : series) {
      if (is_stale(view.samples.back().value)) continue;
      value.vector.push_back({*view.labels, view.samples.back().value});
    }
    std::ranges::sort(value.vector, {}, &Element::labels);
    return value;
  }

  Result<Value> over_range(const Node& node) {
    const Node& selector = *node.children.front();
    const std::int64_t to = at_ - selector.offset_ms, from = to - selector.range_ms;
    std::vector<SeriesView> series;
    source_.select(selector.matchers, from, to, series);
    Value value;
    std::vector<Sample> samples;
    for (const SeriesView& view : series) {
      samples.clear();
      for (const Sample& sample : view.samples)
        if (!is_stale(sample.value)) samples.push_back(sample);
      if (samples.empty()) continue;
      const auto result = range_function(node.function, samples, from, to);
      if (!result) continue;
      Element element{*view.labels, *result};
      if (node.function != Function::LastOverTime) drop_name(element.labels);
      value.vector.push_back(std::move(element));
    }
    return unique(node, std::move(value));
  }

  static std::optional<double> range_function(Function function, std::span<const Sample> samples,
                                              std::int64_t from, std::int64_t to) {
    switch (function) {
      case Function::Rate: return extrapolated(samples, from, to, true, true);
      case Function::Increase: return extrapolated(samples, from, to, true, false);
      case Function::Delta: return extrapolated(samples, from, to, false, false);
      case Function::Irate: return instant_change(samples, true);
      case Function::Idelta: return instant_change(samples, false);
      default: return over_time(function, samples);
    }
  }

  Result<Value> call(const Node& node) {
    if (!node.children.empty() && node.children.front()->type == Type::Range)
      return over_range(node);
    std::vector<Value> arguments;
    for (const auto& child : node.children) {
      auto argument = eval(*child);
      if (!argument) return argument;
      arguments.push_back(*std::move(argument));
    }
    switch (node.function) {
      case Function::Time: return Value{.scalar = true, .number = static_cast<double>(at_) / 1000};
      case Function::Vector: return Value{.vector = {{{}, arguments[0].number}}};
      case Function::Scalar:
        return Value{
            .scalar = true,
            .number = arguments[0].vector.size() == 1 ? arguments[0].vector[0].value : nan};
      case Function::Absent: return absent(node, arguments[0]);
      case Function::HistogramQuantile: return quantile(node, arguments[0].number, arguments[1]);
      default: break;
    }
    Value value = std::move(arguments[0]);
    const double bound = arguments.size() > 1 ? arguments[1].number : 1;
    for (Element& element : value.vector) {
      drop_name(element.labels);
      element.value = mapped(node.function, element.value, bound);
    }
    return unique(node, std::move(value));
  }

  static double mapped(Function function, double v, double argument) {
    switch (function) {
      case Function::Abs: return std::abs(v);
      case Function::Ceil: return std::ceil(v);
      case Function::Floor: return std::floor(v);
      case Function::Sqrt: return std::sqrt(v);
      // Multiplying by the inverse is how the server keeps round(v, 0.1) free of dust.
      case Function::Round: return std::floor(v * (1 / argument) + 0.5) / (1 / argument);
      case Function::ClampMin: return greater(v, argument);
      case Function::ClampMax: return -greater(-v, -argument);
      default: return nan;
    }
  }

  static Value absent(const Node& node, const Value& argument) {
    if (!argument.vector.empty()) return {};
    Labels labels;
    for (const Matcher& matcher : node.children.front()->matchers) {
      if (matcher.name == "__name__") continue;
      const bool known = find_label(labels, matcher.name) != nullptr;
      std::erase_if(labels, [&](const auto& label) { return label.first == matcher.name; });
      // Asked for in another way before: the label is as good as unknown.
      if (matcher.op == Matcher::Op::Equal && !known && !matcher.value.empty())
        labels.emplace_back(matcher.name, matcher.value);
    }
    std::ranges::sort(labels);
    return Value{.vector = {{std::move(labels), 1}}};
  }

  static Result<Value> quantile(const Node& node, double q, const Value& buckets) {
    std::map<Labels, std::vector<Bucket>> histograms;
    for (const Element& element : buckets.vector) {
      const std::string* le = find_label(element.labels, "le");
      if (le == nullptr) continue;
      const auto bound = read_bound(*le);
      if (!bound) continue;
      Labels labels = element.labels;  // with the name: two metrics are two histograms
      std::erase_if(labels, [](const auto& label) { return label.first == "le"; });
      histograms[std::move(labels)].push_back({*bound, element.value});
    }
    Value value;
    for (auto& [labels, all] : histograms) {
      value.vector.push_back({labels, bucket_quantile(q, std::move(all))});
      drop_name(value.vector.back().labels);
    }
    return unique(node, std::move(value));
  }

  Result<Value> aggregate(const Node& node) {
    auto inside = eval(*node.children.front());
    if (!inside) return inside;
    struct Group {
      double value = 0;
      double count = 0;
    };
    std::map<Labels, Group> groups;
    for (const Element& element : inside->vector) {
      Group& group = groups[projected(element.labels, node.labels, !node.without)];
      group.count += 1;
      const double v = element.value;
      const bool first = group.count == 1;
      switch (node.aggregate) {
        case AggregateOp::Sum: group.value += v; break;
        case AggregateOp::Count: group.value = group.count; break;
        case AggregateOp::Min:
          if (first || v < group.value || std::isnan(group.value)) group.value = v;
          break;
        case AggregateOp::Max:
          if (first || v > group.value || std::isnan(group.value)) group.value = v;
          break;
        case AggregateOp::Avg:
          if (first) {
            group.value = v;
          } else if (std::isinf(group.value)) {
            if (!std::isfinite(v) && v != group.value) group.value += v;  // Inf - Inf, or NaN
          } else {
            group.value += v / group.count - group.value / group.count;
          }
          break;
      }
    }
    Value value;
    for (const auto& [labels, group] : groups) value.vector.push_back({labels, group.value});
    return value;
  }

  Result<Value> negate(const Node& node) {
    auto value = eval(*node.children.front());
    if (!value) return value;
    value->number = -value->number;
    for (Element& element : value->vector) {
      drop_name(element.labels);
      element.value = -element.value;
    }
    return value->scalar ? value : unique(node, *std::move(value));
  }

  Result<Value> binary(const Node& node) {
    auto left = eval(*node.children[0]);
    if (!left) return left;
    auto right = eval(*node.children[1]);
    if (!right) return right;
    if (left->scalar && right->scalar) {
      const double number = is_comparison(node.op)
                                ? (compares(node.op, left->number, right->number) ? 1 : 0)
                                : arithmetic(node.op, left->number, right->number);
      return Value{.scalar = true, .number = number};
    }
    if (left->scalar || right->scalar) return with_scalar(node, *left, *right);
    return is_set(node.op) ? set_operation(node, *left, *right) : matched(node, *left, *right);
  }

  Result<Value> with_scalar(const Node& node, const Value& left, const Value& right) {
    const bool scalar_left = left.scalar;
    Value value;
    for (Element element : (scalar_left ? right : left).vector) {
      const double a = scalar_left ? left.number : element.value;
      const double b = scalar_left ? element.value : right.number;
      if (is_comparison(node.op)) {
        const bool kept = compares(node.op, a, b);
        if (!node.returns_bool && !kept) continue;
        if (node.returns_bool) {
          element.value = kept ? 1 : 0;
          drop_name(element.labels);
        }
      } else {
        element.value = arithmetic(node.op, a, b);
        drop_name(element.labels);
      }
      value.vector.push_back(std::move(element));
    }
    return unique(node, std::move(value));
  }

  Result<Value> matched(const Node& node, const Value& left, const Value& right) {
    if (left.vector.empty() || right.vector.empty()) return Value{};  // nothing to be wrong about
    const bool many_right = node.card == Node::Card::OneToMany;
    const Value &many = many_right ? right : left, &one = many_right ? left : right;
    std::map<Labels, const Element*> ones;
    for (const Element& element : one.vector) {
      const auto [twin, is_new] =
          ones.try_emplace(projected(element.labels, node.labels, node.on), &element);
      if (!is_new)
        return refuse(node, fmt::format("many-to-many matching: the {} side holds {} twice",
                                        many_right ? "left" : "right", to_string(twin->first)));
    }
    std::map<Labels, bool> seen;  // one to one: by what matched; else by what results
    Value value;
    for (const Element& element : many.vector) {
      const Labels key = projected(element.labels, node.labels, node.on);
      const auto found = ones.find(key);
      if (found == ones.end()) continue;
      const double a = many_right ? found->second->value : element.value;
      const double b = many_right ? element.value : found->second->value;
      double result = a;
      if (!is_comparison(node.op)) {
        result = arithmetic(node.op, a, b);
      } else if (node.returns_bool) {
        result = compares(node.op, a, b) ? 1 : 0;
      } else if (!compares(node.op, a, b)) {
        continue;
      }
      Labels labels = matched_labels(node, element.labels, found->second->labels);
      const bool grouped = node.card != Node::Card::OneToOne;
      if (!seen.try_emplace(grouped ? labels : key, true).second)
        return refuse(node, grouped ? fmt::format("grouping gives {} twice", to_string(labels))
                                    : fmt::format("many-to-one matching needs group_left or "
                                                  "group_right: the left side holds {} twice",
                                                  to_string(key)));
      value.vector.push_back({std::move(labels), result});
    }
    return unique(node, std::move(value));
  }

  /// What the result of a pair is called.
  static Labels matched_labels(const Node& node, Labels many, const Labels& one) {
    if (!is_comparison(node.op) || node.returns_bool) drop_name(many);
    if (node.card == Node::Card::OneToOne) {
      std::erase_if(many, [&](const auto& label) {
        return node.on ? !listed(node.labels, label.first) : listed(node.labels, label.first);
      });
      return many;
    }
    for (const std::string& name : node.include) {
      std::erase_if(many, [&](const auto& label) { return label.first == name; });
      if (const std::string* value = find_label(one, name)) many.emplace_back(name, *value);
    }
    std::ranges::sort(many);
    return many;
  }

  static Result<Value> set_operation(const Node& node, const Value& left, const Value& right) {
    const auto key = [&](const Element& element) {
      return projected(element.labels, node.labels, node.on);
    };
    const auto keys = [&](const Value& side) {
      std::map<Labels, bool> all;
      for (const Element& element : side.vector) all.try_emplace(key(element), true);
      return all;
    };
    Value value;
    if (node.op == BinaryOp::Or) {
      value = left;
      const auto taken = keys(left);
      for (const Element& element : right.vector)
        if (!taken.contains(key(element))) value.vector.push_back(element);
    } else {
      const auto there = keys(right);
      for (const Element& element : left.vector)
        if (there.contains(key(element)) == (node.op == BinaryOp::And))
          value.vector.push_back(element);
    }
    std::ranges::sort(value.vector, {}, &Element::labels);
    return value;
  }

  const SeriesSource& source_;
  std::int64_t at_;
};

}  // namespace

std::string to_string(const Labels& labels) {
  std::string text, inside;
  for (const auto& [name, value] : labels) {
    if (name == "__name__") {
      text = value;
      continue;
    }
    if (!inside.empty()) inside += ", ";
    inside += fmt::format("{}=\"{}\"", name, value);
  }
  return inside.empty() && !text.empty() ? text : text + "{" + inside + "}";
}

const std::string* find_label(const Labels& labels, std::string_view name) {
  for (const auto& label : labels)
    if (label.first == name) return &label.second;
  return nullptr;
}

double stale_marker() { return std::bit_cast<double>(std::uint64_t{0x7ff0000000000002}); }
bool is_stale(double value) { return std::bit_cast<std::uint64_t>(value) == 0x7ff0000000000002; }

Result<Value> evaluate(const Expression& expression, const SeriesSource& source, Instant at) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
  return Evaluator{source, ms}.eval(expression.root());
}

}  // namespace volary::promql
