#include "gui/application.hpp"

#include <QApplication>
#include <QCommandLineParser>
#include <QLocale>
#include <QPixmap>
#include <QSettings>
#include <QTimer>
#include <clocale>
#include <cstdio>
#include <optional>
#include <string_view>

#include "gui/theme.hpp"
#include "gui/views/main_window.hpp"

namespace volary::gui {
namespace {

struct Flags {
  std::vector<std::string> files;
  std::uint64_t seed = 1;
  Compat compat = Compat::Strict;
  std::optional<Theme> theme;
  QString screenshot;
  std::optional<QSize> size;
};

constexpr int refused = 2, unreachable = 3, not_written = 6;

std::optional<QSize> size_in(const QString& text) {
  const QStringList parts = text.split(u'x');
  bool wide = false, high = false;
  if (parts.size() != 2) return std::nullopt;
  const QSize size{parts[0].toInt(&wide), parts[1].toInt(&high)};
  if (!wide || !high || size.width() < 320 || size.height() < 240 || size.width() > 10'000 ||
      size.height() > 10'000)
    return std::nullopt;
  return size;
}

int refuse(const QString& text) {
  std::fprintf(stderr, "error: %s\n", text.toUtf8().constData());
  return refused;
}

/// Nothing, or the exit code of a command line that is wrong or asks for help.
std::optional<int> read_flags(const QApplication& application, Flags& flags) {
  QCommandLineParser parser;
  parser.setApplicationDescription(
      QStringLiteral("Flies a release policy through a scenario, in a window. Without files, the "
                     "release that ships with\nVolary is flown.\n\nExample:\n  volary-gui "
                     "scenarios/checkout-latency-regression.yaml policies/bold-progressive.yaml"));
  parser.addPositionalArgument(
      QStringLiteral("files"),
      QStringLiteral("A scenario and Canary manifests, told apart by their kind."),
      QStringLiteral("[SCENARIO] [POLICY…]"));
  const QCommandLineOption seed{QStringLiteral("seed"), QStringLiteral("Seed of the run."),
                                QStringLiteral("N"), QStringLiteral("1")},
      compat{QStringLiteral("compat"), QStringLiteral("strict (default) or flagger."),
             QStringLiteral("WHICH"), QStringLiteral("strict")},
      theme{QStringLiteral("theme"), QStringLiteral("system (default), light or dark."),
            QStringLiteral("WHICH"), QStringLiteral("system")},
      screenshot{QStringLiteral("screenshot"),
                 QStringLiteral("Writes the window as PNG once the run has landed, and quits."),
                 QStringLiteral("FILE")},
      size{QStringLiteral("size"), QStringLiteral("Size of the window, for example 1440x900."),
           QStringLiteral("WxH")};
  parser.addOptions({seed, compat, theme, screenshot, size});
  parser.addHelpOption();
  parser.addVersionOption();
  parser.process(application);

  for (const QString& file : parser.positionalArguments())
    flags.files.push_back(file.toStdString());
  bool whole = false;
  flags.seed = parser.value(seed).toULongLong(&whole);
  if (!whole) return refuse(QStringLiteral("--seed takes a whole number"));
  const auto semantics = compat_named(parser.value(compat).toStdString());
  if (!semantics) return refuse(QStringLiteral("--compat is strict or flagger"));
  flags.compat = *semantics;
  const QString look = parser.value(theme);
  if (look == QStringLiteral("light") || look == QStringLiteral("dark"))
    flags.theme = Theme{look == QStringLiteral("dark")};
  else if (look != QStringLiteral("system"))
    return refuse(QStringLiteral("--theme is system, light or dark"));
  flags.screenshot = parser.value(screenshot);
  if (parser.isSet(size)) {
    flags.size = size_in(parser.value(size));
    if (!flags.size) return refuse(QStringLiteral("--size is of the form 1440x900"));
  }
  return std::nullopt;
}

bool there(const char* variable) { return !qEnvironmentVariableIsEmpty(variable); }

/// Where nobody could see a window, a screenshot is painted in memory. False when there is no place
/// at all to paint on, which Qt would answer by aborting.
bool find_display(int argc, char** argv) {
  if (there("DISPLAY") || there("WAYLAND_DISPLAY") || there("QT_QPA_PLATFORM")) return true;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word{argv[i]};
    if (word == "-platform" || word == "--platform") return true;
    for (const char* unseen : {"--screenshot", "--help", "-h", "--help-all", "--version", "-v"}) {
      if (!word.starts_with(unseen)) continue;
      qputenv("QT_QPA_PLATFORM", "offscreen");
      return true;
    }
  }
  return false;
}

/// Waits for the run to be told in full, then writes what a person would see.
void take_screenshot(QApplication& application, MainWindow& window, const QString& file) {
  const auto take = [&application, &window, file] {
    if (const auto& problem = window.problem()) {
      std::fprintf(stderr, "error: %s\n", to_string(*problem).c_str());
      application.exit(refused);
    } else if (!window.stale()) {
      // One turn of the event loop, so that everything stands where it belongs.
      QTimer::singleShot(100, &window, [&application, &window, file] {
        const bool written = window.grab().save(file, "PNG");
        if (!written) std::fprintf(stderr, "error: cannot write (%s)\n", file.toUtf8().constData());
        application.exit(written ? 0 : not_written);
      });
    }
  };
  QObject::connect(&window, &MainWindow::settled, &application, take, Qt::QueuedConnection);
}

}  // namespace

int gui_main(int argc, char** argv) {
  if (!find_display(argc, argv)) {
    std::fprintf(stderr,
                 "error: no display (DISPLAY, WAYLAND_DISPLAY): a window needs one; log in to a "
                 "desktop, or write a picture with --screenshot FILE\n");
    return unreachable;
  }
  QApplication application{argc, argv};
  // Numbers look and are read as in the documents, whatever the user's locale has for a comma.
  std::setlocale(LC_NUMERIC, "C");
  QLocale::setDefault(QLocale::c());
  QApplication::setApplicationName(QStringLiteral("volary-gui"));
  QApplication::setApplicationDisplayName(QStringLiteral("Volary"));
  QApplication::setOrganizationName(QStringLiteral("volary"));
  QApplication::setApplicationVersion(QStringLiteral(VOLARY_VERSION));

  Flags flags;
  if (const auto end = read_flags(application, flags)) return *end;
  apply_theme(application, flags.theme);
  // A screenshot shows the window as it comes, not as somebody left it.
  std::optional<QSettings> settings;
  if (flags.screenshot.isEmpty()) settings.emplace();
  MainWindow window{
      {.seed = flags.seed, .compat = flags.compat, .settings = settings ? &*settings : nullptr}};
  if (flags.size) window.resize(*flags.size);
  window.show();
  if (!flags.screenshot.isEmpty()) take_screenshot(application, window, flags.screenshot);
  window.open(flags.files);  // what is wrong with them is said in the window
  return QApplication::exec();
}

}  // namespace volary::gui
