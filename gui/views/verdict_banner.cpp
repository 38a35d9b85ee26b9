#include "gui/views/verdict_banner.hpp"

#include <QEvent>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QRegularExpression>
#include <QResizeEvent>
#include <QVBoxLayout>
#include <algorithm>

#include "gui/theme.hpp"
#include "sim/report/evidence.hpp"

namespace volary::gui {
namespace {

/// A number stays on one line with its unit.
QString text_of(std::string_view text) {
  static const QRegularExpression unit{QStringLiteral(R"((\d) (?=[kMG%]|(?:ms|min|s|h)\b))")};
  QString shown = QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
  return shown.replace(unit, QStringLiteral("\\1\u00a0"));
}

void resize_font(QLabel* label, double factor, QFont::Weight weight) {
  QFont font = label->font();
  font.setPointSizeF(font.pointSizeF() * factor);
  font.setWeight(weight);
  label->setFont(font);
}

void colour_text(QLabel* label, const QColor& colour) {
  QPalette palette = label->palette();
  palette.setColor(QPalette::WindowText, colour);
  label->setPalette(palette);
}

}  // namespace

VerdictBanner::VerdictBanner(QWidget* parent)
    : QFrame{parent},
      sign_{new QLabel{this}},
      headline_{new QLabel{this}},
      sentences_{new QLabel{this}},
      compat_{new QLabel{this}} {
  setObjectName(QStringLiteral("verdict"));
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  auto* row = new QHBoxLayout{this};
  row->setContentsMargins(12, 8, 12, 8);
  row->setSpacing(16);

  resize_font(sign_, 1.5, QFont::Bold);
  resize_font(headline_, 1.35, QFont::DemiBold);
  headline_->setObjectName(QStringLiteral("headline"));
  for (QLabel* label : {headline_, sentences_, compat_}) {
    label->setWordWrap(true);
    label->setTextFormat(Qt::PlainText);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    label->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    label->setMinimumWidth(160);
  }
  auto* words = new QGridLayout;
  words->setHorizontalSpacing(8);
  words->setVerticalSpacing(4);
  words->addWidget(sign_, 0, 0, Qt::AlignTop);
  words->addWidget(headline_, 0, 1);
  words->addWidget(sentences_, 1, 1);
  words->addWidget(compat_, 2, 1);
  words->setRowStretch(3, 1);
  words->setColumnStretch(1, 1);
  row->addLayout(words, 1);

  for (Tile& tile : tiles_) {
    tile.frame = new QFrame{this};
    tile.frame->setAutoFillBackground(true);
    auto* column = new QVBoxLayout{tile.frame};
    column->setContentsMargins(12, 8, 12, 8);
    column->setSpacing(0);
    tile.value = new QLabel{tile.frame};
    tile.value->setTextFormat(Qt::PlainText);
    resize_font(tile.value, 1.6, QFont::DemiBold);
    tile.label = new QLabel{tile.frame};
    tile.label->setWordWrap(true);
    tile.label->setTextFormat(Qt::PlainText);
    resize_font(tile.label, 0.9, QFont::Normal);
    column->addWidget(tile.value);
    column->addWidget(tile.label);
    column->addStretch(1);
    row->addWidget(tile.frame);
  }
  // A toolbar would have its children write in the colours of buttons.
  setBackgroundRole(QPalette::Window);
  setAutoFillBackground(true);
  fit();
  dress();
}

void VerdictBanner::fit() {
  const int letter = fontMetrics().averageCharWidth();
  for (Tile& tile : tiles_)
    tile.frame->setFixedWidth(std::clamp(width() * 10 / 100, letter * 15, letter * 19));
  const int usual = fontMetrics().height() * 5 + 36;
  setFixedHeight(std::max(usual, layout()->heightForWidth(width())));
}

void VerdictBanner::resizeEvent(QResizeEvent* event) {
  QFrame::resizeEvent(event);
  if (event->size().width() != event->oldSize().width()) fit();
}

void VerdictBanner::show(const SnapshotPtr& snapshot) {
  snapshot_ = snapshot;
  const auto& verdict = snapshot->verdict;
  headline_->setText(text_of(verdict.headline));
  QStringList sentences;
  for (const std::string& sentence : verdict.sentences) sentences << text_of(sentence);
  sentences_->setText(sentences.join(u' '));
  sentences_->setVisible(!sentences.isEmpty());
  compat_->setText(text_of(snapshot->compat));
  compat_->setVisible(!snapshot->compat.empty());
  for (std::size_t i = 0; i < tiles_.size(); ++i) {
    const bool there = i < verdict.figures.size();
    tiles_[i].frame->setVisible(there);
    if (!there) continue;
    tiles_[i].value->setText(text_of(verdict.figures[i].value));
    tiles_[i].label->setText(text_of(verdict.figures[i].label));
    tiles_[i].frame->setAccessibleName(
        text_of(verdict.figures[i].value + " " + verdict.figures[i].label));
  }
  fit();
  dress();
}

void VerdictBanner::setStale(bool stale) {
  if (stale_ == stale) return;
  stale_ = stale;
  dress();
}

void VerdictBanner::changeEvent(QEvent* event) {
  QFrame::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) dress();
}

void VerdictBanner::dress() {
  const Theme theme = Theme::of(palette());
  const QColor grey =
      theme.dark() ? theme.colour(Ink::Rule).lighter(150) : theme.colour(Ink::Rule).darker(115);
  const auto ink = [&](const QColor& colour) { return stale_ ? grey : colour; };
  const auto standing =
      snapshot_ ? sim::report::standing(snapshot_->run.score) : sim::report::Standing::Unknown;
  sign_->setText(text_of(sim::report::standing_sign(standing)));
  colour_text(sign_, ink(theme.colour(standing)));
  colour_text(headline_, ink(theme.colour(Ink::Text)));
  colour_text(sentences_, ink(theme.colour(Ink::Soft)));
  colour_text(compat_, ink(theme.colour(Ink::Text)));
  for (Tile& tile : tiles_) {
    QPalette colours = tile.frame->palette();
    colours.setColor(QPalette::Window, theme.colour(Ink::Paper));
    tile.frame->setPalette(colours);
    colour_text(tile.value, ink(theme.colour(Ink::Text)));
    colour_text(tile.label, ink(theme.colour(Ink::Soft)));
  }
}

}  // namespace volary::gui
