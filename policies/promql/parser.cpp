#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "policies/promql/ast.hpp"
#include "policies/promql/lexer.hpp"
#include "policies/promql/numbers.hpp"
#include "policies/promql/pattern.hpp"
#include "policies/words.hpp"

namespace volary::promql {
namespace {

struct Signature {
  std::string_view name;
  Function function;
  Type result;
  std::vector<Type> arguments;
  std::size_t optional = 0;  ///< how many of them may be left out
};

const std::vector<Signature>& signatures() {
  using enum Type;
  static const std::vector<Signature> all{
      {"rate", Function::Rate, Type::Vector, {Range}},
      {"increase", Function::Increase, Type::Vector, {Range}},
      {"delta", Function::Delta, Type::Vector, {Range}},
      {"irate", Function::Irate, Type::Vector, {Range}},
      {"idelta", Function::Idelta, Type::Vector, {Range}},
      {"histogram_quantile",
       Function::HistogramQuantile,
       Type::Vector,
       {Type::Scalar, Type::Vector}},
      {"vector", Function::Vector, Type::Vector, {Type::Scalar}},
      {"scalar", Function::Scalar, Type::Scalar, {Type::Vector}},
      {"absent", Function::Absent, Type::Vector, {Type::Vector}},
      {"abs", Function::Abs, Type::Vector, {Type::Vector}},
      {"ceil", Function::Ceil, Type::Vector, {Type::Vector}},
      {"floor", Function::Floor, Type::Vector, {Type::Vector}},
      {"round", Function::Round, Type::Vector, {Type::Vector, Type::Scalar}, 1},
      {"sqrt", Function::Sqrt, Type::Vector, {Type::Vector}},
      {"clamp_min", Function::ClampMin, Type::Vector, {Type::Vector, Type::Scalar}},
      {"clamp_max", Function::ClampMax, Type::Vector, {Type::Vector, Type::Scalar}},
      {"sum_over_time", Function::SumOverTime, Type::Vector, {Range}},
      {"avg_over_time", Function::AvgOverTime, Type::Vector, {Range}},
      {"min_over_time", Function::MinOverTime, Type::Vector, {Range}},
      {"max_over_time", Function::MaxOverTime, Type::Vector, {Range}},
      {"count_over_time", Function::CountOverTime, Type::Vector, {Range}},
      {"last_over_time", Function::LastOverTime, Type::Vector, {Range}},
      {"time", Function::Time, Type::Scalar, {}},
  };
  return all;
}

constexpr std::array<std::pair<std::string_view, AggregateOp>, 5> aggregates{{
    {"sum", AggregateOp::Sum},
    {"avg", AggregateOp::Avg},
    {"min", AggregateOp::Min},
    {"max", AggregateOp::Max},
    {"count", AggregateOp::Count},
}};

struct Operator {
  BinaryOp op;
  int precedence;
};
const std::map<std::string_view, Operator>& operators() {
  static const std::map<std::string_view, Operator> all{
      {"or", {BinaryOp::Or, 1}}, {"and", {BinaryOp::And, 2}}, {"unless", {BinaryOp::Unless, 2}},
      {"==", {BinaryOp::Eq, 3}}, {"!=", {BinaryOp::Ne, 3}},   {">", {BinaryOp::Gt, 3}},
      {"<", {BinaryOp::Lt, 3}},  {">=", {BinaryOp::Ge, 3}},   {"<=", {BinaryOp::Le, 3}},
      {"+", {BinaryOp::Add, 4}}, {"-", {BinaryOp::Sub, 4}},   {"*", {BinaryOp::Mul, 5}},
      {"/", {BinaryOp::Div, 5}}, {"%", {BinaryOp::Mod, 5}},   {"^", {BinaryOp::Pow, 7}},
  };
  return all;
}
constexpr int unary_precedence = 6;

std::string hint_for(std::string_view name) {
  std::vector<std::string> known;
  for (const Signature& signature : signatures()) known.emplace_back(signature.name);
  for (const auto& [aggregate, op] : aggregates) known.emplace_back(aggregate);
  const std::string meant = nearest(name, known);
  return meant.empty() ? std::string{} : fmt::format("did you mean {}?", meant);
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return text;
}

bool is_label(std::string_view name) { return name.find(':') == std::string_view::npos; }

std::string_view name_of(Type type) {
  switch (type) {
    case Type::Scalar: return "scalar";
    case Type::Vector: return "instant vector";
    case Type::Range: return "range vector";
  }
  return "";
}

using NodePtr = std::shared_ptr<const Node>;
// What a stack of 256 KB carries, with room for its owner: how deep parentheses and calls may nest,
// and how high the tree of a chain of operators may grow.
constexpr int depth_max = 40, height_max = 100;

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_{std::move(tokens)} {}

