#include "gui/views/table_look.hpp"

#include <QHeaderView>
#include <QPalette>
#include <QStyledItemDelegate>
#include <QTableView>

namespace volary::gui {
namespace {

/// A little air above and below the text, on the grid of 4 px.
class AiryDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option,
                               const QModelIndex& index) const override {
    return QStyledItemDelegate::sizeHint(option, index) + QSize{0, 4};
  }

 protected:
  void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
    QStyledItemDelegate::initStyleOption(option, index);
    // A selected row keeps the colours of its signs: it is tinted, not inverted.
    QPalette& colours = option->palette;
    const QColor base = colours.color(QPalette::Base), accent = colours.color(QPalette::Highlight);
    const auto blend = [](int under, int over) { return under + (over - under) * 20 / 100; };
    colours.setColor(QPalette::Highlight,
                     {blend(base.red(), accent.red()), blend(base.green(), accent.green()),
                      blend(base.blue(), accent.blue())});
    const QVariant ink = index.data(Qt::ForegroundRole);
    colours.setColor(QPalette::HighlightedText,
                     ink.isValid() ? ink.value<QColor>() : colours.color(QPalette::Text));
  }
};

}  // namespace

void dress_table(QTableView& table) {
  table.setItemDelegate(new AiryDelegate{&table});
  table.setEditTriggers(QAbstractItemView::NoEditTriggers);
  table.setSelectionBehavior(QAbstractItemView::SelectRows);
  table.setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  table.setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  table.setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  table.setShowGrid(false);
  table.setFrameShape(QFrame::NoFrame);
  table.setTabKeyNavigation(false);
  table.verticalHeader()->hide();
  table.verticalHeader()->setMinimumSectionSize(8);
  table.horizontalHeader()->setHighlightSections(false);
  table.horizontalHeader()->setSectionsClickable(false);
  table.horizontalHeader()->setMinimumSectionSize(12);
}

}  // namespace volary::gui
