#pragma once

namespace volary::gui {

/// The whole program: reads the command line, opens the window, and ends as `volary` would: 0 when
/// all is well, 2 for wrong use or refused input, 3 without a display, 6 when a screenshot could
/// not be written.
[[nodiscard]] int gui_main(int argc, char** argv);

}  // namespace volary::gui
