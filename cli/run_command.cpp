#include "cli/run_command.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "scenarios/load.hpp"
#include "sim/report/command_line.hpp"
#include "sim/report/html.hpp"
#include "sim/report/text.hpp"
#include "sim/report/threshold.hpp"

namespace volary::cli {
namespace {

namespace report = sim::report;

/// One run with what it was flown from.
struct Flown {
  const sim::Scenario* scenario;
  const Policy* policy;
  sim::Run run;
  report::Verdict verdict;
  std::string compat;
};

Error wrong_use(std::string message, std::string hint) {
  return {.kind = ErrorKind::Invalid,
          .message = std::move(message),
          .where = "command line",
          .hint = std::move(hint)};
}

/// The worlds and the policies that the command line names.
struct Inputs {
  std::vector<sim::Scenario> worlds;
  std::vector<Policy> policies;
};

Result<Inputs> read_inputs(const Session& session, const RunFlags& flags, const RunPorts& ports) {
  std::vector<std::string> scenarios, policies;
  for (const std::string& file : flags.files) {
    const auto scenario = holds_scenario(file);
    if (!scenario) return tl::unexpected(scenario.error());
    (*scenario ? scenarios : policies).push_back(file);
  }
  if (scenarios.size() > 1)
    return tl::unexpected(wrong_use("two scenarios: " + scenarios[0] + " and " + scenarios[1],
                                    "give one scenario a run"));
  if (policies.empty())
    return tl::unexpected(
        wrong_use("no policy: no file holds a Canary", "name the Canary's file, too"));
  Inputs inputs;
  auto loaded = ports.load_policies(policies);
  if (!loaded) return tl::unexpected(loaded.error());
  inputs.policies = std::move(*loaded);
  for (const Policy& policy : inputs.policies) warn_of(session, policy.remarks);
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
  }
  return inputs;
}

Result<sim::RunOptions> options_of(const RunFlags& flags) {
  sim::RunOptions options{.seed = flags.seed};
  options.compat = *compat_named(flags.compat);  // CLI11 has checked it
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

/// Flies one release; with --speed its lines appear as time goes by.
Result<sim::Run> fly(const Session& session, const RunFlags& flags, const RunPorts& ports,
                     const sim::Scenario& scenario, const Policy& policy, sim::RunOptions options) {
  Progress progress{session, "flying " + policy.label};
  const double length = std::max(seconds(scenario.duration), 1e-9);
  std::optional<report::Timeline> live;
  if (flags.speed && !flags.json)
    live.emplace(
        policy.canary,
        plan(policy.canary, {.compat = options.compat, .mesh_provider = scenario.mesh.provider}),
        scenario.starts_at, session.out);
  Duration shown{};
  options.on_tick = [&](const sim::TickRecord& tick) {
    if (flags.speed) {
      const Duration now = tick.began.time_since_epoch();
      std::this_thread::sleep_for(
          std::chrono::duration<double>(seconds(now - std::exchange(shown, now)) / *flags.speed));
    } else {
      progress.at(seconds(tick.ended.time_since_epoch()) / length);
    }
    if (live && !write_out(live->tick(tick))) return false;
    return !Interrupt::asked();
  };
  auto run = ports.simulate(scenario, policy, options);
  if (run && live) (void)write_out(live->finish() + "\n");  // a closed pipe shows at the verdict
  return run;
}

/// INV-56: no request is lost or counted twice.
std::optional<Error> lost_requests(const Session& session, const sim::Run& run) {
  for (const sim::Conservation& balance : run.conservation) {
    if (balance.holds()) continue;
    return Error{.kind = ErrorKind::Invalid,
                 .message = fmt::format(
                     "INV-56 violated: {} arrived, {} answered, {} failed, {} in flight",
                     balance.arrived, balance.answered, balance.failed, balance.in_flight),
                 .where = balance.service.empty() ? "all requests" : "service " + balance.service,
                 .hint = "please report this with: " + report::pasted(session.command)};
  }
  return std::nullopt;
}

bool meets(const std::string& expected, const sim::Run& run) {
  return run.score.outcome ==
         (expected == "promoted" ? sim::Outcome::Promoted : sim::Outcome::RolledBack);
}

/// The flights of one command line, in the order in which they are shown.
class Flights {
 public:
  Flights(const Session& session, const RunFlags& flags, const RunPorts& ports,
          const Inputs& inputs, sim::RunOptions options)
      : session_{session},
        flags_{flags},
        ports_{ports},
        inputs_{inputs},
        options_{std::move(options)},
        side_by_side_{inputs.policies.size() > 1} {}

  Exit run() {
    const Interrupt interrupt;
    for (const sim::Scenario& world : inputs_.worlds) {
      const std::size_t first = flown_.size();
      for (const Policy& policy : inputs_.policies) {
        if (Interrupt::asked()) break;
        if (const auto end = fly_one(world, policy)) return *end;
      }
      if (side_by_side_ && !flags_.json)
        if (const auto end = print(session_, table(world, first))) return *end;
    }
    if (const auto end = write_report()) return *end;
    if (Interrupt::asked()) {
      fmt::print(stderr, "interrupted; what was flown until then is kept\n");
      return Exit::Interrupted;
    }
    const bool met = flags_.expect.empty() || std::ranges::all_of(flown_, [&](const Flown& flown) {
                       return meets(flags_.expect, flown.run);
                     });
    return met ? Exit::Done : Exit::No;
  }

 private:
  /// Flies and shows one release; an exit code when that is the end.
  std::optional<Exit> fly_one(const sim::Scenario& world, const Policy& policy) {
    const bool live = flags_.speed && !flags_.json && !side_by_side_;
    std::string gap = flown_.empty() || flags_.json || side_by_side_ ? "" : "\n";
    if (live) {
      const std::string title = fmt::format("{}{}: policy {}, seed {}\n\n", std::exchange(gap, ""),
                                            world.name, policy.label, flags_.seed);
      if (const auto end = print(session_, shown(title))) return end;
    }
    auto run = fly(session_, flags_, ports_, world, policy, options_);
    if (!run) return refuse(session_, run.error());
    if (const auto lost = lost_requests(session_, *run)) {
      (void)refuse(session_, *lost);
      return Exit::Violated;
    }
    Flown flown{
        .scenario = &world, .policy = &policy, .run = std::move(*run), .verdict = {}, .compat = {}};
    std::optional<report::WithThreshold> other;
    if (!flags_.json && !side_by_side_ && !Interrupt::asked())
      other = report::with_threshold_one(world, policy, flown.run, unwatched(), ports_.simulate);
    flown.verdict = report::verdict(flown.run, other);
    if (!flags_.json || !flags_.report.empty()) flown.compat = other_semantics(world, policy);
    flown_.push_back(std::move(flown));
    if (flags_.json) return print(session_, ports_.records(flown_.back().run));
    return side_by_side_ ? std::nullopt : print(session_, gap + text(flown_.back()));
  }

  /// For flights that nobody watches.
  [[nodiscard]] sim::RunOptions unwatched() const {
    sim::RunOptions quiet = options_;
    quiet.keep_samples = false;
    quiet.on_tick = [](const sim::TickRecord&) { return !Interrupt::asked(); };
    return quiet;
  }

  std::string other_semantics(const sim::Scenario& world, const Policy& policy) {
    if (!ports_.compat || Interrupt::asked()) return {};
    const auto difference = ports_.compat(world, policy, unwatched());
    return difference && !Interrupt::asked() ? report::compat_line(*difference, options_.compat)
                                             : std::string{};
  }

  /// Our own lines, fit for the terminal.
  [[nodiscard]] std::string shown(std::string_view lines) const {
    std::string text;
    while (!lines.empty()) {
      const std::size_t end = std::min(lines.find('\n'), lines.size());
      text += report::printable(session_.out, lines.substr(0, end)) + "\n";
      lines.remove_prefix(std::min(end + 1, lines.size()));
    }
    return text;
  }

  [[nodiscard]] std::string text(const Flown& flown) const {
    std::string text;
    if (flags_.speed) {  // the timeline has been shown as it happened
      for (const std::string& note : flown.run.notes) text += shown("note: " + note);
      text += report::verdict_text(flown.run, flown.verdict, session_.out);
    } else {
      text = report::text(flown.run, *flown.scenario, flown.policy->canary, flown.verdict,
                          session_.out);
    }
    if (!flown.compat.empty())
      text += "  " +
              report::wrapped(report::printable(session_.out, flown.compat), session_.out.width - 2,
                              0, 2) +
              "\n";
    return text;
  }

  [[nodiscard]] std::string table(const sim::Scenario& world, std::size_t first) const {
    std::vector<sim::Run> runs;
    std::string others;
    for (std::size_t i = first; i < flown_.size(); ++i) {
      runs.push_back(flown_[i].run);
      if (!flown_[i].compat.empty())
        others += shown(flown_[i].policy->label + ": " + flown_[i].compat);
    }
    if (runs.empty()) return {};
    const std::string title =
        fmt::format("{}: {} released, seed {}", world.name, runs.front().service, flags_.seed);
    return (first > 0 ? "\n" : "") + shown(title) + "\n" + report::comparison(runs, session_.out) +
           others;
  }

  std::optional<Exit> write_report() {
    if (flags_.report.empty() || flown_.empty()) return std::nullopt;
    report::Report page{.flights = {},
                        .tables = {},
                        .version = VOLARY_VERSION,
                        .command = report::pasted(session_.command)};
    for (const Flown& flown : flown_)
      page.flights.push_back(
          {flown.scenario, flown.policy, &flown.run, flown.verdict, flown.compat});
    if (const auto written = write_whole(flags_.report, report::html(page)); !written)
      return refuse(session_, written.error());
    return std::nullopt;
  }

  const Session& session_;
  const RunFlags& flags_;
  const RunPorts& ports_;
  const Inputs& inputs_;
  sim::RunOptions options_;
  bool side_by_side_;
  std::vector<Flown> flown_;
};

}  // namespace

Exit run(const Session& session, const RunFlags& flags, const RunPorts& ports) {
  const auto inputs = read_inputs(session, flags, ports);
  if (!inputs) return refuse(session, inputs.error());
  auto options = options_of(flags);
  if (!options) return refuse(session, options.error());
  return Flights{session, flags, ports, *inputs, std::move(*options)}.run();
}

}  // namespace volary::cli
