#pragma once

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>
#include <QWidget>
#include <vector>

#include "gui/models/documents.hpp"
#include "gui/models/policy_draft.hpp"

class QFormLayout;

namespace volary::gui {

class IntervalBox;

/// What may be changed: which release is flown, and the numbers of its policy. It edits a draft and
/// says so; what comes of it is somebody else's business.
class PolicyPanel : public QWidget {
  Q_OBJECT

 public:
  explicit PolicyPanel(QWidget* parent = nullptr);

  void showDocuments(const Documents& documents, int scenario, int policy);
  /// Shows the numbers of a draft and edits it from then on; it has to outlive the panel's use.
  void edit(PolicyDraft* draft);
  void setFlight(std::uint64_t seed, Compat compat);

  [[nodiscard]] std::uint64_t seed() const;
  [[nodiscard]] Compat compat() const;

 signals:
  void scenarioChosen(int index);
  void policyChosen(int index);
  /// Seed, semantics, or a number of the draft.
  void changed();
  void saveWanted();

 private:
  struct BoundRow {
    PolicyDraft::Bound bound;
    QDoubleSpinBox* box = nullptr;
    QLabel* label = nullptr;
  };
  void buildFlight(QVBoxLayout* column);
  void buildNumbers(QVBoxLayout* column);
  void buildBounds();
  void showNumbers();
  void showChanges();
  void reset();
  template <class Set>
  void change(Set set);

  PolicyDraft* draft_ = nullptr;
  bool showing_ = false;  ///< boxes are being filled, not edited
  QComboBox *scenario_, *policy_, *compat_;
  QSpinBox* seed_;
  QLabel *policy_label_, *strategy_, *steps_, *changes_;
  IntervalBox* interval_;
  QSpinBox *threshold_, *step_weight_, *max_weight_, *iterations_;
  QFormLayout *numbers_, *bounds_form_;
  QWidget* bounds_box_;
  std::vector<BoundRow> bounds_;
  QPushButton *reset_, *save_;
};

}  // namespace volary::gui
