#include <QApplication>
#include <QLocale>
#include <QStandardPaths>
#include <clocale>

#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

/// No display, and none of the user's settings.
int main(int argc, char** argv) {
  qputenv("QT_QPA_PLATFORM", "offscreen");
  QStandardPaths::setTestModeEnabled(true);
  QApplication application{argc, argv};
  std::setlocale(LC_NUMERIC, "C");
  QLocale::setDefault(QLocale::c());
  return Catch::Session().run(argc, argv);
}