  Result<NodePtr> run() {
    auto root = expression(0);
    if (!root) return root;
    if (peek().kind != Token::Kind::End)
      return refuse(peek(), fmt::format("unexpected '{}'", peek().text));
    if ((*root)->type == Type::Range)
      return refuse(tokens_.front(),
                    "a query cannot end in a range vector: wrap it, as in rate(…)");
    return root;
  }

 private:
  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  [[nodiscard]] bool symbol(std::string_view text) const {
    return peek().kind == Token::Kind::Symbol && peek().text == text;
  }
  /// A keyword, in whatever case.
  [[nodiscard]] bool word(std::string_view text) const {
    return peek().kind == Token::Kind::Identifier && lower(peek().text) == text;
  }

  static tl::unexpected<Error> refuse(const Token& at, std::string what, std::string hint = {}) {
    return tl::unexpected(Error{ErrorKind::Invalid,
                                fmt::format("{}:{}: {}", at.line, at.column, what), "",
                                std::move(hint)});
  }
  Result<void> expect(std::string_view text) {
    if (!symbol(text)) {
      return refuse(peek(), peek().kind == Token::Kind::End
                                ? fmt::format("'{}' is missing at the end", text)
                                : fmt::format("expected '{}', found '{}'", text, peek().text));
    }
    next();
    return {};
  }
  static std::shared_ptr<Node> make(Node::Kind kind, Type type, const Token& at) {
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->type = type;
    node->line = at.line;
    node->column = at.column;
    return node;
  }

  Result<NodePtr> expression(int least) {
    if (++depth_ > depth_max) return refuse(peek(), "nested too deeply");
    auto left = unary();
    while (left) {
      const Token& token = peek();
      if (token.kind != Token::Kind::Symbol && token.kind != Token::Kind::Identifier) break;
      if (word("atan2")) {
        left = refuse(token, "operator atan2 is not supported");
        break;
      }
      const auto found = operators().find(lower(token.text));
      if (found == operators().end() || found->second.precedence < least) break;
      left = binary(*std::move(left), found->second);
    }
    --depth_;
    return left;
  }

  Result<NodePtr> binary(NodePtr left, Operator op) {
    const Token at = next();
    auto node = make(Node::Kind::Binary, Type::Vector, at);
    node->op = op.op;
    if (word("bool")) {
      if (!is_comparison(op.op)) return refuse(peek(), "bool can only be used with a comparison");
      node->returns_bool = true;
      next();
    }
    if (auto read = matching(*node); !read) return tl::unexpected(read.error());
    // ^ binds to the right, all others to the left.
    auto right = expression(op.op == BinaryOp::Pow ? op.precedence : op.precedence + 1);
    if (!right) return right;
    for (const NodePtr& side : {left, *right})
      if (side->type == Type::Range)
        return refuse(at, "an operator needs scalars or instant vectors, not a range vector");
    const bool scalars = left->type == Type::Scalar && (*right)->type == Type::Scalar;
    if (scalars && is_comparison(op.op) && !node->returns_bool)
      return refuse(at, "comparing two scalars needs bool, as in 1 > bool 2");
    if (is_set(op.op) && (left->type == Type::Scalar || (*right)->type == Type::Scalar))
      return refuse(at, fmt::format("'{}' needs two instant vectors", at.text));
    if (!node->labels.empty() && (left->type != Type::Vector || (*right)->type != Type::Vector))
      return refuse(at, "on and ignoring match two instant vectors");
    if (scalars) node->type = Type::Scalar;
    return finish(std::move(node), at, {std::move(left), *std::move(right)});
  }

