#pragma once

#include <optional>

#include "policies/promql/promql.hpp"

/// The parsed form; for the parser and the evaluator only.
namespace volary::promql {

enum class Type { Scalar, Vector, Range };
enum class BinaryOp { Add, Sub, Mul, Div, Mod, Pow, Eq, Ne, Gt, Lt, Ge, Le, And, Or, Unless };
enum class AggregateOp { Sum, Avg, Min, Max, Count };
enum class Function {
  Rate,
  Increase,
  Delta,
  Irate,
  Idelta,
  HistogramQuantile,
  Vector,
  Scalar,
  Absent,
  Abs,
  Ceil,
  Floor,
  Round,
  ClampMin,
  ClampMax,
  Sqrt,
  SumOverTime,
  AvgOverTime,
  MinOverTime,
  MaxOverTime,
  CountOverTime,
  LastOverTime,
  Time,
};

struct Node {
  enum class Kind { Number, Selector, RangeSelector, Call, Aggregate, Binary, Negate } kind{};
  Type type = Type::Vector;
  int line = 1, column = 1;

  double number = 0;              // Number
  std::vector<Matcher> matchers;  // Selector, RangeSelector
  std::int64_t range_ms = 0;      // RangeSelector
  std::int64_t offset_ms = 0;     // Selector, RangeSelector
  Function function{};            // Call
  AggregateOp aggregate{};        // Aggregate
  bool without = false;
  std::vector<std::string> labels;  // Aggregate: by/without; Binary: on/ignoring; sorted
  BinaryOp op{};                    // Binary
  bool returns_bool = false;
  bool on = false;
  enum class Card { OneToOne, ManyToOne, OneToMany } card{};  // Binary: group_left, group_right
  std::vector<std::string> include;                           // Binary: their labels
  int height = 1;                                             // of the tree that begins here
  std::vector<std::shared_ptr<const Node>> children;
};

[[nodiscard]] bool is_comparison(BinaryOp op);
[[nodiscard]] bool is_set(BinaryOp op);

}  // namespace volary::promql
