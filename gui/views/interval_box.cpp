#include "gui/views/interval_box.hpp"

#include <QRegularExpression>
#include <optional>

#include "engine/units.hpp"

namespace volary::gui {
namespace {

/// "1 min 30 s", "1m30s", "2 min", "90 s", "90".
std::optional<int> seconds_in(const QString& text) {
  static const QRegularExpression form{QStringLiteral(
      R"(^\s*(?:(\d{1,5})\s*h)?\s*(?:(\d{1,5})\s*m(?:in)?)?\s*(?:(\d{1,6})\s*s?)?\s*$)")};
  const auto match = form.match(text);
  if (!match.hasMatch() || text.trimmed().isEmpty()) return std::nullopt;
  return match.captured(1).toInt() * 3600 + match.captured(2).toInt() * 60 +
         match.captured(3).toInt();
}

}  // namespace

IntervalBox::IntervalBox(QWidget* parent) : QSpinBox{parent} {
  setRange(10, 24 * 3600);  // ANA-01: less than ten seconds is read as ten
  setSingleStep(10);
}

QString IntervalBox::textFromValue(int value) const {
  return QString::fromStdString(spoken(std::chrono::seconds{value}));
}

int IntervalBox::valueFromText(const QString& text) const {
  return seconds_in(text).value_or(value());
}

QValidator::State IntervalBox::validate(QString& text, int& /*position*/) const {
  static const QRegularExpression begun{QStringLiteral("^[0-9 hmins]*$")};
  if (!begun.match(text).hasMatch()) return QValidator::Invalid;
  const auto seconds = seconds_in(text);
  return seconds && *seconds >= minimum() && *seconds <= maximum() ? QValidator::Acceptable
                                                                   : QValidator::Intermediate;
}

}  // namespace volary::gui
