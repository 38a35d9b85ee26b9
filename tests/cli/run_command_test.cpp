#include "cli/run_command.hpp"

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "tests/cli/golden.hpp"
#include "tests/cli/sample_run.hpp"
#include "tests/support/scratch.hpp"

using namespace volary;
using namespace volary::cli;

namespace {

/// What a call writes to one of the standard streams.
class Capture {
 public:
  Capture(FILE* stream, const std::string& name)
      : stream_{stream}, path_{test::scratch("captured-" + name)} {
    std::fflush(stream_);
    saved_ = dup(fileno(stream_));
    FILE* file = std::fopen(path_.c_str(), "w");
    REQUIRE(file != nullptr);
    dup2(fileno(file), fileno(stream_));
    std::fclose(file);
  }
  ~Capture() { stop(); }
  std::string text() {
    stop();
    return golden::read(path_);
  }

 private:
  void stop() {
    if (saved_ < 0) return;
    std::fflush(stream_);
    dup2(saved_, fileno(stream_));
    close(saved_);
    saved_ = -1;
  }
  FILE* stream_;
  std::string path_;
  int saved_ = -1;
};

std::string file(const std::string& name, const std::string& text) {
  const std::string path = test::scratch(name);
  std::ofstream{path, std::ios::binary} << text;
  return path;
}

/// Ports that answer with the run written by hand.
struct World {
  sample::Flight flight = sample::checkout();
  int simulated = 0;
  RunPorts ports{
      .load_scenario = [this](const std::string&) -> Result<sim::Scenario> {
        return flight.scenario;
      },
      .load_policies =
          [this](const std::vector<std::string>& files) -> Result<std::vector<Policy>> {
        std::vector<Policy> all;
        for (const std::string& name : files) {
          all.push_back(flight.policy);
          all.back().label = std::filesystem::path{name}.stem().string();
        }
        return all;
      },
      .quick = [this](const Policy&, const QuickFlags&) -> Result<std::vector<sim::Scenario>> {
        return std::vector{flight.scenario, flight.scenario};
      },
      .simulate = [this](const sim::Scenario&, const Policy& policy,
                         const sim::RunOptions& options) -> Result<sim::Run> {
        ++simulated;
        sim::Run run = flight.run;
        run.policy = policy.label;
        if (policy.canary.spec.analysis.threshold == 1) run.score.harmed_requests = 61;
        run.ticks.clear();
        for (const auto& tick : flight.run.ticks) {
          run.ticks.push_back(tick);
          if (options.on_tick && !options.on_tick(tick)) break;
        }
        return run;
      },
      .compat = [](const sim::Scenario&, const Policy&,
                   const sim::RunOptions&) -> Result<sim::CompatDifference> {
        return sim::CompatDifference{sim::Outcome::RolledBack, sim::Outcome::Promoted, {"Q-06"}};
      },
      .records = [](const sim::Run& run) { return "{\"run\":\"" + run.policy + "\"}\n"; },
  };
  Session session{.command = {"/usr/bin/volary", "run", "a b.yaml", "canary.yaml"}};
  std::string scenario = file("scenario.yaml", "kind: Scenario\n");
  std::string careful = file("careful.yaml", "kind: Canary\n");
  std::string bold = file("bold.yaml", "kind: Canary\n");

  Exit fly(const RunFlags& flags, std::string& out, std::string& err) {
    Capture o{stdout, "out"}, e{stderr, "err"};
    const Exit exit = run(session, flags, ports);
    err = e.text();
    out = o.text();
    return exit;
  }
};

}  // namespace

TEST_CASE("run prints the timeline, the verdict and what the other semantics would have done") {
  World world;
  std::string out, err;
  CHECK(world.fly({.files = {world.careful, world.scenario}}, out, err) == Exit::Done);
  CHECK(out == golden::expected("run.txt", out));
  CHECK(out.find("With threshold 1 it would have been 61") != std::string::npos);
  CHECK(out.find("Under --compat flagger") != std::string::npos);
  CHECK(err.empty());
}

TEST_CASE("option --expect decides between 0 and 1") {
  World world;
  std::string out, err;
  CHECK(world.fly({.files = {world.scenario, world.careful}, .expect = "rolled-back"}, out, err) ==
        Exit::Done);
  CHECK(world.fly({.files = {world.scenario, world.careful}, .expect = "promoted"}, out, err) ==
        Exit::No);
  world.flight.run.score.outcome = sim::Outcome::Unfinished;
  CHECK(world.fly({.files = {world.scenario, world.careful}, .expect = "rolled-back"}, out, err) ==
        Exit::No);
}

TEST_CASE("option --json writes records and nothing else") {
  World world;
  std::string out, err;
  CHECK(world.fly({.files = {world.scenario, world.careful, world.bold}, .json = true}, out, err) ==
        Exit::Done);
  CHECK(out == "{\"run\":\"careful\"}\n{\"run\":\"bold\"}\n");
  CHECK(world.simulated == 2);
}

