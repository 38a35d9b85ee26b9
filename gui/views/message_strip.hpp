#pragma once

#include <QFrame>
#include <QLabel>

#include "engine/result.hpp"

namespace volary::gui {

/// What could not be opened, flown or saved, said where it is seen, with the place and what to do;
/// the run below stays as it is. It goes when it is closed, or when what it says is no longer true.
class MessageStrip : public QFrame {
  Q_OBJECT

 public:
  explicit MessageStrip(QWidget* parent = nullptr);

  /// "✗ Cannot open the files. canary.yaml:12:5: … What to do: …".
  void showError(const QString& what, const Error& error);
  /// "◦ 2 remarks on what was read: …".
  void showRemarks(const QStringList& lines);
  void showNote(const QString& text);

  [[nodiscard]] QString text() const { return text_->text(); }

 private:
  enum class Kind { Error, Note };
  void showText(Kind kind, const QString& text);

  QLabel *sign_, *text_;
};

}  // namespace volary::gui
