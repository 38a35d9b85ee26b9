#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/files.hpp"
#include "cli/run_command.hpp"
#include "cli/session.hpp"
#include "policies/policy.hpp"
#include "scenarios/quick.hpp"
#include "sim/report/command_line.hpp"

namespace volary::cli {
namespace {

struct InitFlags {
  std::vector<std::string> manifests;
  QuickFlags world;
  std::string output = "-";
  bool force = false;
};

/// What somebody wrote is not lost to a first scenario.
std::optional<Error> in_the_way(const InitFlags& flags) {
  std::error_code error;
  if (flags.force || !std::filesystem::is_regular_file(flags.output, error)) return std::nullopt;
  return Error{.kind = ErrorKind::Conflict,
               .message = "there is such a file already: it would be overwritten",
               .where = flags.output,
               .hint = "give --force, or another name"};
}

Exit init(const Session& session, const InitFlags& flags) {
  if (const auto refused = in_the_way(flags)) return refuse(session, *refused);
  const auto policies = load_policies(flags.manifests);
  if (!policies) return refuse(session, policies.error());
  for (const Policy& policy : *policies) warn_of(session, policy.remarks);
  if (policies->size() > 1)
    warn(session,
         "several Canaries: the scenario releases the service of " + policies->front().label);
  const auto scenario = first_scenario(policies->front(), flags.world);
  if (!scenario) return refuse(session, scenario.error());
  if (flags.output == "-") return print(session, *scenario).value_or(Exit::Done);
  if (const auto written = write_whole(flags.output, *scenario); !written)
    return refuse(session, written.error());
  std::vector<std::string> next{"volary", "run", flags.output};
  next.insert(next.end(), flags.manifests.begin(), flags.manifests.end());
  fmt::print(stderr, "wrote {}; edit it and fly it: {}\n", flags.output, sim::report::pasted(next));
  return Exit::Done;
}

}  // namespace

void add_init(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("init", "write a first scenario from manifests, to edit");
  command->footer(
      "Examples (from the top of the source tree):\n"
      "  volary init policies/default-progressive.yaml --rps 200 --p99 300ms -o scenario.yaml\n"
      "  volary run scenario.yaml policies/default-progressive.yaml\n");
  const auto flags = std::make_shared<InitFlags>();
  command
      ->add_option("FILE", flags->manifests, "a Canary and what belongs to it; - is standard input")
      ->required()
      ->type_name("MANIFEST...");
  add_world(*command, flags->world);
  command->add_option("-o,--output", flags->output, "where to (default: standard output)")
      ->type_name("FILE");
  command->add_flag("--force", flags->force, "overwrite the file that --output names");
  command->callback(
      [&session, flags] { session.action = [&session, flags] { return init(session, *flags); }; });
}

}  // namespace volary::cli
