#pragma once

#include <QFrame>
#include <QLabel>
#include <array>

#include "gui/models/snapshot.hpp"

namespace volary::gui {

/// What the release came to, in one sentence and four numbers, as `volary run` says it.
class VerdictBanner : public QFrame {
  Q_OBJECT

 public:
  explicit VerdictBanner(QWidget* parent = nullptr);

  void show(const SnapshotPtr& snapshot);
  using QFrame::show;
  void setStale(bool stale);
  [[nodiscard]] QString headline() const { return headline_->text(); }

 protected:
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  struct Tile {
    QFrame* frame = nullptr;
    QLabel *value = nullptr, *label = nullptr;
  };
  void dress();
  /// As high as the words need at this width, and never lower than they usually do: nothing below
  /// moves when a sentence comes or goes.
  void fit();

  SnapshotPtr snapshot_;
  bool stale_ = false;
  QLabel *sign_, *headline_, *sentences_, *compat_;
  std::array<Tile, 4> tiles_;
};

}  // namespace volary::gui
