#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/units.hpp"
#include "policies/reader.hpp"

/// How single values are written. A Format reads one and can say what it accepts.
namespace volary {

class Outline;

/// What a value looks like, for reference pages, a JSON Schema and forms.
struct Shape {
  enum class Kind {
    Text,
    Integer,
    Number,
    Truth,
    Object,
    List,
    Map,
    Anything
  } kind = Kind::Anything;
  std::string accepts;               ///< "a duration such as 90s"
  std::vector<std::string> choices;  ///< the only values; empty = any
  std::optional<double> least, most;
  const Outline* object = nullptr;  ///< Object; also what a List or Map of objects holds
};

template <class V>
struct Format {
  using Value = V;
  /// Nothing when the value was refused, which the Reader knows.
  std::function<std::optional<V>(const Node&, Reader&)> read;
  Shape shape;
};

/// A text. Of an API object it must be one in YAML too: `name: 5` is a number there.
[[nodiscard]] Format<std::string> text();
/// A text or a whole number, kept as written (Kubernetes' IntOrString).
[[nodiscard]] Format<std::string> int_or_text();
/// A text that RE2 finds the pattern in, kept as written; `like` shows one that is right.
[[nodiscard]] Format<std::string> text_matching(std::string pattern, std::string like);
[[nodiscard]] Format<std::string> one_of(std::vector<std::string> choices);
/// The name of a Kubernetes object (RFC 1123 subdomain).
[[nodiscard]] Format<std::string> object_name();
/// VAL-06: a whole number, in decimal, without quotes.
[[nodiscard]] Format<int> integer(int least = -2'147'483'647 - 1, int most = 2'147'483'647);
/// A finite number.
[[nodiscard]] Format<double> number(double least = -1e300, double most = 1e300);
[[nodiscard]] Format<bool> truth();
/// "90s", "2m", "1h30m", "800ms". Source: INV-41: 1 ms … 365 d unless said otherwise.
[[nodiscard]] Format<Duration> duration(Duration least = std::chrono::milliseconds{1},
                                        Duration most = std::chrono::hours{24 * 365});
/// "0.5%" → 0.005, "+2%" → 0.02; bounds as fractions.
[[nodiscard]] Format<double> percent(double least = 0, double most = 1);
/// "x1.3" → 1.3.
[[nodiscard]] Format<double> factor(double least = 0, double most = 1e6);
/// "200/s", "3000/m" → per second.
[[nodiscard]] Format<double> rate(double least = 0, double most = 1e6);

template <class E>
[[nodiscard]] Format<E> choice(std::vector<std::pair<std::string, E>> names) {
  std::vector<std::string> choices;
  for (const auto& [name, value] : names) choices.push_back(name);
  Format<std::string> written = one_of(std::move(choices));
  Shape shape = written.shape;
  return {[written = std::move(written), names = std::move(names)](
              const Node& node, Reader& reader) -> std::optional<E> {
            const auto name = written.read(node, reader);
            if (name)
              for (const auto& [known, value] : names)
                if (known == *name) return value;
            return std::nullopt;
          },
          std::move(shape)};
}

template <class V>
[[nodiscard]] Format<std::vector<V>> list_of(Format<V> item) {
  Shape shape{Shape::Kind::List, "a list, each " + item.shape.accepts, item.shape.choices};
  shape.object = item.shape.object;
  return {
      [item = std::move(item)](const Node& node, Reader& reader) -> std::optional<std::vector<V>> {
        if (!node.is_sequence()) {
          reader.refuse(node.at, "must be a list, this is " + std::string{spoken_kind(node)});
          return std::nullopt;
        }
        std::vector<V> values;
        for (std::size_t i = 0; i < node.items.size(); ++i) {
          const Reader::Within here{reader, i};
          if (auto value = item.read(node.items[i], reader)) values.push_back(*std::move(value));
        }
        return values;
      },
      std::move(shape)};
}

template <class V>
[[nodiscard]] Format<std::map<std::string, V>> map_of(Format<V> item) {
  Shape shape{Shape::Kind::Map, "a map, each value " + item.shape.accepts, item.shape.choices};
  shape.object = item.shape.object;
  return {[item = std::move(item)](const Node& node,
                                   Reader& reader) -> std::optional<std::map<std::string, V>> {
            if (!node.is_map()) {
              reader.refuse(node.at, "must be a map, this is " + std::string{spoken_kind(node)});
              return std::nullopt;
            }
            std::map<std::string, V> values;
            for (const Node::Entry& entry : node.entries) {
              const Reader::Within here{reader, entry.key};
              if (auto value = item.read(entry.value, reader))
                values.emplace(entry.key, *std::move(value));
            }
            return values;
          },
          std::move(shape)};
}

/// Two ways to write the same: `latency: 40ms` or `latency: {lognormal: …}`.
template <class V>
[[nodiscard]] Format<V> scalar_or(Format<V> scalar, Format<V> otherwise) {
  Shape shape = otherwise.shape;
  shape.accepts = scalar.shape.accepts + ", or " + otherwise.shape.accepts;
  return {[scalar = std::move(scalar), otherwise = std::move(otherwise)](const Node& node,
                                                                         Reader& reader) {
            return node.is_scalar() ? scalar.read(node, reader) : otherwise.read(node, reader);
          },
          std::move(shape)};
}

/// A value that is read as something else first: `mapped(percent(), [](double share) { return
/// Errors{share}; })`.
template <class V, class F>
[[nodiscard]] auto mapped(Format<V> written, F convert) -> Format<std::invoke_result_t<F, V>> {
  Shape shape = written.shape;
  return {[written = std::move(written), convert = std::move(convert)](
              const Node& node, Reader& reader) -> std::optional<std::invoke_result_t<F, V>> {
            if (auto value = written.read(node, reader)) return convert(*std::move(value));
            return std::nullopt;
          },
          std::move(shape)};
}

/// The format that a type usually has.
template <class V>
[[nodiscard]] Format<V> usual_format();
template <>
[[nodiscard]] Format<std::string> usual_format();
template <>
[[nodiscard]] Format<int> usual_format();
template <>
[[nodiscard]] Format<double> usual_format();
template <>
[[nodiscard]] Format<bool> usual_format();
template <>
[[nodiscard]] Format<Duration> usual_format();
template <>
[[nodiscard]] Format<std::vector<std::string>> usual_format();
template <>
[[nodiscard]] Format<std::vector<int>> usual_format();
template <>
[[nodiscard]] Format<std::map<std::string, std::string>> usual_format();

}  // namespace volary
