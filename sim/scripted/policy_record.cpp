#include "sim/scripted/policy_record.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

namespace volary::sim {
namespace {

using Values = std::vector<std::string>;

/// A scalar of a flow mapping: plain where YAML leaves it alone.
std::string scalar(const std::string& text) {
  const bool safe = !text.empty() && text.find_first_of(",[]{}#&*!'\"\\:`@") == std::string::npos &&
                    text.find_first_of("|>%?-=~ ") != 0 && text.back() != ' ';
  const bool negative = text.size() > 1 && text[0] == '-' &&
                        text.find_first_not_of("0123456789", 1) == std::string::npos;
  if (safe || negative) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string flow_list(const Values& values) {
  std::string text = "[";
  for (const std::string& value : values) text += (text.size() > 1 ? ", " : "") + scalar(value);
  return text + "]";
}

using Wanted = std::vector<std::pair<TestField, Values>>;

/// "{phase: Progressing, target: {replicas: 3, revision: B}, events: [EV-START]}"
std::string flow_expectation(const Wanted& wanted) {
  const auto find = [&](TestField field) -> const Values* {
    for (const auto& [name, values] : wanted)
      if (name == field) return &values;
    return nullptr;
  };
  std::vector<std::string> parts;
  std::set<TestField> written;
  const auto workload = [&](const char* name, TestField replicas, TestField revision) {
    const Values* count = find(replicas);
    const Values* of = find(revision);
    if (count && (!of || count->front() == "absent"))
      parts.push_back(fmt::format("{}: {}", name, scalar(count->front())));
    else if (count)
      parts.push_back(fmt::format("{}: {{replicas: {}, revision: {}}}", name,
                                  scalar(count->front()), scalar(of->front())));
    else
      parts.push_back(fmt::format("{}: {{revision: {}}}", name, scalar(of->front())));
    written.insert({replicas, revision});
  };
  for (const auto& [field, values] : wanted) {
    if (written.contains(field)) continue;
    if (field == TestField::TargetReplicas || field == TestField::TargetRevision)
      workload("target", TestField::TargetReplicas, TestField::TargetRevision);
    else if (field == TestField::PrimaryReplicas || field == TestField::PrimaryRevision)
      workload("primary", TestField::PrimaryReplicas, TestField::PrimaryRevision);
    else if (happens(field) || field == TestField::Cookies)
      parts.push_back(fmt::format("{}: {}", to_string(field), flow_list(values)));
    else
      parts.push_back(fmt::format("{}: {}", to_string(field), scalar(values.front())));
  }
  return fmt::format("{{{}}}", fmt::join(parts, ", "));
}

/// Past the end of the quoted text that begins at `at`.
std::size_t past_quotes(const std::string& text, std::size_t at) {
  const char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\')
      ++at;
    else if (text[at] == quote)
      return at + 1;
  }
  return at;
}

/// Position of the bracket that closes the one at `open`; npos when there is none.
std::size_t closing(const std::string& text, std::size_t open) {
  int depth = 0;
  for (std::size_t at = open; at < text.size();) {
    const char c = text[at];
    const bool starts_value =
        at > 0 && (std::string_view{" ,[{:\n"}.find(text[at - 1]) != std::string_view::npos);
    if ((c == '"' || c == '\'') && starts_value) {
      at = past_quotes(text, at);
      continue;
    }
    if (c == '#' && at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\n')) {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at;
    ++at;
  }
  return std::string::npos;
}

struct Span {
  std::size_t begin = 0, end = 0;
};

/// Where the value of `expect` stands inside the flow mapping at `open`, if it has one.
std::optional<Span> expect_in_flow(const std::string& text, std::size_t open, std::size_t close) {
  static constexpr std::string_view key = "expect:";
  for (std::size_t at = open + 1; at < close;) {
    const char c = text[at];
    if (c == '{' || c == '[') {
      at = closing(text, at) + 1;
    } else if (c == '"' || c == '\'') {
      at = past_quotes(text, at);
    } else if (text.compare(at, key.size(), key) == 0 &&
               (text[at - 1] == ' ' || text[at - 1] == '{')) {
      const std::size_t value = text.find_first_not_of(" \n", at + key.size());
      if (value == std::string::npos || text[value] != '{') return std::nullopt;
      return Span{value, closing(text, value) + 1};
    } else {
      ++at;
    }
  }
  return std::nullopt;
}

/// The lines that belong to the block mapping whose first key stands at `begin`, in column
/// `indent`.
std::size_t end_of_block(const std::string& text, std::size_t begin, std::size_t indent) {
  std::size_t line = text.find('\n', begin);
  while (line != std::string::npos && line + 1 < text.size()) {
    const std::size_t first = text.find_first_not_of(' ', line + 1);
    if (first == std::string::npos) break;
    const bool blank = text[first] == '\n' || text[first] == '#';
    if (!blank && first - line - 1 < indent) return line + 1;
    line = text.find('\n', first);
  }
  return text.size();
}

/// What replaces which part of the file.
struct Edit {
  Span span;
  std::string text;
};

std::optional<Edit> edit_of(const std::string& text, std::size_t begin, std::size_t indent,
                            const std::string& expectation) {
  if (text[begin] == '{') {
    const std::size_t close = closing(text, begin);
    if (close == std::string::npos) return std::nullopt;
    if (const auto span = expect_in_flow(text, begin, close)) return Edit{*span, expectation};
    const bool empty = text.find_first_not_of(" \n", begin + 1) == close;
    return Edit{{close, close}, (empty ? "expect: " : ", expect: ") + expectation};
  }
  const std::size_t end = end_of_block(text, begin, indent);
  for (std::size_t line = begin; line < end;) {
    const std::size_t key = line == begin ? begin : line + indent;
    if (key < end && text.compare(key, 7, "expect:") == 0 &&
        (line == begin || text.find_first_not_of(' ', line) == key)) {
      const std::size_t value = text.find_first_not_of(' ', key + 7);
      if (value != std::string::npos && text[value] == '{')
        return Edit{{value, closing(text, value) + 1}, expectation};
      std::size_t after = text.find('\n', key);  // a block mapping: the deeper lines that follow
      while (after != std::string::npos && after + 1 < end) {
        const std::size_t first = text.find_first_not_of(" \n", after + 1);
        const std::size_t start =
            first == std::string::npos ? std::string::npos : text.rfind('\n', first) + 1;
        if (start == std::string::npos || first >= end || first - start <= indent) break;
        after = text.find('\n', first);
      }
      return Edit{{key + 7, after == std::string::npos ? end : after}, " " + expectation};
    }
    const std::size_t next = text.find('\n', line);
    if (next == std::string::npos) break;
    line = next + 1;
  }
  std::size_t line_end = text.find('\n', begin);
  if (line_end == std::string::npos) line_end = text.size();
  // Behind everything the row says: before the blank lines and comments that lead to the next row.
  std::size_t last = end;
  while (last > line_end && (text[last - 1] == '\n' || text[last - 1] == ' ')) --last;
  std::size_t last_line = text.rfind('\n', last > 0 ? last - 1 : 0);
  while (last_line != std::string::npos && last_line >= line_end && last_line + 1 < last) {
    const std::size_t first = text.find_first_not_of(' ', last_line + 1);
    if (text[first] != '#') break;
    last = last_line;
    last_line = text.rfind('\n', last - 1);
  }
  return Edit{{last, last}, "\n" + std::string(indent, ' ') + "expect: " + expectation};
}

bool stands(const std::string& claimed, const std::string& happened) {
  if (claimed == happened) return true;
  return happened.size() > claimed.size() && happened.starts_with(claimed) &&
         std::string_view{"(|: "}.find(happened[claimed.size()]) != std::string_view::npos;
}

/// The expectations of the rows of one test.
class Rows {
 public:
  Rows(const PolicyTest& test, const PolicyTestResult& result, std::vector<std::string>& notes)
      : test_{test}, result_{result}, notes_{notes} {
    for (const TestRow& row : test.rows)
      for (const Claim& claim : row.claims) tracked_.insert(claim.field);
    if (tracked_.empty() && test.everything)
      for (int i = 0; i < test_fields; ++i) tracked_.insert(static_cast<TestField>(i));
  }

  [[nodiscard]] Wanted of(std::size_t row) {
    std::vector<const SeenTick*> ticks;
    for (const SeenTick& tick : result_.ticks)
      if (static_cast<std::size_t>(tick.row) == row) ticks.push_back(&tick);
    if (ticks.empty()) return {};
    return test_.everything ? changes(ticks) : named(test_.rows[row], ticks);
  }

 private:
  [[nodiscard]] bool settled(TestField field, const std::vector<const SeenTick*>& ticks) const {
    const bool same = std::all_of(ticks.begin(), ticks.end(), [&](const SeenTick* tick) {
      return tick->of(field) == ticks.front()->of(field);
    });
    if (!same)
      notes_.push_back(fmt::format(
          "{}: {} differs between the ticks of this row: write them as rows of their own",
          to_string(ticks.front()->at), to_string(field)));
    return same;
  }

  [[nodiscard]] Wanted named(const TestRow& row, const std::vector<const SeenTick*>& ticks) const {
    static constexpr TestField usual[] = {TestField::Phase,      TestField::CanaryWeight,
                                          TestField::Iterations, TestField::FailedChecks,
                                          TestField::Routes,     TestField::Events};
    Wanted wanted;
    if (!row.has_expect || row.claims.empty()) {
      const bool iterates = test_.canary.spec.analysis.iterations > 0;
      for (const TestField field : usual) {
        if (field == (iterates ? TestField::CanaryWeight : TestField::Iterations)) continue;
        if (settled(field, ticks)) wanted.emplace_back(field, ticks.front()->of(field));
      }
      return wanted;
    }
    for (const Claim& claim : row.claims) {
      if (!settled(claim.field, ticks)) continue;
      const Values& seen = ticks.front()->of(claim.field);
      const bool holds =
          happens(claim.field) &&
          std::equal(claim.values.begin(), claim.values.end(), seen.begin(), seen.end(), stands);
      wanted.emplace_back(claim.field, holds ? claim.values : seen);
    }
    return wanted;
  }

  [[nodiscard]] Wanted changes(const std::vector<const SeenTick*>& ticks) {
    Wanted wanted;
    for (const TestField field : tracked_) {
      if (!settled(field, ticks)) continue;
      const Values& seen = ticks.front()->of(field);
      if (happens(field)) {
        if (!seen.empty()) wanted.emplace_back(field, seen);
      } else if (const auto held = held_.find(field); held == held_.end() || held->second != seen) {
        held_[field] = seen;
        wanted.emplace_back(field, seen);
      }
    }
    return wanted;
  }

  const PolicyTest& test_;
  const PolicyTestResult& result_;
  std::vector<std::string>& notes_;
  std::set<TestField> tracked_;
  std::map<TestField, Values> held_;
};

}  // namespace

Result<Recorded> record_expectations(const std::string& text, const std::vector<PolicyTest>& tests,
                                     const std::vector<PolicyTestResult>& results) {
  std::vector<std::size_t> lines{0};
  for (std::size_t at = 0; at < text.size(); ++at)
    if (text[at] == '\n') lines.push_back(at + 1);

  Recorded recorded;
  std::vector<Edit> edits;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    Rows rows{tests[i], results[i], recorded.notes};
    for (std::size_t row = 0; row < tests[i].rows.size(); ++row) {
      const TestRow& said = tests[i].rows[row];
      const Wanted wanted = rows.of(row);
      if (wanted.empty() && !said.has_expect) continue;
      const auto line = static_cast<std::size_t>(said.at.line - 1);
      const auto column = static_cast<std::size_t>(said.at.column - 1);
      if (said.at.line < 1 || line >= lines.size() || lines[line] + column >= text.size())
        return fail(ErrorKind::Invalid, "{}: the row is not there any more", to_string(said.at));
      auto edit = edit_of(text, lines[line] + column, column, flow_expectation(wanted));
      if (!edit || edit->span.end == 0 || edit->span.end < edit->span.begin)
        return fail(ErrorKind::Invalid, "{}: the row's expectation cannot be found",
                    to_string(said.at));
      edits.push_back(*std::move(edit));
    }
  }
  recorded.text = text;
  std::sort(edits.begin(), edits.end(),
            [](const Edit& a, const Edit& b) { return a.span.begin > b.span.begin; });
  for (const Edit& edit : edits) {
    const std::size_t length = edit.span.end - edit.span.begin;
    if (recorded.text.compare(edit.span.begin, length, edit.text) == 0) continue;
    ++recorded.rows_changed;
    recorded.text.replace(edit.span.begin, length, edit.text);
  }
  return recorded;
}

}  // namespace volary::sim
