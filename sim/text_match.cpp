#include "sim/text_match.hpp"

#include "policies/promql/pattern.hpp"
#include "policies/promql/series_store.hpp"

namespace volary::sim {

bool text_matches(const StringMatch& match, const std::string& text) {
  switch (match.kind) {
    case StringMatch::Kind::Exact: return text == match.value;
    case StringMatch::Kind::Prefix: return text.starts_with(match.value);
    case StringMatch::Kind::Suffix: return text.ends_with(match.value);
    case StringMatch::Kind::Regex: break;
  }
  const auto pattern = promql::compile_pattern(match.value);
  if (!pattern) return false;
  return promql::Matcher{
      .op = promql::Matcher::Op::Matches, .name = {}, .value = {}, .pattern = *pattern}
      .accepts(text);
}

}  // namespace volary::sim
