#include "policies/promql/lexer.hpp"

#include <array>
#include <cctype>
#include <cstdint>
#include <limits>

#include "policies/promql/numbers.hpp"

namespace volary::promql {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

bool alphanumeric(char c) { return digit(c) || (letter(c) && c != ':'); }

int hex_digit(char c) {
  if (digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

void append_utf8(std::string& out, std::uint32_t rune) {
  const auto byte = [&out](std::uint32_t bits) { out += static_cast<char>(bits); };
  const auto tail = [&](int shift) { byte(0x80 | ((rune >> shift) & 0x3f)); };
  if (rune < 0x80) {
    byte(rune);
  } else if (rune < 0x800) {
    byte(0xc0 | (rune >> 6));
    tail(0);
  } else if (rune < 0x10000) {
    byte(0xe0 | (rune >> 12));
    tail(6);
    tail(0);
  } else {
    byte(0xf0 | (rune >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
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
    const bool hex = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X');
    if (hex) {
      take(token);
      take(token);
    }
    while (hex ? hex_digit(peek()) < 16 : digit(peek())) take(token);
    if (peek() == '.') {
      take(token);
      while (hex ? hex_digit(peek()) < 16 : digit(peek())) take(token);
    }
    if (peek() == 'e' || peek() == 'E') {
      take(token);
      if (peek() == '+' || peek() == '-') take(token);
      while (digit(peek())) take(token);
    }
    if (!alphanumeric(peek())) {
      if (read_literal(token.text)) return {};
    } else {
      token.kind = Token::Kind::Duration;
      while (alphanumeric(peek())) take(token);
      if (duration_ms(token.text)) return {};
    }
    return fail(ErrorKind::Invalid, "{}:{}: '{}' is neither a number nor a duration", token.line,
                token.column, token.text);
  }

  Result<void> quoted(Token& token) {
    token.kind = Token::Kind::Text;
    const char quote = peek();
    advance();
    while (at_ < text_.size() && peek() != quote && (peek() != '\n' || quote == '`')) {
      if (peek() != '\\' || quote == '`') {
        take(token);
      } else if (auto read = escape(token, quote); !read) {
        return read;
      }
    }
    if (at_ == text_.size() || peek() != quote)
      return fail(ErrorKind::Invalid, "{}:{}: unterminated string", token.line, token.column);
    advance();
    return {};
  }

  /// As in a string of Go.
  Result<void> escape(Token& token, char quote) {
    static constexpr std::string_view letters = "abfnrtv\\", meant = "\a\b\f\n\r\t\v\\";
    const int line = line_, column = column_;
    advance();
    const char c = peek();
    const std::string_view rest = text_.substr(at_);
    const auto unknown = [&](std::size_t size) {
      return fail(ErrorKind::Invalid, "{}:{}: unknown escape '\\{}'", line, column,
                  rest.substr(0, size));
    };
    if (rest.empty()) return unknown(0);
    if (const auto at = letters.find(c); at != std::string_view::npos || c == quote) {
      token.text += c == quote ? c : meant[at];
      advance();
      return {};
    }
    std::size_t digits = 0;
    int base = 16;
    std::uint32_t greatest = 0x10ffff;
    switch (c) {
      case 'x': digits = 2, greatest = 0xff; break;
      case 'u': digits = 4; break;
      case 'U': digits = 8; break;
      default:
        if (c < '0' || c > '7')
          return unknown(std::isprint(static_cast<unsigned char>(c)) != 0 ? 1 : 0);
        digits = 3, base = 8, greatest = 0xff;
    }
    if (base == 16) advance();
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const int read = hex_digit(peek());
      if (read >= base) return unknown(1);
      value = value * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(read);
      advance();
    }
    if (value > greatest || (value >= 0xd800 && value < 0xe000))
      return unknown(digits + (base == 16 ? 1 : 0));
    if (c == 'u' || c == 'U') {
      append_utf8(token.text, value);
    } else {
      token.text += static_cast<char>(value);
    }
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
  // What fits the server's nanoseconds: 292 years.
  constexpr std::int64_t longest_ms = std::numeric_limits<std::int64_t>::max() / 1'000'000;
  std::int64_t total = 0;
  std::size_t unit = 0;
  if (text.empty()) return fail(ErrorKind::Invalid, "a duration is missing");
  const std::string_view whole = text;
  while (!text.empty()) {
    std::int64_t value = 0;
    std::size_t digits = 0;
    while (digits < text.size() && digit(text[digits])) {
      value = value * 10 + (text[digits++] - '0');
      if (value > longest_ms) return fail(ErrorKind::Invalid, "'{}' is too long a duration", whole);
    }
    if (digits == 0) return fail(ErrorKind::Invalid, "'{}' is not a duration", whole);
    text.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < text.size() && !digit(text[letters])) ++letters;
    const std::string_view name = text.substr(0, letters);
    while (unit < units.size() && units[unit].first != name) ++unit;
    if (unit == units.size()) return fail(ErrorKind::Invalid, "'{}' is not a duration", whole);
    if (value > (longest_ms - total) / units[unit].second)
      return fail(ErrorKind::Invalid, "'{}' is too long a duration", whole);
    total += value * units[unit].second;
    ++unit;
    text.remove_prefix(letters);
  }
  return total;
}

}  // namespace volary::promql
