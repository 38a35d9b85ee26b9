#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "policies/policy.hpp"
#include "scenarios/load.hpp"
#include "scenarios/quick.hpp"
#include "sim/digest.hpp"
#include "sim/run.hpp"
#include "sim/with_provider.hpp"

/// The two wirings make the same decisions: what the engine asks its ports straight, and what it
/// asks through the adapters of a live run over a simulated cluster, is the same release, tick by
/// tick and request by request.
namespace volary::sim {
namespace {

std::vector<std::string> yaml_files(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry :
       std::filesystem::directory_iterator{std::string{VOLARY_SOURCE_DIR "/"} + folder})
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  std::ranges::sort(files);
  return files;
}

Policy policy_of(const std::string& file) {
  auto policies = load_policies({file});
  if (!policies) FAIL(to_string(policies.error()));
  return policies->front();
}

Scenario scenario_of(const std::string& file) {
  auto scenario = load_scenario(file);
  if (!scenario) FAIL(to_string(scenario.error()));
  return *std::move(scenario);
}

/// What a tick decided, in one text.
std::string decision(const TickRecord& tick) {
  std::string text = fmt::format(
      "tick {} at {:.3f}: {} weight {} failed {} iterations {} pods {}/{} versions {}/{} routes {}",
      tick.number, seconds(tick.began.time_since_epoch()), to_string(tick.status.phase),
      tick.status.canary_weight, tick.status.failed_checks, tick.status.iterations,
      tick.target_replicas, tick.primary_replicas, tick.target_version, tick.primary_version,
      tick.routes ? fmt::format("{}/{}{}", tick.routes->primary.percent(),
                                tick.routes->canary.percent(), tick.routes->mirrored ? "m" : "")
                  : "none");
  for (const Event& event : tick.events) text += "\n  " + short_form(event) + " " + event.text;
  for (const CheckEvidence& check : tick.checks)
    text += fmt::format("\n  {} = {}", check.name, check.value ? *check.value : -1);
  return text;
}

Result<Run> fly(const Scenario& scenario, const Policy& policy, Wiring wiring, Compat compat) {
  return simulate(scenario, policy,
                  {.seed = 1,
                   .compat = compat,
                   .wiring = wiring,
                   .missing_metrics_are_no_data = true,
                   .keep_samples = false});
}

/// Empty, or where the two part.
std::string difference(const Scenario& scenario, const Policy& policy,
                       Compat compat = Compat::Strict) {
  const auto direct = fly(scenario, policy, Wiring::Direct, compat);
  const auto full = fly(scenario, policy, Wiring::Full, compat);
  if (!direct || !full) {
    if (direct.has_value() == full.has_value()) return "";
    return direct ? "full: " + to_string(full.error()) : "direct: " + to_string(direct.error());
  }
  for (std::size_t i = 0; i < std::max(direct->ticks.size(), full->ticks.size()); ++i) {
    const std::string one = i < direct->ticks.size() ? decision(direct->ticks[i]) : "over";
    const std::string other = i < full->ticks.size() ? decision(full->ticks[i]) : "over";
    if (one != other) return "direct: " + one + "\nfull:   " + other;
  }
  return direct->digest == full->digest ? "" : "the digests differ";
}

/// What fits one provider fits all: those with an object of their own, one of each version.
constexpr const char* providers[] = {
    "istio",         "linkerd",           "smi:v1alpha2", "smi:v1alpha3", "osm",
    "appmesh",       "contour",           "gloo",         "nginx",        "skipper",
    "traefik",       "appmesh:v1beta2",   "apisix",       "kuma",         "kubernetes",
    "gatewayapi:v1", "gatewayapi:v1beta1"};

/// Contour, Gloo and App Mesh ask for all headers of an A/B test at once, wherever they stand
/// (RT-CONTOUR-10, RT-GLOO-16, RT-APPMESH-05); the direct wiring reads a list of alternatives. A
/// policy with alternatives tests nobody there, and the full wiring is the one that is right.
bool reads_alternatives(const std::string& provider) {
  return provider != "contour" && provider != "gloo" && !provider.starts_with("appmesh");
}

void check_alike(const Scenario& scenario, const Policy& policy, Compat compat = Compat::Strict) {
  INFO(scenario.name << ", " << policy.label << ", " << policy.canary.spec.provider << ", "
                     << (compat == Compat::Strict ? "strict" : "flagger"));
  const std::string parted = difference(scenario, policy, compat);
  INFO(parted);
  CHECK(parted.empty());
}

void check_provider(const std::string& provider, const std::string& file) {
  const Policy policy = with_provider(policy_of(file), provider);
  if (!policy.canary.spec.analysis.match.empty() && !reads_alternatives(provider)) return;
  // Of a world from flags, one user in ten is one that an A/B test asks for.
  const auto worlds = quick_scenarios(policy, {.rps = "50", .p99 = "200ms"});
  REQUIRE(worlds);
  // RT-TRAEFIK-03: the reference leaves a weight of 0 out, and Traefik takes that as 1.
  const bool one_in_a_hundred = provider == "traefik" && policy.canary.spec.analysis.iterations > 0;
  for (const Scenario& world : *worlds)
    for (const Compat compat : {Compat::Strict, Compat::Flagger})
      if (compat == Compat::Strict || !one_in_a_hundred) check_alike(world, policy, compat);
}

}  // namespace

