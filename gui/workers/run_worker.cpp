#include "gui/workers/run_worker.hpp"

#include <exception>
#include <utility>

namespace volary::gui {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds between_signals{34};

}  // namespace

RunWorker::RunWorker(QObject* parent, sim::report::Fly fly)
    : QObject{parent}, fly_{std::move(fly)}, thread_{[this] { work(); }} {}

RunWorker::~RunWorker() { stop(); }

quint64 RunWorker::order(FlightOrder flight) {
  const std::lock_guard lock{mutex_};
  waiting_ = Waiting{++latest_, std::move(flight)};
  changed_.notify_all();
  return latest_;
}

void RunWorker::cancel() {
  const std::lock_guard lock{mutex_};
  ++latest_;
  waiting_.reset();
  changed_.notify_all();
}

void RunWorker::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void RunWorker::work() {
  for (;;) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return stopping_ || waiting_; });
    if (stopping_) return;
    const Waiting order = *std::exchange(waiting_, std::nullopt);
    lock.unlock();
    try {
      fly(order);
    } catch (const std::exception& exception) {  // no memory, mostly: the window lives on
      if (current(order.edition))
        emit refused(order.edition,
                     {.message = std::string{"the flight broke off: "} + exception.what(),
                      .where = order.flight.scenario->file});
    }
  }
}

void RunWorker::fly(const Waiting& order) {
  const auto& [edition, flight] = order;
  const double length = std::max(seconds(flight.scenario->duration), 1e-9);
  sim::RunOptions options{.seed = flight.seed, .compat = flight.compat};
  options.on_tick = [&](const sim::TickRecord& tick) {
    if (!current(edition)) return false;
    if (const auto now = SteadyClock::now(); now - last_signal_ >= between_signals) {
      last_signal_ = now;
      emit progressed(edition, std::min(1.0, seconds(tick.ended.time_since_epoch()) / length));
    }
    return true;
  };
  auto run = fly_(*flight.scenario, *flight.policy, options);
  if (!current(edition)) return;
  if (!run) {
    emit refused(edition, run.error());
    return;
  }
  Snapshot snapshot{.edition = edition,
                    .scenario = flight.scenario,
                    .policy = flight.policy,
                    .run = *std::move(run),
                    .charts = {},
                    .verdict = {},
                    .compat = {}};
  snapshot.charts = sim::report::charts(snapshot.run, *flight.scenario, &flight.policy->canary);
  snapshot.verdict = sim::report::verdict(snapshot.run);
  if (!emitSnapshot(snapshot)) return;

  // What the verdict of `volary run` also says takes more flights; nobody waits for them.
  sim::RunOptions quiet{.seed = flight.seed, .compat = flight.compat, .keep_samples = false};
  quiet.on_tick = [&](const sim::TickRecord&) { return current(edition); };
  const auto other =
      sim::report::with_threshold_one(*flight.scenario, *flight.policy, snapshot.run, quiet, fly_);
  if (!current(edition)) return;
  snapshot.verdict = sim::report::verdict(snapshot.run, other);
  if (const auto difference = sim::compat_difference(*flight.scenario, *flight.policy, quiet);
      difference && current(edition))
    snapshot.compat = sim::report::compat_line(*difference, flight.compat);
  snapshot.whole = true;
  (void)emitSnapshot(std::move(snapshot));
}

bool RunWorker::turn(quint64 edition) {
  std::unique_lock lock{mutex_};
  changed_.wait_until(lock, last_signal_ + between_signals, [&] { return !current(edition); });
  return current(edition);
}

bool RunWorker::emitSnapshot(Snapshot snapshot) {
  if (!turn(snapshot.edition)) return false;
  last_signal_ = SteadyClock::now();
  emit snapshotReady(std::make_shared<const Snapshot>(std::move(snapshot)));
  return true;
}

}  // namespace volary::gui
