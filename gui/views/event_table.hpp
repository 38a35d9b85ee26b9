#pragma once

#include <QTableView>

#include "gui/models/event_model.hpp"

namespace volary::gui {

/// The events of the run; the row of the cursor is selected and in sight, and a row that is chosen
/// takes the cursor with it.
class EventTable : public QTableView {
  Q_OBJECT

 public:
  explicit EventTable(EventModel* model, QWidget* parent = nullptr);

  /// Selects the last event told by that tick, without moving the cursor.
  void follow(int tick);

 signals:
  void tickWanted(int tick);

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;

 private:
  EventModel* events_;
  bool following_ = false;
};

}  // namespace volary::gui
