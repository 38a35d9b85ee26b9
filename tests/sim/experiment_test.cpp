#include "sim/experiment.hpp"

#include <clocale>
#include <cstdlib>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sim/report/records.hpp"
#include "tests/support/shop.hpp"

using namespace volary;
using namespace volary::sim;
using namespace std::chrono_literals;

namespace {

std::string log_of(std::uint64_t seed) {
  const auto run = simulate(test::shop(true), test::policy(), {.seed = seed});
  REQUIRE(run);
  return report::records(*run);
}

Experiment flown(int jobs) {
  Scenario scenario = test::shop(true);
  scenario.traffic[0].rate = 20;
  auto result =
      experiment(scenario, test::policy(), {.run = {.seed = 1}, .seeds = 24, .jobs = jobs});
  REQUIRE(result);
  return *std::move(result);
}

}  // namespace

TEST_CASE("two runs with one seed are equal byte for byte, in another locale and time zone, too") {
  const std::string first = log_of(3);
  CHECK(first == log_of(3));
  CHECK(first != log_of(4));
  const char* zone = std::getenv("TZ");
  const std::string old_zone = zone ? zone : "";
  setenv("TZ", "Asia/Kathmandu", 1);
  // Whichever of these the machine has: the decimal comma is what could leak.
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"})
    if (std::setlocale(LC_ALL, name) != nullptr) break;
  const std::string elsewhere = log_of(3);
  std::setlocale(LC_ALL, "C");
  zone ? setenv("TZ", old_zone.c_str(), 1) : unsetenv("TZ");
  CHECK(first == elsewhere);
}

TEST_CASE("every line of the log is one JSON record, and the books balance in it") {
  std::istringstream lines{log_of(3)};
  std::string line;
  std::map<std::string, int> kinds;
  nlohmann::json last;
  while (std::getline(lines, line)) {
    last = nlohmann::json::parse(line);
    ++kinds[last.at("record")];
  }
  CHECK(kinds["header"] == 1);
  CHECK(kinds["verdict"] == 1);
  CHECK(kinds["tick"] > 5);
  CHECK(kinds["check"] > 2);
  CHECK(kinds["event"] > 5);
  CHECK(kinds["sample"] > 20);
  CHECK(last["outcome"] == "rolled back");
  for (const auto& books : last["conservation"])
    CHECK(books["arrived"].get<std::uint64_t>() == books["answered"].get<std::uint64_t>() +
                                                       books["failed"].get<std::uint64_t>() +
                                                       books["inFlight"].get<std::uint64_t>());
}

TEST_CASE("the number of threads changes nothing in an experiment") {
  const Experiment one = flown(1), eight = flown(8);
  REQUIRE(one.outcomes.size() == 24);
  REQUIRE(eight.outcomes.size() == 24);
  for (std::size_t i = 0; i < one.outcomes.size(); ++i) {
    CHECK(one.outcomes[i].seed == eight.outcomes[i].seed);
    CHECK(one.outcomes[i].digest == eight.outcomes[i].digest);
    CHECK(one.outcomes[i].conserved);
  }
  CHECK(one.missed_regression);
  CHECK_FALSE(one.false_rollback);
  CHECK(one.rolled_back.count + one.promoted.count + one.unfinished.count == 24);
}

TEST_CASE("a cancelled experiment keeps what is done") {
  const auto result = experiment(
      test::shop(false), test::policy(),
      {.run = {}, .seeds = 50, .jobs = 1, .on_progress = [](int done, int) { return done < 3; }});
  REQUIRE(result);
  CHECK_FALSE(result->complete);
  CHECK(result->outcomes.size() == 3);
}

