#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.hpp"
#include "policies/policy.hpp"
#include "sim/report/text_style.hpp"

namespace CLI {
class App;
}
namespace volary {
struct QuickFlags;
}

/// What every subcommand shares: where its words go, how they look, and how the process ends.
namespace volary::cli {

/// invariants.md §3.
enum class Exit {
  Done = 0,
  No = 1,              ///< done, and the answer is no
  Refused = 2,         ///< wrong use or refused input
  Unreachable = 3,     ///< a needed service does not answer
  Violated = 4,        ///< an invariant does not hold
  Interrupted = 5,     ///< results so far are kept
  NotWritten = 6,      ///< an output could not be written
  LeadershipLost = 7,  ///< another controller may drive now (FLT-43)
  Internal = 70,
};

struct Session {
  sim::report::TextStyle out;        ///< standard output
  sim::report::TextStyle err;        ///< standard error
  bool progress = false;             ///< standard error is a terminal
  bool no_color = false;             ///< --no-color
  bool json_errors = false;          ///< --json-errors
  std::vector<std::string> command;  ///< the words of the command line, the program's name first
  /// Set by the subcommand that was chosen; run after the command line has been read.
  std::function<Exit()> action;

  /// Learns from the terminals, NO_COLOR and the locale what may be written.
  void look_around();
};

[[nodiscard]] Exit exit_code(const Error& error);
/// `error: <what> (<where>): <cause>; <what to do>`, one line; or one JSON object with
/// --json-errors.
[[nodiscard]] std::string error_line(const Error& error, Exit code, bool json);
/// Writes the error to standard error and says how to end.
Exit refuse(const Session& session, const Error& error);
/// `warning: …` on standard error.
void warn(const Session& session, std::string_view text);

/// One warning a remark.
void warn_of(const Session& session, const std::vector<Remark>& remarks);

/// Writes results to standard output. False when nobody can read them any more, or the disk is
/// full.
[[nodiscard]] bool write_out(std::string_view text);
/// Writes results; an exit code when that is the end: a reader who went away (`| head`) is no error
/// (FLT-146), a full disk is one.
[[nodiscard]] std::optional<Exit> print(const Session& session, std::string_view text);

// One file a subcommand.
struct RunPorts;
void add_run(CLI::App& app, Session& session, const RunPorts& ports);
void add_test(CLI::App& app, Session& session);
void add_live(CLI::App& app, Session& session);
void add_init(CLI::App& app, Session& session);
/// --rps, --p50, --p99, --errors, --bad: what `run` and `init` build a world from.
void add_world(CLI::App& command, QuickFlags& flags);
void add_completion(CLI::App& app, Session& session);
void add_version(CLI::App& app, Session& session);

/// The whole program: reads the command line, runs the subcommand, maps what happened to an exit
/// code.
[[nodiscard]] int volary_main(int argc, const char* const* argv);

}  // namespace volary::cli
