#include "tests/cli/program.hpp"

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace volary;
using program::Environment;
using program::start;

TEST_CASE("help and version are answers, not errors") {
  for (const auto& words :
       {std::vector<std::string>{"--help"}, {"completion", "--help"}, {"version"}, {"--version"}}) {
    const auto ended = program::volary(words);
    CHECK(ended.code == 0);
    CHECK_FALSE(ended.out.empty());
    CHECK(ended.err.empty());
  }
}

TEST_CASE("wrong use is exit 2 and one line that names the help") {
  for (const auto& words : {std::vector<std::string>{},
                            {"fly"},
                            {"--nonsense"},
                            {"completion"},
                            {"completion", "tcsh"}}) {
    const auto ended = program::volary(words);
    INFO(ended.err);
    CHECK(ended.code == 2);
    CHECK(ended.out.empty());
    CHECK(ended.err.starts_with("error: "));
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
    CHECK(ended.err.find("--help") != std::string::npos);
  }
}

TEST_CASE("option --json-errors makes every error one JSON object") {
  const auto ended = program::volary({"--json-errors", "completion", "tcsh"});
  CHECK(ended.code == 2);
  const auto error = nlohmann::json::parse(ended.err);
  CHECK(error["code"] == 2);
  CHECK(error["id"] == "invalid");
  for (const char* field : {"message", "where", "hint"}) CHECK(error[field].is_string());
}

TEST_CASE("the bash completion sources, and completes what the program knows") {
  const auto complete = [](const std::string& words) {
    return start(
               {"bash", "-c",
                "source <(volary completion bash); COMP_WORDS=(" + words +
                    "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _volary; echo \"${COMPREPLY[@]}\""})
        .out;
  };
  CHECK(complete("volary compl") == "completion\n");
  CHECK(complete("volary completion ''") == "bash zsh fish\n");
  CHECK(complete("volary version --no") == "--no-color\n");
  CHECK(complete("volary run --expect ''") == "promoted rolled-back\n");
  CHECK(complete("volary run --rps ''") == "\n");  // a number: no file would be right
  CHECK(complete("volary run scenarios/low-t") == "scenarios/low-traffic.yaml\n");
  CHECK(complete("volary run scenarios/low-traffic.yaml --report READ") == "README.md\n");
  for (const char* shell : {"zsh", "fish"}) {
    const auto script = program::volary({"completion", shell});
    CHECK(script.code == 0);
    CHECK(script.out.find("completion") != std::string::npos);
  }
}

TEST_CASE("results that nobody can read are exit 6, a reader that went away is not") {
  const auto full = start({"bash", "-c", "volary completion bash >/dev/full"});
  CHECK(full.code == 6);
  CHECK(full.err.find("error: ") == 0);
  const auto gone = start({"bash", "-c", "set -o pipefail; volary completion bash | true"});
  CHECK(gone.code == 0);
}

TEST_CASE("a run that the other semantics would end differently says so, with the quirk") {
  const std::vector<std::string> words{"run", "scenarios/checkout-good-release.yaml",
                                       "policies/repeated-steps.yaml"};
  const auto strict = program::volary(words);
  CHECK(strict.code == 0);
  CHECK(strict.out.find("Under --compat flagger this release would have ended differently: not "
                        "decided. Q-06 makes the difference") != std::string::npos);
  auto reference = words;
  reference.insert(reference.end(), {"--compat", "flagger", "--expect", "promoted"});
  const auto flagger = program::volary(reference);
  CHECK(flagger.code == 1);
  CHECK(flagger.out.find("Under --compat strict this release would have ended differently: "
                         "promoted.") != std::string::npos);
  CHECK(flagger.err ==
        "not as expected: checkout-good-release under policy checkout ended not "
        "decided, not promoted\n");
}

TEST_CASE("the examples of run --help work when they are pasted") {
  const std::string help = program::volary({"run", "--help"}).out;
  int pasted = 0;
  for (std::size_t at = help.find("\n  volary run "); at != std::string::npos;
       at = help.find("\n  volary run ", at + 1)) {
    std::string line = help.substr(at + 3, help.find('\n', at + 1) - at - 3);
    // All but where it writes: the tree stays as it is.
    if (const auto report = line.find("out.html"); report != std::string::npos)
      line.replace(report, 8, test::scratch("out.html"));
    INFO(line);
    const auto ended = start({"bash", "-c", line});
    INFO(ended.err);
    CHECK(ended.code == 0);
    CHECK(ended.err.empty());
    CHECK(ended.out.size() > 200);
    ++pasted;
  }
  CHECK(pasted == 5);
}

TEST_CASE("volary init writes a scenario that flies, and overwrites nothing unasked") {
  const std::string path = test::scratch("first.yaml");
  const std::vector<std::string> words{"init", "policies/default-progressive.yaml", "-o", path};
  CHECK(program::volary(words).code == 0);
  CHECK(
      program::volary({"run", path, "policies/default-progressive.yaml", "--expect", "rolled-back"})
          .code == 0);
  const std::string first = golden::read(path);
  auto other = words;
  other.insert(other.end(), {"--rps", "7"});
  const auto refused = program::volary(other);
  CHECK(refused.code == 2);
  CHECK(refused.err.find("--force") != std::string::npos);
  CHECK(golden::read(path) == first);
  other.emplace_back("--force");
  CHECK(program::volary(other).code == 0);
  CHECK(golden::read(path) != first);
}
