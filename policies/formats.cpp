#include "policies/formats.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <re2/re2.h>

namespace volary {
namespace {

template <class V>
std::optional<V> refuse(const Node& node, Reader& reader, const Shape& shape,
                        std::string hint = {}) {
  const std::string shown =
      node.is_scalar() ? fmt::format("'{}'", printable(node.text)) : std::string{spoken_kind(node)};
  reader.refuse(node.at, fmt::format("{} is not {}", shown, shape.accepts), std::move(hint));
  return std::nullopt;
}

/// A YAML number, in decimal. Hexadecimal, octal and 1_000 mean different things to different
/// readers (FLT-122).
bool decimal(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || text.find_first_not_of("0123456789.eE+-") != std::string_view::npos)
    return false;
  if (text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9') return false;
  return (text[0] >= '0' && text[0] <= '9') || (text[0] == '.' && text.size() > 1);
}

std::optional<double> parse_number(std::string_view text) {
  if (!decimal(text)) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::optional<bool> parse_truth(std::string_view text) {
  static constexpr std::array yes{"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"};
  static constexpr std::array no{"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"};
  if (std::find(yes.begin(), yes.end(), text) != yes.end()) return true;
  if (std::find(no.begin(), no.end(), text) != no.end()) return false;
  return std::nullopt;
}

std::string unquote_hint(const Node& node) {
  return node.is_scalar() && node.quoted && (decimal(node.text) || parse_truth(node.text))
             ? fmt::format("write {} without quotes", printable(node.text))
             : std::string{};
}

std::string short_number(double value) { return fmt::format("{:.6g}", value); }

/// A number with a mark before or after it: 0.5%, x1.3, 200/s.
std::optional<double> marked(std::string_view text, std::string_view before,
                             std::string_view after) {
  if (!text.starts_with(before) || !text.ends_with(after) ||
      text.size() <= before.size() + after.size())
    return std::nullopt;
  text.remove_prefix(before.size());
  text.remove_suffix(after.size());
  return parse_number(text);
}

Shape text_shape(std::string accepts) { return {Shape::Kind::Text, std::move(accepts)}; }

Format<double> measured(std::string accepts, double least, double most,
                        std::function<std::optional<double>(std::string_view)> parse,
                        std::string hint) {
  Shape shape = text_shape(std::move(accepts));
  shape.least = least;
  shape.most = most;
  return {[shape, parse = std::move(parse), hint = std::move(hint)](
              const Node& node, Reader& reader) -> std::optional<double> {
            const auto value = node.is_scalar() ? parse(node.text) : std::nullopt;
            if (!value) return refuse<double>(node, reader, shape, hint);
            if (*value < *shape.least || *value > *shape.most) {
              reader.refuse(node.at, fmt::format("'{}' is out of range", printable(node.text)),
                            hint);
              return std::nullopt;
            }
            return value;
          },
          shape};
}

}  // namespace

Format<std::string> text() {
  const Shape shape = text_shape("a text");
  return {[shape](const Node& node, Reader& reader) -> std::optional<std::string> {
            if (!node.is_scalar()) return refuse<std::string>(node, reader, shape);
            const bool other = !node.quoted && (parse_number(node.text) || parse_truth(node.text));
            if (other && reader.dialect() == Dialect::Kubernetes)
              return refuse<std::string>(
                  node, reader, shape,
                  fmt::format("put it in quotes: \"{}\"", printable(node.text)));
            return node.text;
          },
          shape};
}

Format<std::string> int_or_text() {
  const Shape shape = text_shape("a whole number or a text");
  return {[shape](const Node& node, Reader& reader) -> std::optional<std::string> {
            if (!node.is_scalar()) return refuse<std::string>(node, reader, shape);
            return node.text;
          },
          shape};
}

Format<std::string> text_matching(std::string pattern, std::string like) {
  const Shape shape = text_shape(std::move(like));
  const auto regex = std::make_shared<RE2>(pattern, RE2::Quiet);
  return {[shape, regex](const Node& node, Reader& reader) -> std::optional<std::string> {
            auto written = text().read(node, reader);
            if (written && !RE2::PartialMatch(*written, *regex))
              return refuse<std::string>(node, reader, shape);
            return written;
          },
          shape};
}

Format<std::string> object_name() {
  return text_matching("^[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
                       "a name of lower-case letters, digits, '-' and '.'");
}

Format<std::string> one_of(std::vector<std::string> choices) {
  std::vector<std::string> named;
  for (const std::string& choice : choices)
    if (!choice.empty()) named.push_back(choice);
  Shape shape = text_shape(fmt::format("one of {}", fmt::join(named, ", ")));
  shape.choices = std::move(choices);
  return {
      [shape](const Node& node, Reader& reader) -> std::optional<std::string> {
        if (node.is_scalar() &&
            std::find(shape.choices.begin(), shape.choices.end(), node.text) != shape.choices.end())
          return node.text;
        const std::string meant =
            node.is_scalar() ? nearest(node.text, shape.choices) : std::string{};
        return refuse<std::string>(
            node, reader, shape, meant.empty() ? meant : fmt::format("did you mean '{}'?", meant));
      },
      shape};
}

Format<int> integer(int least, int most) {
  Shape shape{Shape::Kind::Integer, "a whole number"};
  if (least > -2'147'483'647 - 1 || most < 2'147'483'647) {
    shape.accepts = most == 2'147'483'647
                        ? fmt::format("a whole number from {}", least)
                        : fmt::format("a whole number from {} to {}", least, most);
    shape.least = least;
    shape.most = most;
  }
  return {[shape, least, most](const Node& node, Reader& reader) -> std::optional<int> {
            const auto value =
                node.is_scalar() && !node.quoted ? parse_number(node.text) : std::nullopt;
            if (!value || *value != std::floor(*value) || *value < least || *value > most)
              return refuse<int>(node, reader, shape, unquote_hint(node));
            return static_cast<int>(*value);
          },
          shape};
}

Format<double> number(double least, double most) {
  Shape shape{Shape::Kind::Number, "a finite number"};
  if (least > -1e300 || most < 1e300) {
    shape.accepts = most >= 1e300 ? fmt::format("a number from {}", short_number(least))
                                  : fmt::format("a number from {} to {}", short_number(least),
                                                short_number(most));
    shape.least = least;
    shape.most = most;
  }
  return {[shape, least, most](const Node& node, Reader& reader) -> std::optional<double> {
            const auto value =
                node.is_scalar() && !node.quoted ? parse_number(node.text) : std::nullopt;
            if (!value || *value < least || *value > most)
              return refuse<double>(node, reader, shape, unquote_hint(node));
            return value;
          },
          shape};
}

Format<bool> truth() {
  const Shape shape{Shape::Kind::Truth, "true or false"};
  return {[shape](const Node& node, Reader& reader) -> std::optional<bool> {
            const auto value =
                node.is_scalar() && !node.quoted ? parse_truth(node.text) : std::nullopt;
            return value ? value : refuse<bool>(node, reader, shape, unquote_hint(node));
          },
          shape};
}

Format<Duration> duration(Duration least, Duration most) {
  const Shape shape = text_shape("a duration such as 90s, 2m or 1h30m");
  return {[shape, least, most](const Node& node, Reader& reader) -> std::optional<Duration> {
            const auto value = node.is_scalar() ? go_parse_duration(node.text) : std::nullopt;
            if (!value)
              return refuse<Duration>(node, reader, shape,
                                      node.is_scalar() && decimal(node.text)
                                          ? fmt::format("add the unit: {}s", printable(node.text))
                                          : std::string{});
            if (*value < least || *value > most) {
              reader.refuse(node.at,
                            fmt::format("'{}' is not between {} and {}", printable(node.text),
                                        spoken(least), spoken(most)));
              return std::nullopt;
            }
            return value;
          },
          shape};
}

Format<double> percent(double least, double most) {
  return measured(
      "a share such as 0.5%", least, most,
      [](std::string_view written) -> std::optional<double> {
        if (written == "0") return 0.0;
        const auto value = marked(written, "", "%");
        return value ? std::optional{*value / 100} : std::nullopt;
      },
      fmt::format("a share from {}% to {}%", short_number(least * 100), short_number(most * 100)));
}

Format<double> factor(double least, double most) {
  return measured(
      "a factor such as x1.3", least, most,
      [](std::string_view written) { return marked(written, "x", ""); },
      fmt::format("a factor from x{} to x{}", short_number(least), short_number(most)));
}

Format<double> rate(double least, double most) {
  return measured(
      "a rate such as 200/s", least, most,
      [](std::string_view written) -> std::optional<double> {
        if (const auto value = marked(written, "", "/s")) return value;
        if (const auto value = marked(written, "", "/m")) return *value / 60;
        if (const auto value = marked(written, "", "/h")) return *value / 3600;
        return std::nullopt;
      },
      fmt::format("a rate from {}/s to {}/s", short_number(least), short_number(most)));
}

template <>
Format<std::string> usual_format() {
  return text();
}
template <>
Format<int> usual_format() {
  return integer();
}
template <>
Format<double> usual_format() {
  return number();
}
template <>
Format<bool> usual_format() {
  return truth();
}
template <>
Format<Duration> usual_format() {
  return duration();
}
template <>
Format<std::vector<std::string>> usual_format() {
  return list_of(text());
}
template <>
Format<std::vector<int>> usual_format() {
  return list_of(integer());
}
template <>
Format<std::map<std::string, std::string>> usual_format() {
  return map_of(text());
}

}  // namespace volary