TEST_CASE("a good and a bad release are decided alike behind every provider") {
  for (const char* provider : providers)
    check_provider(provider, VOLARY_SOURCE_DIR "/policies/default-progressive.yaml");
}

TEST_CASE("A/B tests, mirrored and sticky releases are decided alike where they are known") {
  for (const char* provider : {"istio", "gatewayapi:v1", "gatewayapi:v1beta1", "nginx"})
    for (const char* policy : {"ab-cookie-header", "blue-green-mirrored", "session-affinity"})
      check_provider(provider, fmt::format("{}/policies/{}.yaml", VOLARY_SOURCE_DIR, policy));
}

TEST_CASE("shipped scenarios are decided alike") {
  for (const char* scenario : {"sticky-sessions", "never-ready", "promotion-thundering-herd"})
    for (const char* policy : {"default-progressive", "session-affinity"})
      check_alike(scenario_of(fmt::format("{}/scenarios/{}.yaml", VOLARY_SOURCE_DIR, scenario)),
                  policy_of(fmt::format("{}/policies/{}.yaml", VOLARY_SOURCE_DIR, policy)));
}

TEST_CASE("the manifests that tutorials show are decided alike") {
  int flown = 0;
  for (const std::string& file : yaml_files("tests/policies/tutorials")) {
    const Policy policy = policy_of(file);
    const auto worlds = quick_scenarios(policy, {.rps = "50", .p99 = "200ms"});
    REQUIRE(worlds);
    if (policy.canary.spec.target_ref.kind == "Service") {
      const auto refused = fly(worlds->front(), policy, Wiring::Full, Compat::Strict);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().hint == "fly it with --wiring direct");
      continue;
    }
    for (const Scenario& world : *worlds) check_alike(world, policy);
    ++flown;
  }
  CHECK(flown >= 20);
}

TEST_CASE("a policy in hand that says more than its document is flown as it is") {
  const Scenario scenario =
      scenario_of(VOLARY_SOURCE_DIR "/scenarios/checkout-latency-regression.yaml");
  Policy policy = policy_of(VOLARY_SOURCE_DIR "/policies/default-progressive.yaml");
  policy.canary.spec.analysis.threshold = 1;
  check_alike(scenario, policy);
  const auto run = fly(scenario, policy, Wiring::Full, Compat::Strict);
  REQUIRE(run);
  CHECK(run->plan.threshold == 1);
  policy.source.clear();  // written by hand
  check_alike(scenario, policy);
}

TEST_CASE("what an API server fills in is drift to the reference for ever (RT-GWAPI-37)") {
  const Scenario scenario = with_provider(
      scenario_of(VOLARY_SOURCE_DIR "/scenarios/checkout-good-release.yaml"), "gatewayapi:v1");
  Policy policy = with_provider(policy_of(VOLARY_SOURCE_DIR "/policies/default-progressive.yaml"),
                                "gatewayapi:v1");
  policy.canary.spec.service.gateway_refs = {{.name = "gateway"}};  // neither group nor kind
  check_alike(scenario, policy);
  // Every tick sets the route back to 100/0, so that every step is the first one. Only the full
  // wiring shows it: the direct one has no API server.
  const auto run = fly(scenario, policy, Wiring::Full, Compat::Flagger);
  REQUIRE(run);
  CHECK(run->score.max_canary_weight == 10);
  CHECK(run->score.outcome == Outcome::Unfinished);
}

TEST_CASE("a weight that the reference leaves out is a 1 to Traefik (RT-TRAEFIK-03)") {
  const Policy policy =
      with_provider(policy_of(VOLARY_SOURCE_DIR "/policies/ab-cookie-header.yaml"), "traefik");
  const auto worlds = quick_scenarios(policy, {.rps = "50", .p99 = "200ms"});
  REQUIRE(worlds);
  for (const auto& [compat, most] :
       {std::pair{Compat::Strict, 100}, std::pair{Compat::Flagger, 99}}) {
    const auto run = fly(worlds->front(), policy, Wiring::Full, compat);
    REQUIRE(run);
    CHECK(run->score.max_canary_weight == most);
  }
}

TEST_CASE("all shipped scenarios and policies are decided alike, in both semantics", "[slow]") {
  for (const std::string& scenario : yaml_files("scenarios"))
    for (const std::string& policy : yaml_files("policies"))
      for (const Compat compat : {Compat::Strict, Compat::Flagger})
        check_alike(scenario_of(scenario), policy_of(policy), compat);
}

TEST_CASE("all shipped scenarios are decided alike behind every provider", "[slow]") {
  for (const std::string& scenario : yaml_files("scenarios"))
    for (const char* provider : providers)
      check_alike(with_provider(scenario_of(scenario), provider),
                  with_provider(policy_of(VOLARY_SOURCE_DIR "/policies/default-progressive.yaml"),
                                provider));
}

TEST_CASE("all shipped policies are decided alike behind every provider", "[slow]") {
  for (const std::string& policy : yaml_files("policies"))
    for (const char* provider : providers) check_provider(provider, policy);
}

}  // namespace volary::sim
