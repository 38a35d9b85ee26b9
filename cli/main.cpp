#include "cli/session.hpp"

int main(int argc, char** argv) { return volary::cli::volary_main(argc, argv); }
