#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/program.hpp"

/// INV-50 and --seeds through the built program, as its users meet it.
namespace volary {
namespace {

using program::Environment;
using namespace std::chrono_literals;

using Words = std::vector<std::string>;

const Words one_run{"run", "scenarios/low-traffic.yaml", "policies/default-progressive.yaml",
                    "--json"};
const Words many{"run",
                 "scenarios/low-traffic.yaml",
                 "policies/default-progressive.yaml",
                 "policies/bold-progressive.yaml",
                 "--seeds",
                 "24"};

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::string out(const Words& words, const Environment& environment = {}) {
  const auto ended = program::volary(words, environment);
  INFO(ended.err);
  CHECK(ended.code == 0);
  CHECK_FALSE(ended.out.empty());
  return ended.out;
}

/// Everything that INV-50 says must not matter. A locale with a decimal comma is made where the
/// machine has none.
std::vector<Environment> elsewhere() {
  const std::string locales = test::scratch("locales");
  std::filesystem::create_directories(locales);
  if (!std::filesystem::exists(locales + "/de_DE.UTF-8") &&
      program::start({"localedef", "-i", "de_DE", "-f", "UTF-8", locales + "/de_DE.UTF-8"}).code !=
          0)
    WARN("no localedef here (Debian package locales): a decimal comma is not tried");
  return {{{"LOCPATH", locales}, {"LC_ALL", "de_DE.UTF-8"}, {"LANG", "de_DE.UTF-8"}},
          {{"LC_ALL", "C.UTF-8"}, {"TZ", "Asia/Kolkata"}},
          {{"LC_NUMERIC", "de_DE.UTF-8"}, {"LOCPATH", locales}, {"TZ", "America/St_Johns"}},
          {{"LC_ALL", "tr_TR.UTF-8"}, {"TZ", ":/no/such/zone"}, {"COLUMNS", "40"}}};
}

}  // namespace

TEST_CASE("INV-50: one seed, one run, byte for byte, wherever it is flown") {
  const std::string first = out(with(one_run, {"--seed", "7"}));
  CHECK(out(with(one_run, {"--seed", "7"})) == first);
  for (const char* jobs : {"1", "8"})
    CHECK(out(with(one_run, {"--seed", "7", "--jobs", jobs})) == first);
  for (const Environment& environment : elsewhere()) {
    INFO(environment.front().second);
    CHECK(out(with(one_run, {"--seed", "7"}), environment) == first);
  }
  CHECK(out(with(one_run, {"--seed", "8"})) != first);
}

TEST_CASE("INV-50: the number of jobs changes nothing in the outcome of many seeds") {
  const std::string records = out(with(many, {"--json", "--jobs", "1"}));
  for (const char* jobs : {"2", "8"}) CHECK(out(with(many, {"--json", "--jobs", jobs})) == records);
  for (const Environment& environment : elsewhere())
    CHECK(out(with(many, {"--json", "--jobs", "8"}), environment) == records);
  CHECK(out(with(many, {"--jobs", "1"})) == out(with(many, {"--jobs", "8"})));
  CHECK(out(with(many, {"--json", "--seed", "2"})) != records);

  // The same report, too: its charts come from a seed that the outcomes choose.
  const std::string path = test::scratch("seeds.html");
  const auto report = [&](const char* jobs) {
    out(with(many, {"--report", path, "--jobs", jobs}));
    const std::string text = golden::read(path);
    CHECK(text.find("class=\"histogram\"") != std::string::npos);
    return text.substr(0, text.find("to repeat it"));  // which names the jobs
  };
  CHECK(report("1") == report("8"));
}

TEST_CASE("a seed of many is the very run that --seed flies alone") {
  std::istringstream lines{out(with(many, {"--json"}))};
  std::string line;
  int compared = 0;
  while (std::getline(lines, line) && compared < 3) {
    const auto record = nlohmann::json::parse(line);
    if (record["record"] != "seed") continue;
    const std::string alone = out(with(one_run, {"--seed", record["seed"].dump()}));
    CHECK(alone.find(record["digest"].get<std::string>()) != std::string::npos);
    ++compared;
  }
  CHECK(compared == 3);
}

TEST_CASE("the command in the footer shows the seed it speaks of") {
  const std::string table = out({"run", "scenarios/error-below-bound.yaml",
                                 "policies/cautious-progressive.yaml", "--seeds", "6"});
  const auto command = table.find("   volary run ");
  REQUIRE(command != std::string::npos);
  const std::string line = table.substr(command, table.find('\n', command) - command);
  const auto shown = program::start({"bash", "-c", line});
  CHECK(shown.code == 0);
  CHECK(shown.out.find("a missed failure") != std::string::npos);
}

TEST_CASE("option --expect over many seeds says which seed did not do so") {
  const auto ended = program::volary(with(many, {"--expect", "promoted"}));
  CHECK(ended.code == 1);
  CHECK(ended.err.find("did not end promoted, such as seed ") != std::string::npos);
  CHECK(ended.out.find("false rollback") != std::string::npos);
}

TEST_CASE("option --seeds and what does not go with it") {
  for (const Words& words :
       {Words{"--seeds", "0"}, Words{"--seeds", "-3"}, Words{"--seeds", "many"},
        Words{"--seeds", "2", "--jobs", "0"}, Words{"--seeds", "3", "--speed", "10"},
        Words{"--seeds", "99999999999"},
        Words{"--seeds", "10", "--seed", "18446744073709551615"}}) {
    const auto ended = program::volary(with(one_run, words));
    INFO(ended.err);
    CHECK(ended.code == 2);
    CHECK(ended.out.empty());
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  }
}

TEST_CASE("Ctrl-C keeps what was flown: exit 5, and the table is over that") {
  const std::string path = test::scratch("interrupted.html");
  const std::string base = test::scratch("interrupted");
  // Far more seeds than any machine flies in the time that this test gives it.
  const std::string command =
      "volary run scenarios/low-traffic.yaml policies/default-progressive.yaml --seeds 1000000 "
      "--report " +
      path + " > " + base + ".out 2> " + base + ".err & pid=$!; sleep 1; kill -INT $pid; wait $pid";
  const auto ended = program::start({"bash", "-mc", command});
  const std::string table = golden::read(base + ".out"), said = golden::read(base + ".err");
  INFO(said);
  CHECK(ended.code == 5);
  CHECK(ended.took < 30s);
  CHECK(said.starts_with("interrupted after "));
  CHECK(table.find("missed regression") != std::string::npos);
  CHECK(golden::read(path).find("class=\"histogram\"") != std::string::npos);
}

TEST_CASE("a second Ctrl-C ends at once") {
  // --speed 0.001 waits for hours between two ticks; the first Ctrl-C may be answered by that.
  const auto ended = program::start(
      {"bash", "-mc",
       "volary run scenarios/promotion-thundering-herd.yaml policies/default-progressive.yaml "
       "--seeds 1000000 >/dev/null 2>&1 & pid=$!; sleep 0.5; kill -INT $pid; kill -TERM $pid; "
       "wait $pid"});
  CHECK(ended.code == 5);
  CHECK(ended.took < 20s);
}

}  // namespace volary
