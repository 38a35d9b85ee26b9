#pragma once

#include <QSpinBox>

namespace volary::gui {

/// A number of seconds, read and written as people do: "1 min 30 s", "90s", "1m30s".
class IntervalBox : public QSpinBox {
  Q_OBJECT

 public:
  explicit IntervalBox(QWidget* parent = nullptr);

 protected:
  [[nodiscard]] QString textFromValue(int value) const override;
  [[nodiscard]] int valueFromText(const QString& text) const override;
  QValidator::State validate(QString& text, int& position) const override;
};

}  // namespace volary::gui