  /// `on(…)` or `ignoring(…)`, and what may follow them.
  Result<void> matching(Node& node) {
    if (!word("on") && !word("ignoring")) return {};
    node.on = word("on");
    next();
    auto labels = label_list();
    if (!labels) return tl::unexpected(labels.error());
    node.labels = *std::move(labels);
    if (!word("group_left") && !word("group_right")) return {};
    const Token at = next();
    if (is_set(node.op)) return refuse(at, "and, or and unless know no grouping");
    using enum Node::Card;
    node.card = lower(at.text) == "group_left" ? ManyToOne : OneToMany;
    if (!symbol("(")) return {};
    auto include = label_list();
    if (!include) return tl::unexpected(include.error());
    node.include = *std::move(include);
    for (const std::string& label : node.include)
      if (node.on && std::ranges::binary_search(node.labels, label))
        return refuse(at, fmt::format("label {} is in on(…) and in {}(…)", label, at.text));
    return {};
  }

  /// A node gets its parts; a tree too high for the stack is refused.
  static Result<NodePtr> finish(std::shared_ptr<Node> node, const Token& at,
                                std::vector<NodePtr> children) {
    for (const NodePtr& child : children) node->height = std::max(node->height, child->height + 1);
    if (node->height > height_max) return refuse(at, "nested too deeply");
    node->children = std::move(children);
    return node;
  }

  Result<NodePtr> unary() {
    if (symbol("-") || symbol("+")) {
      const Token at = next();
      auto operand = expression(unary_precedence);
      if (operand && (*operand)->type == Type::Range)
        return refuse(at, "a range vector has no sign");
      if (!operand || at.text == "+") return operand;
      auto node = make(Node::Kind::Negate, (*operand)->type, at);
      return finish(std::move(node), at, {*std::move(operand)});
    }
    const bool bare = !symbol("(");
    auto operand = primary();
    if (!operand) return operand;
    return postfix(*std::move(operand), bare);
  }

  /// `bare`: not in parentheses, behind which a selector takes neither range nor offset.
  Result<NodePtr> postfix(NodePtr operand, bool bare) {
    const auto selector = [&operand, bare] {
      return bare &&
             (operand->kind == Node::Kind::Selector || operand->kind == Node::Kind::RangeSelector);
    };
    while (true) {
      if (symbol("[")) {
        const Token at = next();
        if (!bare || operand->kind != Node::Kind::Selector || operand->offset_ms != 0)
          return refuse(at, "a range can only follow a selector (subqueries are not supported)");
        if (peek().kind != Token::Kind::Duration)
          return refuse(peek(),
                        fmt::format("expected a duration such as 5m, found '{}'", peek().text));
        const auto range = duration_ms(next().text);
        if (!range || *range <= 0) return refuse(at, "a range must be longer than 0");
        if (peek().text.starts_with(':')) return refuse(peek(), "subqueries are not supported");
        if (auto closed = expect("]"); !closed) return tl::unexpected(closed.error());
        auto node = std::make_shared<Node>(*operand);
        node->kind = Node::Kind::RangeSelector;
        node->type = Type::Range;
        node->range_ms = *range;
        operand = node;
      } else if (word("offset")) {
        const Token at = next();
        if (!selector() || operand->offset_ms != 0)
          return refuse(at, "offset must follow a selector");
        const bool negative = symbol("-");
        if (negative) next();
        if (peek().kind != Token::Kind::Duration)
          return refuse(peek(), "offset needs a duration such as 5m");
        const auto offset = duration_ms(next().text);
        if (!offset || *offset == 0) return refuse(at, "an offset must be longer than 0");
        auto node = std::make_shared<Node>(*operand);
        node->offset_ms = negative ? -*offset : *offset;
        operand = node;
      } else if (symbol("@")) {
        return refuse(peek(), "the @ modifier is not supported");
      } else {
        return operand;
      }
    }
  }

  Result<NodePtr> primary() {
    const Token token = peek();
    switch (token.kind) {
      case Token::Kind::End:
        return refuse(token, "the query ends where an expression should begin");
      case Token::Kind::Number: {
        next();
        auto node = make(Node::Kind::Number, Type::Scalar, token);
        node->number = read_literal(token.text).value_or(0);  // the lexer has read it before
        return node;
      }
      case Token::Kind::Duration:
        return refuse(token, fmt::format("a duration ('{}') cannot stand here", token.text));
      case Token::Kind::Text: return refuse(token, "strings are not supported as values");
      case Token::Kind::Symbol:
        if (token.text == "(") {
          next();
          auto inside = expression(0);
          if (!inside) return inside;
          if (auto closed = expect(")"); !closed) return tl::unexpected(closed.error());
          return inside;
        }
        if (token.text == "{") return selector(token, "");
        return refuse(token, fmt::format("unexpected '{}'", token.text));
      case Token::Kind::Identifier: return named(token);
    }
    return refuse(token, "unexpected end");
  }

