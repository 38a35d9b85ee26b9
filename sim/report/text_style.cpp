#include "sim/report/text_style.hpp"

#include <array>
#include <cstdint>
#include <utility>

namespace volary::sim::report {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 11> glyphs{{
    {"✓", "+"},
    {"✗", "x"},
    {"◦", "?"},
    {"▇", "#"},
    {"≥", ">="},
    {"≤", "<="},
    {"·", "-"},
    {"–", "-"},
    {"⇉", "="},
    {"∈", "in"},
    {"→", "->"},
}};

/// One code point of UTF-8; length 1 and U+FFFD for a byte that starts none.
struct CodePoint {
  char32_t value;
  std::size_t length;
};

CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xf0 && first < 0xf5   ? 4
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xc2 && first < 0xe0 ? 2
                                                             : 0;
  if (length == 0 || text.size() < length) return {0xfffd, 1};
  char32_t value = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0xfffd, 1};
    value = (value << 6) | (byte(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return {0xfffd, 1};
  return {value, length};
}

/// Would it move the cursor, change direction or hide itself?
bool unsafe(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xfffd || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

std::string_view ascii_form(std::string_view code_point) {
  for (const auto& [sign, ascii] : glyphs)
    if (sign == code_point) return ascii;
  if (code_point == "×") return "x";
  if (code_point == "µ") return "u";
  if (code_point == "…") return "...";
  if (code_point == "±") return "+/-";
  return "?";
}

}  // namespace

std::string_view glyph(const TextStyle& style, Glyph which) {
  const auto& [sign, ascii] = glyphs[static_cast<std::size_t>(which)];
  return style.utf8 ? sign : ascii;
}

std::string paint(const TextStyle& style, Ink ink, std::string_view text) {
  if (!style.colour || ink == Ink::Plain || text.empty()) return std::string{text};
  // The sixteen colours that every terminal maps to its own theme, so light and dark both stay
  // readable.
  constexpr std::array<std::string_view, 8> codes{"", "34", "33", "32", "1;31", "90", "2", "1"};
  std::string painted = "\x1b[";
  painted += codes[static_cast<std::size_t>(ink)];
  painted += 'm';
  painted += text;
  painted += "\x1b[0m";
  return painted;
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    if (text.front() == '\x1b') {
      const std::size_t end = text.find('m');
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
      continue;
    }
    text.remove_prefix(decode(text).length);
    ++count;
  }
  return count;
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t used = columns(text);
  if (used < width) text.append(width - used, ' ');
  return text;
}

std::string right_aligned(const std::string& text, std::size_t width) {
  const std::size_t used = columns(text);
  return (used < width ? std::string(width - used, ' ') : std::string{}) + text;
}

std::string printable(const TextStyle& style, std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = decode(text);
    const std::string_view bytes = text.substr(0, c.length);
    if (c.value == '\n' || c.value == '\t') {
      safe += ' ';
    } else if (unsafe(c.value)) {
      safe += '?';
    } else if (c.value < 0x80 || style.utf8) {
      safe += bytes;
    } else {
      safe += ascii_form(bytes);
    }
    text.remove_prefix(c.length);
  }
  return safe;
}

std::string wrapped(std::string_view text, int width, int hang, int margin) {
  const std::size_t limit = static_cast<std::size_t>(width > hang + 20 ? width : hang + 20);
  std::string result;
  std::size_t used = 0;
  while (!text.empty()) {
    std::size_t blank = text.find(' ');
    if (blank != std::string_view::npos && text.substr(blank + 1).starts_with('%'))
      blank = text.find(' ', blank + 1);  // a number keeps its sign
    const std::string_view word = text.substr(0, blank);
    const std::size_t length = columns(word);
    if (used > 0 && used + 1 + length > limit) {
      result += '\n';
      result.append(static_cast<std::size_t>(hang + margin), ' ');
      used = static_cast<std::size_t>(hang);
    } else if (used > 0) {
      result += ' ';
      ++used;
    }
    result += word;
    used += length;
    text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
  }
  return result;
}

}  // namespace volary::sim::report
