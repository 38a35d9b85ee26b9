#include "sim/experiment.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <thread>

#include "engine/contract.hpp"

namespace volary::sim {

Proportion proportion(std::uint64_t count, std::uint64_t of) {
  Proportion p{.count = count, .of = of};
  if (of == 0) return p;
  constexpr double z = 1.959963984540054, z2 = z * z;
  const auto n = static_cast<double>(of);
  p.share = static_cast<double>(count) / n;
  const double centre = (p.share + z2 / (2 * n)) / (1 + z2 / n);
  const double half = z / (1 + z2 / n) * std::sqrt(p.share * (1 - p.share) / n + z2 / (4 * n * n));
  p.low = count == 0 ? 0 : std::max(0.0, centre - half);
  p.high = count == of ? 1 : std::min(1.0, centre + half);
  return p;
}

Spread spread(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const auto at = [&](double q) {
    const double place = q * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (values[above] - values[below]) * (place - static_cast<double>(below));
  };
  return {at(0.5), at(0.95)};
}

std::vector<double> Experiment::harms() const {
  std::vector<double> values;
  for (const SeedOutcome& one : outcomes)
    values.push_back(static_cast<double>(one.harmed_requests));
  return values;
}

std::vector<double> Experiment::durations() const {
  std::vector<double> values;
  for (const SeedOutcome& one : outcomes)
    if (one.decided_after) values.push_back(seconds(*one.decided_after));
  return values;
}

namespace {

SeedOutcome outcome_of(const Run& run) {
  return {.seed = run.seed,
          .outcome = run.score.outcome,
          .harmed_requests = run.score.harmed_requests,
          .harmed_users = run.score.harmed_users,
          .failed_requests = run.score.failed_requests,
          .decided_after = run.score.decided_after,
          .digest = run.digest,
          .conserved = std::ranges::all_of(run.conservation, &Conservation::holds)};
}

void summarize(Experiment& result) {
  const auto ended = [&](Outcome outcome) {
    const auto count = std::ranges::count(result.outcomes, outcome, &SeedOutcome::outcome);
    return proportion(static_cast<std::uint64_t>(count), result.outcomes.size());
  };
  result.promoted = ended(Outcome::Promoted);
  result.rolled_back = ended(Outcome::RolledBack);
  result.unfinished = ended(Outcome::Unfinished);
  result.no_release = ended(Outcome::NoRelease);
  if (result.no_release.count < result.outcomes.size()) {
    result.right = result.bad_release ? result.rolled_back : result.promoted;
    if (result.bad_release) {
      result.missed_regression = result.promoted;
    } else {
      result.false_rollback = result.rolled_back;
    }
  }
  std::vector<double> users;
  for (const SeedOutcome& one : result.outcomes)
    users.push_back(static_cast<double>(one.harmed_users));
  result.harmed_requests = spread(result.harms());
  result.harmed_users = spread(std::move(users));
  result.duration = spread(result.durations());
}

}  // namespace

Result<Experiment> experiment(const Scenario& scenario, const Policy& policy,
                              const ExperimentOptions& options) {
  auto one = experiments({{&scenario, &policy}}, options);
  if (!one) return tl::unexpected(one.error());
  return std::move(one->front());
}

Result<std::vector<Experiment>> experiments(const std::vector<Arm>& arms,
                                            const ExperimentOptions& options) {
  expects(!arms.empty(), "an experiment has something to fly");
  const auto seeds = static_cast<std::size_t>(std::max(0, options.seeds));
  const std::size_t runs = seeds * arms.size();
  std::vector<std::optional<SeedOutcome>> outcomes(runs);  // seed by seed, the arms side by side
  std::vector<Experiment> results(arms.size());
  std::optional<Error> failed;
  std::mutex guard;  // of `failed`, `results`, `done` and the progress callback
  int done = 0;
  std::atomic<std::size_t> next{0};
  std::atomic<bool> cancelled{false};

  const auto work = [&] {
    for (std::size_t i = next++; i < runs && !cancelled; i = next++) {
      const std::size_t which = i % arms.size();
      RunOptions each = options.run;
      each.seed = options.run.seed + i / arms.size();
      each.keep_samples = false;
      each.on_tick = [&](const TickRecord&) {
        if (options.stop && options.stop()) cancelled = true;
        return !cancelled.load();
      };
      const auto run = simulate(*arms[which].scenario, *arms[which].policy, each);
      const std::lock_guard lock{guard};
      if (cancelled) return;  // cut short: not a run
      if (!run) {
        if (!failed) failed = run.error();
        cancelled = true;
        return;
      }
      outcomes[i] = outcome_of(*run);
      Experiment& result = results[which];
      if (result.service.empty()) {  // the same in every run
        result.service = run->service;
        result.notes = run->notes;
        result.bad_release = run->score.bad_release;
      }
      if (options.on_progress && !options.on_progress(++done, static_cast<int>(runs)))
        cancelled = true;
    }
  };
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  const unsigned jobs = options.jobs > 0 ? static_cast<unsigned>(options.jobs) : cores;
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < std::min<std::size_t>(jobs, runs); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  if (failed) return tl::unexpected(*failed);

  for (std::size_t which = 0; which < arms.size(); ++which) {
    Experiment& result = results[which];
    result.scenario = arms[which].scenario->name;
    result.policy = arms[which].policy->label;
    result.compat = options.run.compat;
    for (std::size_t i = which; i < runs; i += arms.size()) {
      if (outcomes[i]) result.outcomes.push_back(*outcomes[i]);
      result.complete = result.complete && outcomes[i].has_value();
    }
    summarize(result);
  }
  return results;
}

Paired paired(const Experiment& first, const Experiment& second) {
  Paired pair;
  std::uint64_t differ = 0, both = 0;
  const auto right = [](const Experiment& of, const SeedOutcome& one) {
    return one.outcome == (of.bad_release ? Outcome::RolledBack : Outcome::Promoted);
  };
  auto other = second.outcomes.begin();
  for (const SeedOutcome& one : first.outcomes) {
    while (other != second.outcomes.end() && other->seed < one.seed) ++other;
    if (other == second.outcomes.end()) break;
    if (other->seed != one.seed) continue;
    ++both;
    if (one.outcome == other->outcome) continue;
    ++differ;
    pair.only_first_right += right(first, one) ? 1 : 0;
    pair.only_second_right += right(second, *other) ? 1 : 0;
  }
  pair.differ = proportion(differ, both);
  return pair;
}

std::optional<Example> example(const Experiment& experiment) {
  const auto first = [&](Outcome outcome) {
    return std::ranges::find(experiment.outcomes, outcome, &SeedOutcome::outcome);
  };
  const auto none = experiment.outcomes.end();
  const auto wrong = first(experiment.bad_release ? Outcome::Promoted : Outcome::RolledBack);
  if (wrong != none) return Example{Example::Why::Wrong, *wrong};
  const auto open = first(Outcome::Unfinished);
  if (open != none) return Example{Example::Why::Unfinished, *open};
  const auto worst =
      std::ranges::max_element(experiment.outcomes, {}, &SeedOutcome::harmed_requests);
  if (worst == none || worst->harmed_requests == 0) return std::nullopt;
  return Example{Example::Why::MostHarm, *worst};
}

}  // namespace volary::sim
