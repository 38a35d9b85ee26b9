#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "scenarios/load.hpp"
#include "scenarios/scenario_schema.hpp"

/// Writing scenarios: what is at its default is left out, so that a first scenario is short enough
/// to be edited.
namespace volary {
namespace {

using sim::Latency;

Node scalar(std::string text) { return Node::scalar(std::move(text)); }
Node whole(int value) { return scalar(fmt::format("{}", value)); }
/// The shortest text that reads back as the same number.
Node number(double value) { return scalar(fmt::format("{}", value)); }

/// A fraction as a percentage: the shortest text whose hundredth part is the same number again.
std::string percent_text(double fraction) {
  for (int digits = 6; digits <= 17; ++digits) {
    const std::string text = fmt::format("{:.{}g}", fraction * 100, digits);
    double back = 0;
    std::from_chars(text.data(), text.data() + text.size(), back);
    if (back / 100 == fraction) return text + "%";
  }
  return fmt::format("{}%", fraction * 100);
}
Node percentage(double fraction) { return scalar(percent_text(fraction)); }
Node signed_percentage(double fraction) {
  return scalar((fraction < 0 ? "" : "+") + percent_text(fraction));
}
Node factor(double value) { return scalar(fmt::format("x{}", value)); }
Node rate(double value) { return scalar(fmt::format("{}/s", value)); }

/// "40m", "1h30m", "1m1.5s": Go's form without its empty tail.
std::string short_duration(Duration d) {
  std::string text = go_duration(d);
  if (text.ends_with("m0s")) text.resize(text.size() - 2);
  if (text.ends_with("h0m")) text.resize(text.size() - 2);
  return text;
}
Node time(Duration d) { return scalar(short_duration(d)); }

Node clock_time(Duration of_day) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(of_day).count();
  return Node::string(fmt::format("{:02}:{:02}", minutes / 60, minutes % 60));
}

Node latency(const Latency& value) {
  Node law = Node::map();
  switch (value.law) {
    case Latency::Law::Constant: return time(value.p50);
    case Latency::Law::Exponential:
      law.set("mean", time(value.mean));
      return Node::map().set("exponential", std::move(law));
    case Latency::Law::Lognormal:
      law.set("p50", time(value.p50)).set("p99", time(value.p99));
      return Node::map().set("lognormal", std::move(law));
  }
  return law;
}

/// Sets what differs from the default.
template <class V, class Write>
void set_unless(Node& map, const char* key, const V& value, const V& usual, Write write) {
  if (!(value == usual)) map.set(key, write(value));
}
void set_unless_empty(Node& map, const char* key, Node value) {
  if (!value.entries.empty() || !value.items.empty()) map.set(key, std::move(value));
}

Node profile(const sim::Profile& value) {
  Node inner = Node::map();
  if (value.kind == sim::Profile::Kind::Diurnal) {
    inner.set("peak", clock_time(value.peak)).set("ratio", number(value.ratio));
    return Node::map().set("diurnal", std::move(inner));
  }
  Node points = Node::sequence();
  for (const sim::Profile::Point& point : value.points)
    points.push(Node::map().set("at", time(point.at)).set("factor", factor(point.factor)));
  return Node::map().set("points", std::move(points));
}

Node traffic(const sim::Traffic& value) {
  const sim::Traffic usual;
  Node map = Node::map();
  map.set("name", Node::string(value.name)).set("to", Node::string(value.to));
  Node arrivals = Node::map();
  arrivals.set("poisson", Node::map().set("rate", rate(value.rate)));
  if (value.profile.kind != sim::Profile::Kind::Constant)
    arrivals.set("profile", profile(value.profile));
  map.set("arrivals", std::move(arrivals));
  Node users = Node::map().set("population", whole(value.users));
  if (!value.keeps_cookies) users.set("sticky", scalar("false"));
  Node segments = Node::sequence();
  for (const sim::Segment& segment : value.segments) {
    Node one =
        Node::map().set("name", Node::string(segment.name)).set("share", percentage(segment.share));
    Node headers = Node::map();
    for (const auto& [key, text] : segment.headers) headers.set(key, Node::string(text));
    set_unless_empty(one, "headers", std::move(headers));
    segments.push(std::move(one));
  }
  set_unless_empty(users, "segments", std::move(segments));
  map.set("users", std::move(users));
  Node client = Node::map();
  set_unless(client, "timeout", value.timeout, usual.timeout, time);
  set_unless(client, "retries", value.retries, usual.retries, whole);
  set_unless(client, "backoff", value.backoff, usual.backoff, time);
  set_unless_empty(map, "client", std::move(client));
  return map;
}

Node service(const sim::Service& value) {
  const sim::Service usual;
  Node map = Node::map();
  set_unless(map, "namespace", value.ns, usual.ns, Node::string);
  Node replicas = Node::map().set("min", whole(value.replicas));
  if (value.max_replicas) replicas.set("max", whole(*value.max_replicas));
  replicas.set("startup", latency(value.startup));
  if (value.max_replicas) replicas.set("hpa", Node::map().set("cpu", percentage(value.cpu_target)));
  map.set("replicas", std::move(replicas));
  map.set("concurrency", whole(value.concurrency));
  set_unless(map, "queue", value.queue, usual.queue, whole);
  if (value.shared_queue) map.set("sharedQueue", scalar("true"));
  map.set("latency", latency(value.latency));
  set_unless(map, "errors", value.errors, usual.errors, percentage);
  if (value.protocol == sim::Protocol::Grpc) map.set("protocol", scalar("grpc"));
  Node calls = Node::sequence();
  for (const sim::Call& call : value.calls) {
    Node one = Node::map().set("service", Node::string(call.service));
    set_unless(one, "timeout", call.timeout, Duration{}, time);
    set_unless(one, "retries", call.retries, 0, whole);
    calls.push(std::move(one));
  }
  set_unless_empty(map, "calls", std::move(calls));
  Node rollout = Node::map();
  set_unless(rollout, "maxSurge", value.max_surge, usual.max_surge, scalar);
  set_unless(rollout, "maxUnavailable", value.max_unavailable, usual.max_unavailable, scalar);
  set_unless(rollout, "progressDeadline", value.progress_deadline, usual.progress_deadline, time);
  set_unless_empty(map, "rollout", std::move(rollout));
  return map;
}

Node release(const sim::Release& value) {
  const sim::Changes& changes = value.changes;
  const sim::Changes usual;
  Node map = Node::map();
  map.set("at", time(value.at))
      .set("service", Node::string(value.service))
      .set("version", Node::string(value.version))
      .set("truth", scalar(value.bad ? "bad" : "good"));
  Node written = Node::map();
  set_unless(written, "errors", changes.errors, usual.errors, signed_percentage);
  set_unless(written, "latency", changes.latency, usual.latency, factor);
  if (changes.warmup != usual.warmup || changes.warmup_latency != usual.warmup_latency ||
      changes.warmup_errors != usual.warmup_errors) {
    Node warmup = Node::map().set("for", time(changes.warmup));
    set_unless(warmup, "latency", changes.warmup_latency, usual.warmup_latency, factor);
    set_unless(warmup, "errors", changes.warmup_errors, usual.warmup_errors, signed_percentage);
    written.set("warmup", std::move(warmup));
  }
  set_unless(written, "crashEvery", changes.crash_every, usual.crash_every, time);
  if (changes.never_ready) written.set("neverReady", scalar("true"));
  if (changes.leak != usual.leak) written.set("leak", scalar(percent_text(changes.leak) + "/m"));
  set_unless(written, "onset", changes.onset, usual.onset, time);
  set_unless_empty(map, "changes", std::move(written));
  return map;
}

Node fault(const sim::Fault& value) {
  const sim::Fault usual;
  Node map = Node::map();
  map.set("at", time(value.at));
  set_unless(map, "for", value.duration, usual.duration, time);
  map.set("kind", scalar(std::string{to_string(value.kind)}));
  set_unless(map, "target", value.target, usual.target, Node::string);
  // Each kind has one figure, which stands there even where it is 1 or 0.
  switch (value.kind) {
    case sim::Fault::Kind::SlowDependency: map.set("latency", factor(value.latency)); break;
    case sim::Fault::Kind::Errors: map.set("errors", signed_percentage(value.errors)); break;
    case sim::Fault::Kind::PodsLost: map.set("count", whole(value.count)); break;
    case sim::Fault::Kind::TrafficSurge: map.set("factor", factor(value.factor)); break;
    case sim::Fault::Kind::MetricsSlow:
    case sim::Fault::Kind::HookSlow: map.set("delay", time(value.delay)); break;
    case sim::Fault::Kind::MetricsDown:
    case sim::Fault::Kind::ScrapeGap:
    case sim::Fault::Kind::HookDown:
    case sim::Fault::Kind::GateClosed: break;
  }
  return map;
}

std::string as_comment(std::string_view story) {
  std::string text;
  while (!story.empty()) {
    const std::size_t end = story.find('\n');
    const std::string_view line = story.substr(0, end);
    text += line.empty() ? "#\n" : fmt::format("# {}\n", line);
    story.remove_prefix(end == std::string_view::npos ? story.size() : end + 1);
  }
  return text;
}

}  // namespace

