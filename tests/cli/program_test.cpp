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