  Result<NodePtr> named(const Token& token) {
    next();
    const std::string keyword = lower(token.text);
    if (keyword == "inf" || keyword == "nan") {
      auto node = make(Node::Kind::Number, Type::Scalar, token);
      node->number = keyword == "inf" ? std::numeric_limits<double>::infinity()
                                      : std::numeric_limits<double>::quiet_NaN();
      return node;
    }
    static constexpr std::array<std::string_view, 6> reserved{"on",         "ignoring",    "bool",
                                                              "group_left", "group_right", "atan2"};
    if (std::ranges::find(reserved, keyword) != reserved.end())
      return refuse(token, fmt::format("unexpected '{}'", token.text));
    const bool clause = word("by") || word("without");
    if (symbol("(") || clause) {
      for (const auto& [name, op] : aggregates)
        if (keyword == name) return aggregate(token, op);
      if (clause)
        return refuse(token, fmt::format("aggregation {} is not supported", token.text),
                      hint_for(token.text));
      return call(token);
    }
    return selector(token, token.text);
  }

  Result<NodePtr> aggregate(const Token& token, AggregateOp op) {
    auto node = make(Node::Kind::Aggregate, Type::Vector, token);
    node->aggregate = op;
    bool grouped = false;
    const auto clause = [&]() -> Result<void> {
      if (!word("by") && !word("without")) return {};
      if (grouped) return refuse(peek(), "an aggregation has one by or without");
      grouped = true;
      node->without = word("without");
      next();
      auto labels = label_list();
      if (!labels) return tl::unexpected(labels.error());
      node->labels = *std::move(labels);
      return {};
    };
    if (auto before = clause(); !before) return tl::unexpected(before.error());
    if (auto open = expect("("); !open) return tl::unexpected(open.error());
    auto inside = expression(0);
    if (!inside) return inside;
    if ((*inside)->type != Type::Vector)
      return refuse(token, fmt::format("{} needs an instant vector, not a {}", token.text,
                                       name_of((*inside)->type)));
    if (auto closed = expect(")"); !closed) return tl::unexpected(closed.error());
    if (auto after = clause(); !after) return tl::unexpected(after.error());
    return finish(std::move(node), token, {*std::move(inside)});
  }

  Result<NodePtr> call(const Token& token) {
    const auto found =
        std::ranges::find(signatures(), std::string_view{token.text}, &Signature::name);
    if (found == signatures().end())
      return refuse(token, fmt::format("function {} is not supported", token.text),
                    hint_for(token.text));
    auto node = make(Node::Kind::Call, found->result, token);
    node->function = found->function;
    if (auto open = expect("("); !open) return tl::unexpected(open.error());
    std::vector<NodePtr> arguments;
    while (!symbol(")") || !arguments.empty()) {
      const Token at = peek();
      auto argument = expression(0);
      if (!argument) return argument;
      const std::size_t index = arguments.size();
      if (index < found->arguments.size() && (*argument)->type != found->arguments[index])
        return refuse(at,
                      fmt::format("{} needs a {} here, not a {}", token.text,
                                  name_of(found->arguments[index]), name_of((*argument)->type)));
      arguments.push_back(*std::move(argument));
      if (!symbol(",")) break;
      next();
    }
    if (auto closed = expect(")"); !closed) return tl::unexpected(closed.error());
    const std::size_t most = found->arguments.size(), least = most - found->optional;
    if (arguments.size() < least || arguments.size() > most)
      return refuse(token, fmt::format("{} takes {} argument{}, not {}", token.text, most,
                                       most == 1 ? "" : "s", arguments.size()));
    return finish(std::move(node), token, std::move(arguments));
  }

