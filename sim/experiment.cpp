#include "sim/experiment.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <thread>

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

Result<Experiment> experiment(const Scenario& scenario, const Policy& policy,
                              const ExperimentOptions& options) {
  const auto seeds = static_cast<std::size_t>(std::max(0, options.seeds));
  std::vector<std::optional<SeedOutcome>> outcomes(seeds);
  std::optional<Error> failed;
  bool bad = false;
  std::mutex guard;  // of `failed`, `bad`, `done` and the progress callback
  int done = 0;
  std::atomic<std::size_t> next{0};
  std::atomic<bool> cancelled{false};

  const auto work = [&] {
    for (std::size_t i = next++; i < seeds && !cancelled; i = next++) {
      RunOptions each = options.run;
      each.seed = options.run.seed + i;
      each.keep_samples = false;
      each.on_tick = [&cancelled](const TickRecord&) { return !cancelled.load(); };
      const auto run = simulate(scenario, policy, each);
      const std::lock_guard lock{guard};
      if (cancelled) return;  // cut short: not a run
      if (!run) {
        if (!failed) failed = run.error();
        cancelled = true;
        return;
      }
      const bool conserved = std::ranges::all_of(run->conservation, &Conservation::holds);
      outcomes[i] = SeedOutcome{.seed = each.seed,
                                .outcome = run->score.outcome,
                                .harmed_requests = run->score.harmed_requests,
                                .harmed_users = run->score.harmed_users,
                                .failed_requests = run->score.failed_requests,
                                .decided_after = run->score.decided_after,
                                .digest = run->digest,
                                .conserved = conserved};
      bad = run->score.bad_release;
      if (options.on_progress && !options.on_progress(++done, options.seeds)) cancelled = true;
    }
  };
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  const unsigned jobs = options.jobs > 0 ? static_cast<unsigned>(options.jobs) : cores;
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < std::min<std::size_t>(jobs, seeds); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  if (failed) return tl::unexpected(*failed);

  Experiment result;
  result.scenario = scenario.name;
  result.policy = policy.label;
  result.bad_release = bad;
  std::vector<double> harm, users, durations;
  std::uint64_t promoted = 0, rolled_back = 0, unfinished = 0;
  for (const auto& outcome : outcomes) {
    if (!outcome) {
      result.complete = false;
      continue;
    }
    result.outcomes.push_back(*outcome);
    promoted += outcome->outcome == Outcome::Promoted ? 1 : 0;
    rolled_back += outcome->outcome == Outcome::RolledBack ? 1 : 0;
    unfinished += outcome->outcome == Outcome::Unfinished ? 1 : 0;
    harm.push_back(static_cast<double>(outcome->harmed_requests));
    users.push_back(static_cast<double>(outcome->harmed_users));
    if (outcome->decided_after) durations.push_back(seconds(*outcome->decided_after));
  }
  const std::uint64_t flown = result.outcomes.size();
  result.promoted = proportion(promoted, flown);
  result.rolled_back = proportion(rolled_back, flown);
  result.unfinished = proportion(unfinished, flown);
  result.right = proportion(bad ? rolled_back : promoted, flown);
  if (bad) {
    result.missed_regression = proportion(promoted, flown);
  } else {
    result.false_rollback = proportion(rolled_back, flown);
  }
  result.harmed_requests = spread(std::move(harm));
  result.harmed_users = spread(std::move(users));
  result.duration = spread(std::move(durations));
  return result;
}

}  // namespace volary::sim
