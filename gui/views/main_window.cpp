#include "gui/views/main_window.hpp"

#include <QCloseEvent>
#include <QDockWidget>
#include <QDropEvent>
#include <QFileDialog>
#include <QLabel>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QProgressBar>
#include <QSaveFile>
#include <QScrollArea>
#include <QSettings>
#include <QStatusBar>
#include <QToolBar>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gui/plots/plot_stack.hpp"
#include "gui/theme.hpp"
#include "gui/views/event_table.hpp"
#include "gui/views/evidence_panel.hpp"
#include "gui/views/message_strip.hpp"
#include "gui/views/policy_panel.hpp"
#include "gui/views/verdict_banner.hpp"
#include "sim/report/command_line.hpp"
#include "sim/report/html.hpp"
#include "sim/report/numbers.hpp"

namespace volary::gui {
namespace {

using namespace std::chrono_literals;

constexpr int layout_version = 1;  ///< of docks and toolbars, as they are remembered

QString text_of(const std::string& text) { return QString::fromStdString(text); }

std::string base_name(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

Result<void> write_whole(const QString& path, const std::string& text) {
  QSaveFile file{path};  // beside it, then renamed: whole or not at all (INV-54)
  const auto size = static_cast<qint64>(text.size());
  if (file.open(QIODevice::WriteOnly) && file.write(text.data(), size) == size && file.commit())
    return {};
  return tl::unexpected(Error{.kind = ErrorKind::Output,
                              .message = "cannot write: " + file.errorString().toStdString(),
                              .where = path.toStdString(),
                              .hint = "choose a folder that you may write"});
}

std::vector<std::string> local_files(const QMimeData& mime) {
  std::vector<std::string> files;
  for (const QUrl& url : mime.urls())
    if (url.isLocalFile()) files.push_back(url.toLocalFile().toStdString());
  return files;
}

}  // namespace

MainWindow::MainWindow(Setup setup) : settings_{setup.settings}, documents_{shipped_documents()} {
  setObjectName(QStringLiteral("window"));
  setWindowTitle(QStringLiteral("Volary"));
  setAcceptDrops(true);

  auto* middle = new QWidget{this};
  auto* column = new QVBoxLayout{middle};
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  message_ = new MessageStrip{middle};
  plots_ = new PlotStack{middle};
  column->addWidget(message_);
  column->addWidget(plots_, 1);
  setCentralWidget(middle);

  buildDocks();
  buildMenus();
  buildStatus();
  restore();
  dressModels();
  panel_->setFlight(setup.seed, setup.compat);

  debounce_.setSingleShot(true);
  debounce_.setInterval(40ms);
  patience_.setSingleShot(true);
  patience_.setInterval(100ms);  // a flight that lands sooner is not worth a flicker
  connect(&debounce_, &QTimer::timeout, this, &MainWindow::fly);
  connect(&patience_, &QTimer::timeout, this, [this] { grey(true); });
  connect(&worker_, &RunWorker::snapshotReady, this, &MainWindow::showSnapshot);
  connect(&worker_, &RunWorker::refused, this, &MainWindow::showRefusal);
  connect(&worker_, &RunWorker::progressed, this, &MainWindow::showProgress);
  connect(&cursor_, &Cursor::moved, this, &MainWindow::showCursor);
  connect(plots_, &PlotStack::cursorWanted, &cursor_, &Cursor::moveTo);
  connect(event_table_, &EventTable::tickWanted, &cursor_, &Cursor::moveToTick);
  connect(panel_, &PolicyPanel::changed, this, [this] {
    patience_.start();
    debounce_.start();
  });
  connect(panel_, &PolicyPanel::scenarioChosen, this,
          [this](int index) { choose(static_cast<std::size_t>(index), policy_); });
  connect(panel_, &PolicyPanel::policyChosen, this,
          [this](int index) { choose(scenario_, static_cast<std::size_t>(index)); });
  connect(panel_, &PolicyPanel::saveWanted, this, &MainWindow::askSaveManifest);
  choose(0, 0);
}

MainWindow::~MainWindow() { worker_.stop(); }

void MainWindow::buildDocks() {
  // The verdict goes over everything: it is the answer to everything below.
  auto* top = new QToolBar{QStringLiteral("Verdict"), this};
  top->setObjectName(QStringLiteral("verdictBar"));
  top->setMovable(false);
  top->setFloatable(false);
  top->toggleViewAction()->setVisible(false);
  top->setContextMenuPolicy(Qt::PreventContextMenu);
  banner_ = new VerdictBanner{top};
  top->addWidget(banner_);
  addToolBar(Qt::TopToolBarArea, top);

  panel_ = new PolicyPanel;
  auto* scroll = new QScrollArea;
  scroll->setWidget(panel_);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setMinimumWidth(panel_->minimumSizeHint().width() + 16);
  event_table_ = new EventTable{&events_};
  evidence_panel_ = new EvidencePanel{&evidence_};

  const auto dock = [&](const QString& title, const char* name, QWidget* widget,
                        Qt::DockWidgetArea area) {
    auto* made = new QDockWidget{title, this};
    made->setObjectName(QString::fromLatin1(name));
    made->setWidget(widget);
    addDockWidget(area, made);
    return made;
  };
  dock(QStringLiteral("What you may change"), "policyDock", scroll, Qt::LeftDockWidgetArea);
  dock(QStringLiteral("Evidence at the cursor"), "evidenceDock", evidence_panel_,
       Qt::RightDockWidgetArea);
  dock(QStringLiteral("Events"), "eventsDock", event_table_, Qt::RightDockWidgetArea);
  setMinimumSize(900, 600);
  resize(1440, 900);
}

void MainWindow::spread() {
  auto* change = findChild<QDockWidget*>(QStringLiteral("policyDock"));
  auto* evidence = findChild<QDockWidget*>(QStringLiteral("evidenceDock"));
  auto* events = findChild<QDockWidget*>(QStringLiteral("eventsDock"));
  resizeDocks({change, evidence},
              {std::clamp(width() * 19 / 100, 200, 280), std::clamp(width() * 28 / 100, 280, 400)},
              Qt::Horizontal);
  resizeDocks({evidence, events}, {height() * 24 / 100, height() * 50 / 100}, Qt::Vertical);
}

void MainWindow::showEvent(QShowEvent* event) {
  QMainWindow::showEvent(event);
  if (!std::exchange(remembered_, true)) spread();
}

void MainWindow::buildMenus() {
  const auto action = [this](QMenu* menu, const QString& text, const QKeySequence& keys,
                             auto method) {
    QAction* made = menu->addAction(text);
    made->setShortcut(keys);
    connect(made, &QAction::triggered, this, method);
    return made;
  };
  QMenu* file = menuBar()->addMenu(QStringLiteral("&File"));
  action(file, QStringLiteral("&Open…"), QKeySequence::Open, &MainWindow::askOpen);
  file->addSeparator();
  save_manifest_ = action(file, QStringLiteral("Save as Canary &manifest…"), QKeySequence::Save,
                          &MainWindow::askSaveManifest);
  save_report_ = action(file, QStringLiteral("Save &report as HTML…"),
                        QKeySequence{Qt::CTRL | Qt::Key_R}, &MainWindow::askSaveReport);
  file->addSeparator();
  action(file, QStringLiteral("&Quit"), QKeySequence::Quit, [this] { close(); });

  QMenu* go = menuBar()->addMenu(QStringLiteral("&Cursor"));
  action(go, QStringLiteral("&Previous tick"), Qt::Key_Left, [this] { cursor_.step(-1); });
  action(go, QStringLiteral("&Next tick"), Qt::Key_Right, [this] { cursor_.step(1); });
  action(go, QStringLiteral("&First tick"), Qt::Key_Home, [this] { cursor_.toStart(); });
  action(go, QStringLiteral("&Last tick"), Qt::Key_End, [this] { cursor_.toEnd(); });

  QMenu* view = menuBar()->addMenu(QStringLiteral("&View"));
  action(view, QStringLiteral("&Whole run"), QKeySequence{Qt::CTRL | Qt::Key_0},
         [this] { plots_->showAll(); });
  view->addSeparator();
  for (QDockWidget* dock : findChildren<QDockWidget*>()) view->addAction(dock->toggleViewAction());

  QMenu* help = menuBar()->addMenu(QStringLiteral("&Help"));
  action(help, QStringLiteral("&How to read the plots"), QKeySequence::HelpContents,
         &MainWindow::explainPlots);
  action(help, QStringLiteral("&About Volary"), {}, &MainWindow::about);
}

void MainWindow::buildStatus() {
  status_ = new QLabel{this};
  status_->setObjectName(QStringLiteral("status"));
  status_->setContentsMargins(8, 0, 0, 0);
  progress_ = new QProgressBar{this};
  progress_->setRange(0, 1000);
  progress_->setTextVisible(false);
  progress_->setFixedWidth(160);
  progress_->setMaximumHeight(8);
  call_off_ = new QToolButton{this};
  call_off_->setText(QStringLiteral("Call off"));
  call_off_->setToolTip(QStringLiteral("Ends the flight in the air; what is seen stays"));
  connect(call_off_, &QToolButton::clicked, this, &MainWindow::callOff);
  statusBar()->addWidget(status_, 1);
  statusBar()->addPermanentWidget(progress_);
  statusBar()->addPermanentWidget(call_off_);
  progress_->hide();
  call_off_->hide();
}

void MainWindow::restore() {
  if (!settings_) return;
  restoreGeometry(settings_->value(QStringLiteral("window/geometry")).toByteArray());
  remembered_ =
      restoreState(settings_->value(QStringLiteral("window/state")).toByteArray(), layout_version);
}

void MainWindow::closeEvent(QCloseEvent* event) {
  if (settings_) {
    settings_->setValue(QStringLiteral("window/geometry"), saveGeometry());
    settings_->setValue(QStringLiteral("window/state"), saveState(layout_version));
  }
  worker_.cancel();
  QMainWindow::closeEvent(event);
}

void MainWindow::dressModels() {
  events_.setPalette(palette());
  evidence_.setPalette(palette());
}

void MainWindow::changeEvent(QEvent* event) {
  QMainWindow::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) dressModels();
}

// --- what is open
// ----------------------------------------------------------------------------------

bool MainWindow::open(const std::vector<std::string>& files) {
  if (files.empty()) return true;
  auto opened = open_documents(files, documents_);
  if (!opened) {
    problem_ = opened.error();
    message_->showError(QStringLiteral("This cannot be opened; what was open stays."),
                        opened.error());
    emit settled();
    return false;
  }
  documents_ = *std::move(opened);
  problem_.reset();
  choose(0, 0);
  if (const auto remarks = remarks_of(documents_); remarks.empty()) {
    message_->hide();
  } else {
    QStringList lines;
    for (const std::string& remark : remarks) lines << text_of(remark);
    message_->showRemarks(lines);
  }
  return true;
}

void MainWindow::choose(std::size_t scenario, std::size_t policy) {
  const bool other_policy = !draft_ || draft_->written() != documents_.policies.at(policy);
  scenario_ = scenario;
  policy_ = policy;
  panel_->showDocuments(documents_, static_cast<int>(scenario), static_cast<int>(policy));
  if (other_policy) {  // the numbers of one policy are not the numbers of another
    draft_ = std::make_unique<PolicyDraft>(documents_.policies[policy]);
    panel_->edit(draft_.get());
  }
  setWindowTitle(text_of(fmt::format("{} · {}", documents_.scenarios[scenario]->name,
                                     base_name(documents_.policies[policy]->file))));
  patience_.start();
  fly();
}

// --- flying
// ----------------------------------------------------------------------------------------

void MainWindow::fly() {
  debounce_.stop();
  worker_.order({.scenario = documents_.scenarios[scenario_],
                 .policy = draft_->edited(),
                 .seed = panel_->seed(),
                 .compat = panel_->compat()});
}

bool MainWindow::stale() const {
  return debounce_.isActive() || !snapshot_ || snapshot_->edition != worker_.latest() ||
         !snapshot_->whole;
}

void MainWindow::landed() {
  patience_.stop();
  progress_->hide();
  call_off_->hide();
}

void MainWindow::grey(bool stale) {
  plots_->setStale(stale);
  banner_->setStale(stale);
  event_table_->setEnabled(!stale);
  evidence_panel_->setEnabled(!stale);
}

void MainWindow::showSnapshot(const SnapshotPtr& snapshot) {
  // An edit that has not been flown yet makes this a picture of the past.
  if (snapshot->edition != worker_.latest() || debounce_.isActive()) return;
  landed();
  if (problem_) message_->hide();
  problem_.reset();
  const bool known = snapshot_ && snapshot_->edition == snapshot->edition;
  snapshot_ = snapshot;
  banner_->show(snapshot_);
  if (!known) {
    plots_->show(snapshot_);
    events_.show(snapshot_);
    cursor_.show(snapshot_);
    showCursor();
    const sim::Run& run = snapshot_->run;
    status_->setText(text_of(fmt::format("{}{}, seed {}, {}: {} simulated{}", run.service,
                                         run.plan.strategy == Strategy::Progressive
                                             ? ""
                                             : fmt::format(" ({})", to_string(run.plan.strategy)),
                                         run.seed, to_string(run.compat),
                                         sim::report::counted(run.requests, "request"),
                                         run.notes.empty() ? "" : ". " + run.notes.front())));
  } else {
    evidence_.show(snapshot_, cursor_.tick());  // the same run in a new object
    events_.show(snapshot_);
    plots_->show(snapshot_);
    cursor_.show(snapshot_);
  }
  grey(false);
  emit settled();
}

void MainWindow::showRefusal(quint64 edition, const Error& error) {
  if (edition != worker_.latest()) return;
  landed();
  problem_ = error;
  message_->showError(QStringLiteral("This cannot be flown; what is seen is the last run."), error);
  grey(true);
  emit settled();
}

void MainWindow::showProgress(quint64 edition, double share) {
  if (edition != worker_.latest()) return;
  const bool patient = patience_.isActive();
  progress_->setValue(static_cast<int>(share * 1000));
  progress_->setVisible(!patient);
  call_off_->setVisible(!patient);
}

void MainWindow::callOff() {
  worker_.cancel();
  debounce_.stop();
  landed();
  grey(snapshot_ != nullptr);
  message_->showNote(QStringLiteral(
      "The flight was called off; what is seen is the last run. Any change flies again."));
}

// --- the cursor
// ------------------------------------------------------------------------------------

void MainWindow::showCursor() {
  plots_->setCursorAt(cursor_.at());
  evidence_.show(snapshot_, cursor_.tick());
  evidence_panel_->refresh();
  event_table_->follow(cursor_.tick());
}

// --- files
// -----------------------------------------------------------------------------------------

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (!local_files(*event->mimeData()).empty()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  event->acceptProposedAction();
  open(local_files(*event->mimeData()));
}

void MainWindow::askOpen() {
  const QStringList chosen = QFileDialog::getOpenFileNames(
      this, QStringLiteral("Open a scenario, manifests, or both"), {},
      QStringLiteral("YAML and JSON (*.yaml *.yml *.json);;All files (*)"));
  std::vector<std::string> files;
  for (const QString& file : chosen) files.push_back(file.toStdString());
  open(files);
}

Result<void> MainWindow::saveManifest(const QString& path) {
  return draft_->manifest().and_then(
      [&](const std::string& text) { return write_whole(path, text); });
}

void MainWindow::askSaveManifest() {
  const QString path = QFileDialog::getSaveFileName(
      this, QStringLiteral("Save as Canary manifest"), text_of(base_name(draft_->written()->file)),
      QStringLiteral("YAML and JSON (*.yaml *.yml *.json)"));
  if (path.isEmpty()) return;
  if (const auto saved = saveManifest(path); !saved)
    message_->showError(QStringLiteral("The manifest was not saved."), saved.error());
  else
    statusBar()->showMessage(QStringLiteral("Saved %1").arg(path), 5000);
}

Result<void> MainWindow::saveReport(const QString& path) {
  if (!snapshot_)
    return tl::unexpected(Error{.kind = ErrorKind::Invalid,
                                .message = "nothing has been flown yet",
                                .where = "report",
                                .hint = "wait for the flight to land"});
  const sim::Run& run = snapshot_->run;
  Policy shown = *snapshot_->policy;
  std::vector<std::string> command{"volary",
                                   "run",
                                   snapshot_->scenario->file,
                                   shown.file,
                                   "--seed",
                                   std::to_string(run.seed),
                                   "--compat",
                                   std::string{to_string(run.compat)}};
  if (std::ranges::find(documents_.policies, snapshot_->policy) == documents_.policies.end())
    shown.file += " (edited in the window: save it to repeat this run)";
  if (snapshot_->scenario->file.empty()) command.erase(command.begin() + 2);
  const sim::report::Report page{.flights = {{.scenario = snapshot_->scenario.get(),
                                              .policy = &shown,
                                              .run = &run,
                                              .verdict = snapshot_->verdict,
                                              .compat = snapshot_->compat}},
                                 .outcomes = {},
                                 .version = VOLARY_VERSION,
                                 .command = sim::report::pasted(command)};
  return write_whole(path, sim::report::html(page));
}

void MainWindow::askSaveReport() {
  const QString path =
      QFileDialog::getSaveFileName(this, QStringLiteral("Save report as HTML"),
                                   QStringLiteral("report.html"), QStringLiteral("HTML (*.html)"));
  if (path.isEmpty()) return;
  if (const auto saved = saveReport(path); !saved)
    message_->showError(QStringLiteral("The report was not saved."), saved.error());
  else
    statusBar()->showMessage(QStringLiteral("Saved %1").arg(path), 5000);
}

void MainWindow::explainPlots() {
  QMessageBox box{this};
  box.setWindowTitle(QStringLiteral("How to read the plots"));
  box.setTextFormat(Qt::PlainText);
  box.setText(QStringLiteral("How to read the plots"));
  box.setInformativeText(QStringLiteral(
      "From top to bottom: what was decided, on what evidence, and how much traffic there was.\n\n"
      "The thin line is the primary, the version that serves; the thick one is the canary, the "
      "version under test. Where nobody asked, the line has a gap.\n\n"
      "○ a check passed   ◆ a check failed   ◦ no data\n"
      "Thin dashes are bounds of checks, with their value at the right end.\n\n"
      "Grey bands are phases, hatched ones faults; the dotted line is the release.\n\n"
      "Click or drag to move the cursor, or press ← and → to go tick by tick. Turn the wheel to "
      "zoom, with Shift to move along; a double click shows the whole run."));
  box.exec();
}

void MainWindow::about() {
  QMessageBox box{this};
  box.setWindowTitle(QStringLiteral("About Volary"));
  box.setTextFormat(Qt::PlainText);
  box.setText(QStringLiteral("Volary %1").arg(QStringLiteral(VOLARY_VERSION)));
  box.setInformativeText(QStringLiteral(
      "Where canaries fly before they fly in production: a release policy, flown against a "
      "simulated service, request by request.\n\n"
      "Volary's own sources are licensed under the Apache License 2.0. This program links "
      "QCustomPlot (© Emanuel Eichhammer, GPL-3.0-or-later) and is therefore distributed under the "
      "GNU General Public License, version 3 or later, as a whole. It comes without any warranty. "
      "Qt is used under the LGPL, version 3; reports contain dygraphs (MIT).\n\n"
      "The file NOTICE has the details."));
  box.exec();
}

}  // namespace volary::gui
