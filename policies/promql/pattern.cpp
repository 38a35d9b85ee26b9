#include "policies/promql/pattern.hpp"

#include <re2/re2.h>

namespace volary::promql {

class Pattern {
 public:
  explicit Pattern(std::string_view text)
      : re_{re2::StringPiece(text.data(), text.size()), RE2::Quiet} {}
  [[nodiscard]] bool ok() const { return re_.ok(); }
  [[nodiscard]] const std::string& error() const { return re_.error(); }
  [[nodiscard]] bool matches(std::string_view text) const {
    return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), re_);
  }

 private:
  RE2 re_;
};

namespace {
/// `\C`, one byte, is RE2's alone: the server's library refuses it.
bool asks_for_bytes(std::string_view text) {
  for (std::size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at + 2))
    if (text.substr(at, 2) == "\\C") return true;
  return false;
}
}  // namespace

Result<std::shared_ptr<const Pattern>> compile_pattern(std::string_view text) {
  if (asks_for_bytes(text))
    return fail(ErrorKind::Invalid, "'{}' is not a regular expression: \\C", text);
  auto pattern = std::make_shared<const Pattern>(text);
  if (!pattern->ok())
    return fail(ErrorKind::Invalid, "'{}' is not a regular expression: {}", text, pattern->error());
  return pattern;
}

bool Matcher::accepts(std::string_view label_value) const {
  switch (op) {
    case Op::Equal: return label_value == value;
    case Op::NotEqual: return label_value != value;
    case Op::Matches: return pattern->matches(label_value);
    case Op::NotMatches: return !pattern->matches(label_value);
  }
  return false;
}

}  // namespace volary::promql
