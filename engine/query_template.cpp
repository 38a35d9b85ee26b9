#include "engine/query_template.hpp"

#include <cctype>
#include <optional>
#include <vector>

namespace volary {
namespace {

bool space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

struct Position {
  int line = 1, column = 1;
};

Position position_of(std::string_view text, std::size_t offset) {
  Position at;
  for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++at.line;
      at.column = 1;
    } else {
      ++at.column;
    }
  }
  return at;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

/// Words and quoted strings of one action.
struct Word {
  std::string text;
  bool quoted = false;
};

Result<std::vector<Word>> words_of(std::string_view action) {
  std::vector<Word> words;
  std::size_t i = 0;
  while (i < action.size()) {
    if (space(action[i])) {
      ++i;
      continue;
    }
    Word word;
    const char quote = action[i];
    if (quote == '"' || quote == '`') {
      word.quoted = true;
      for (++i; i < action.size() && action[i] != quote; ++i) {
        if (quote == '"' && action[i] == '\\' && i + 1 < action.size()) ++i;
        word.text += action[i];
      }
      if (i == action.size()) return fail(ErrorKind::Invalid, "unterminated quoted string");
      ++i;
    } else {
      while (i < action.size() && !space(action[i]) && action[i] != '"' && action[i] != '`')
        word.text += action[i++];
    }
    words.push_back(std::move(word));
  }
  return words;
}

Result<std::string> evaluate(std::string_view action, const TemplateValues& values) {
  const auto words = words_of(action);
  if (!words) return tl::unexpected(words.error());
  if (words->empty()) return fail(ErrorKind::Invalid, "missing value for command");
  const Word& head = words->front();
  if (head.quoted && words->size() == 1) return head.text;

  if (head.text == "index" && !head.quoted) {
    if (words->size() != 3 || (*words)[1].text != "variables" || !(*words)[2].quoted)
      return fail(ErrorKind::Invalid, "only `index variables \"key\"` is understood");
    const auto found = values.variables.find((*words)[2].text);
    return found == values.variables.end() ? std::string{}
                                           : found->second;  // MT-41: unknown keys are empty
  }
  if (words->size() != 1) {
    return fail(ErrorKind::Invalid,
                "`{}` is not understood: queries know name, namespace, target, service, ingress, "
                "route, interval, variables.x and index",
                action);
  }
  if (head.text == "name") return values.name;
  if (head.text == "namespace") return values.ns;
  if (head.text == "target") return values.target;
  if (head.text == "service") return values.service;
  if (head.text == "ingress") return values.ingress;
  if (head.text == "route") return values.route;
  if (head.text == "interval") return values.interval;
  if (head.text.starts_with("variables.")) {
    const std::string key = head.text.substr(10);
    const auto found = values.variables.find(key);
    if (found == values.variables.end())
      return fail(ErrorKind::Invalid, "map has no entry for key \"{}\": set templateVariables.{}",
                  key, key);
    return found->second;
  }
  return fail(ErrorKind::Invalid, "function \"{}\" not defined", head.text);
}

}  // namespace

Result<std::string> render_query(std::string_view text, const TemplateValues& values) {
  std::string out;
  std::size_t at = 0;
  bool trim_next = false;
  while (at < text.size()) {
    const std::size_t open = text.find("{{", at);
    std::string_view literal = text.substr(at, open == std::string_view::npos ? open : open - at);
    if (trim_next)
      while (!literal.empty() && space(literal.front())) literal.remove_prefix(1);
    trim_next = false;
    if (open == std::string_view::npos) {
      out += literal;
      break;
    }
    std::size_t begin = open + 2;
    const bool trim_before =
        begin + 1 < text.size() && text[begin] == '-' && space(text[begin + 1]);
    if (trim_before) {
      ++begin;
      while (!literal.empty() && space(literal.back())) literal.remove_suffix(1);
    }
    out += literal;

    const auto here = [&](Error error) {
      const Position position = position_of(text, open);
      error.where = fmt::format("query template {}:{}", position.line, position.column);
      return error;
    };
    const std::size_t close = text.find("}}", begin);
    if (close == std::string_view::npos)
      return tl::unexpected(here({ErrorKind::Invalid, "`{{` without `}}`"}));
    std::string_view action = text.substr(begin, close - begin);
    if (action.size() >= 2 && action.back() == '-' && space(action[action.size() - 2])) {
      trim_next = true;
      action.remove_suffix(1);
    }
    action = trimmed(action);
    if (!(action.starts_with("/*") && action.ends_with("*/"))) {
      const auto value = evaluate(action, values);
      if (!value) return tl::unexpected(here(value.error()));
      out += *value;
    }
    at = close + 2;
  }
  return out;
}

std::string collapse_space(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!space(c)) {
      out += c;
    } else if (out.empty() || out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

}  // namespace volary
