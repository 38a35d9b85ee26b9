#include "gui/application.hpp"

int main(int argc, char** argv) { return volary::gui::gui_main(argc, argv); }