  Result<std::vector<std::string>> label_list() {
    std::vector<std::string> labels;
    if (auto open = expect("("); !open) return tl::unexpected(open.error());
    while (!symbol(")")) {
      if (peek().kind != Token::Kind::Identifier || !is_label(peek().text))
        return refuse(peek(), fmt::format("expected a label name, found '{}'", peek().text));
      labels.push_back(next().text);
      if (!symbol(",")) break;
      next();
    }
    if (auto closed = expect(")"); !closed) return tl::unexpected(closed.error());
    std::ranges::sort(labels);
    labels.erase(std::ranges::unique(labels).begin(), labels.end());
    return labels;
  }

  Result<NodePtr> selector(const Token& token, const std::string& metric) {
    auto node = make(Node::Kind::Selector, Type::Vector, token);
    if (!metric.empty())
      node->matchers.push_back({.op = Matcher::Op::Equal, .name = "__name__", .value = metric});
    if (symbol("{")) {
      next();
      while (!symbol("}")) {
        const Token at = peek();
        auto read = matcher();
        if (!read) return tl::unexpected(read.error());
        if (!metric.empty() && read->name == "__name__")
          return refuse(at, "the metric's name stands before the braces already");
        node->matchers.push_back(*std::move(read));
        if (!symbol(",")) break;
        next();
      }
      if (auto closed = expect("}"); !closed) return tl::unexpected(closed.error());
    }
    if (std::ranges::all_of(node->matchers, [](const Matcher& m) { return m.accepts(""); }))
      return refuse(token,
                    "a selector needs at least one matcher that does not accept the empty text");
    return node;
  }

  Result<Matcher> matcher() {
    const Token name = next();
    if (name.kind != Token::Kind::Identifier || !is_label(name.text))
      return refuse(name, fmt::format("expected a label name, found '{}'", name.text));
    const Token op = next();
    Matcher read{.name = name.text};
    if (op.text == "=") {
      read.op = Matcher::Op::Equal;
    } else if (op.text == "!=") {
      read.op = Matcher::Op::NotEqual;
    } else if (op.text == "=~") {
      read.op = Matcher::Op::Matches;
    } else if (op.text == "!~") {
      read.op = Matcher::Op::NotMatches;
    } else {
      return refuse(op, fmt::format("expected =, !=, =~ or !~, found '{}'", op.text));
    }
    const Token value = next();
    if (value.kind != Token::Kind::Text)
      return refuse(value, fmt::format("expected a quoted value, found '{}'", value.text));
    read.value = value.text;
    if (read.op == Matcher::Op::Matches || read.op == Matcher::Op::NotMatches) {
      auto pattern = compile_pattern(value.text);
      if (!pattern) return refuse(value, pattern.error().message);
      read.pattern = *std::move(pattern);
    }
    return read;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

void collect(const Node& node, std::vector<std::string>& names, std::int64_t& range) {
  range = std::max(range, node.range_ms);
  for (const Matcher& matcher : node.matchers) {
    if (matcher.name != "__name__" || matcher.op != Matcher::Op::Equal) continue;
    if (std::ranges::find(names, matcher.value) == names.end()) names.push_back(matcher.value);
  }
  for (const auto& child : node.children) collect(*child, names, range);
}

}  // namespace

bool is_comparison(BinaryOp op) { return op >= BinaryOp::Eq && op <= BinaryOp::Le; }
bool is_set(BinaryOp op) { return op >= BinaryOp::And; }

Result<Expression> parse(std::string_view text) {
  auto tokens = tokenize(text);
  if (!tokens) return tl::unexpected(tokens.error());
  auto root = Parser{*std::move(tokens)}.run();
  if (!root) return tl::unexpected(root.error());
  return Expression{*std::move(root)};
}

std::vector<std::string> Expression::metric_names() const {
  std::vector<std::string> names;
  std::int64_t range = 0;
  collect(*root_, names, range);
  return names;
}

bool Expression::asks_for(std::string_view label, std::string_view value) const {
  const auto in = [&](const auto& self, const Node& node) -> bool {
    return std::ranges::any_of(node.matchers,
                               [&](const Matcher& matcher) {
                                 return matcher.op == Matcher::Op::Equal && matcher.name == label &&
                                        matcher.value == value;
                               }) ||
           std::ranges::any_of(node.children,
                               [&](const auto& child) { return self(self, *child); });
  };
  return in(in, *root_);
}

Duration Expression::longest_range() const {
  std::vector<std::string> names;
  std::int64_t range = 0;
  collect(*root_, names, range);
  return std::chrono::milliseconds{range};
}

}  // namespace volary::promql
