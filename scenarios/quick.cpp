#include "scenarios/quick.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "engine/plan.hpp"
#include "scenarios/load.hpp"
#include "scenarios/scenario_schema.hpp"

namespace volary {
namespace {

using namespace std::chrono_literals;

/// The value of a flag by the format that the document has for it.
template <class V>
Result<V> read_flag(const char* flag, const std::string& written, const Format<V>& format) {
  Reader reader{Dialect::Volary};
  Node node = Node::scalar(written);
  node.at.file = flag;
  const auto value = format.read(node, reader);
  if (!value) return tl::unexpected(reader.error());
  return *value;
}

/// "errors=+2%,latency=x1.5,warmup.for=90s" as the map that a document would hold.
Result<Node> changes_node(const std::vector<std::string>& bad) {
  const Mark at{.file = "--bad"};
  Node changes = Node::map();
  changes.at = at;
  for (const std::string& list : bad) {
    std::size_t from = 0;
    while (from <= list.size()) {
      const std::size_t comma = std::min(list.find(',', from), list.size());
      const std::string pair = list.substr(from, comma - from);
      from = comma + 1;
      const std::size_t equals = pair.find('=');
      if (equals == 0 || equals == std::string::npos)
        return tl::unexpected(
            error_at(at, "", fmt::format("'{}' is not of the form key=value", printable(pair)),
                     "write --bad errors=+2%,latency=x1.5"));
      std::string key = pair.substr(0, equals);
      Node value = Node::scalar(pair.substr(equals + 1));
      value.at = at;
      Node* into = &changes;
      if (const std::size_t dot = key.find('.'); dot != std::string::npos) {
        const std::string outer = key.substr(0, dot);
        key = key.substr(dot + 1);
        if (!changes.find(outer)) {
          Node inner = Node::map();
          inner.at = at;
          changes.set(outer, std::move(inner));
        }
        into = changes.find(outer);
        if (!into->is_map()) return tl::unexpected(error_at(at, outer, "is said in two ways"));
      }
      if (into->find(key))
        return tl::unexpected(error_at(at, "", fmt::format("'{}' is said twice", printable(key))));
      into->set(key, std::move(value));
      into->entries.back().at = at;
    }
  }
  return changes;
}

Result<sim::Changes> read_changes(const std::vector<std::string>& bad) {
  if (bad.empty()) return sim::Changes{.errors = 0.02};
  const auto node = changes_node(bad);
  if (!node) return tl::unexpected(node.error());
  Reader reader{Dialect::Volary};
  const auto changes = changes_schema().read(*node, reader);
  if (!changes) return tl::unexpected(reader.error());
  if (*changes == sim::Changes{})
    return tl::unexpected(
        error_at({.file = "--bad"}, "", "changes nothing", "write --bad errors=+2%,latency=x1.5"));
  return *changes;
}

struct Figures {
  double rate = 0;
  Duration p50{}, p99{};
  double errors = 0;
  sim::Changes bad;
};

Result<Figures> read_figures(const QuickFlags& flags) {
  const auto said = [](const std::string& written, const char* otherwise) {
    return written.empty() ? std::string{otherwise} : written;
  };
  std::string rps = said(flags.rps, "100/s");
  if (rps.find('/') == std::string::npos) rps += "/s";
  const auto arrivals = read_flag("--rps", rps, rate());
  if (!arrivals) return tl::unexpected(arrivals.error());
  const auto time = duration(1us, 1h);
  const auto slow = read_flag("--p99", said(flags.p99, "300ms"), time);
  if (!slow) return tl::unexpected(slow.error());
  // Where nobody says, the tail is six times the middle: σ = 0.77, as of many web services. Whole
  // microseconds read better.
  Duration p50 =
      std::max<Duration>(std::chrono::duration_cast<std::chrono::microseconds>(*slow / 6), 1us);
  if (*slow >= 60ms) p50 = std::chrono::duration_cast<std::chrono::milliseconds>(p50);
  if (!flags.p50.empty()) {
    const auto middle = read_flag("--p50", flags.p50, time);
    if (!middle) return tl::unexpected(middle.error());
    p50 = *middle;
  }
  if (p50 > *slow)
    return tl::unexpected(
        error_at({.file = flags.p50.empty() ? "--p99" : "--p50"}, "",
                 fmt::format("p50 {} is above p99 {}", go_duration(p50), go_duration(*slow))));
  const auto errors = read_flag("--errors", said(flags.errors, "0.1%"), percent());
  if (!errors) return tl::unexpected(errors.error());
  const auto bad = read_changes(flags.bad);
  if (!bad) return tl::unexpected(bad.error());
  if (const double share = *errors + bad->errors; share < 0 || share > 1)
    return tl::unexpected(
        error_at({.file = "--bad"}, "",
                 fmt::format("with --errors {:.6g}% this makes {:.6g}% of requests fail",
                             *errors * 100, share * 100),
                 "the two together stay within 0% and 100%"));
  return Figures{*arrivals, p50, *slow, *errors, *bad};
}

double mean_seconds(Duration p50, Duration p99) {
  constexpr double z99 = 2.3263478740408408;
  const double sigma = std::log(seconds(p99) / seconds(p50)) / z99;
  return seconds(p50) * std::exp(sigma * sigma / 2);
}

bool is_int_or_percent(const std::string& text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  return !text.empty() && digits != 0 && text.size() <= 5 &&
         (digits == std::string::npos || text.substr(digits) == "%");
}

bool speaks_grpc(const ServiceSpec& service) {
  const std::string& name = service.port_name;
  return service.app_protocol == "grpc" || name == "grpc" || name.starts_with("grpc-");
}

sim::Service service_of(const Policy& policy, const Figures& figures) {
  const CanarySpec& spec = policy.canary.spec;
  sim::Service service;
  service.name = spec.target_ref.name;
  service.ns = policy.canary.name.ns.empty() ? "default" : policy.canary.name.ns;
  service.startup = {.law = sim::Latency::Law::Lognormal, .p50 = 8s, .p99 = 25s};
  service.latency = {.law = sim::Latency::Law::Lognormal, .p50 = figures.p50, .p99 = figures.p99};
  service.errors = figures.errors;
  service.protocol = speaks_grpc(spec.service) ? sim::Protocol::Grpc : sim::Protocol::Http;

  const double busy = figures.rate * mean_seconds(figures.p50, figures.p99);  // workers
  if (policy.workload && policy.workload->replicas) service.replicas = *policy.workload->replicas;
  if (policy.autoscaler) {
    service.replicas = policy.autoscaler->min_replicas;
    service.max_replicas = std::max(policy.autoscaler->max_replicas, service.replicas);
    if (policy.autoscaler->cpu_percent)
      service.cpu_target = std::clamp(*policy.autoscaler->cpu_percent, 1, 100) / 100.0;
  }
  service.replicas = std::clamp(service.replicas, 1, 10'000);
  if (service.max_replicas)
    service.max_replicas = std::clamp(*service.max_replicas, service.replicas, 10'000);
  // Half of the workers are busy, fewer where the autoscaler wants fewer: it begins at rest.
  const double utilization = std::min(0.5, service.max_replicas ? 0.9 * service.cpu_target : 0.5);
  constexpr double most = 1'000'000;
  service.concurrency =
      static_cast<int>(std::clamp(std::ceil(busy / (service.replicas * utilization)), 8.0, most));
  if (policy.workload) {
    const WorkloadManifest& workload = *policy.workload;
    if (is_int_or_percent(workload.max_surge)) service.max_surge = workload.max_surge;
    if (is_int_or_percent(workload.max_unavailable))
      service.max_unavailable = workload.max_unavailable;
    if (workload.progress_deadline_seconds && *workload.progress_deadline_seconds > 0)
      service.progress_deadline = std::min<Duration>(
          std::chrono::seconds{*workload.progress_deadline_seconds}, std::chrono::hours{24 * 365});
  }
  return service;
}

/// "canary=always" out of ^(.*?;)?(canary=always)(;.*)?$: the way cookies are matched everywhere.
std::string word_pair(const std::string& regex) {
  const auto in_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  for (std::size_t at = regex.find('='); at != std::string::npos; at = regex.find('=', at + 1)) {
    std::size_t from = at, to = at + 1;
    while (from > 0 && in_word(regex[from - 1])) --from;
    while (to < regex.size() && in_word(regex[to])) ++to;
    if (from < at && to > at + 1) return regex.substr(from, to - from);
  }
  return {};
}

/// One user in ten is one of those that an A/B test asks for, so that it has somebody to test on.
std::vector<sim::Segment> segments_of(const Analysis& analysis, const std::string& provider) {
  std::vector<sim::Segment> segments;
  for (const HttpMatch& match : analysis.match) {
    sim::Segment segment;
    segment.name = fmt::format("match-{}", segments.size() + 1);
    segment.share = 0.1 / static_cast<double>(analysis.match.size());
    for (const auto& [header, wanted] : match.headers) {
      std::string value =
          wanted.kind == StringMatch::Kind::Regex ? word_pair(wanted.value) : wanted.value;
      if (provider == "nginx" && header == "cookie" && wanted.kind == StringMatch::Kind::Exact)
        value += "=always";  // RT-NGINX-17: what is written is the cookie's name
      if (!value.empty()) segment.headers[header] = value;
    }
    if (!segment.headers.empty()) segments.push_back(std::move(segment));
  }
  return segments;
}

/// Long enough for the whole way of the plan, every failed check that it forgives, and the rollout.
Duration length_of(const Plan& plan, Duration release_at) {
  const auto promotion = plan.step_weight_promotion > 0 ? 100 / plan.step_weight_promotion + 1 : 0;
  const auto passes = static_cast<long long>(plan.ramp().size()) + plan.iterations + promotion +
                      plan.threshold + 10;
  const double wanted =
      seconds(release_at) + static_cast<double>(passes) * seconds(plan.interval) + seconds(5min);
  const double whole = std::ceil(wanted / 300) * 300;
  return from_seconds(std::clamp(whole, 1200.0, 30 * 86400.0));
}

std::string story_of(const Policy& policy, const Figures& figures, bool bad) {
  std::string changes = bad ? "and deserves a rollback" : "but is no worse";
  return fmt::format(
      "Made from {} and a few figures: {:g} requests a second, half of them within {}, 99 in 100 "
      "within {},\n{:.6g} % of them fail. Version 2 of {} is {}, {}.\nTruth: {}.",
      policy.file.empty() ? std::string{"a manifest"} : printable(policy.file, 100), figures.rate,
      spoken(figures.p50), spoken(figures.p99), figures.errors * 100,
      policy.canary.spec.target_ref.name, bad ? "worse" : "another", changes, bad ? "bad" : "good");
}

/// Where no manifest says it, the controller's flag would: what the Canary refers to gives it away.
std::string provider_of(const CanarySpec& spec) {
  if (!spec.provider.empty()) return spec.provider;
  if (!spec.service.gateway_refs.empty()) return "gatewayapi:v1";
  if (spec.route_ref) return "apisix";
  if (spec.upstream_ref) return "gloo";
  if (spec.ingress_ref) return "nginx";
  return "istio";
}

/// A mesh brings a Prometheus of its own, which scrapes each 15 s; beside an ingress, or nothing at
/// all, stands the one of Flagger's installation, which scrapes each 5 s.
bool brings_prometheus(const std::string& provider) {
  for (const char* mesh : {"istio", "linkerd", "osm", "kuma", "gatewayapi", "smi"})
    if (provider.starts_with(mesh)) return true;
  return false;
}

sim::Scenario world(const Policy& policy, const Figures& figures, bool bad) {
  const CanarySpec& spec = policy.canary.spec;
  const Plan plan = volary::plan(policy.canary, {.mesh_provider = provider_of(spec)});
  sim::Scenario scenario;
  scenario.name = fmt::format("{}-{}-release", spec.target_ref.name, bad ? "bad" : "good");
  scenario.story = story_of(policy, figures, bad);
  scenario.mesh.provider = provider_of(spec);
  scenario.mesh.propagation = {.law = sim::Latency::Law::Lognormal, .p50 = 800ms, .p99 = 4s};
  scenario.telemetry.delay = 2s;
  if (!brings_prometheus(scenario.mesh.provider)) scenario.telemetry.scrape_interval = 5s;
  scenario.services.push_back(service_of(policy, figures));
  const sim::Service& service = scenario.services.front();
  sim::Traffic users;
  users.name = "users";
  users.to = service.name;
  users.rate = figures.rate;
  users.protocol = service.protocol;
  users.users = static_cast<int>(std::clamp(std::ceil(figures.rate * 100), 100.0, 1'000'000.0));
  users.segments = segments_of(spec.analysis, scenario.mesh.provider);
  scenario.traffic.push_back(std::move(users));
  sim::Release release;
  // Until then the engine has made the primary (SM-40) and traffic has a history to be judged by.
  release.at = std::max<Duration>(2min, 3 * plan.interval);
  release.service = service.name;
  release.version = "v2";
  release.bad = bad;
  if (bad) release.changes = figures.bad;
  scenario.duration = length_of(plan, release.at);
  scenario.releases.push_back(std::move(release));
  return scenario;
}

/// The world as the document that would describe it: what is flown is what `init` writes.
Result<sim::Scenario> through_document(const sim::Scenario& scenario) {
  return read_scenario(write_scenario(scenario), scenario.name + ".yaml");
}

}  // namespace

Result<std::vector<sim::Scenario>> quick_scenarios(const Policy& policy, const QuickFlags& flags) {
  const auto figures = read_figures(flags);
  if (!figures) return tl::unexpected(figures.error());
  std::vector<sim::Scenario> worlds;
  for (const bool bad : {false, true}) {
    auto scenario = through_document(world(policy, *figures, bad));
    if (!scenario) return tl::unexpected(scenario.error());
    worlds.push_back(*std::move(scenario));
  }
  return worlds;
}

Result<std::string> first_scenario(const Policy& policy, const QuickFlags& flags) {
  const auto figures = read_figures(flags);
  if (!figures) return tl::unexpected(figures.error());
  sim::Scenario scenario = world(policy, *figures, true);
  scenario.name = policy.canary.spec.target_ref.name;
  scenario.story +=
      "\n\nA first scenario, to be edited: put your own figures in, let the service call others, "
      "let things go wrong.\nEvery key is described in docs/scenarios.md.";
  if (auto read = through_document(scenario); !read) return tl::unexpected(read.error());
  return write_scenario(scenario);
}

}  // namespace volary
