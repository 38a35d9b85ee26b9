#pragma once

#include <QObject>

#include "gui/models/snapshot.hpp"

namespace volary::gui {

/// The one point in time that all views look at.
///
/// Units: milliseconds on the clock of the run.
class Cursor : public QObject {
  Q_OBJECT

 public:
  using QObject::QObject;

  /// Keeps its place in a new run of the same world; otherwise it goes to where the release was
  /// decided.
  void show(const SnapshotPtr& snapshot);

  [[nodiscard]] qint64 at() const { return at_; }
  /// The last tick that began by then; -1 before the first.
  [[nodiscard]] int tick() const { return tick_; }

  void moveTo(qint64 at);
  void moveToTick(int tick);
  /// Tick by tick; stops at both ends.
  void step(int ticks);
  void toStart();
  void toEnd();

 signals:
  void moved();

 private:
  [[nodiscard]] int tickBy(qint64 at) const;
  [[nodiscard]] int tellingTick() const;
  [[nodiscard]] int count() const;

  SnapshotPtr snapshot_;
  qint64 at_ = 0;
  int tick_ = -1;
};

}  // namespace volary::gui
