#include "policies/promql/lexer.hpp"

#include <array>
#include <cctype>
#include <cstdint>

namespace volary::promql {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_{text} {}

  Result<std::vector<Token>> run() {
    std::vector<Token> tokens;
    for (;;) {
      skip_space();
      Token token{.line = line_, .column = column_};
      if (at_ == text_.size()) {
        token.kind = Token::Kind::End;
        tokens.push_back(token);
        return tokens;
      }
      if (auto read = next(token); !read) return tl::unexpected(read.error());
      tokens.push_back(std::move(token));
    }
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void advance() {
    if (text_[at_] == '\n') {
      ++line_;
      column_ = 1;
    } else {
      ++column_;
    }
    ++at_;
  }

  void skip_space() {
    while (at_ < text_.size()) {
      const char c = peek();
      if (c == '#') {
        while (at_ < text_.size() && peek() != '\n') advance();
      } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        advance();
      } else {
        return;
      }
    }
  }

  Result<void> next(Token& token) {
    const char c = peek();
    if (letter(c)) {
      token.kind = Token::Kind::Identifier;
      while (letter(peek()) || digit(peek())) take(token);
      return {};
    }
    if (digit(c) || (c == '.' && digit(peek(1)))) return number_or_duration(token);
    if (c == '"' || c == '\'' || c == '`') return quoted(token);
    token.kind = Token::Kind::Symbol;
    static constexpr std::array<std::string_view, 6> pairs{"==", "!=", ">=", "<=", "=~", "!~"};
    for (const std::string_view pair : pairs) {
      if (text_.substr(at_, 2) == pair) {
        take(token);
        take(token);
        return {};
      }
    }
    if (std::string_view{"+-*/%^(){}[],=<>@:"}.find(c) != std::string_view::npos) {
      take(token);
      return {};
    }
    return fail(ErrorKind::Invalid, "{}:{}: unexpected character '{}'", line_, column_,
                std::isprint(static_cast<unsigned char>(c)) != 0
                    ? std::string(1, c)
                    : fmt::format("\\x{:02x}", static_cast<unsigned char>(c)));
  }

  void take(Token& token) {
    token.text += peek();
    advance();
  }

  Result<void> number_or_duration(Token& token) {
    token.kind = Token::Kind::Number;
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
      take(token);
      take(token);
      while (std::isxdigit(static_cast<unsigned char>(peek())) != 0) take(token);
      return {};
    }
    while (digit(peek()) || peek() == '.') take(token);
    if ((peek() == 'e' || peek() == 'E') &&
        (digit(peek(1)) || ((peek(1) == '+' || peek(1) == '-') && digit(peek(2))))) {
      take(token);
      take(token);
      while (digit(peek())) take(token);
      return {};
    }
    if (letter(peek())) {
      token.kind = Token::Kind::Duration;
      while ((letter(peek()) && peek() != ':') || digit(peek())) take(token);
      if (!duration_ms(token.text))
        return fail(ErrorKind::Invalid, "{}:{}: '{}' is neither a number nor a duration",
                    token.line, token.column, token.text);
    }
    return {};
  }

  Result<void> quoted(Token& token) {
    token.kind = Token::Kind::Text;
    const char quote = peek();
    advance();
    while (at_ < text_.size() && peek() != quote) {
      if (peek() == '\\' && quote != '`') {
        advance();
        const char c = peek();
        switch (c) {
          case 'n': token.text += '\n'; break;
          case 't': token.text += '\t'; break;
          case 'r': token.text += '\r'; break;
          case '\\':
          case '"':
          case '\'': token.text += c; break;
          default:
            return fail(ErrorKind::Invalid, "{}:{}: unknown escape '\\{}'", line_, column_, c);
        }
        advance();
      } else {
        take(token);
      }
    }
    if (at_ == text_.size())
      return fail(ErrorKind::Invalid, "{}:{}: unterminated string", token.line, token.column);
    advance();
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1, column_ = 1;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view text) { return Lexer{text}.run(); }

Result<std::int64_t> duration_ms(std::string_view text) {
  // Largest unit first, each at most once, as the server wants them.
  static constexpr std::array<std::pair<std::string_view, std::int64_t>, 7> units{{
      {"y", 31'536'000'000},
      {"w", 604'800'000},
      {"d", 86'400'000},
      {"h", 3'600'000},
      {"m", 60'000},
      {"s", 1'000},
      {"ms", 1},
  }};
  std::int64_t total = 0;
  std::size_t unit = 0;
  if (text.empty()) return fail(ErrorKind::Invalid, "a duration is missing");
  const std::string_view whole = text;
  while (!text.empty()) {
    std::int64_t value = 0;
    std::size_t digits = 0;
    while (digits < text.size() && digit(text[digits])) {
      if (value > 10'000'000'000)
        return fail(ErrorKind::Invalid, "'{}' is too long a duration", whole);
      value = value * 10 + (text[digits++] - '0');
    }
    if (digits == 0) return fail(ErrorKind::Invalid, "'{}' is not a duration", whole);
    text.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < text.size() && !digit(text[letters])) ++letters;
    const std::string_view name = text.substr(0, letters);
    while (unit < units.size() && units[unit].first != name) ++unit;
    if (unit == units.size()) return fail(ErrorKind::Invalid, "'{}' is not a duration", whole);
    total += value * units[unit].second;
    ++unit;
    text.remove_prefix(letters);
  }
  return total;
}

}  // namespace volary::promql
