#include "gui/theme.hpp"

#include <QApplication>
#include <QFont>
#include <QStyle>
#include <QStyleFactory>

namespace volary::gui {
namespace {

QPalette palette_of(const Theme& theme) {
  const QColor text = theme.colour(Ink::Text), soft = theme.colour(Ink::Soft),
               paper = theme.colour(Ink::Paper), panel = theme.colour(Ink::Panel),
               accent = theme.colour(Ink::Primary);
  QPalette palette;
  palette.setColor(QPalette::Window, panel);
  palette.setColor(QPalette::WindowText, text);
  palette.setColor(QPalette::Base, paper);
  palette.setColor(QPalette::AlternateBase, panel);
  palette.setColor(QPalette::Text, text);
  palette.setColor(QPalette::PlaceholderText, soft);
  palette.setColor(QPalette::Button,
                   theme.dark() ? QColor{0x27, 0x2c, 0x35} : QColor{0xfb, 0xfb, 0xfc});
  palette.setColor(QPalette::ButtonText, text);
  palette.setColor(QPalette::BrightText, theme.colour(Ink::Fail));
  palette.setColor(QPalette::ToolTipBase, paper);
  palette.setColor(QPalette::ToolTipText, text);
  palette.setColor(QPalette::Link, accent);
  palette.setColor(QPalette::Highlight, accent);
  palette.setColor(QPalette::HighlightedText, theme.dark() ? QColor{0x10, 0x13, 0x18} : Qt::white);
  palette.setColor(QPalette::Light, theme.dark() ? QColor{0x34, 0x3a, 0x45} : Qt::white);
  palette.setColor(QPalette::Midlight, theme.colour(Ink::Rule));
  palette.setColor(QPalette::Mid, theme.colour(Ink::Rule).darker(115));
  palette.setColor(QPalette::Dark, theme.colour(Ink::Rule).darker(140));
  palette.setColor(QPalette::Shadow, theme.dark() ? QColor{0, 0, 0} : QColor{0x9a, 0xa2, 0xae});
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
    palette.setColor(QPalette::Disabled, role, theme.colour(Ink::Unknown));
  return palette;
}

}  // namespace

Theme Theme::of(const QPalette& palette) {
  return Theme{palette.color(QPalette::Base).lightness() < 128};
}

QColor Theme::colour(Ink ink) const {
  switch (ink) {
    case Ink::Paper: return dark_ ? 0x14171c : 0xffffff;
    case Ink::Panel: return dark_ ? 0x1c2027 : 0xf6f7f9;
    case Ink::Text: return dark_ ? 0xe7eaf0 : 0x1f2430;
    case Ink::Soft: return dark_ ? 0xa3abb8 : 0x5b6472;
    case Ink::Rule: return dark_ ? 0x343a45 : 0xd9dde3;
    case Ink::Grid: return dark_ ? 0x2a2f38 : 0xe4e7ec;
    case Ink::Band: return dark_ ? 0xe7eaf0 : 0x1f2430;
    case Ink::Hatch: return dark_ ? QColor{231, 234, 240, 66} : QColor{31, 36, 48, 71};
    case Ink::Primary: return dark_ ? 0x56b4e9 : 0x0072b2;
    case Ink::Canary: return dark_ ? 0xf0b429 : 0xe69f00;
    case Ink::Mirror: return dark_ ? 0xe39bc4 : 0xcc79a7;
    case Ink::Pass: return dark_ ? 0x34d3a6 : 0x009e73;
    case Ink::Fail: return dark_ ? 0xff7a3d : 0xd55e00;
    case Ink::Unknown: return dark_ ? 0x9ca3af : 0x6b7280;
    case Ink::Bound: return dark_ ? 0xd1d5db : 0x374151;
  }
  return {};
}

QColor Theme::colour(sim::report::Standing standing) const {
  switch (standing) {
    case sim::report::Standing::Pass: return colour(Ink::Pass);
    case sim::report::Standing::Fail: return colour(Ink::Fail);
    case sim::report::Standing::Unknown: return colour(Ink::Unknown);
  }
  return {};
}

void apply_theme(QApplication& application, std::optional<Theme> choice) {
  const bool plain = application.style()->name().compare("fusion", Qt::CaseInsensitive) == 0;
  if (!choice && !plain) return;
  const Theme theme = choice.value_or(Theme::of(application.palette()));
  if (!plain) QApplication::setStyle(QStyleFactory::create("Fusion"));
  QApplication::setPalette(palette_of(theme));
  QFont font = QApplication::font();
  if (plain && font.pointSizeF() < 10) {  // no desktop has chosen: 10 pt can be read
    font.setPointSizeF(10);
    QApplication::setFont(font);
  }
}

}  // namespace volary::gui
