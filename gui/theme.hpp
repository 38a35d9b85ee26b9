#pragma once

#include <QColor>
#include <QPalette>
#include <optional>

#include "sim/report/evidence.hpp"

class QApplication;

/// The meanings of colour, which terminal, report and window share; they never decorate, and each
/// has a second sign beside it.
namespace volary::gui {

enum class Ink {
  Paper,  ///< behind plots
  Panel,  ///< behind tiles
  Text,
  Soft,  ///< secondary text
  Rule,  ///< between things
  Grid,
  Band,   ///< phases, at the strength of their kind
  Hatch,  ///< faults
  Primary,
  Canary,
  Mirror,
  Pass,
  Fail,
  Unknown,
  Bound,
};

/// Light or dark, as the palette around says.
class Theme {
 public:
  explicit Theme(bool dark) : dark_{dark} {}
  [[nodiscard]] static Theme of(const QPalette& palette);

  [[nodiscard]] bool dark() const { return dark_; }
  [[nodiscard]] QColor colour(Ink ink) const;
  [[nodiscard]] QColor colour(sim::report::Standing standing) const;

 private:
  bool dark_;
};

/// Dresses the application: light, dark, or (nothing) as the desktop has it. A desktop's own style
/// is left alone unless a choice was made.
void apply_theme(QApplication& application, std::optional<Theme> choice);

}  // namespace volary::gui
