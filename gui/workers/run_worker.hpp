#pragma once

#include <QObject>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "gui/models/snapshot.hpp"
#include "sim/report/threshold.hpp"

namespace volary::gui {

/// What is to be flown.
struct FlightOrder {
  ScenarioPtr scenario;
  PolicyPtr policy;
  std::uint64_t seed = 1;
  Compat compat = Compat::Strict;
};

/// Flies releases on a thread of its own. A new order calls off the one in the air, and what an
/// older order still comes to is dropped: the last edit wins. Signals come from that thread, at
/// most thirty a second.
class RunWorker : public QObject {
  Q_OBJECT

 public:
  /// `fly` answers in place of simulate() in tests.
  explicit RunWorker(QObject* parent = nullptr, sim::report::Fly fly = sim::simulate);
  ~RunWorker() override;

  /// Returns the edition that its snapshots will carry.
  quint64 order(FlightOrder flight);
  /// Calls off what is in the air and what waits.
  void cancel();
  /// The edition of the last order; what another edition says is out of date.
  [[nodiscard]] quint64 latest() const { return latest_; }
  /// Calls everything off and waits for the thread to end; no signal is emitted afterwards.
  void stop();

 signals:
  /// `share` of the scenario's time that has been flown, 0–1.
  void progressed(quint64 edition, double share);
  void snapshotReady(const volary::gui::SnapshotPtr& snapshot);
  /// The release could not be flown at all.
  void refused(quint64 edition, const volary::Error& error);

 private:
  struct Waiting {
    quint64 edition = 0;
    FlightOrder flight;
  };

  void work();
  void fly(const Waiting& order);
  [[nodiscard]] bool current(quint64 edition) const { return !stopping_ && latest_ == edition; }
  /// Waits for the next thirtieth of a second; false when the order was called off meanwhile.
  [[nodiscard]] bool turn(quint64 edition);
  [[nodiscard]] bool emitSnapshot(Snapshot snapshot);

  sim::report::Fly fly_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Waiting> waiting_;
  std::atomic<quint64> latest_ = 0;
  std::atomic<bool> stopping_ = false;
  std::chrono::steady_clock::time_point last_signal_{};
  std::thread thread_;  ///< last: it uses all the others
};

}  // namespace volary::gui
