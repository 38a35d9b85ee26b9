#include "cli/live_command.hpp"
