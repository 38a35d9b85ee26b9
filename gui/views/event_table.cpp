#include "gui/views/event_table.hpp"

#include <QHeaderView>
#include <QResizeEvent>
#include <QTimer>

#include "gui/views/table_look.hpp"

namespace volary::gui {

EventTable::EventTable(EventModel* model, QWidget* parent) : QTableView{parent}, events_{model} {
  setObjectName(QStringLiteral("events"));
  setModel(model);
  dress_table(*this);
  setSelectionMode(QAbstractItemView::SingleSelection);
  setWordWrap(true);
  const QFontMetrics metrics = fontMetrics();
  horizontalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  horizontalHeader()->setSectionResizeMode(EventModel::Text, QHeaderView::Stretch);
  setColumnWidth(EventModel::Time, metrics.horizontalAdvance(QStringLiteral("00:00:00")) + 20);
  setColumnWidth(EventModel::PhaseName,
                 metrics.horizontalAdvance(QStringLiteral("Initializing")) + 20);
  setColumnWidth(EventModel::Sign, metrics.horizontalAdvance(u'✗') + 14);
  verticalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
}

void EventTable::follow(int tick) {
  following_ = true;
  const int row = events_->rowAt(tick);
  if (row < 0) {
    clearSelection();
    setCurrentIndex({});
    scrollToTop();
  } else if (!currentIndex().isValid() || events_->tickOf(currentIndex().row()) != tick ||
             currentIndex().row() > row) {
    setCurrentIndex(events_->index(row, EventModel::Time));
    scrollTo(currentIndex(), QAbstractItemView::EnsureVisible);
  }
  following_ = false;
}

void EventTable::resizeEvent(QResizeEvent* event) {
  QTableView::resizeEvent(event);
  // The phase is also a band behind the plots; where room is short, the text needs it more.
  const int needed = fontMetrics().averageCharWidth() * 58;
  setColumnHidden(EventModel::PhaseName, event->size().width() < needed);
  // Rows take another height; the one of the cursor stays in sight.
  QTimer::singleShot(0, this,
                     [this] { scrollTo(currentIndex(), QAbstractItemView::EnsureVisible); });
}

void EventTable::currentChanged(const QModelIndex& current, const QModelIndex& previous) {
  QTableView::currentChanged(current, previous);
  if (!following_ && current.isValid()) emit tickWanted(events_->tickOf(current.row()));
}

}  // namespace volary::gui
