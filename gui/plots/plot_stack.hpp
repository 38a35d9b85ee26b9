#pragma once

#include <QWidget>
#include <memory>

#include "gui/models/snapshot.hpp"

namespace volary::gui {

/// The plots of a run, stacked on one time axis: what was decided, on what evidence, what users
/// felt, how much traffic there was. Phases and faults are bands behind all of them, and one cursor
/// crosses all.
class PlotStack : public QWidget {
  Q_OBJECT

 public:
  explicit PlotStack(QWidget* parent = nullptr);
  ~PlotStack() override;

  void show(const SnapshotPtr& snapshot);
  using QWidget::show;
  /// Units: milliseconds on the clock of the run.
  void setCursorAt(qint64 at);
  /// Greyed: what is seen answers an older question.
  void setStale(bool stale);
  /// The whole run again, after zooming.
  void showAll();

  [[nodiscard]] int plotCount() const;
  /// What stands beside a plot's title: its values at the cursor.
  [[nodiscard]] QString readoutOf(int plot) const;
  /// Why a plot is empty; nothing when it is not.
  [[nodiscard]] QString emptyTextOf(int plot) const;
  /// The middle of a time on the canvas, for whoever wants to click there.
  [[nodiscard]] QPoint pointAt(qint64 at) const;

  [[nodiscard]] QSize sizeHint() const override;
  [[nodiscard]] QSize minimumSizeHint() const override;

 signals:
  void cursorWanted(qint64 at);

 protected:
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  class Canvas;
  std::unique_ptr<Canvas> canvas_;
};

}  // namespace volary::gui
