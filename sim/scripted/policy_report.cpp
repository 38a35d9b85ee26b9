#include "sim/scripted/policy_report.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace volary::sim {
namespace {

std::string xml_text(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') safe += c;
    }
  }
  return safe;
}

/// What differs, on what evidence and by which rules, one line each.
std::vector<std::string> explanation(const PolicyTestResult& result) {
  std::vector<std::string> lines;
  std::size_t field_width = 0;
  std::size_t expected_width = 0;
  for (const Difference& difference : result.differences) {
    field_width = std::max(field_width, to_string(difference.field).size());
    expected_width =
        std::max(expected_width, as_written(difference.field, difference.expected).size());
  }
  expected_width = std::min<std::size_t>(expected_width, 48);
  for (const Difference& difference : result.differences)
    lines.push_back(fmt::format("{:<{}}  expected {:<{}}  got {}", to_string(difference.field),
                                field_width, as_written(difference.field, difference.expected),
                                expected_width, as_written(difference.field, difference.got)));
  const SeenTick& tick = result.ticks.back();
  for (const auto& [check, said] : tick.evidence)
    lines.push_back(fmt::format("check {}: {}", check, said));
  for (const std::string& rule : result.rules) lines.push_back("decided by " + rule);
  return lines;
}

std::string where(const PolicyTestResult& result) {
  const SeenTick& tick = result.ticks.back();
  return fmt::format("{}, tick {} ({}:{})", result.name, tick.tick, tick.at.file, tick.at.line);
}

}  // namespace

std::string as_text(const PolicyTestResult& result, const report::TextStyle& style) {
  using report::Glyph;
  using report::Ink;
  if (result.passed()) {
    const std::string mark = paint(style, Ink::Pass, glyph(style, Glyph::Pass));
    return fmt::format("{} {}  {} {}\n", mark, report::printable(style, result.name),
                       result.ticks.size(), result.ticks.size() == 1 ? "tick" : "ticks");
  }
  const std::string mark = paint(style, Ink::Fail, glyph(style, Glyph::Fail));
  std::string text = fmt::format("{} {}\n", mark, report::printable(style, where(result)));
  for (const std::string& line : explanation(result))
    text += "    " + report::printable(style, line) + "\n";
  return text;
}

std::string summary(const std::vector<PolicyTestResult>& results) {
  const auto passed =
      std::count_if(results.begin(), results.end(), [](const auto& r) { return r.passed(); });
  const auto differs = static_cast<std::ptrdiff_t>(results.size()) - passed;
  std::string text = fmt::format("{} {}: {} passed", results.size(),
                                 results.size() == 1 ? "test" : "tests", passed);
  if (differs > 0) text += fmt::format(", {} {}", differs, differs == 1 ? "differs" : "differ");
  return text;
}

std::string as_json_lines(const std::vector<PolicyTestResult>& results) {
  std::string text;
  for (const PolicyTestResult& result : results) {
    nlohmann::ordered_json record{{"name", result.name},
                                  {"file", result.at.file},
                                  {"compat", to_string(result.compat)},
                                  {"passed", result.passed()},
                                  {"ticks", result.ticks.size()}};
    if (!result.passed()) {
      const SeenTick& tick = result.ticks.back();
      record["tick"] = tick.tick;
      record["line"] = tick.at.line;
      auto& differences = record["differences"] = nlohmann::ordered_json::array();
      for (const Difference& difference : result.differences)
        differences.push_back({{"field", to_string(difference.field)},
                               {"expected", as_written(difference.field, difference.expected)},
                               {"got", as_written(difference.field, difference.got)}});
      record["rules"] = result.rules;
    }
    text += record.dump() + "\n";
  }
  return text;
}

std::string as_junit(const std::vector<PolicyTestResult>& results) {
  std::vector<std::string> files;
  for (const PolicyTestResult& result : results)
    if (std::find(files.begin(), files.end(), result.at.file) == files.end())
      files.push_back(result.at.file);

  const auto failures =
      std::count_if(results.begin(), results.end(), [](const auto& r) { return !r.passed(); });
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text += fmt::format("<testsuites name=\"volary test\" tests=\"{}\" failures=\"{}\">\n",
                      results.size(), failures);
  for (const std::string& file : files) {
    std::string cases;
    int tests = 0;
    int failed = 0;
    for (const PolicyTestResult& result : results) {
      if (result.at.file != file) continue;
      ++tests;
      cases += fmt::format("    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\"",
                           xml_text(file), xml_text(result.name), xml_text(file), result.at.line);
      if (result.passed()) {
        cases += "/>\n";
        continue;
      }
      ++failed;
      cases += fmt::format(">\n      <failure message=\"{}\">", xml_text(where(result)));
      for (const std::string& line : explanation(result)) cases += xml_text(line) + "\n";
      cases += "</failure>\n    </testcase>\n";
    }
    text +=
        fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n{}  </testsuite>\n",
                    xml_text(file), tests, failed, cases);
  }
  return text + "</testsuites>\n";
}

}  // namespace volary::sim
