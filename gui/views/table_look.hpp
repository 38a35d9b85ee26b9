#pragma once

class QTableView;

namespace volary::gui {

/// What the tables of the window share: quiet rules, whole rows, nothing to edit, room to breathe.
void dress_table(QTableView& table);

}  // namespace volary::gui
