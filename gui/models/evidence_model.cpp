#include "gui/models/evidence_model.hpp"

#include <QFont>
#include <algorithm>

#include <fmt/format.h>

#include "gui/theme.hpp"
#include "sim/report/numbers.hpp"
#include "sim/report/text_style.hpp"
#include "sim/report/verdict.hpp"

namespace volary::gui {
namespace {

QString text_of(std::string_view text) {
  return QString::fromStdString(sim::report::printable({}, text));
}

}  // namespace

const TickRecord* EvidenceModel::record() const {
  if (!snapshot_ || tick_ < 0 || tick_ >= static_cast<int>(snapshot_->run.ticks.size()))
    return nullptr;
  return &snapshot_->run.ticks[static_cast<std::size_t>(tick_)];
}

void EvidenceModel::show(const SnapshotPtr& snapshot, int tick) {
  std::vector<sim::report::EvidenceRow> fresh;
  if (snapshot && tick >= 0 && tick < static_cast<int>(snapshot->run.ticks.size()))
    fresh = sim::report::evidence_of(snapshot->run.ticks[static_cast<std::size_t>(tick)],
                                     sim::report::deciding_check(snapshot->run));
  const int before = static_cast<int>(rows_.size()), after = static_cast<int>(fresh.size());
  // Rows come and go at the end; only then those that stay say something else.
  if (after < before) {
    beginRemoveRows({}, after, before - 1);
    rows_.resize(fresh.size());
    endRemoveRows();
  } else if (after > before) {
    beginInsertRows({}, before, after - 1);
    rows_.insert(rows_.end(), fresh.begin() + before, fresh.end());
    endInsertRows();
  }
  snapshot_ = snapshot;
  tick_ = tick;
  rows_ = std::move(fresh);
  if (const int kept = std::min(before, after); kept > 0)
    emit dataChanged(index(0, 0), index(kept - 1, ColumnCount - 1));
}

void EvidenceModel::setPalette(const QPalette& palette) {
  palette_ = palette;
  if (!rows_.empty())
    emit dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1), {Qt::ForegroundRole});
}

QString EvidenceModel::headline() const {
  const TickRecord* tick = record();
  if (!tick) return {};
  const CanaryStatus& status = tick->status;
  return text_of(fmt::format("{}  {}, canary {} %, failed checks {} of {}",
                             sim::report::clock_text(snapshot_->scenario->starts_at, tick->began),
                             status.phase == Phase::None ? "not seen yet" : to_string(status.phase),
                             status.canary_weight, status.failed_checks,
                             snapshot_->run.plan.threshold));
}

QString EvidenceModel::emptyText() const {
  if (!rows_.empty()) return {};
  if (!snapshot_) return QStringLiteral("No release has flown yet.");
  const TickRecord* tick = record();
  return tick ? text_of(sim::report::why_no_evidence(*tick))
              : QStringLiteral("The policy had not looked at the release yet.");
}

QString EvidenceModel::remarks() const {
  QStringList lines;
  for (const auto& row : rows_) {
    if (row.decided) lines << text_of(row.check + " decided the rollback.");
    if (!row.reason.empty()) lines << text_of(row.check + ": " + row.reason);
  }
  return lines.join(u'\n');
}

int EvidenceModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int EvidenceModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

QVariant EvidenceModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  const auto& row = rows_[static_cast<std::size_t>(index.row())];
  switch (role) {
    case Qt::DisplayRole:
      switch (index.column()) {
        case Sign: return text_of(sim::report::standing_sign(row.standing));
        case Check: return text_of(sim::report::check_label(row.check));
        case Value: return text_of(row.value);
        case Bound: return text_of(row.bound);
        case Samples: return text_of(row.samples);
        default: return {};
      }
    case Qt::ToolTipRole:
      return text_of(fmt::format("{}: {}{}{}", row.check, sim::report::standing_text(row.standing),
                                 row.decided ? ", and it decided the rollback" : "",
                                 row.reason.empty() ? "" : ". " + row.reason));
    case Qt::AccessibleTextRole:
      if (index.column() == Sign) return text_of(sim::report::standing_text(row.standing));
      return {};
    case Qt::ForegroundRole: {
      const Theme theme = Theme::of(palette_);
      if (index.column() == Sign) return theme.colour(row.standing);
      if (index.column() == Bound || index.column() == Samples) return theme.colour(Ink::Soft);
      return {};
    }
    case Qt::FontRole: {
      const bool decisive = row.standing == sim::report::Standing::Fail || row.decided;
      if (!decisive || (index.column() != Value && index.column() != Sign)) return {};
      QFont font;
      font.setBold(true);
      return font;
    }
    case Qt::TextAlignmentRole:
      if (index.column() == Sign) return Qt::AlignCenter;
      if (index.column() >= Value) return QVariant{Qt::AlignRight | Qt::AlignVCenter};
      return {};
    default: return {};
  }
}

QVariant EvidenceModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole)
    return QVariant{(section >= Value ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter};
  if (role == Qt::ToolTipRole && section == Samples)
    return QStringLiteral("Requests behind the value, where that can be known");
  if (role != Qt::DisplayRole) return {};
  switch (section) {
    case Check: return QStringLiteral("Check");
    case Value: return QStringLiteral("Value");
    case Bound: return QStringLiteral("Bound");
    case Samples: return QStringLiteral("Requests");
    default: return QString{};
  }
}

}  // namespace volary::gui
