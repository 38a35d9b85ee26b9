#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/run_command.hpp"
#include "cli/session.hpp"
#include "live/routers/provider.hpp"

/// The flags of `volary run`, as the command line knows them.
namespace volary::cli {
namespace {

constexpr const char* examples =
    "Examples (from the top of the source tree):\n"
    "  volary run scenarios/checkout-latency-regression.yaml policies/default-progressive.yaml\n"
    "  volary run policies/default-progressive.yaml --rps 200 --p99 300ms --errors 0.1%\n"
    "  volary run scenarios/slow-dependency.yaml policies/default-progressive.yaml --report "
    "out.html\n"
    "  volary run scenarios/checkout-latency-regression.yaml policies/default-progressive.yaml "
    "policies/bold-progressive.yaml\n"
    "  volary run scenarios/error-below-bound.yaml policies/default-progressive.yaml "
    "policies/cautious-progressive.yaml --seeds 20\n"
    "\n"
    "Ends with 0 when done, 1 when a flight does not end as --expect says, 2 when an input is "
    "refused,\n"
    "4 when an invariant does not hold, 5 when interrupted (what is done is kept), 6 when an "
    "output\n"
    "cannot be written. --no-color and --json-errors work here, too. docs/cli.md has the whole "
    "story.\n";

constexpr int most_seeds = 1'000'000, most_jobs = 512;

}  // namespace

void add_world(CLI::App& command, QuickFlags& flags) {
  const std::string world = "A world from flags, where no scenario is given";
  command.add_option("--rps", flags.rps, "requests per second (default 100)")
      ->type_name("RATE")
      ->group(world);
  command.add_option("--p50", flags.p50, "median request duration (default: a sixth of --p99)")
      ->type_name("TIME")
      ->group(world);
  command.add_option("--p99", flags.p99, "99th percentile of request durations (default 300ms)")
      ->type_name("TIME")
      ->group(world);
  command.add_option("--errors", flags.errors, "share of requests that fail (default 0.1%)")
      ->type_name("SHARE")
      ->group(world);
  command
      .add_option("--bad", flags.bad,
                  "what the bad release does, such as errors=+2%,latency=x1.5 (default errors=+2%)")
      ->type_name("CHANGES")
      ->expected(1)
      ->take_all()
      ->group(world);
}

void add_run(CLI::App& app, Session& session, const RunPorts& ports) {
  CLI::App* command = app.add_subcommand(
      "run", "fly a release and show it tick by tick, or many and show how they end");
  command->footer(examples);
  const auto flags = std::make_shared<RunFlags>();
  command
      ->add_option("FILE", flags->files,
                   "a scenario, told from its kind, and one or more policies with what stands "
                   "beside them; - is standard input")
      ->required()
      ->type_name("[SCENARIO] POLICY...");

  add_world(*command, flags->world);

  const std::string flight = "The flight";
  command->add_option("--seed", flags->seed, "one seed, one run")
      ->capture_default_str()
      ->type_name("N")
      ->group(flight);
  command
      ->add_option("--seeds", flags->seeds,
                   "fly this many seeds, from --seed on, and print the table of their outcomes")
      ->check(CLI::Range(1, most_seeds))
      ->type_name("N")
      ->group(flight);
  command
      ->add_option("--jobs", flags->jobs,
                   "flights at a time; changes nothing in the result (default: one a core)")
      ->check(CLI::Range(1, most_jobs))
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
  command
      ->add_option("--wiring", flags->wiring,
                   "answer the rules straight, or through the adapters of a live run over a "
                   "simulated cluster")
      ->check(CLI::IsMember({"direct", "full"}))
      ->capture_default_str()
      ->group(flight);
  command
      ->add_option("--mesh", flags->mesh,
                   "fly behind another mesh or ingress than policy and scenario say: istio, "
                   "linkerd, contour, nginx, gatewayapi:v1, ...")
      ->check([](const std::string& name) {
        return live::is_known_provider(name) && name != "knative"
                   ? std::string{}
                   : name + " is no mesh or ingress that a simulated Deployment can be behind";
      })
      ->type_name("PROVIDER")
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
  if (ports.records)
    command->add_flag("--json", flags->json, "records instead of text, one JSON object a line")
        ->group(results);
  command
      ->add_option("--report", flags->report, "write a report that opens in any browser, offline")
      ->type_name("FILE.html")
      ->group(results);
  command
      ->add_option("--expect", flags->expect,
                   "exit 1 unless every flight ends so (of a world from flags: promoted if good, "
                   "rolled-back if bad)")
      ->check(CLI::IsMember({"promoted", "rolled-back"}))
      ->group(results);

  command->callback([&session, &ports, flags] {
    session.action = [&session, &ports, flags] { return run(session, *flags, ports); };
  });
}

}  // namespace volary::cli
