#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/session.hpp"

namespace volary::cli {

void add_version(CLI::App& app, Session& session) {
  app.add_subcommand("version", "print the version")->callback([&session] {
    session.action = [&session] {
      return print(session, fmt::format("volary {}\n", VOLARY_VERSION)).value_or(Exit::Done);
    };
  });
}

}  // namespace volary::cli
