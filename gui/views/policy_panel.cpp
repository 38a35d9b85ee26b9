#include "gui/views/policy_panel.hpp"

#include <QFormLayout>
#include <QGroupBox>
#include <QSignalBlocker>
#include <algorithm>
#include <cmath>
#include <limits>

#include "gui/theme.hpp"
#include "gui/views/interval_box.hpp"
#include "sim/report/numbers.hpp"
#include "sim/report/text.hpp"

namespace volary::gui {
namespace {

QString text_of(const std::string& text) { return QString::fromStdString(text); }

QFormLayout* form_in(QWidget* parent) {
  auto* form = new QFormLayout{parent};
  form->setContentsMargins(12, 8, 12, 12);
  form->setHorizontalSpacing(12);
  form->setVerticalSpacing(8);
  form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  form->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  return form;
}

QLabel* label_for(QWidget* field, const QString& text) {
  auto* label = new QLabel{text, field->parentWidget()};
  label->setBuddy(field);
  return label;
}

void mark_changed(QLabel* label, bool changed) {
  QFont font = label->font();
  font.setBold(changed);
  label->setFont(font);
}

/// Whole numbers have no decimals; a bound such as 99.5 shows what it has, and one more to turn.
int decimals_of(double value, const std::string& unit) {
  int decimals = unit == "%" ? 2 : unit == "ms" ? 0 : 3;
  while (decimals < 6 && std::abs(value * std::pow(10, decimals) -
                                  std::round(value * std::pow(10, decimals))) > 1e-6)
    ++decimals;
  return decimals;
}

double step_of(double value, const std::string& unit) {
  if (unit == "%") return value >= 99 ? 0.1 : 0.5;
  if (unit == "ms") return value >= 200 ? 50 : 10;
  return value == 0 ? 1 : std::pow(10, std::floor(std::log10(std::abs(value))) - 1) * 5;
}

/// Shows as many decimals as a number has, instead of filling up with zeros.
class BoundBox : public QDoubleSpinBox {
 public:
  using QDoubleSpinBox::QDoubleSpinBox;

