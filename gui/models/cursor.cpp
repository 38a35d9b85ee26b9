#include "gui/models/cursor.hpp"

#include <algorithm>
#include <utility>

#include "sim/report/evidence.hpp"

namespace volary::gui {

using sim::report::clock_ms;

int Cursor::count() const { return snapshot_ ? static_cast<int>(snapshot_->run.ticks.size()) : 0; }

int Cursor::tickBy(qint64 at) const {
  if (!snapshot_) return -1;
  const auto& ticks = snapshot_->run.ticks;
  const auto after = std::ranges::upper_bound(ticks, at, {}, [&](const TickRecord& tick) -> qint64 {
    return clock_ms(*snapshot_->scenario, tick.began);
  });
  return static_cast<int>(after - ticks.begin()) - 1;
}

/// The tick whose evidence decided the release, else the last that had any, else the last at which
/// something was told.
int Cursor::tellingTick() const {
  const CheckEvidence* decided = sim::report::deciding_check(snapshot_->run);
  int last_told = 0, last_checked = -1;
  for (int i = 0; i < count(); ++i) {
    const TickRecord& tick = snapshot_->run.ticks[static_cast<std::size_t>(i)];
    for (const CheckEvidence& check : tick.checks)
      if (&check == decided) return i;
    if (!tick.checks.empty()) last_checked = i;
    if (!tick.events.empty()) last_told = i;
  }
  return last_checked >= 0 ? last_checked : last_told;
}

void Cursor::show(const SnapshotPtr& snapshot) {
  const SnapshotPtr before = std::exchange(snapshot_, snapshot);
  if (!snapshot_) return;
  const bool same_world = before && before->scenario == snapshot_->scenario;
  if (!same_world) {
    moveToTick(tellingTick());
    return;
  }
  tick_ = -2;  // the tick at this place is another one, even where its number is not
  moveTo(at_);
}

void Cursor::moveTo(qint64 at) {
  if (!snapshot_) return;
  at = std::clamp<qint64>(at, snapshot_->charts.from, snapshot_->charts.to);
  const int tick = tickBy(at);
  if (at == at_ && tick == tick_) return;
  at_ = at;
  tick_ = tick;
  emit moved();
}

void Cursor::moveToTick(int tick) {
  if (count() == 0) return;
  tick = std::clamp(tick, 0, count() - 1);
  moveTo(
      clock_ms(*snapshot_->scenario, snapshot_->run.ticks[static_cast<std::size_t>(tick)].began));
}

void Cursor::step(int ticks) {
  // Between two ticks, a step back goes to the one that is shown.
  const bool between = ticks < 0 && tick_ >= 0 && snapshot_ &&
                       clock_ms(*snapshot_->scenario,
                                snapshot_->run.ticks[static_cast<std::size_t>(tick_)].began) < at_;
  moveToTick(tick_ + ticks + (between ? 1 : 0));
}

void Cursor::toStart() { moveToTick(0); }
void Cursor::toEnd() { moveToTick(count() - 1); }

}  // namespace volary::gui
