#pragma once

#include <QMainWindow>
#include <QTimer>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gui/models/cursor.hpp"
#include "gui/models/documents.hpp"
#include "gui/models/event_model.hpp"
#include "gui/models/evidence_model.hpp"
#include "gui/models/policy_draft.hpp"
#include "gui/workers/run_worker.hpp"

class QAction;
class QLabel;
class QProgressBar;
class QSettings;
class QToolButton;

namespace volary::gui {

class EventTable;
class EvidencePanel;
class MessageStrip;
class PlotStack;
class PolicyPanel;
class VerdictBanner;

/// The window: to the left what may be changed, in the middle what happens, to the right why. It
/// wires models, worker and views, and decides nothing.
class MainWindow : public QMainWindow {
  Q_OBJECT

 public:
  struct Setup {
    std::uint64_t seed = 1;
    Compat compat = Compat::Strict;
    QSettings* settings = nullptr;  ///< where geometry is remembered; nowhere when null
  };
  explicit MainWindow(Setup setup);
  ~MainWindow() override;

  /// Opens scenario and manifests on top of what is open, and flies them; false when they were
  /// refused, which the window says.
  bool open(const std::vector<std::string>& files);
  /// What is seen now; null before the first flight has landed.
  [[nodiscard]] const SnapshotPtr& snapshot() const { return snapshot_; }
  [[nodiscard]] const Documents& documents() const { return documents_; }
  /// Does what is seen answer the numbers that stand beside it?
  [[nodiscard]] bool stale() const;
  /// What could not be opened or flown; nothing when all is well.
  [[nodiscard]] const std::optional<Error>& problem() const { return problem_; }

  /// Errors: Output; those of PolicyDraft::manifest().
  [[nodiscard]] Result<void> saveManifest(const QString& path);
  [[nodiscard]] Result<void> saveReport(const QString& path);

 signals:
  /// A flight has landed, been refused, or been told in full.
  void settled();

 protected:
  void showEvent(QShowEvent* event) override;
  void closeEvent(QCloseEvent* event) override;
  void changeEvent(QEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  void buildDocks();
  void buildMenus();
  void buildStatus();
  void restore();
  /// The widths that docks have until somebody chooses others.
  void spread();
  void dressModels();

  void choose(std::size_t scenario, std::size_t policy);
  void fly();
  void showSnapshot(const SnapshotPtr& snapshot);
  void showRefusal(quint64 edition, const Error& error);
  void showProgress(quint64 edition, double share);
  void showCursor();
  void grey(bool stale);
  void landed();
  void callOff();

  void askOpen();
  void askSaveManifest();
  void askSaveReport();
  void explainPlots();
  void about();

  QSettings* settings_;
  bool remembered_ = false;  ///< docks stand where they were left
  Documents documents_;
  std::size_t scenario_ = 0, policy_ = 0;
  std::unique_ptr<PolicyDraft> draft_;
  SnapshotPtr snapshot_;
  std::optional<Error> problem_;

  EventModel events_;
  EvidenceModel evidence_;
  Cursor cursor_;
  QTimer debounce_, patience_;

  VerdictBanner* banner_ = nullptr;
  MessageStrip* message_ = nullptr;
  PlotStack* plots_ = nullptr;
  PolicyPanel* panel_ = nullptr;
  EventTable* event_table_ = nullptr;
  EvidencePanel* evidence_panel_ = nullptr;
  QLabel* status_ = nullptr;
  QProgressBar* progress_ = nullptr;
  QToolButton* call_off_ = nullptr;
  QAction *save_manifest_ = nullptr, *save_report_ = nullptr;
  RunWorker worker_;  ///< last: it is stopped first
};

}  // namespace volary::gui
