#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/files.hpp"
#include "cli/session.hpp"
#include "policies/policy.hpp"
#include "scenarios/quick.hpp"

namespace volary::cli {
namespace {

struct InitFlags {
  std::vector<std::string> manifests;
  QuickFlags world;
  std::string output = "-";
};

Exit init(const Session& session, const InitFlags& flags) {
  const auto policies = load_policies(flags.manifests);
  if (!policies) return refuse(session, policies.error());
  for (const Policy& policy : *policies) warn_of(session, policy.remarks);
  if (policies->size() > 1)
    warn(session,
         "several Canaries: the scenario releases the service of " + policies->front().label);
  const auto scenario = first_scenario(policies->front(), flags.world);
  if (!scenario) return refuse(session, scenario.error());
  if (flags.output == "-") return print(session, *scenario).value_or(Exit::Done);
  const auto written = write_whole(flags.output, *scenario);
  return written ? Exit::Done : refuse(session, written.error());
}

}  // namespace

void add_init(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("init", "write a first scenario from manifests, to edit");
  command->footer(
      "Example (from the top of the source tree):\n"
      "  volary init policies/default-progressive.yaml --rps 200 --p99 300ms\n");
  const auto flags = std::make_shared<InitFlags>();
  command
      ->add_option("files", flags->manifests,
                   "a Canary and what belongs to it; - is standard input")
      ->required()
      ->type_name("MANIFEST...");
  add_world(*command, flags->world);
  command->add_option("-o,--output", flags->output, "where to (default: standard output)")
      ->type_name("FILE");
  command->callback(
      [&session, flags] { session.action = [&session, flags] { return init(session, *flags); }; });
}

}  // namespace volary::cli