TEST_CASE("arms meet the same seeds, and a cancelled experiment compares like with like") {
  const Scenario bad = test::shop(true);
  Policy strict = test::policy(), lax = test::policy();
  lax.label = "lax";
  lax.canary.spec.analysis.threshold = 1000;
  const auto arms =
      experiments({{&bad, &strict}, {&bad, &lax}},
                  {.run = {}, .seeds = 50, .jobs = 1, .on_progress = [](int done, int of) {
                     CHECK(of == 100);
                     return done < 5;
                   }});
  REQUIRE(arms);
  REQUIRE(arms->size() == 2);
  const Experiment &first = arms->front(), &second = arms->back();
  REQUIRE(first.outcomes.size() == 3);
  REQUIRE(second.outcomes.size() == 2);
  CHECK_FALSE(first.complete);
  // Alone, an arm flies the same.
  const auto alone = experiment(bad, lax, {.run = {}, .seeds = 2, .jobs = 1});
  REQUIRE(alone);
  for (std::size_t i = 0; i < 2; ++i) CHECK(alone->outcomes[i].digest == second.outcomes[i].digest);

  const Paired pair = paired(first, second);
  CHECK(pair.differ.of == 2);  // the seeds that both have flown
  CHECK(pair.differ.count == 2);
  CHECK(pair.only_first_right == 2);
  CHECK(pair.only_second_right == 0);
}

TEST_CASE("an experiment that is told to stop ends within a tick") {
  int asked = 0;
  const auto result =
      experiment(test::shop(false), test::policy(),
                 {.run = {}, .seeds = 50, .jobs = 1, .stop = [&] { return ++asked == 4; }});
  REQUIRE(result);
  CHECK(asked == 4);
  CHECK(result->outcomes.empty());
}

TEST_CASE("the seed to look at is a wrong one, else an open one, else the most harmful") {
  Experiment all;
  all.bad_release = true;
  CHECK_FALSE(example(all));
  all.outcomes = {{.seed = 1, .outcome = Outcome::RolledBack},
                  {.seed = 2, .outcome = Outcome::RolledBack}};
  CHECK_FALSE(example(all));
  all.outcomes[1].harmed_requests = 7;
  CHECK(example(all)->outcome.seed == 2);
  CHECK(example(all)->why == Example::Why::MostHarm);
  all.outcomes.push_back({.seed = 3, .outcome = Outcome::Unfinished});
  CHECK(example(all)->outcome.seed == 3);
  all.outcomes.push_back({.seed = 4, .outcome = Outcome::Promoted});
  CHECK(example(all)->outcome.seed == 4);
  CHECK(example(all)->why == Example::Why::Wrong);
  all.bad_release = false;
  CHECK(example(all)->outcome.seed == 1);
}

TEST_CASE("Wilson's interval and the order statistics, by hand") {
  const Proportion p = proportion(8, 10);  // R: binom::binom.wilson(8, 10)
  CHECK(p.low == Approx(0.4901625).epsilon(1e-5));
  CHECK(p.high == Approx(0.9433178).epsilon(1e-5));
  CHECK(proportion(0, 20).low == 0);
  CHECK(proportion(20, 20).high == 1);
  CHECK(proportion(0, 0).high == 1);
  CHECK(spread({4, 1, 3, 2}).median == Approx(2.5));
  CHECK(spread({0, 10}).p95 == Approx(9.5));
  CHECK(spread({}).median == 0);
}

TEST_CASE("the two semantics are compared, and the quirk that made the difference is named") {
  Policy rules = test::policy();
  rules.canary.spec.analysis.step_weight = 0;
  rules.canary.spec.analysis.step_weights = {10, 10,
                                             30};  // equal neighbours freeze the reference
  const auto difference = compat_difference(test::shop(false), rules, {});
  REQUIRE(difference);
  CHECK(difference->strict == Outcome::Promoted);
  CHECK(difference->flagger == Outcome::Unfinished);
  REQUIRE_FALSE(difference->quirks.empty());
  CHECK(difference->quirks.front() == "Q-06");
  const auto same = compat_difference(test::shop(false), test::policy(), {});
  REQUIRE(same);
  CHECK(same->strict == same->flagger);
}
