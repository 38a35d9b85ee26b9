#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/run_command.hpp"
#include "cli/session.hpp"

/// The flags of `volary run`, as the command line knows them.
namespace volary::cli {
namespace {

constexpr const char* examples =
    "Examples (from the top of the source tree):\n"
    "  volary run scenarios/checkout-bad-release.yaml policies/progressive-default.yaml\n"
    "  volary run policies/progressive-default.yaml --rps 200 --p99 300ms --errors 0.1% --bad "
    "errors=+2%\n"
    "  volary run scenarios/checkout-bad-release.yaml policies/progressive-default.yaml --seeds "
    "100\n"
    "\n"
    "Exit codes: 0 done; 1 not as --expect says; 2 wrong use or refused input; 4 an invariant does "
    "not hold;\n"
    "5 interrupted, results kept; 6 an output could not be written.\n";

}  // namespace

void add_run(CLI::App& app, Session& session, const RunPorts& ports) {
  CLI::App* command = app.add_subcommand("run", "fly a release and show it tick by tick");
  command->footer(examples);
  const auto flags = std::make_shared<RunFlags>();
  command
      ->add_option("files", flags->files,
                   "a scenario (told from its kind) and one or more policies; - is standard input")
      ->required()
      ->type_name("[SCENARIO] POLICY...");

  const std::string world = "A world from flags, where no scenario is given";
  command->add_option("--rps", flags->rps, "requests per second (default 100)")
      ->type_name("RATE")
      ->group(world);
  command->add_option("--p50", flags->p50, "median request duration")
      ->type_name("TIME")
      ->group(world);
  command->add_option("--p99", flags->p99, "99th percentile of request duration, such as 300ms")
      ->type_name("TIME")
      ->group(world);
  command->add_option("--errors", flags->errors, "share of requests that fail, such as 0.1%")
      ->type_name("SHARE")
      ->group(world);
  command
      ->add_option("--bad", flags->bad,
                   "what the bad release does: errors=+2%, latency=x1.5 (may be repeated)")
      ->type_name("CHANGE")
      ->expected(1)
      ->take_all()
      ->group(world);

  const std::string flight = "The flight";
  command->add_option("--seed", flags->seed, "one seed, one run")
      ->capture_default_str()
      ->type_name("N")
      ->group(flight);
  command->add_option("--seeds", flags->seeds, "fly N seeds and count the outcomes")
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("N")
      ->group(flight);
  command->add_option("--jobs", flags->jobs, "flights at a time (default: one a core)")
      ->check(CLI::Range(1, 1024))
      ->type_name("J")
      ->group(flight);
  command
      ->add_option("--speed", flags->speed,
                   "simulated seconds a second (default: as fast as possible)")
      ->check(CLI::Range(0.001, 1e9))
      ->type_name("FACTOR")
      ->group(flight);
  command->add_option("--compat", flags->compat, "cure the quirks of Flagger, or reproduce them")
      ->check(CLI::IsMember({"strict", "flagger"}))
      ->capture_default_str()
      ->group(flight);
  command->add_option("--bind", flags->bind, "which service a Canary releases (may be repeated)")
      ->type_name("CANARY=SERVICE")
      ->expected(1)
      ->take_all()
      ->group(flight);
  command
      ->add_option("--missing-metrics", flags->missing_metrics,
                   "a query on a metric that is not exported")
      ->check(CLI::IsMember({"error", "no-data"}))
      ->capture_default_str()
      ->group(flight);

  const std::string results = "Results";
  command->add_flag("--json", flags->json, "records instead of text, one JSON object a line")
      ->group(results);
  command
      ->add_option("--report", flags->report, "write a report that opens in any browser, offline")
      ->type_name("FILE.html")
      ->group(results);
  command->add_option("--expect", flags->expect, "exit 1 unless every flight ends so")
      ->check(CLI::IsMember({"promoted", "rolled-back"}))
      ->group(results);

  command->callback([&session, &ports, flags] {
    session.action = [&session, &ports, flags] { return run(session, *flags, ports); };
  });
}

}  // namespace volary::cli
