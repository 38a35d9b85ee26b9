#pragma once

#include <QLabel>
#include <QTableView>
#include <QWidget>

#include "gui/models/evidence_model.hpp"

namespace volary::gui {

/// What the tick at the cursor was decided on: its state in one line, its checks, and what a table
/// cannot say.
class EvidencePanel : public QWidget {
  Q_OBJECT

 public:
  explicit EvidencePanel(EvidenceModel* model, QWidget* parent = nullptr);

  /// After the model was given another tick.
  void refresh();

 private:
  EvidenceModel* evidence_;
  QLabel *headline_, *empty_, *remarks_;
  QTableView* table_;
};

}  // namespace volary::gui
