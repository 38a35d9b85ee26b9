#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// How text meets a terminal: width, colour and glyphs, and nothing that could move somebody's
/// cursor.
namespace volary::sim::report {

/// The meanings of colour (they never decorate); each has a second sign in the text itself.
enum class Ink { Plain, Primary, Canary, Pass, Fail, Unknown, Dim, Strong };

struct TextStyle {
  int width = 120;  ///< columns
  bool colour = false;
  bool utf8 = true;
};

/// The signs that have an ASCII stand-in of their own.
enum class Glyph { Pass, Fail, Unknown, Bar, AtLeast, AtMost, Dot, Dash, Mirror, Within, Arrow };
[[nodiscard]] std::string_view glyph(const TextStyle& style, Glyph which);

/// `text` in the colour of a meaning, where colour is on.
[[nodiscard]] std::string paint(const TextStyle& style, Ink ink, std::string_view text);

/// Columns that `text` takes: one a code point, escape sequences none.
[[nodiscard]] std::size_t columns(std::string_view text);
/// `text` and blanks up to `width` columns.
[[nodiscard]] std::string padded(std::string text, std::size_t width);
/// The same with the blanks before it.
[[nodiscard]] std::string right_aligned(const std::string& text, std::size_t width);

/// Text that came from a document or a server: control characters, invalid UTF-8 and, where the
/// style is ASCII, all that is not, become '?'; signs of ours that have an ASCII form ("≤", "–")
/// take it.
[[nodiscard]] std::string printable(const TextStyle& style, std::string_view text);

/// `text` in lines of at most `width` columns, broken at blanks; lines after the first are indented
/// by `hang` columns of that width, and by `margin` columns before it.
[[nodiscard]] std::string wrapped(std::string_view text, int width, int hang, int margin = 0);

}  // namespace volary::sim::report
