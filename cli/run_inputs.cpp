#include "cli/run_inputs.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "policies/document.hpp"
#include "scenarios/load.hpp"
#include "sim/report/command_line.hpp"
#include "sim/with_provider.hpp"

namespace volary::cli {
namespace {

Error wrong_use(std::string message, std::string hint) {
  return {.kind = ErrorKind::Invalid,
          .message = std::move(message),
          .where = "command line",
          .hint = std::move(hint)};
}

}  // namespace

Result<Inputs> read_inputs(const Session& session, const RunFlags& flags, const RunPorts& ports) {
  std::vector<std::string> scenarios, policies;
  for (const std::string& file : flags.files) {
    if (std::ranges::count(flags.files, file) > 1)
      return tl::unexpected(wrong_use(file + " is named twice", "name each file once"));
    const auto scenario = holds_scenario(file);
    if (!scenario) return tl::unexpected(scenario.error());
    (*scenario ? scenarios : policies).push_back(file);
  }
  if (scenarios.size() > 1)
    return tl::unexpected(wrong_use("two scenarios: " + scenarios[0] + " and " + scenarios[1],
                                    "give one scenario a run"));
  if (policies.empty())
    return tl::unexpected(wrong_use("no policy: a scenario alone says nothing of the rules",
                                    "name the file of a Canary, too"));
  if (flags.seeds && flags.speed)
    return tl::unexpected(
        wrong_use("--speed shows one flight, and --seeds asks for many", "give either of them"));
  if (flags.seeds && flags.seed > std::numeric_limits<std::uint64_t>::max() -
                                      static_cast<std::uint64_t>(*flags.seeds))
    return tl::unexpected(
        wrong_use(fmt::format("--seed {} leaves no room for {} seeds", flags.seed, *flags.seeds),
                  "begin with a smaller seed"));
  Inputs inputs;
  auto loaded = ports.load_policies(policies);
  if (!loaded) return tl::unexpected(loaded.error());
  inputs.policies = std::move(*loaded);
  for (Policy& policy : inputs.policies) {
    warn_of(session, policy.remarks);
    if (!flags.mesh.empty()) policy = sim::with_provider(std::move(policy), flags.mesh);
  }
  if (!scenarios.empty()) {
    if (flags.describes_world())
      return tl::unexpected(
          wrong_use("--rps, --p50, --p99, --errors and --bad describe a world, and " +
                        scenarios[0] + " is one",
                    "give either the flags or the scenario"));
    auto scenario = ports.load_scenario(scenarios[0]);
    if (!scenario) return tl::unexpected(scenario.error());
    inputs.worlds.push_back(std::move(*scenario));
  } else {
    auto worlds = ports.quick(inputs.policies.front(), flags.world);
    if (!worlds) return tl::unexpected(worlds.error());
    inputs.worlds = std::move(*worlds);
    inputs.from_flags = true;
  }
  if (!flags.mesh.empty())
    for (sim::Scenario& world : inputs.worlds)
      world = sim::with_provider(std::move(world), flags.mesh);
  return inputs;
}

Result<sim::RunOptions> options_of(const RunFlags& flags) {
  sim::RunOptions options{.seed = flags.seed};
  options.compat = *compat_named(flags.compat);  // CLI11 has checked it
  options.wiring = *sim::wiring_named(flags.wiring);
  options.missing_metrics_are_no_data = flags.missing_metrics == "no-data";
  for (const std::string& pair : flags.bind) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == pair.size())
      return tl::unexpected(wrong_use("--bind " + pair + " is not of the form canary=service",
                                      "write --bind podinfo=checkout"));
    options.bind[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return options;
}

bool met(const RunFlags& flags, const Inputs& inputs, const sim::Scenario& world,
         sim::Outcome outcome) {
  if (flags.expect.empty()) return true;
  const bool promoted = flags.expect == "promoted";
  if (inputs.from_flags) {
    const bool bad = std::ranges::any_of(world.releases, &sim::Release::bad);
    if (bad == promoted) return true;
  }
  return outcome == (promoted ? sim::Outcome::Promoted : sim::Outcome::RolledBack);
}

std::optional<Error> lost_requests(const Session& session, const sim::Run& run) {
  for (const sim::Conservation& balance : run.conservation) {
    if (balance.holds()) continue;
    return Error{.kind = ErrorKind::Invalid,
                 .message = fmt::format(
                     "INV-56 violated: {} arrived, {} answered, {} failed, {} in flight",
                     balance.arrived, balance.answered, balance.failed, balance.in_flight),
                 .where = balance.service.empty() ? "all requests" : "service " + balance.service,
                 .hint = "please report this with: " + sim::report::pasted(session.command)};
  }
  return std::nullopt;
}

}  // namespace volary::cli
