#include "gui/views/evidence_panel.hpp"

#include <QHeaderView>
#include <QVBoxLayout>

#include "gui/views/table_look.hpp"

namespace volary::gui {

EvidencePanel::EvidencePanel(EvidenceModel* model, QWidget* parent)
    : QWidget{parent},
      evidence_{model},
      headline_{new QLabel{this}},
      empty_{new QLabel{this}},
      remarks_{new QLabel{this}},
      table_{new QTableView{this}} {
  auto* column = new QVBoxLayout{this};
  column->setContentsMargins(0, 0, 4, 0);
  column->setSpacing(0);
  headline_->setObjectName(QStringLiteral("evidenceHeadline"));
  empty_->setObjectName(QStringLiteral("evidenceEmpty"));
  remarks_->setObjectName(QStringLiteral("evidenceRemarks"));
  for (QLabel* label : {headline_, empty_, remarks_}) {
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    label->setMargin(8);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
  }
  table_->setObjectName(QStringLiteral("evidence"));
  table_->setModel(model);
  dress_table(*table_);
  table_->setSelectionMode(QAbstractItemView::NoSelection);
  table_->setFocusPolicy(Qt::NoFocus);
  table_->verticalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  const QFontMetrics metrics = fontMetrics();
  QHeaderView* header = table_->horizontalHeader();
  header->setSectionResizeMode(QHeaderView::ResizeToContents);
  header->setSectionResizeMode(EvidenceModel::Check, QHeaderView::Stretch);
  header->setSectionResizeMode(EvidenceModel::Sign, QHeaderView::Fixed);
  table_->setColumnWidth(EvidenceModel::Sign, metrics.horizontalAdvance(u'✗') + 18);
  column->addWidget(headline_);
  column->addWidget(empty_);
  column->addWidget(table_, 1);
  column->addWidget(remarks_);
  refresh();
}

void EvidencePanel::refresh() {
  headline_->setText(evidence_->headline());
  headline_->setVisible(!headline_->text().isEmpty());
  empty_->setText(evidence_->emptyText());
  empty_->setVisible(!empty_->text().isEmpty());
  table_->horizontalHeader()->setVisible(evidence_->rowCount() > 0);
  remarks_->setText(evidence_->remarks());
  remarks_->setVisible(!remarks_->text().isEmpty());
}

}  // namespace volary::gui