 protected:
  [[nodiscard]] QString textFromValue(double value) const override {
    return text_of(sim::report::bound(value));
  }
};

QSpinBox* percent_box(QWidget* parent, int least) {
  auto* box = new QSpinBox{parent};
  box->setRange(least, 100);
  box->setSuffix(QStringLiteral(" %"));
  return box;
}

}  // namespace

PolicyPanel::PolicyPanel(QWidget* parent) : QWidget{parent} {
  setObjectName(QStringLiteral("policy"));
  auto* column = new QVBoxLayout{this};
  column->setContentsMargins(12, 8, 12, 12);
  column->setSpacing(16);
  buildFlight(column);
  buildNumbers(column);

  bounds_box_ = new QGroupBox{QStringLiteral("Checks"), this};
  bounds_form_ = form_in(bounds_box_);
  column->addWidget(bounds_box_);

  changes_ = new QLabel{this};
  changes_->setObjectName(QStringLiteral("changes"));
  changes_->setWordWrap(true);
  changes_->setTextFormat(Qt::PlainText);
  reset_ = new QPushButton{QStringLiteral("Reset to the file"), this};
  reset_->setObjectName(QStringLiteral("reset"));
  save_ = new QPushButton{QStringLiteral("Save as Canary manifest…"), this};
  save_->setObjectName(QStringLiteral("save"));
  auto* actions = new QVBoxLayout;
  actions->setSpacing(8);
  actions->addWidget(changes_);
  actions->addWidget(reset_);
  actions->addWidget(save_);
  column->addLayout(actions);
  column->addStretch(1);
  connect(reset_, &QPushButton::clicked, this, &PolicyPanel::reset);
  connect(save_, &QPushButton::clicked, this, &PolicyPanel::saveWanted);
}

void PolicyPanel::buildFlight(QVBoxLayout* column) {
  auto* box = new QGroupBox{QStringLiteral("Flight"), this};
  QFormLayout* form = form_in(box);
  const auto combo = [&](const char* name) {
    auto* made = new QComboBox{box};
    made->setObjectName(QString::fromLatin1(name));
    made->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    made->setMinimumContentsLength(10);
    return made;
  };
  scenario_ = combo("scenario");
  policy_ = combo("policyChoice");
  seed_ = new QSpinBox{box};
  seed_->setObjectName(QStringLiteral("seed"));
  seed_->setRange(0, std::numeric_limits<int>::max());
  compat_ = combo("compat");
  compat_->addItems({QStringLiteral("strict"), QStringLiteral("flagger")});
  compat_->setToolTip(
      QStringLiteral("strict: the reference controller's known quirks are cured\n"
                     "flagger: what your controller would do today"));
  policy_label_ = label_for(policy_, QStringLiteral("&Policy"));
  // Names are long: they have lines of their own.
  form->addRow(label_for(scenario_, QStringLiteral("&Scenario")));
  form->addRow(scenario_);
  form->addRow(policy_label_);
  form->addRow(policy_);
  form->addRow(label_for(seed_, QStringLiteral("S&eed")), seed_);
  form->addRow(label_for(compat_, QStringLiteral("Se&mantics")), compat_);
  column->addWidget(box);
  connect(scenario_, &QComboBox::activated, this, &PolicyPanel::scenarioChosen);
  connect(policy_, &QComboBox::activated, this, &PolicyPanel::policyChosen);
  connect(seed_, &QSpinBox::valueChanged, this, [this] { change([] {}); });
  connect(compat_, &QComboBox::currentIndexChanged, this, [this] { change([] {}); });
}

void PolicyPanel::buildNumbers(QVBoxLayout* column) {
  auto* box = new QGroupBox{QStringLiteral("Policy"), this};
  numbers_ = form_in(box);
  strategy_ = new QLabel{box};
  strategy_->setWordWrap(true);
  strategy_->setTextFormat(Qt::PlainText);
  strategy_->setObjectName(QStringLiteral("strategy"));
  // Two lines, whatever is in them: the boxes below stay under the mouse.
  strategy_->setMinimumHeight(strategy_->fontMetrics().lineSpacing() * 2);
  strategy_->setAlignment(Qt::AlignLeft | Qt::AlignTop);
  interval_ = new IntervalBox{box};
  interval_->setObjectName(QStringLiteral("interval"));
  interval_->setToolTip(QStringLiteral("Time between two ticks (spec.analysis.interval)"));
  threshold_ = new QSpinBox{box};
  threshold_->setObjectName(QStringLiteral("threshold"));
  threshold_->setRange(1, 1000);
  threshold_->setToolTip(
      QStringLiteral("Failed checks that end the release (spec.analysis.threshold)"));
  step_weight_ = percent_box(box, 0);
  step_weight_->setObjectName(QStringLiteral("stepWeight"));
  step_weight_->setToolTip(
      QStringLiteral("Added to the canary's weight per step (spec.analysis.stepWeight)"));
  steps_ = new QLabel{box};
  steps_->setWordWrap(true);
  max_weight_ = percent_box(box, 1);
  max_weight_->setObjectName(QStringLiteral("maxWeight"));
  max_weight_->setToolTip(
      QStringLiteral("Weight at which promotion starts (spec.analysis.maxWeight)"));
  iterations_ = new QSpinBox{box};
  iterations_->setObjectName(QStringLiteral("iterations"));
  iterations_->setRange(1, 10'000);
  iterations_->setToolTip(
      QStringLiteral("Passed checks before the promotion (spec.analysis.iterations)"));
  numbers_->addRow(strategy_);
  numbers_->addRow(label_for(step_weight_, QStringLiteral("Step &weight")), step_weight_);
  numbers_->addRow(new QLabel{QStringLiteral("Steps"), box}, steps_);
  numbers_->addRow(label_for(max_weight_, QStringLiteral("Ma&x weight")), max_weight_);
  numbers_->addRow(label_for(iterations_, QStringLiteral("&Iterations")), iterations_);
  numbers_->addRow(label_for(threshold_, QStringLiteral("&Threshold")), threshold_);
  numbers_->addRow(label_for(interval_, QStringLiteral("I&nterval")), interval_);
  column->addWidget(box);

  connect(interval_, &QSpinBox::valueChanged, this,
          [this](int value) { change([&] { draft_->setInterval(std::chrono::seconds{value}); }); });
  connect(threshold_, &QSpinBox::valueChanged, this,
          [this](int value) { change([&] { draft_->setThreshold(value); }); });
  connect(step_weight_, &QSpinBox::valueChanged, this,
          [this](int value) { change([&] { draft_->setStepWeight(value); }); });
  connect(max_weight_, &QSpinBox::valueChanged, this,
          [this](int value) { change([&] { draft_->setMaxWeight(value); }); });
  connect(iterations_, &QSpinBox::valueChanged, this,
          [this](int value) { change([&] { draft_->setIterations(value); }); });
}

template <class Set>
void PolicyPanel::change(Set set) {
  if (showing_ || !draft_) return;
  set();
  showChanges();
  emit changed();
}

void PolicyPanel::showDocuments(const Documents& documents, int scenario, int policy) {
  const QSignalBlocker quiet_scenario{scenario_}, quiet_policy{policy_};
  scenario_->clear();
  for (const ScenarioPtr& one : documents.scenarios) {
    scenario_->addItem(text_of(one->name));
    scenario_->setItemData(scenario_->count() - 1, text_of(one->story), Qt::ToolTipRole);
  }
  scenario_->setCurrentIndex(scenario);
  scenario_->setToolTip(text_of(documents.scenarios.at(static_cast<std::size_t>(scenario))->story));
  policy_->clear();
  for (const PolicyPtr& one : documents.policies) {
    policy_->addItem(text_of(one->label));
    policy_->setItemData(policy_->count() - 1, text_of(one->file), Qt::ToolTipRole);
  }
  policy_->setCurrentIndex(policy);
  policy_->setToolTip(text_of(documents.policies.at(static_cast<std::size_t>(policy))->file));
}

void PolicyPanel::edit(PolicyDraft* draft) {
  draft_ = draft;
  buildBounds();
  showNumbers();
}

void PolicyPanel::setFlight(std::uint64_t seed, Compat compat) {
  showing_ = true;
  seed_->setValue(static_cast<int>(std::min<std::uint64_t>(seed, std::numeric_limits<int>::max())));
  compat_->setCurrentIndex(compat == Compat::Flagger ? 1 : 0);
  showing_ = false;
}

std::uint64_t PolicyPanel::seed() const { return static_cast<std::uint64_t>(seed_->value()); }

Compat PolicyPanel::compat() const {
  return compat_->currentIndex() == 1 ? Compat::Flagger : Compat::Strict;
}

void PolicyPanel::buildBounds() {
  while (bounds_form_->rowCount() > 0) bounds_form_->removeRow(0);
  bounds_.clear();
  for (const PolicyDraft::Bound& bound : draft_->bounds()) {
    auto* box = new BoundBox{bounds_box_};
    const auto name = QStringLiteral("bound%1%2")
                          .arg(bound.metric)
                          .arg(bound.at_least ? QStringLiteral("min") : QStringLiteral("max"));
    box->setObjectName(name);
    box->setDecimals(decimals_of(bound.written, bound.unit));
    if (bound.unit == "%")
      box->setRange(0, 100);
    else if (bound.unit == "ms")
      box->setRange(0, 3'600'000);
    else
      box->setRange(-1e12, 1e12);
    box->setSingleStep(step_of(bound.written, bound.unit));
    if (!bound.unit.empty()) box->setSuffix(u' ' + text_of(bound.unit));
    const QString text =
        text_of(bound.name) + (bound.at_least ? QStringLiteral(" ≥") : QStringLiteral(" ≤"));
    QLabel* label = label_for(box, text);
    box->setAccessibleName(text);
    bounds_form_->addRow(label, box);
    bounds_.push_back({bound, box, label});
    connect(box, &QDoubleSpinBox::valueChanged, this, [this, bound](double value) {
      change([&] { draft_->setBound(bound.metric, bound.at_least, value); });
    });
  }
  bounds_box_->setVisible(!bounds_.empty());
}

void PolicyPanel::showNumbers() {
  showing_ = true;
  const Plan plan = draft_->plan();
  const bool weights = plan.strategy == Strategy::Progressive,
             listed = weights && !plan.step_weights.empty();
  interval_->setValue(
      static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(plan.interval).count()));
  threshold_->setValue(plan.threshold);
  step_weight_->setValue(plan.step_weight);
  max_weight_->setValue(plan.max_weight.percent());
  iterations_->setValue(plan.iterations);
  QStringList steps;
  for (const int step : plan.step_weights) steps << QString::number(step);
  steps_->setText(steps.join(QStringLiteral(", ")) + QStringLiteral(" %"));
  numbers_->setRowVisible(step_weight_, weights && !listed);
  numbers_->setRowVisible(steps_, listed);
  numbers_->setRowVisible(max_weight_, weights && !listed);
  numbers_->setRowVisible(iterations_, !weights);
  const auto bounds = draft_->bounds();
  for (std::size_t i = 0; i < bounds_.size(); ++i) bounds_[i].box->setValue(bounds[i].value);
  showing_ = false;
  showChanges();
}

void PolicyPanel::showChanges() {
  const Plan now = draft_->plan(), file = draft_->writtenPlan();
  strategy_->setText(text_of(sim::report::strategy_text(now)));
  const auto mark = [&](QWidget* field, bool changed) {
    mark_changed(qobject_cast<QLabel*>(numbers_->labelForField(field)), changed);
  };
  mark(interval_, now.interval != file.interval);
  mark(threshold_, now.threshold != file.threshold);
  mark(step_weight_, now.step_weight != file.step_weight);
  mark(max_weight_, now.max_weight != file.max_weight);
  mark(iterations_, now.iterations != file.iterations);
  const auto bounds = draft_->bounds();
  for (std::size_t i = 0; i < bounds_.size(); ++i)
    mark_changed(bounds_[i].label, bounds[i].value != bounds[i].written);
  const auto count = draft_->edits().size();
  changes_->setText(count == 0   ? QStringLiteral("As in the file.")
                    : count == 1 ? QStringLiteral("1 number differs from the file.")
                                 : QStringLiteral("%1 numbers differ from the file.").arg(count));
  reset_->setEnabled(count > 0);
}

void PolicyPanel::reset() {
  draft_->reset();
  showNumbers();
  emit changed();
}

}  // namespace volary::gui
