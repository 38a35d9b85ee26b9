#include <algorithm>
#include <filesystem>
#include <map>

#include <catch2/catch.hpp>

#include "policies/policy.hpp"
#include "scenarios/quick.hpp"
#include "sim/run.hpp"

using namespace volary;

namespace {

std::string ends(const Policy& policy, const sim::Scenario& scenario, bool missing_is_no_data) {
  const auto run = sim::simulate(scenario, policy,
                                 {.seed = 1, .missing_metrics_are_no_data = missing_is_no_data});
  if (!run) return to_string(run.error());
  switch (run->score.outcome) {
    case sim::Outcome::Promoted: return "promoted";
    case sim::Outcome::RolledBack: return "rolled back";
    default: return "unfinished";
  }
}

}  // namespace

TEST_CASE(
    "the manifests that tutorials show fly as they stand: good releases land, bad ones turn") {
  struct Ending {
    const char *good, *bad;
  };
  // Those that end otherwise, and why.
  const std::map<std::string, Ending> otherwise{
      // It asks a Datadog server, which no simulated world has: no data, tick after tick.
      {"gates-and-alerts.yaml", {"rolled back", "rolled back"}},
  };
  const std::filesystem::path folder{VOLARY_SOURCE_DIR "/tests/policies/tutorials"};
  int flown = 0;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    const std::string name = entry.path().filename().string();
    INFO(name);
    const auto policies = load_policies({entry.path().string()});
    REQUIRE(policies);
    REQUIRE(policies->size() == 1);
    const Policy& policy = policies->front();
    CHECK(policy.remarks.empty());
    // A service well within the bounds that tutorials set: 99 %, half a second.
    const auto worlds = quick_scenarios(policy, {.rps = "50", .p99 = "200ms"});
    INFO((worlds ? "" : to_string(worlds.error())));
    REQUIRE(worlds);
    const auto known = otherwise.find(name);
    const Ending wanted =
        known == otherwise.end() ? Ending{"promoted", "rolled back"} : known->second;
    const bool no_data = known != otherwise.end();
    CHECK(ends(policy, worlds->at(0), no_data) == wanted.good);
    CHECK(ends(policy, worlds->at(1), no_data) == wanted.bad);
    ++flown;
  }
  CHECK(flown >= 24);
}
