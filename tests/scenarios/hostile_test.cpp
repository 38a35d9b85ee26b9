#include <string>

#include <catch2/catch.hpp>

#include "scenarios/load.hpp"

namespace volary {
namespace {

/// A scenario that is right, of which a test spoils one piece.
std::string with(const std::string& piece, const std::string& instead) {
  std::string text = R"(apiVersion: volary.dev/v1alpha1
kind: Scenario
metadata: {name: small}
spec:
  duration: 40m
  traffic:
    - name: shoppers
      to: checkout
      arrivals: {poisson: {rate: 200/s}}
      users: {population: 100, segments: [{name: beta, share: 10%}]}
  services:
    checkout:
      replicas: {min: 2, max: 4}
      latency: {lognormal: {p50: 40ms, p99: 300ms}}
      errors: 0.1%
      calls: [{service: payments}]
    payments:
      latency: 20ms
  releases:
    - {at: 2m, service: checkout, version: v2, truth: bad, changes: {errors: +2%}}
  faults:
    - {at: 10m, for: 2m, kind: slow-dependency, target: payments, latency: x5}
)";
  if (piece.empty()) return text;
  const auto found = text.find(piece);
  REQUIRE(found != std::string::npos);
  return text.replace(found, piece.size(), instead);
}

void refused(const std::string& text, const std::string& message, const std::string& hint = "") {
  const auto scenario = read_scenario(text, "s.yaml");
  REQUIRE_FALSE(scenario);
  const Error& error = scenario.error();
  CHECK(error.kind == ErrorKind::Invalid);
  const std::string line = to_string(error);
  CHECK_THAT(line, Catch::Matchers::Contains(message));
  CHECK_THAT(line, Catch::Matchers::StartsWith("s.yaml"));
  CHECK(line.find('\n') == std::string::npos);
  CHECK_THAT(error.hint, Catch::Matchers::Contains(hint));
}

}  // namespace

TEST_CASE("the scenario that the tests spoil is right") {
  const auto scenario = read_scenario(with("", ""), "s.yaml");
  INFO((scenario ? "" : to_string(scenario.error()) + " " + scenario.error().hint));
  REQUIRE(scenario);
  CHECK(scenario->services[0].name == "checkout");
  CHECK(scenario->services[0].max_replicas == 4);
  CHECK(scenario->services[1].latency.p50 == std::chrono::milliseconds{20});
  CHECK(scenario->releases[0].changes.errors == 0.02);
  CHECK(scenario->faults[0].latency == 5);
  CHECK(scenario->traffic[0].segments[0].share == 0.1);
}

