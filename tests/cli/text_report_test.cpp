#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/report/numbers.hpp"
#include "sim/report/text.hpp"
#include "tests/cli/golden.hpp"
#include "tests/cli/sample_run.hpp"

using namespace volary;
using namespace volary::sim::report;

namespace {

std::string shown(const sample::Flight& flight, const TextStyle& style) {
  return text(flight.run, flight.scenario, flight.policy.canary, verdict(flight.run), style);
}

std::vector<std::string> lines(const std::string& text) {
  std::istringstream in{text};
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

}  // namespace

TEST_CASE("numbers have a unit and as many digits as they deserve") {
  CHECK(percent(99.4163) == "99.42 %");
  CHECK(percent(99.9999) == "99.99 %");  // never rounded up to a perfection that it is not
  CHECK(percent(100) == "100 %");
  CHECK(percent(0.004237718) == "0.0042 %");
  CHECK(percent(0.86) == "0.86 %");
  CHECK(percent(30) == "30 %");
  CHECK(percent(0) == "0 %");
  CHECK(count(214) == "214");
  CHECK(count(1234) == "1.2 k");
  CHECK(count(48'120) == "48 k");
  CHECK(count(999'600) == "1.0 M");
  CHECK(counted(1, "request") == "1 request");
  CHECK(measured(312.4, "ms") == "312 ms");
  CHECK(measured(12'400, "ms") == "12.4 s");
  CHECK(measured(0.123456, "") == "0.1235");
  CHECK(bound(99) == "99");
  CHECK(bound(99.5) == "99.5");
  CHECK(share(1, 0) == "none");
  CHECK(clock_text(std::chrono::hours{12}, Instant{std::chrono::seconds{210}}) == "12:03:30");
  CHECK(clock_text(std::chrono::hours{23}, Instant{std::chrono::hours{2}}) == "+1d 01:00:00");
}

TEST_CASE("the timeline of a run: wide, narrow and in ASCII") {
  const auto flight = sample::checkout();
  for (const auto& [name, style] :
       {std::pair{"timeline-wide.txt", TextStyle{.width = 160}},
        std::pair{"timeline-120.txt", TextStyle{.width = 120}},
        std::pair{"timeline-80.txt", TextStyle{.width = 80}},
        std::pair{"timeline-ascii.txt", TextStyle{.width = 120, .utf8 = false}}}) {
    const std::string actual = shown(flight, style);
    INFO(name);
    CHECK(actual == golden::expected(name, actual));
  }
}

TEST_CASE("no line is wider than the terminal, and columns never move") {
  const auto flight = sample::checkout();
  for (const int width : {80, 100, 120, 160}) {
    std::size_t at = 0;
    for (const std::string& line : lines(shown(flight, {.width = width}))) {
      INFO(width << ": " << line);
      CHECK(columns(line) <= static_cast<std::size_t>(width));
      const auto failed = line.find("failed ");
      if (failed == std::string::npos || line.find("Progressing") == std::string::npos) continue;
      const std::size_t here = columns(line.substr(0, failed));
      if (at == 0) at = here;
      CHECK(here == at);
    }
    CHECK(at > 0);
  }
}

TEST_CASE("colour and glyphs only where they are wanted") {
  const auto flight = sample::checkout();
  const std::string plain = shown(flight, {.width = 120});
  CHECK(plain.find('\x1b') == std::string::npos);
  const std::string coloured = shown(flight, {.width = 120, .colour = true});
  CHECK(coloured.find('\x1b') != std::string::npos);
  const std::string ascii = shown(flight, {.width = 120, .utf8 = false});
  CHECK(std::ranges::all_of(ascii,
                            [](unsigned char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); }));
}

TEST_CASE("text from documents cannot move the cursor") {
  auto flight = sample::checkout();
  flight.scenario.name =
      "red\x1b[31m\x07 \xc2\x9b"
      "2J \xe2\x80\xae"
      "flip \xff";
  flight.run.ticks[7].events[0].text = "line\nbreak\x1b]0;title\x07";
  for (const char c : shown(flight, {.width = 120}))
    CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
  CHECK(printable({}, flight.scenario.name) == "red?[31m? ?2J ?flip ?");
}

TEST_CASE("the verdict names right and wrong, and counts only what was counted") {
  auto flight = sample::checkout();
  CHECK(verdict(flight.run).headline == "Rolled back after 5 min: right, the release was bad.");
  const auto other =
      verdict(flight.run, WithThreshold{.threshold = 1,
                                        .score = {.outcome = sim::Outcome::RolledBack,
                                                  .bad_release = true,
                                                  .decided_after = std::chrono::minutes{4},
                                                  .harmed_requests = 61}});
  CHECK(other.sentences.at(1) == "With threshold 1 it would have been 61 requests, after 4 min.");
  CHECK(verdict(flight.run).sentences.size() + 1 == other.sentences.size());
  flight.run.score.bad_release = false;
  CHECK(verdict(flight.run).headline ==
        "Rolled back after 5 min: wrong, the release was good (a false alarm).");
  flight.run.score.outcome = sim::Outcome::Promoted;
  CHECK(verdict(flight.run).headline == "Promoted after 5 min: right, the release was good.");
  flight.run.score.bad_release = true;
  CHECK(verdict(flight.run).headline ==
        "Promoted after 5 min: wrong, the release was bad (a missed failure).");
  flight.run.score.outcome = sim::Outcome::NoRelease;
  CHECK(verdict(flight.run).figures.empty());
}

TEST_CASE("the other semantics are mentioned only when they end differently") {
  using sim::Outcome;
  CHECK(compat_line({Outcome::Promoted, Outcome::Promoted, {"Q-04"}}, Compat::Strict).empty());
  CHECK(compat_line({Outcome::RolledBack, Outcome::Unfinished, {"Q-06"}}, Compat::Strict) ==
        "Under --compat flagger this release would have ended differently: not decided. Q-06 makes "
        "the difference: under flagger a step of zero, or a weight that is no greater than the "
        "last, freezes the analysis.");
  CHECK(compat_line({Outcome::RolledBack, Outcome::Promoted, {}}, Compat::Flagger) ==
        "Under --compat strict this release would have ended differently: rolled back.");
}

TEST_CASE("several policies stand side by side") {
  auto careful = sample::checkout().run, bold = careful;
  bold.policy = "bold";
  bold.score.outcome = sim::Outcome::Promoted;
  bold.score.harmed_requests = 1900;
  bold.score.max_canary_weight = 100;
  const std::string actual = comparison({careful, bold}, {.width = 120});
  CHECK(actual == golden::expected("comparison.txt", actual));
}
