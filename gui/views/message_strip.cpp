#include "gui/views/message_strip.hpp"

#include <QHBoxLayout>
#include <QToolButton>

#include "gui/theme.hpp"
#include "sim/report/text_style.hpp"

namespace volary::gui {
namespace {

QString printable_text(std::string_view text) {
  return QString::fromStdString(sim::report::printable({}, text));
}

}  // namespace

MessageStrip::MessageStrip(QWidget* parent)
    : QFrame{parent}, sign_{new QLabel{this}}, text_{new QLabel{this}} {
  setObjectName(QStringLiteral("message"));
  setAutoFillBackground(true);
  auto* row = new QHBoxLayout{this};
  row->setContentsMargins(12, 8, 8, 8);
  row->setSpacing(8);
  QFont bold = sign_->font();
  bold.setBold(true);
  sign_->setFont(bold);
  text_->setTextFormat(Qt::PlainText);
  text_->setWordWrap(true);
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* close = new QToolButton{this};
  close->setText(QStringLiteral("×"));
  close->setAutoRaise(true);
  close->setToolTip(QStringLiteral("Close this message"));
  close->setAccessibleName(close->toolTip());
  connect(close, &QToolButton::clicked, this, &QWidget::hide);
  row->addWidget(sign_, 0, Qt::AlignTop);
  row->addWidget(text_, 1);
  row->addWidget(close, 0, Qt::AlignTop);
  hide();
}

void MessageStrip::showError(const QString& what, const Error& error) {
  QString text = what;
  text += u'\n' + printable_text(to_string(error));
  if (!error.hint.empty())
    text += u'\n' + QStringLiteral("What to do: ") + printable_text(error.hint);
  showText(Kind::Error, text);
}

void MessageStrip::showRemarks(const QStringList& lines) {
  constexpr int most = 4;
  QStringList shown;
  for (const QString& line : lines.mid(0, most)) shown << printable_text(line.toStdString());
  if (lines.size() > most) shown << QStringLiteral("… and %1 more").arg(lines.size() - most);
  showText(Kind::Note, shown.join(u'\n'));
}

void MessageStrip::showNote(const QString& text) { showText(Kind::Note, text); }

void MessageStrip::showText(Kind kind, const QString& text) {
  const Theme theme = Theme::of(parentWidget() ? parentWidget()->palette() : palette());
  const QColor ink = theme.colour(kind == Kind::Error ? Ink::Fail : Ink::Unknown);
  const QColor paper = theme.colour(Ink::Paper);
  const auto blend = [](int under, int over) { return under + (over - under) * 14 / 100; };
  QPalette colours = palette();
  colours.setColor(QPalette::Window,
                   {blend(paper.red(), ink.red()), blend(paper.green(), ink.green()),
                    blend(paper.blue(), ink.blue())});
  setPalette(colours);
  QPalette sign_colours = sign_->palette();
  sign_colours.setColor(QPalette::WindowText, ink);
  sign_->setPalette(sign_colours);
  sign_->setText(kind == Kind::Error ? QStringLiteral("✗") : QStringLiteral("◦"));
  text_->setText(text);
  show();
}

}  // namespace volary::gui