TEST_CASE("INV-41: what is no scenario is refused with one line") {
  refused("", "");
  refused("\n# nothing here\n", "");
  refused(std::string("\x7f"
                      "ELF\x00\x01\xff\xfe",
                      8),
          "");
  refused(std::string(100'000, '['), "");
  refused("kind: ConfigMap\n", "there is no Scenario in it, but a ConfigMap");
  refused("kind: Scenaro\n", "no Scenario", "did you mean 'Scenario'?");
  refused("- 1\n- 2\n", "there is no Scenario in it");
  refused(with("v1alpha1", "v2"), "'volary.dev/v2' is not known", "volary.dev/v1alpha1");
  refused(with("", "") + "---\n" + with("", ""), "a second Scenario");
  refused(with("", "") + "---\nkind: Canary\n", "another document");
}

TEST_CASE("INV-41: an alias bomb is refused, not expanded") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string from = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + from;
    for (int k = 0; k < 9; ++k) bomb += ", " + from;
    bomb += "]\n";
  }
  refused(bomb, "");
}

TEST_CASE("unknown keys and names are refused at their place, with the nearest known one") {
  refused(with("errors: 0.1%", "erors: 0.1%"), "s.yaml:15:7: spec.services.checkout: unknown key",
          "did you mean 'errors'?");
  refused(with("replicas: {min: 2, max: 4}", "replicas: {min: 2, maxx: 4}"),
          "spec.services.checkout.replicas: unknown key 'maxx'", "did you mean 'max'?");
  refused(with("to: checkout", "to: chekout"),
          "s.yaml:8:11: spec.traffic[0].to: there is no service 'chekout'",
          "did you mean 'checkout'?");
  refused(with("service: payments", "service: paymets"),
          "spec.services.checkout.calls[0].service: there is no service 'paymets'",
          "did you mean 'payments'?");
  refused(with("at: 2m, service: checkout", "at: 2m, service: cart"),
          "spec.releases[0].service: there is no service 'cart'");
  refused(with("target: payments", "target: shoppers"),
          "spec.faults[0].target: there is no service 'shoppers'");
  refused(with("kind: slow-dependency", "kind: slow-dependancy"), "spec.faults[0].kind",
          "did you mean 'slow-dependency'?");
  refused(with("truth: bad", "truth: bat"), "spec.releases[0].truth", "did you mean 'bad'?");
  refused(with("errors: 0.1%", "errors: 0.1%\n      errors: 1%"), "stands here twice");
}

TEST_CASE("numbers and durations that no world has are refused") {
  for (const char* rate : {"nan/s", "NaN", "inf/s", "-1/s", "1e300/s", "200"})
    refused(with("rate: 200/s", std::string{"rate: "} + rate),
            "spec.traffic[0].arrivals.poisson.rate");
  for (const char* time : {"-5m", "NaN", "0s", "40", "99999h", "[]", "9223372036854775807s"})
    refused(with("duration: 40m", std::string{"duration: "} + time), "spec.duration");
  refused(with("p50: 40ms", "p50: -40ms"), "spec.services.checkout.latency.lognormal.p50");
  refused(with("p50: 40ms", "p50: 0s"), "spec.services.checkout.latency.lognormal.p50");
  refused(with("p99: 300ms", "p99: 30ms"), "p99 30ms is below p50 40ms");
  refused(with("errors: 0.1%", "errors: 101%"), "spec.services.checkout.errors");
  refused(with("errors: 0.1%", "errors: .nan"), "spec.services.checkout.errors");
  refused(with("errors: +2%", "errors: +99.95%"), "changes the share of errors to 100.05%");
  refused(with("errors: +2%", "errors: -2%"), "changes the share of errors to -1.9%");
  refused(with("latency: x5", "latency: x0"), "spec.faults[0].latency");
  refused(with("latency: x5", "latency: xNaN"), "spec.faults[0].latency");
  refused(with("share: 10%", "share: 60%}, {name: gamma, share: 60%"), "add up to 120%");
  refused(with("min: 2, max: 4", "min: 2, max: 1"), "max 1 is below min 2");
  refused(with("min: 2, max: 4", "min: -2"), "spec.services.checkout.replicas.min");
  refused(with("population: 100", "population: 0"), "spec.traffic[0].users.population");
}

TEST_CASE("what must be said is asked for") {
  refused(with("  duration: 40m\n", ""), "duration");
  refused(with("metadata: {name: small}\n", ""), "metadata");
  refused(with("      latency: 20ms", "      errors: 0%"), "latency");
  refused(with(", truth: bad", ""), "truth");
  refused(with(", target: payments", ""), "slow-dependency needs a target");
  refused(with(", latency: x5", ""), "slow-dependency needs 'latency'");
  refused(with("latency: x5", "latency: x5, count: 3"), "'count' means nothing to slow-dependency");
  refused(with("for: 2m, ", ""), "needs 'for'");
  refused(with("{lognormal: {p50: 40ms, p99: 300ms}}", "{}"), "needs one of lognormal");
}

TEST_CASE("what cannot be is refused") {
  refused(with("      latency: 20ms", "      latency: 20ms\n      calls: [{service: checkout}]"),
          "calls go in a circle: checkout → payments → checkout");
  refused(with("at: 2m", "at: 50m"), "spec.releases[0].at: 50m0s is not before the end of the run");
  refused(with("at: 10m", "at: 40m"), "spec.faults[0].at: 40m0s is not before the end of the run");
  refused(with("version: v2", "version: v1"), "checkout has a version v1 already");
}

TEST_CASE("one request that fans out without end is refused") {
  std::string services = "  services:\n";
  for (int i = 0; i < 40; ++i) {
    const std::string next = "{service: s" + std::to_string(i + 1) + "}";
    services +=
        "    s" + std::to_string(i) + ": {latency: 1ms, calls: [" + next + ", " + next + "]}\n";
  }
  services += "    s40: {latency: 1ms}\n";
  refused(
      "apiVersion: volary.dev/v1alpha1\nkind: Scenario\nmetadata: {name: fan}\nspec:\n"
      "  duration: 1m\n  traffic: []\n" +
          services,
      "makes more than 10000 calls");
}

TEST_CASE("a file that is not there is not found") {
  const auto scenario = load_scenario("/nowhere/s.yaml");
  REQUIRE_FALSE(scenario);
  CHECK(scenario.error().kind == ErrorKind::NotFound);
}

}  // namespace volary