std::string write_scenario(const sim::Scenario& scenario) {
  const sim::Telemetry usual;
  Node spec = Node::map();
  spec.set("duration", time(scenario.duration));
  set_unless(spec, "startsAt", scenario.starts_at, sim::Scenario{}.starts_at, clock_time);
  Node mesh = Node::map().set("provider", Node::string(scenario.mesh.provider));
  set_unless(mesh, "propagation", scenario.mesh.propagation, Latency{}, latency);
  spec.set("mesh", std::move(mesh));
  const sim::Telemetry& seen = scenario.telemetry;
  Node telemetry = Node::map().set("scrapeInterval", time(seen.scrape_interval));
  set_unless(telemetry, "delay", seen.delay, usual.delay, time);
  if (seen.gap_probability != 0)
    telemetry.set("gaps", Node::map().set("probability", percentage(seen.gap_probability)));
  set_unless(telemetry, "queryTime", seen.query_time, usual.query_time, time);
  set_unless(telemetry, "hookTime", seen.hook_time, usual.hook_time, time);
  spec.set("telemetry", std::move(telemetry));
  Node sources = Node::sequence();
  for (const sim::Traffic& one : scenario.traffic) sources.push(traffic(one));
  spec.set("traffic", std::move(sources));
  Node services = Node::map();
  for (const sim::Service& one : scenario.services) services.set(one.name, service(one));
  spec.set("services", std::move(services));
  Node releases = Node::sequence();
  for (const sim::Release& one : scenario.releases) releases.push(release(one));
  set_unless_empty(spec, "releases", std::move(releases));
  Node faults = Node::sequence();
  for (const sim::Fault& one : scenario.faults) faults.push(fault(one));
  set_unless_empty(spec, "faults", std::move(faults));

  Node document = Node::map();
  document.set("apiVersion", scalar("volary.dev/v1alpha1"))
      .set("kind", scalar("Scenario"))
      .set("metadata", Node::map().set("name", Node::string(scenario.name)))
      .set("spec", std::move(spec));
  return as_comment(scenario.story) + to_yaml(document);
}

}  // namespace volary