TEST_CASE("several policies stand in one table over the same traffic") {
  World world;
  std::string out, err;
  CHECK(world.fly({.files = {world.scenario, world.careful, world.bold}}, out, err) == Exit::Done);
  CHECK(out == golden::expected("run-policies.txt", out));
}

TEST_CASE("wrong use is refused in one line") {
  World world;
  std::string out, err;
  const auto refused = [&](const RunFlags& flags, const std::string& words) {
    INFO(words);
    CHECK(world.fly(flags, out, err) == Exit::Refused);
    CHECK(out.empty());
    CHECK(err.starts_with("error: "));
    CHECK(std::count(err.begin(), err.end(), '\n') == 1);
    CHECK(err.find(words) != std::string::npos);
  };
  refused({.files = {world.scenario}}, "no policy");
  refused({.files = {world.scenario, file("other.yaml", "kind: Scenario\n"), world.careful}},
          "two scenarios");
  refused({.files = {world.scenario, world.careful, world.careful}}, "is named twice");
  refused({.files = {file("typo.yaml", "apiVersion: volary.dev/v1alpha1\nkind: Scenaro\n"),
                     world.careful}},
          "a world is of kind: Scenario");
  refused({.files = {file("a.test.yaml", "apiVersion: volary.dev/v1alpha1\nkind: PolicyTest\n"),
                     world.careful}},
          "volary test runs it");
  refused({.files = {world.scenario, world.careful}, .bind = {"podinfo"}}, "canary=service");
  refused({.files = {world.scenario, world.careful}, .world = {.rps = "200"}},
          "give either the flags or the scenario");
  refused({.files = {"/nowhere/canary.yaml"}}, "/nowhere/canary.yaml");
  refused({.files = {file("broken.yaml", "kind: [\n")}}, "broken.yaml");
}

TEST_CASE("a request that was lost is exit 4, with the command that repeats it") {
  World world;
  world.flight.run.conservation[0].failed += 1;
  std::string out, err;
  CHECK(world.fly({.files = {world.scenario, world.careful}}, out, err) == Exit::Violated);
  CHECK(err.find("INV-56") != std::string::npos);
  CHECK(err.find("volary run 'a b.yaml' canary.yaml") != std::string::npos);
}

TEST_CASE("Ctrl-C keeps what is done") {
  World world;
  std::string out, err;
  const auto simulate = world.ports.simulate;
  world.ports.simulate = [&](const sim::Scenario& scenario, const Policy& policy,
                             const sim::RunOptions& options) {
    std::raise(SIGINT);
    return simulate(scenario, policy, options);
  };
  CHECK(world.fly({.files = {world.scenario, world.careful}}, out, err) == Exit::Interrupted);
  CHECK(out.find("checkout-errors") != std::string::npos);
  CHECK(err.find("interrupted") != std::string::npos);
}

TEST_CASE("the report is written whole or not at all") {
  World world;
  std::string out, err;
  const std::string path = test::scratch("report.html");
  CHECK(world.fly({.files = {world.scenario, world.careful}, .report = path}, out, err) ==
        Exit::Done);
  CHECK(golden::read(path).find("volary run &#39;a b.yaml&#39; canary.yaml") != std::string::npos);
  CHECK(world.fly({.files = {world.scenario, world.careful}, .report = "/nowhere/at/all.html"}, out,
                  err) == Exit::NotWritten);
  CHECK(err.find("cannot write (/nowhere/at/all.html): No such file") != std::string::npos);
  CHECK(out.find("Rolled back") !=
        std::string::npos);  // FLT-140: the result is printed all the same
}

TEST_CASE("write_whole leaves nothing behind when it fails") {
  const std::string folder = test::scratch("write-whole");
  std::filesystem::create_directories(folder + "/taken");
  CHECK_FALSE(write_whole(folder + "/taken", "x"));
  CHECK(write_whole(folder + "/file", "first"));
  CHECK(write_whole(folder + "/file", "second"));
  CHECK(golden::read(folder + "/file") == "second");
  const auto full = write_whole("/dev/full", "x");
  REQUIRE_FALSE(full);
  CHECK(full.error().kind == ErrorKind::Output);
  CHECK(std::distance(std::filesystem::directory_iterator{folder}, {}) == 2);
}

TEST_CASE("errors keep one form, for people and for scripts") {
  const Error error{.kind = ErrorKind::Invalid,
                    .message = "bad interval: 'x' is not a duration",
                    .where = "c.yaml:3:5",
                    .hint = "write 1m"};
  CHECK(error_line(error, Exit::Refused, false) ==
        "error: bad interval (c.yaml:3:5): 'x' is not a duration; write 1m");
  const auto json = nlohmann::json::parse(error_line(error, Exit::Refused, true));
  CHECK(json["code"] == 2);
  CHECK(json["where"] == "c.yaml:3:5");
  CHECK(exit_code({.kind = ErrorKind::Unavailable, .message = ""}) == Exit::Unreachable);
}

TEST_CASE("progress says how far and how long") {
  using namespace std::chrono_literals;
  CHECK(progress_line("flying", 0.5, 14s, false) ==
        "flying [############            ] 50 %, 14 s left");
}
