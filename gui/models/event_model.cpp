#include "gui/models/event_model.hpp"

#include <algorithm>
#include <utility>

#include "gui/theme.hpp"
#include "sim/report/evidence.hpp"
#include "sim/report/numbers.hpp"
#include "sim/report/text_style.hpp"

namespace volary::gui {
namespace {

QString text_of(std::string_view text) {
  return QString::fromStdString(sim::report::printable({}, text));
}

}  // namespace

std::vector<EventModel::Row> EventModel::rowsOf(const Snapshot& snapshot) {
  std::vector<Row> rows;
  const auto& ticks = snapshot.run.ticks;
  for (std::size_t tick = 0; tick < ticks.size(); ++tick)
    for (const Event& event : ticks[tick].events)
      rows.push_back(
          {static_cast<int>(tick), &ticks[tick], &event,
           text_of(sim::report::clock_text(snapshot.scenario->starts_at, ticks[tick].began))});
  return rows;
}

/// Rows come and go at the end, and only then those that stay say something else, so that a table
/// over this model keeps its place while a policy is being edited.
void EventModel::show(const SnapshotPtr& snapshot) {
  std::vector<Row> fresh;
  if (snapshot) fresh = rowsOf(*snapshot);
  const SnapshotPtr held = std::exchange(snapshot_, snapshot);  // the old rows point into it
  const int before = static_cast<int>(rows_.size()), after = static_cast<int>(fresh.size());
  if (after < before) {
    beginRemoveRows({}, after, before - 1);
    rows_.resize(fresh.size());
    endRemoveRows();
  } else if (after > before) {
    beginInsertRows({}, before, after - 1);
    rows_.insert(rows_.end(), fresh.begin() + before, fresh.end());
    endInsertRows();
  }
  rows_ = std::move(fresh);
  if (const int kept = std::min(before, after); kept > 0)
    emit dataChanged(index(0, 0), index(kept - 1, ColumnCount - 1));
}

void EventModel::setPalette(const QPalette& palette) {
  palette_ = palette;
  if (!rows_.empty())
    emit dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1), {Qt::ForegroundRole});
}

int EventModel::rowAt(int tick) const {
  const auto after = std::ranges::upper_bound(rows_, tick, {}, &Row::tick);
  return static_cast<int>(after - rows_.begin()) - 1;
}

int EventModel::tickOf(int row) const { return rows_.at(static_cast<std::size_t>(row)).tick; }

int EventModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int EventModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

QVariant EventModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  const Row& row = rows_[static_cast<std::size_t>(index.row())];
  const Event& event = *row.event;
  const std::string_view sign = sim::report::event_sign(event);
  switch (role) {
    case Qt::DisplayRole:
      switch (index.column()) {
        case Time: return row.time;
        case PhaseName: return text_of(to_string(row.record->status.phase));
        case Sign: return text_of(sign);
        case Text: return text_of(event.text);
        default: return {};
      }
    case Qt::ToolTipRole: return text_of(event.text) + u'\n' + text_of(short_form(event));
    case Qt::ForegroundRole: {
      const Theme theme = Theme::of(palette_);
      if (index.column() == Time || index.column() == PhaseName) return theme.colour(Ink::Soft);
      if (index.column() != Sign) return {};
      if (event.warning) return theme.colour(Ink::Fail);
      return theme.colour(sign == "✓" ? Ink::Pass : Ink::Soft);
    }
    case Qt::TextAlignmentRole:
      if (index.column() == Sign) return Qt::AlignCenter;
      return {};
    default: return {};
  }
}

QVariant EventModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole) return QVariant{Qt::AlignLeft | Qt::AlignVCenter};
  if (role != Qt::DisplayRole) return {};
  switch (section) {
    case Time: return QStringLiteral("Time");
    case PhaseName: return QStringLiteral("Phase");
    case Text: return QStringLiteral("Event");
    default: return QString{};
  }
}

}  // namespace volary::gui
