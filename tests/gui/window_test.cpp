#include <QComboBox>
#include <QDockWidget>
#include <QDoubleSpinBox>
#include <QDropEvent>
#include <QFile>
#include <QLabel>
#include <QMimeData>
#include <QProcess>
#include <QPushButton>
#include <QSettings>
#include <QTableView>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "gui/models/evidence_model.hpp"
#include "gui/plots/plot_stack.hpp"
#include "gui/theme.hpp"
#include "gui/views/event_table.hpp"
#include "gui/views/main_window.hpp"
#include "gui/views/message_strip.hpp"
#include "gui/views/policy_panel.hpp"
#include "gui/views/verdict_banner.hpp"
#include "tests/gui/support.hpp"
#include "tests/support/scratch.hpp"

using namespace volary;
using namespace volary::gui;
using gui::test::comes_true;
using gui::test::source_file;

namespace {

/// The window as it opens, once the shipped release has landed.
struct Opened {
  MainWindow window{MainWindow::Setup{}};

  Opened() {
    window.show();
    land();
  }
  void land() {
    REQUIRE(comes_true([&] { return !window.stale() && !window.problem(); }));
  }
  template <class T>
  T* find(const char* name) {
    T* found = window.findChild<T*>(QString::fromLatin1(name));
    REQUIRE(found != nullptr);
    return found;
  }
  PlotStack* plots() { return find<PlotStack>("plots"); }
  void press(Qt::Key key) { QTest::keyClick(&window, key); }
  [[nodiscard]] QString cell(const char* table, int row, int column) {
    const auto* model = find<QTableView>(table)->model();
    return model->data(model->index(row, column), Qt::DisplayRole).toString();
  }
};

std::string file_text(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<sim::Run> flown(const Policy& policy, const sim::RunOptions& options = {}) {
  return sim::simulate(*shipped_documents().scenarios.front(), policy, options);
}

}  // namespace

TEST_CASE("the shipped release is flying when the window opens, and its verdict is read") {
  Opened opened;
  CHECK(opened.find<QLabel>("headline")->text().startsWith("Rolled back after"));
  CHECK(opened.plots()->plotCount() == 4);
  for (int i = 0; i < 4; ++i) CHECK(opened.plots()->emptyTextOf(i).isEmpty());
  const auto run = flown(*shipped_documents().policies.front());
  REQUIRE(run);
  CHECK(opened.window.snapshot()->run.digest == run->digest);
  CHECK(opened.find<QTableView>("events")->model()->rowCount() > 5);
}

TEST_CASE("another step weight is flown again, to the figures that simulate() gives") {
  Opened opened;
  const SnapshotPtr before = opened.window.snapshot();
  opened.find<QSpinBox>("stepWeight")->setValue(25);
  CHECK(opened.window.stale());
  opened.land();
  const SnapshotPtr after = opened.window.snapshot();
  Policy wanted = *shipped_documents().policies.front();
  wanted.canary.spec.analysis.step_weight = 25;
  const auto run = flown(wanted);
  REQUIRE(run);
  CHECK(after->run.digest == run->digest);
  CHECK(after->run.digest != before->run.digest);
  CHECK(after->verdict.figures[1].value == sim::report::verdict(*run).figures[1].value);
  CHECK(opened.find<QLabel>("strategy")->text().contains("25 % steps"));
}

TEST_CASE("every number of the panel reaches the flight") {
  Opened opened;
  opened.find<QSpinBox>("threshold")->setValue(2);
  opened.find<QSpinBox>("maxWeight")->setValue(30);
  opened.find<QSpinBox>("interval")->setValue(120);
  opened.find<QDoubleSpinBox>("bound0min")->setValue(98.5);
  opened.find<QDoubleSpinBox>("bound1max")->setValue(450);
  opened.find<QSpinBox>("seed")->setValue(7);
  opened.find<QComboBox>("compat")->setCurrentIndex(1);
  opened.land();
  Policy wanted = *shipped_documents().policies.front();
  Analysis& analysis = wanted.canary.spec.analysis;
  analysis.threshold = 2;
  analysis.max_weight = 30;
  analysis.interval = "2m";
  analysis.metrics[0].range->min = 98.5;
  analysis.metrics[1].range->max = 450;
  const auto run = flown(wanted, {.seed = 7, .compat = Compat::Flagger});
  REQUIRE(run);
  CHECK(opened.window.snapshot()->run.digest == run->digest);
  CHECK(opened.find<QLabel>("changes")->text() == "5 numbers differ from the file.");

  QTest::mouseClick(opened.find<QPushButton>("reset"), Qt::LeftButton);
  opened.land();
  CHECK(opened.find<QSpinBox>("threshold")->value() == 5);
  CHECK(opened.find<QDoubleSpinBox>("bound0min")->value() == 99);
  const auto again =
      flown(*shipped_documents().policies.front(), {.seed = 7, .compat = Compat::Flagger});
  REQUIRE(again);
  CHECK(opened.window.snapshot()->run.digest == again->digest);
}

TEST_CASE("the interval is read and written as people do") {
  Opened opened;
  auto* box = opened.find<QSpinBox>("interval");
  CHECK(box->text() == "1 min");
  for (const auto& [typed, seconds] :
       {std::pair{"90s", 90}, {"1m30s", 90}, {"2 min", 120}, {"45", 45}}) {
    box->selectAll();
    QTest::keyClicks(box, QString::fromLatin1(typed));
    QTest::keyClick(box, Qt::Key_Return);
    CHECK(box->value() == seconds);
  }
}

TEST_CASE("arrow keys move the cursor tick by tick, events and evidence follow") {
  Opened opened;
  auto* events = opened.find<EventTable>("events");
  opened.press(Qt::Key_Home);
  CHECK(opened.find<QLabel>("evidenceHeadline")->text().startsWith("12:00:00"));
  CHECK_FALSE(opened.find<QLabel>("evidenceEmpty")->text().isEmpty());
  const int first = events->currentIndex().row();
  for (int i = 0; i < 7; ++i) opened.press(Qt::Key_Right);
  CHECK(opened.find<QLabel>("evidenceHeadline")->text().startsWith("12:07:00"));
  CHECK(events->currentIndex().row() > first);
  CHECK(opened.cell("events", events->currentIndex().row(), EventModel::Time) == "12:07:00");
  CHECK(opened.cell("evidence", 0, EvidenceModel::Check) == "success");
  CHECK(opened.plots()->readoutOf(0) == "primary 90 % · canary 10 %");
  opened.press(Qt::Key_Left);
  CHECK(opened.find<QLabel>("evidenceHeadline")->text().startsWith("12:06:00"));
  opened.press(Qt::Key_End);
  CHECK(opened.find<QLabel>("evidenceEmpty")->text() == "No check was asked: the release is over.");
}

TEST_CASE("an event that is chosen takes the cursor with it, as does a click on a plot") {
  Opened opened;
  auto* events = opened.find<EventTable>("events");
  events->setCurrentIndex(events->model()->index(0, EventModel::Text));
  CHECK(opened.find<QLabel>("evidenceHeadline")->text().startsWith("12:00:00"));
  const int last = events->model()->rowCount() - 1;
  events->setCurrentIndex(events->model()->index(last, EventModel::Text));
  CHECK(opened.find<QLabel>("evidenceHeadline")
            ->text()
            .startsWith(opened.cell("events", last, EventModel::Time)));
  CHECK(events->currentIndex().row() == last);

  constexpr qint64 minute = 60'000;
  const QPoint there = opened.plots()->pointAt((12 * 60 + 8) * minute + 20'000);
  QTest::mouseClick(opened.find<QWidget>("canvas"), Qt::LeftButton, {}, there);
  CHECK(opened.find<QLabel>("evidenceHeadline")->text().startsWith("12:08:00"));
}

TEST_CASE("hostile files are refused in the window, and the old run stays") {
  Opened opened;
  const SnapshotPtr before = opened.window.snapshot();
  const std::string path = volary::test::scratch("typo.yaml");
  std::ofstream{path} << "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: a}\n"
                         "spec:\n  analysis:\n    threshold: lots\n";
  const std::string deep = volary::test::scratch("deep.yaml");
  std::ofstream{deep} << std::string(1 << 20, '[');
  for (const std::string& file :
       {path, deep, std::string{"/nowhere.yaml"}, std::string{VOLARY_SOURCE_DIR}}) {
    CHECK_FALSE(opened.window.open({file}));
    auto* message = opened.find<MessageStrip>("message");
    CHECK(message->isVisible());
    CHECK(message->text().contains(QString::fromStdString(file)));
    CHECK(opened.window.snapshot() == before);
    CHECK(opened.window.problem());
  }
  CHECK_FALSE(opened.window.open({path}));
  CHECK(opened.find<MessageStrip>("message")->text().contains("typo.yaml:"));

  // The next good file takes the complaint away.
  CHECK(opened.window.open({source_file("policies/bold-progressive.yaml")}));
  opened.land();
  CHECK_FALSE(opened.find<MessageStrip>("message")->isVisible());
}

TEST_CASE("a release that cannot be flown greys the old run and says why") {
  Opened opened;
  const SnapshotPtr before = opened.window.snapshot();
  const std::string path = volary::test::scratch("unknown-metric.yaml");
  std::string text = shipped_documents().policies.front()->source;
  text +=
      "      - name: orders\n        interval: 1m\n        thresholdRange: {min: 1}\n"
      "        query: sum(rate(orders_total[1m]))\n";
  std::ofstream{path} << text;
  CHECK(opened.window.open({path}));
  REQUIRE(comes_true([&] { return opened.window.problem().has_value(); }));
  CHECK(opened.find<MessageStrip>("message")->text().contains("orders_total"));
  CHECK(opened.window.snapshot() == before);
  CHECK_FALSE(opened.find<QTableView>("events")->isEnabled());
}

TEST_CASE("dropped files are opened") {
  Opened opened;
  QMimeData mime;
  mime.setUrls({QUrl::fromLocalFile(
                    QString::fromStdString(source_file("scenarios/checkout-good-release.yaml"))),
                QUrl::fromLocalFile(
                    QString::fromStdString(source_file("policies/cautious-progressive.yaml")))});
  QDragEnterEvent enter{{10, 10}, Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier};
  QCoreApplication::sendEvent(&opened.window, &enter);
  CHECK(enter.isAccepted());
  QDropEvent drop{QPointF{10, 10}, Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier};
  QCoreApplication::sendEvent(&opened.window, &drop);
  opened.land();
  CHECK(opened.window.snapshot()->run.scenario == "checkout-good-release");
  CHECK(opened.window.snapshot()->policy->file.ends_with("cautious-progressive.yaml"));
  CHECK(opened.find<QComboBox>("scenario")->currentText() == "checkout-good-release");
}

TEST_CASE("every shipped policy can be seen and edited, whatever its strategy") {
  Opened opened;
  for (const char* name : {"ab-cookie-header", "blue-green-mirrored", "blue-green",
                           "nonlinear-steps", "session-affinity", "staged-promotion"}) {
    INFO(name);
    CHECK(opened.window.open({source_file(std::string{"policies/"} + name + ".yaml")}));
    opened.land();
    const Plan plan = opened.window.snapshot()->run.plan;
    const bool iterations = plan.strategy != Strategy::Progressive;
    CHECK(opened.find<QSpinBox>("iterations")->isVisible() == iterations);
    CHECK(opened.find<QSpinBox>("stepWeight")->isVisible() ==
          (!iterations && plan.step_weights.empty()));
  }
}

TEST_CASE("the manifest is saved with the edits and all its comments, the report with the edits") {
  Opened opened;
  opened.find<QSpinBox>("stepWeight")->setValue(20);
  opened.land();
  const std::string manifest = volary::test::scratch("saved.yaml");
  REQUIRE(opened.window.saveManifest(QString::fromStdString(manifest)));
  std::string wanted = shipped_documents().policies.front()->source;
  wanted.replace(wanted.find("stepWeight: 10"), 14, "stepWeight: 20");
  CHECK(file_text(manifest) == wanted);

  const std::string report = volary::test::scratch("report.html");
  REQUIRE(opened.window.saveReport(QString::fromStdString(report)));
  const std::string html = file_text(report);
  CHECK(html.find(opened.window.snapshot()->verdict.headline) != std::string::npos);
  CHECK(html.find("stepWeight: 20") != std::string::npos);
  CHECK(html.find("edited in the window") != std::string::npos);

  const auto refused = opened.window.saveManifest(QStringLiteral("/nowhere/at/all.yaml"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::Output);
}

TEST_CASE("the window comes back where it was left, in the settings it was given") {
  const QString path = QString::fromStdString(volary::test::scratch("settings.ini"));
  QFile::remove(path);
  QSettings settings{path, QSettings::IniFormat};
  {
    MainWindow window{{.settings = &settings}};
    window.resize(1111, 777);
    window.show();
    window.findChild<QDockWidget*>(QStringLiteral("eventsDock"))->hide();
    window.close();
  }
  CHECK(settings.contains(QStringLiteral("window/geometry")));
  MainWindow window{{.settings = &settings}};
  window.show();
  CHECK(window.size() == QSize{1111, 777});
  CHECK_FALSE(window.findChild<QDockWidget*>(QStringLiteral("eventsDock"))->isVisible());
}

TEST_CASE("light and dark have the colours that report and terminal have") {
  CHECK(Theme{false}.colour(Ink::Primary) == QColor{0x00, 0x72, 0xb2});
  CHECK(Theme{false}.colour(Ink::Canary) == QColor{0xe6, 0x9f, 0x00});
  CHECK(Theme{false}.colour(Ink::Fail) == QColor{0xd5, 0x5e, 0x00});
  CHECK(Theme{true}.colour(Ink::Primary) == QColor{0x56, 0xb4, 0xe9});
  CHECK(Theme{true}.colour(Ink::Pass) == QColor{0x34, 0xd3, 0xa6});
  const std::string css = file_text(source_file("sim/report/report.css"));
  for (const bool dark : {false, true})
    for (const Ink ink : {Ink::Paper, Ink::Text, Ink::Soft, Ink::Primary, Ink::Canary, Ink::Mirror,
                          Ink::Pass, Ink::Fail, Ink::Unknown, Ink::Bound, Ink::Grid}) {
      const std::string name = Theme{dark}.colour(ink).name().toStdString();
      std::string upper = name;
      for (char& c : upper) c = static_cast<char>(std::toupper(c));
      INFO(name);
      CHECK((css.find(name) != std::string::npos || css.find(upper) != std::string::npos));
    }
}

TEST_CASE("the program writes a screenshot and ends, or says what is wrong") {
  const QString program = QStringLiteral(VOLARY_BINARY_DIR "/bin/volary-gui");
  const auto run = [&](const QStringList& arguments) {
    QProcess process;
    process.start(program, arguments);
    REQUIRE(process.waitForFinished(60'000));
    return std::pair{process.exitCode(), QString::fromUtf8(process.readAllStandardError())};
  };
  const QString picture = QString::fromStdString(volary::test::scratch("window.png"));
  CHECK(run({QStringLiteral("--screenshot"), picture, QStringLiteral("--size"),
             QStringLiteral("1024x700"), QStringLiteral("--theme"), QStringLiteral("dark")})
            .first == 0);
  CHECK(QImage{picture}.size() == QSize{1024, 700});
  const auto [code, said] =
      run({QStringLiteral("--screenshot"), picture, QStringLiteral("/no.yaml")});
  CHECK(code == 2);
  CHECK(said.contains("/no.yaml"));
  CHECK(run({QStringLiteral("--screenshot"), QStringLiteral("/nowhere/x.png")}).first == 6);
  CHECK(run({QStringLiteral("--size"), QStringLiteral("huge")}).first == 2);
}
