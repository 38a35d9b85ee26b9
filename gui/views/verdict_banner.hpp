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

 private:
  struct Tile {
    QFrame* frame = nullptr;
    QLabel *value = nullptr, *label = nullptr;
  };
  void dress();

  SnapshotPtr snapshot_;
  bool stale_ = false;
  QLabel *sign_, *headline_, *sentences_, *compat_;
  std::array<Tile, 4> tiles_;
};

}  // namespace volary::gui
