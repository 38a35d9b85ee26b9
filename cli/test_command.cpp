#include <algorithm>
#include <filesystem>
#include <fstream>
#include <glob.h>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/files.hpp"
#include "cli/session.hpp"
#include "sim/scripted/policy_record.hpp"
#include "sim/scripted/policy_report.hpp"

namespace volary::cli {
namespace {

namespace fs = std::filesystem;

struct TestOptions {
  std::vector<std::string> files;
  bool record = false;
  bool json = false;
  bool quiet = false;
  std::string junit;
  std::string compat;  ///< empty: as each test says
};

/// Whole texts are small here: a test is read by people.
Result<std::string> text_of(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  if (!stream) return fail(ErrorKind::Invalid, "cannot read {}", file);
  return std::string{std::istreambuf_iterator<char>{stream}, {}};
}

bool holds_policy_test(const std::string& file) {
  const auto text = text_of(file);
  return text && text->find("PolicyTest") != std::string::npos;
}

/// Files as they are, the tests of a folder and below, what a pattern matches; each once, in the
/// order given.
Result<std::vector<std::string>> expanded(const std::vector<std::string>& given) {
  std::vector<std::string> files;
  const auto add = [&](const std::string& file) {
    if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  };
  for (const std::string& name : given) {
    std::error_code error;
    if (fs::is_directory(name, error)) {
      std::vector<std::string> inside;
      // Folders that may not be read are passed over; what is in them is nobody's test here.
      constexpr auto passing = fs::directory_options::skip_permission_denied;
      for (fs::recursive_directory_iterator entry{name, passing, error}, end;
           !error && entry != end; entry.increment(error)) {
        const auto extension = entry->path().extension();
        std::error_code unknown;
        if (entry->is_regular_file(unknown) && (extension == ".yaml" || extension == ".yml") &&
            holds_policy_test(entry->path().string()))
          inside.push_back(entry->path().lexically_normal().string());
      }
      if (inside.empty())
        return tl::unexpected(Error{ErrorKind::Invalid, "there is no PolicyTest in this folder",
                                    name, "name a file of kind PolicyTest, or a folder with some"});
      std::sort(inside.begin(), inside.end());  // a directory has no order of its own
      for (const std::string& file : inside) add(file);
    } else if (!fs::exists(name, error) && name.find_first_of("*?[") != std::string::npos) {
      glob_t found{};
      const int failed = ::glob(name.c_str(), 0, nullptr, &found);
      for (std::size_t i = 0; failed == 0 && i < found.gl_pathc; ++i) add(found.gl_pathv[i]);
      ::globfree(&found);
      if (failed != 0)
        return tl::unexpected(Error{ErrorKind::Invalid, "no such file: the pattern matches none",
                                    name, "give it in quotes, from where the files are"});
    } else {
      add(name);
    }
  }
  return files;
}

/// Rewrites the expectations of the tests that do not hold, or that expect nothing yet.
Result<void> record(const Session& session, const std::string& file,
                    const std::vector<PolicyTest>& tests) {
  std::vector<PolicyTest> changing;
  std::vector<sim::PolicyTestResult> results;
  for (const PolicyTest& test : tests) {
    const bool silent =
        !test.everything && std::any_of(test.rows.begin(), test.rows.end(),
                                        [](const auto& row) { return !row.has_expect; });
    if (!silent && sim::run_policy_test(test).passed()) continue;
    changing.push_back(test);
    results.push_back(sim::run_policy_test(test, {.past_differences = true}));
  }
  const auto text = text_of(file);
  if (!text) return tl::unexpected(text.error());
  const auto recorded = sim::record_expectations(*text, changing, results);
  if (!recorded) return tl::unexpected(recorded.error());
  for (const std::string& note : recorded->notes) warn(session, note);
  if (recorded->rows_changed == 0) return {};
  if (auto written = write_whole(file, recorded->text); !written) return written;
  fmt::print(stderr, "recorded {} {} of {}\n", recorded->rows_changed,
             recorded->rows_changed == 1 ? "row" : "rows", file);
  return {};
}

/// What the policies of the tests left to say, once each.
void warn_of_remarks(const Session& session, const std::vector<PolicyTest>& tests,
                     std::set<std::string>& said) {
  for (const PolicyTest& test : tests)
    for (const Remark& remark : test.remarks) {
      std::string text = to_string(remark.at) + ": ";
      if (!remark.path.empty()) text += remark.path + ": ";
      text += remark.text;
      if (!remark.hint.empty()) text += "; " + remark.hint;
      if (said.insert(text).second) warn(session, text);
    }
}

Exit run_tests(const Session& session, const TestOptions& options) {
  const auto files = expanded(options.files);
  if (!files) return refuse(session, files.error());
  std::vector<sim::PolicyTestResult> results;
  std::set<std::string> said;
  for (const std::string& file : *files) {
    auto tests = load_policy_tests(file);
    if (!tests) return refuse(session, tests.error());
    if (options.record) {
      if (auto recorded = record(session, file, *tests); !recorded)
        return refuse(session, recorded.error());
      tests = load_policy_tests(file);
      if (!tests) return refuse(session, tests.error());
    }
    if (!options.quiet) warn_of_remarks(session, *tests, said);
    for (PolicyTest& test : *tests) {
      if (const auto compat = compat_named(options.compat)) test.compat = *compat;
      results.push_back(sim::run_policy_test(test));
      if (options.json || (options.quiet && results.back().passed())) continue;
      if (const auto end = print(session, sim::as_text(results.back(), session.out))) return *end;
    }
  }
  const std::string end = options.json ? sim::as_json_lines(results) : sim::summary(results) + "\n";
  if (const auto ended = print(session, end)) return *ended;
  if (!options.junit.empty())
    if (auto written = write_whole(options.junit, sim::as_junit(results)); !written)
      return refuse(session, written.error());
  const bool passed = std::all_of(results.begin(), results.end(),
                                  [](const auto& result) { return result.passed(); });
  return passed ? Exit::Done : Exit::No;
}

}  // namespace

void add_test(CLI::App& app, Session& session) {
  auto options = std::make_shared<TestOptions>();
  CLI::App* test = app.add_subcommand(
      "test", "hold a policy against a script, tick by tick: unit tests for release policies");
  test->add_option("FILE", options->files,
                   "files of kind PolicyTest, folders with some, or quoted patterns")
      ->required()
      ->type_name("FILE...");
  CLI::Option* compat =
      test->add_option("--compat", options->compat,
                       "run every test under these semantics, whatever it says of its own")
          ->check(CLI::IsMember({"strict", "flagger"}));
  test->add_flag("--record", options->record,
                 "write down what happens as the expectation, for review (comments stay)")
      ->excludes(compat);
  test->add_flag("--json", options->json, "one JSON record a test, one a line");
  test->add_flag("-q,--quiet", options->quiet, "only what differs");
  test->add_option("--junit", options->junit, "write JUnit XML for CI")->type_name("FILE");
  test->footer(
      "Examples:\n"
      "  volary test docs/examples                     every test below a folder\n"
      "  volary test docs/examples --junit tests.xml   for CI\n"
      "  volary test docs/examples --compat flagger    what would the controller of today do?\n"
      "  volary test my.test.yaml --record             fill in what is expected, then review it\n"
      "\n"
      "Ends with 0 when all pass, 1 when one differs, 2 when a file cannot be used.\n"
      "How to write a test: docs/policy-tests.md");
  test->callback([options, &session] {
    session.action = [options, &session] { return run_tests(session, *options); };
  });
}

}  // namespace volary::cli
