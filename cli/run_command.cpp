#include "cli/run_command.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/run_inputs.hpp"
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
    for (const Flown& flown : flown_) {
      if (met(flags_, inputs_, *flown.scenario, flown.run.score.outcome)) continue;
      fmt::print(stderr, "not as expected: {} under policy {} ended {}, not {}\n",
                 flown.run.scenario, flown.run.policy, report::said(flown.run.score.outcome),
                 flags_.expect);
      return Exit::No;
    }
    return Exit::Done;
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
        others += report::wrapped(report::printable(session_.out, flown_[i].policy->label + ": " +
                                                                      flown_[i].compat),
                                  session_.out.width, 2) +
                  "\n";
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
                        .outcomes = {},
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
  if (flags.seeds) return run_seeds(session, flags, ports, *inputs, *options);
  return Flights{session, flags, ports, *inputs, std::move(*options)}.run();
}

}  // namespace volary::cli
