#pragma once

#include <QAbstractTableModel>
#include <QPalette>
#include <vector>

#include "gui/models/snapshot.hpp"
#include "sim/report/evidence.hpp"

namespace volary::gui {

/// The checks of one tick: what was measured, against which bound, from how many requests, and what
/// that says.
class EvidenceModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Sign, Check, Value, Bound, Samples, ColumnCount };

  using QAbstractTableModel::QAbstractTableModel;

  void show(const SnapshotPtr& snapshot, int tick);
  void setPalette(const QPalette& palette);

  /// "12:07, Progressing at 10 %: 2 of 5 failed checks".
  [[nodiscard]] QString headline() const;
  /// Why there is no row; empty when there is one.
  [[nodiscard]] QString emptyText() const;
  /// What a row cannot show: reasons, and which check decided.
  [[nodiscard]] QString remarks() const;

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation,
                                    int role) const override;

 private:
  [[nodiscard]] const TickRecord* record() const;

  SnapshotPtr snapshot_;
  int tick_ = -1;
  std::vector<sim::report::EvidenceRow> rows_;
  QPalette palette_;
};

}  // namespace volary::gui
