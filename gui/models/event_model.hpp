#pragma once

#include <QAbstractTableModel>
#include <QPalette>
#include <vector>

#include "gui/models/snapshot.hpp"

namespace volary::gui {

/// What the policy told, one event a row, in the order of the run.
class EventModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Time, PhaseName, Sign, Text, ColumnCount };

  using QAbstractTableModel::QAbstractTableModel;

  void show(const SnapshotPtr& snapshot);
  /// The colours of signs follow the palette around.
  void setPalette(const QPalette& palette);

  /// The last event told by that tick; -1 before the first.
  [[nodiscard]] int rowAt(int tick) const;
  [[nodiscard]] int tickOf(int row) const;

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation,
                                    int role) const override;

 private:
  struct Row {
    int tick = 0;
    const TickRecord* record = nullptr;  ///< of a snapshot that is held
    const Event* event = nullptr;
    QString time;
  };
  [[nodiscard]] static std::vector<Row> rowsOf(const Snapshot& snapshot);

  SnapshotPtr snapshot_;
  std::vector<Row> rows_;
  QPalette palette_;
};

}  // namespace volary::gui
