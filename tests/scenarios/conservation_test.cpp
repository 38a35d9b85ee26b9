#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>

#include "policies/policy.hpp"
#include "scenarios/load.hpp"
#include "sim/random.hpp"
#include "sim/run.hpp"

using namespace volary;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> shipped(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator{VOLARY_SOURCE_DIR "/" + folder})
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  std::ranges::sort(files);
  return files;
}

}  // namespace

TEST_CASE(
    "INV-56: the books balance in every shipped scenario, under every shipped policy, "
    "wherever the run is cut off") {
  std::vector<Policy> policies;
  for (const std::string& file : shipped("policies")) {
    const auto read = load_policies({file});
    REQUIRE(read);
    policies.insert(policies.end(), read->begin(), read->end());
  }
  CHECK(policies.size() >= 8);
  sim::Stream stream{1, "tests/conservation"};
  std::uint64_t in_flight = 0;
  for (const std::string& file : shipped("scenarios")) {
    const auto whole = load_scenario(file);
    REQUIRE(whole);
    for (const Policy& policy : policies) {
      sim::Scenario scenario = *whole;
      // A quarter of the traffic on a quarter of the workers is as busy, and sooner done.
      for (sim::Traffic& traffic : scenario.traffic) traffic.rate /= 4;
      for (sim::Service& service : scenario.services)
        service.concurrency = std::max(1, service.concurrency / 4);
      scenario.duration = std::chrono::duration_cast<Duration>(
          std::chrono::duration<double>(1 + stream.unit() * (seconds(scenario.duration) - 1)));
      std::erase_if(scenario.releases,
                    [&](const sim::Release& release) { return release.at >= scenario.duration; });
      INFO(scenario.name << " under " << policy.label << " until "
                         << go_duration(scenario.duration));
      const auto run = sim::simulate(scenario, policy, {.seed = stream()});
      INFO((run ? "" : to_string(run.error())));
      REQUIRE(run);
      REQUIRE(run->conservation.size() == scenario.services.size() + 1);
      for (const sim::Conservation& books : run->conservation) {
        INFO("'" << books.service << "': " << books.arrived << " = " << books.answered << " + "
                 << books.failed << " + " << books.in_flight);
        CHECK(books.arrived == books.answered + books.failed + books.in_flight);
        in_flight += books.in_flight;
      }
      // Every service sees at least the requests of the users that call it, and no answer comes
      // from nowhere.
      CHECK(run->conservation.front().arrived > 0);
    }
  }
  CHECK(in_flight > 100);  // there was something to forget
}
