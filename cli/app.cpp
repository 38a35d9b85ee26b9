#include <csignal>
#include <exception>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/help.hpp"
#include "cli/run_command.hpp"
#include "cli/session.hpp"

namespace volary::cli {
namespace {

constexpr const char* about =
    "Volary flies a Flagger release policy against a simulated service, request by request,\n"
    "and says what the policy would have decided and what that would have cost.";

constexpr const char* first_steps =
    "Examples:\n"
    "  volary run canary.yaml --rps 200 --p99 300ms --errors 0.1%   a first flight, without a "
    "scenario\n"
    "  volary run scenario.yaml canary.yaml --report out.html       one release, with charts\n"
    "  volary run --help                                            examples that work when "
    "pasted\n";

/// CLI11's own words, as one line of ours.
Error usage_error(const CLI::ParseError& error, const CLI::App& app) {
  std::string message = error.what();
  for (char& c : message)
    if (c == '\n') c = ' ';
  const CLI::App* chosen = &app;
  while (!chosen->get_subcommands().empty()) chosen = chosen->get_subcommands().front();
  std::string name = chosen->get_name();
  for (const CLI::App* parent = chosen->get_parent(); parent != nullptr;
       parent = parent->get_parent())
    name = parent->get_name() + " " + name;
  return {.kind = ErrorKind::Invalid,
          .message = message,
          .where = "command line",
          .hint = "see " + name + " --help"};
}

}  // namespace

int volary_main(int argc, const char* const* argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an answer of write(2), not a death (FLT-146)
  Session session;
  session.command.assign(argv, argv + argc);
  CLI::App app{about, "volary"};
  app.formatter(help());
  app.set_help_flag("-h,--help", "show this help, or that of a command");
  app.footer(first_steps);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_flag("--no-color", session.no_color,
               "no colour, even on a terminal (NO_COLOR does the same)");
  app.add_flag("--json-errors", session.json_errors,
               "errors as one JSON object a line on standard error");
  app.set_version_flag("--version", "volary " VOLARY_VERSION, "show the version");
  const RunPorts ports = run_ports();
  add_run(app, session, ports);
  add_init(app, session);
  add_test(app, session);
  add_live(app, session);
  add_completion(app, session);
  add_version(app, session);
  try {
    app.parse(argc, argv);
    session.look_around();
    return static_cast<int>(session.action());
  } catch (const CLI::Success& help) {  // --help, --version
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    session.look_around();
    return static_cast<int>(refuse(session, usage_error(error, app)));
  } catch (const std::exception& error) {
    session.look_around();
    fmt::print(stderr, "error: internal error: {}; please report this with the command line\n",
               error.what());
    return static_cast<int>(Exit::Internal);
  }
}

}  // namespace volary::cli
