#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/run_inputs.hpp"
#include "sim/report/command_line.hpp"
#include "sim/report/html.hpp"
#include "sim/report/numbers.hpp"
#include "sim/report/outcomes.hpp"

namespace volary::cli {
namespace {

namespace report = sim::report;

/// The words that fly one policy of this call alone, but for the seed. Files that hold another
/// policy are left out; those that hold what all policies share stay.
std::string to_see(const RunFlags& flags, const Inputs& inputs, const Policy& policy) {
  std::vector<std::string> words{"volary", "run"};
  for (const std::string& file : flags.files) {
    const bool of_another =
        file != policy.file && std::ranges::any_of(inputs.policies, [&](const Policy& other) {
          return other.file == file;
        });
    if (!of_another) words.push_back(file);
  }
  const auto option = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    words.emplace_back(name);
    words.push_back(value);
  };
  option("--rps", flags.world.rps);
  option("--p50", flags.world.p50);
  option("--p99", flags.world.p99);
  option("--errors", flags.world.errors);
  for (const std::string& change : flags.world.bad) option("--bad", change);
  for (const std::string& pair : flags.bind) option("--bind", pair);
  if (flags.compat != "strict") option("--compat", flags.compat);
  if (flags.missing_metrics != "error") option("--missing-metrics", flags.missing_metrics);
  return report::pasted(words) + " --seed";
}

/// The same policies in each world, the flown ones only.
std::vector<report::Outcomes> by_world(const RunFlags& flags, const Inputs& inputs,
                                       std::vector<sim::Experiment> experiments) {
  std::vector<report::Outcomes> worlds;
  auto next = experiments.begin();
  for (const sim::Scenario& world : inputs.worlds) {
    report::Outcomes outcomes{.scenario = &world, .experiments = {}, .to_see = {}};
    for (const Policy& policy : inputs.policies) {
      sim::Experiment one = std::move(*next++);
      if (one.outcomes.empty()) continue;  // interrupted before its first flight
      outcomes.experiments.push_back(std::move(one));
      outcomes.to_see.push_back(to_see(flags, inputs, policy));
    }
    if (!outcomes.experiments.empty()) worlds.push_back(std::move(outcomes));
  }
  return worlds;
}

/// Flies again, with everything kept, the one seed of each experiment that is worth looking at.
Result<std::vector<report::Flight>> examples(const RunPorts& ports, const Inputs& inputs,
                                             const std::vector<report::Outcomes>& worlds,
                                             sim::RunOptions options, std::vector<sim::Run>& runs) {
  std::vector<report::Flight> flights;
  for (const report::Outcomes& world : worlds) {
    for (const sim::Experiment& one : world.experiments) {
      const auto policy = std::ranges::find(inputs.policies, one.policy, &Policy::label);
      const auto found = sim::example(one);
      options.seed = found ? found->outcome.seed : one.outcomes.front().seed;
      options.on_tick = [](const sim::TickRecord&) { return true; };
      auto run = ports.simulate(*world.scenario, *policy, options);
      if (!run) return tl::unexpected(run.error());
      runs.push_back(std::move(*run));
      flights.push_back({.scenario = world.scenario,
                         .policy = &*policy,
                         .run = nullptr,
                         .verdict = report::verdict(runs.back()),
                         .compat = {}});
    }
  }
  for (std::size_t i = 0; i < flights.size(); ++i) flights[i].run = &runs[i];
  return flights;
}

std::optional<Error> lost_in(const std::vector<report::Outcomes>& worlds) {
  for (const report::Outcomes& world : worlds) {
    for (std::size_t i = 0; i < world.experiments.size(); ++i) {
      const auto& outcomes = world.experiments[i].outcomes;
      const auto lost = std::ranges::find(outcomes, false, &sim::SeedOutcome::conserved);
      if (lost == outcomes.end()) continue;
      return Error{
          .kind = ErrorKind::Invalid,
          .message = "INV-56 violated: requests were lost or counted twice",
          .where = fmt::format("{}, seed {}", world.scenario->name, lost->seed),
          .hint = fmt::format("please report this with: {} {}", world.to_see[i], lost->seed)};
    }
  }
  return std::nullopt;
}

/// Says on standard error how many flights ended otherwise than --expect says.
bool as_expected(const RunFlags& flags, const Inputs& inputs,
                 const std::vector<report::Outcomes>& worlds) {
  bool all = true;
  for (const report::Outcomes& world : worlds) {
    for (const sim::Experiment& one : world.experiments) {
      const auto fits = [&](const sim::SeedOutcome& seed) {
        return met(flags, inputs, *world.scenario, seed.outcome);
      };
      const auto first = std::ranges::find_if_not(one.outcomes, fits);
      if (first == one.outcomes.end()) continue;
      all = false;
      fmt::print(
          stderr, "not as expected: {} of {} under policy {} did not end {}, such as seed {}\n",
          one.outcomes.size() - static_cast<std::size_t>(std::ranges::count_if(one.outcomes, fits)),
          report::counted(one.outcomes.size(), "flight"), one.policy, flags.expect, first->seed);
    }
  }
  return all;
}

}  // namespace

Exit run_seeds(const Session& session, const RunFlags& flags, const RunPorts& ports,
               const Inputs& inputs, const sim::RunOptions& options) {
  const Interrupt interrupt;
  std::vector<sim::Arm> arms;
  for (const sim::Scenario& world : inputs.worlds)
    for (const Policy& policy : inputs.policies) arms.push_back({&world, &policy});
  const auto wanted = static_cast<std::uint64_t>(*flags.seeds) * arms.size();

  std::optional<Progress> progress;
  progress.emplace(session, "flying " + report::counted(wanted, "release"));
  auto flown = ports.experiments(arms, {.run = options,
                                        .seeds = *flags.seeds,
                                        .jobs = flags.jobs,
                                        .on_progress =
                                            [&](int done, int of) {
                                              progress->at(static_cast<double>(done) / of);
                                              return !Interrupt::asked();
                                            },
                                        .stop = [] { return Interrupt::asked(); }});
  progress.reset();  // the bar goes before the results come
  if (!flown) return refuse(session, flown.error());
  const std::vector<report::Outcomes> worlds = by_world(flags, inputs, std::move(*flown));
  if (const auto lost = lost_in(worlds)) {
    (void)refuse(session, *lost);
    return Exit::Violated;
  }

  std::string results;
  for (const report::Outcomes& world : worlds) {
    if (flags.json) {
      results += report::outcomes_records(world);
    } else {
      results += (results.empty() ? "" : "\n") + report::outcomes_text(world, session.out);
    }
  }
  if (const auto end = print(session, results)) return *end;

  if (!flags.report.empty() && !worlds.empty()) {
    std::vector<sim::Run> runs;
    auto flights = examples(ports, inputs, worlds, options, runs);
    if (!flights) return refuse(session, flights.error());
    const report::Report page{.flights = std::move(*flights),
                              .outcomes = worlds,
                              .version = VOLARY_VERSION,
                              .command = report::pasted(session.command)};
    if (const auto written = write_whole(flags.report, report::html(page)); !written)
      return refuse(session, written.error());
  }
  if (Interrupt::asked()) {
    std::uint64_t done = 0;
    for (const report::Outcomes& world : worlds)
      for (const sim::Experiment& one : world.experiments) done += one.outcomes.size();
    fmt::print(stderr, "interrupted after {} of {} flights; the table is over what was flown\n",
               done, wanted);
    return Exit::Interrupted;
  }
  return as_expected(flags, inputs, worlds) ? Exit::Done : Exit::No;
}

}  // namespace volary::cli
