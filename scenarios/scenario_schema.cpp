#include "scenarios/scenario_schema.hpp"

#include <string>

#include <fmt/format.h>

namespace volary {
namespace {

using namespace std::chrono_literals;
using sim::Call;
using sim::Fault;
using sim::Latency;
using sim::Mesh;
using sim::Profile;
using sim::Release;
using sim::Scenario;
using sim::Segment;
using sim::Service;
using sim::Telemetry;
using sim::Traffic;

constexpr Duration longest = std::chrono::hours{24 * 365};

/// A time that may be nothing at all.
Format<Duration> time_or_zero() { return duration(Duration::zero(), longest); }

// What work takes is bounded, so that a drawn time stays far from the end of the Timeline.
Format<Duration> time_of_work() { return duration(Duration{1}, 24h); }

Latency lognormal(Duration p50, Duration p99) {
  return {.law = Latency::Law::Lognormal, .p50 = p50, .p99 = p99};
}

/// "14:00" → 14 h after midnight.
Format<Duration> clock_time() {
  return mapped(text_matching("^([01][0-9]|2[0-3]):[0-5][0-9]$", "a time of day such as 14:00"),
                [](const std::string& written) -> Duration {
                  return std::chrono::hours{std::stoi(written.substr(0, 2))} +
                         std::chrono::minutes{std::stoi(written.substr(3))};
                });
}

/// "5%/m" → 0.05 more for every minute.
Format<double> growth() {
  Shape shape{Shape::Kind::Text, "a growth such as 5%/m"};
  const Format<double> share = percent(-1, 100);
  return {[shape, share](const Node& node, Reader& reader) -> std::optional<double> {
            if (!node.is_scalar() || !node.text.ends_with("/m")) {
              reader.refuse(node.at,
                            node.is_scalar()
                                ? fmt::format("'{}' is not {}", printable(node.text), shape.accepts)
                                : fmt::format("this is not {}", shape.accepts));
              return std::nullopt;
            }
            Node bare = node;
            bare.text.resize(bare.text.size() - 2);
            return share.read(bare, reader);
          },
          shape};
}

/// A map from names to objects, in the order written: {checkout: {…}, payments: {…}}.
template <class T>
Format<std::vector<T>> named(Format<T> item, std::string T::*name) {
  Shape shape{Shape::Kind::Map, "a map from names, each " + item.shape.accepts};
  shape.object = item.shape.object;
  return {[item = std::move(item), name](const Node& node,
                                         Reader& reader) -> std::optional<std::vector<T>> {
            if (!node.is_map()) {
              reader.refuse(node.at,
                            fmt::format("must be a map from names, this is {}", spoken_kind(node)));
              return std::nullopt;
            }
            static const Format<std::string> fit = object_name();
            std::vector<T> values;
            for (const Node::Entry& entry : node.entries) {
              const Reader::Within here{reader, printable(entry.key)};
              Node key = Node::string(entry.key);
              key.at = entry.at;
              if (!fit.read(key, reader)) continue;
              // `payments:` alone is a service about which nothing is said.
              const Node nothing = [&] {
                Node map = Node::map();
                map.at = entry.value.at;
                return map;
              }();
              auto value = item.read(entry.value.is_null() ? nothing : entry.value, reader);
              if (!value) continue;
              (*value).*name = entry.key;
              values.push_back(*std::move(value));
            }
            return values;
          },
          std::move(shape)};
}

// ── latency ──

struct Quantiles {
  Duration p50{}, p99{};
};
struct Mean {
  Duration mean{};
};

const Schema<Latency>& latency_schema() {
  static const Schema<Quantiles> quantiles = Schema<Quantiles>{
      "Lognormal",
      {
          field("p50", &Quantiles::p50, time_of_work(), {.required = true, .doc = "the median"}),
          field("p99", &Quantiles::p99, time_of_work(),
                {.required = true, .doc = "the 99th percentile, not below p50"}),
      }}.check([](const Quantiles& q, const Node& node, Reader& reader) {
    if (q.p99 < q.p50)
      reader.refuse(node.find("p99") ? node.find("p99")->at : node.at,
                    fmt::format("p99 {} is below p50 {}", go_duration(q.p99), go_duration(q.p50)));
  });
  static const Schema<Mean> mean{
      "Exponential",
      {field("mean", &Mean::mean, time_of_work(), {.required = true, .doc = "the mean"})}};
  static const Schema<Latency> schema = Schema<Latency>{
      "Latency",
      {
          field_into<Latency>(
              "lognormal", object(quantiles),
              [](Latency& into, const Quantiles& q) { into = lognormal(q.p50, q.p99); },
              {.doc = "the usual shape of request durations"}),
          field_into<Latency>("exponential", object(mean),
                              [](Latency& into, const Mean& m) {
                                into = {.law = Latency::Law::Exponential, .mean = m.mean};
                              },
                              {.doc = "for comparison with queueing theory"}),
          field_into<Latency>("constant", time_or_zero(),
                              [](Latency& into, Duration d) { into = {.p50 = d}; },
                              {.doc = "always the same; a bare duration says it shorter"}),
      }}.exactly_one_of({"lognormal", "exponential", "constant"});
  return schema;
}

// ── traffic ──

const Schema<Profile>& profile_schema() {
  static const Schema<Profile> diurnal{
      "Diurnal",
      {
          field("peak", &Profile::peak, clock_time(),
                {.required = true, .doc = "time of day of the highest rate"}),
          field("ratio", &Profile::ratio, number(1, 1000),
                {.required = true, .doc = "highest rate / lowest rate; the mean is the rate"}),
      }};
  static const Schema<Profile::Point> point{
      "Point",
      {
          field("at", &Profile::Point::at, time_or_zero(),
                {.required = true, .doc = "from the start of the run"}),
          field("factor", &Profile::Point::factor, factor(0, 1000),
                {.required = true, .doc = "on the rate; x0 is silence"}),
      }};
  static const Schema<Profile> schema =
      Schema<Profile>{
          "Profile",
          {
              field_into<Profile>("diurnal", object(diurnal),
                                  [](Profile& into, Profile read) {
                                    into = std::move(read);
                                    into.kind = Profile::Kind::Diurnal;
                                  },
                                  {.doc = "a day's wave (see startsAt)"}),
              field_into<Profile>("points", list_of(object(point)),
                                  [](Profile& into, std::vector<Profile::Point> points) {
                                    into.kind = Profile::Kind::Points;
                                    into.points = std::move(points);
                                  },
                                  {.doc = "linear in between, constant outside"}),
          }}
          .exactly_one_of({"diurnal", "points"})
          .check([](const Profile& profile, const Node& node, Reader& reader) {
            if (profile.kind != Profile::Kind::Points) return;
            const Reader::Within here{reader, "points"};
            const Node& points = *node.find("points");
            if (profile.points.empty()) reader.refuse(points.at, "needs at least one point");
            for (std::size_t i = 1; i < profile.points.size(); ++i)
              if (profile.points[i].at <= profile.points[i - 1].at) {
                const Reader::Within one{reader, i};
                reader.refuse(points.items[i].at, "points must go forward in time");
              }
          });
  return schema;
}

struct Arrivals {
  double rate = 0;
  Profile profile;
};
const Schema<Arrivals>& arrivals_schema() {
  static const Schema<Arrivals> poisson{
      "Poisson",
      {field("rate", &Arrivals::rate, rate(),
             {.required = true, .doc = "requests per second; also 3000/m"})}};
  static const Schema<Arrivals> schema{
      "Arrivals",
      {
          field_into<Arrivals>("poisson", object(poisson),
                               [](Arrivals& into, const Arrivals& read) { into.rate = read.rate; },
                               {.required = true, .doc = "independent arrivals, open loop"}),
          field("profile", &Arrivals::profile, object(profile_schema()),
                {.unset = "constant", .doc = "how the rate moves over the run"}),
      }};
  return schema;
}

const Schema<Traffic>& traffic_schema() {
  static const Schema<Segment> segment{
      "Segment",
      {
          field("name", &Segment::name, object_name(), {.required = true}),
          field("share", &Segment::share, percent(),
                {.required = true, .doc = "of the population"}),
          field("headers", &Segment::headers,
                {.doc = "sent with every request; `cookie` is one, as `name=value`"}),
      }};
  static const Schema<Traffic> users{
      "Users",
      {
          field("population", &Traffic::users, integer(1, 10'000'000),
                {.unset = "1000", .doc = "users that the requests come from, evenly"}),
          field("sticky", &Traffic::keeps_cookies,
                {.unset = "true", .doc = "clients send back cookies (session affinity)"}),
          field("segments", &Traffic::segments, list_of(object(segment)),
                {.doc = "parts that an A/B match can tell apart"}),
      }};
  static const Schema<Traffic> client{
      "Client",
      {
          field("timeout", &Traffic::timeout, time_or_zero(),
                {.unset = "none", .doc = "after it an attempt has failed"}),
          field("retries", &Traffic::retries, integer(0, 100),
                {.unset = "0", .doc = "after a time-out or a failure"}),
          field("backoff", &Traffic::backoff, time_or_zero(),
                {.unset = "0s", .doc = "before the first retry, doubling"}),
      }};
  static const Schema<Traffic> schema{
      "Traffic",
      {
          field("name", &Traffic::name, object_name(), {.required = true}),
          field("to", &Traffic::to, {.required = true, .doc = "the service that is called"}),
          field_into<Traffic>("arrivals", object(arrivals_schema()),
                              [](Traffic& into, Arrivals arrivals) {
                                into.rate = arrivals.rate;
                                into.profile = std::move(arrivals.profile);
                              },
                              {.required = true}),
          field_into<Traffic>("users", object(users),
                              [](Traffic& into, Traffic read) {
                                into.users = read.users;
                                into.keeps_cookies = read.keeps_cookies;
                                into.segments = std::move(read.segments);
                              }),
          field_into<Traffic>("client", object(client),
                              [](Traffic& into, const Traffic& read) {
                                into.timeout = read.timeout;
                                into.retries = read.retries;
                                into.backoff = read.backoff;
                              }),
      },
      "Requests that enter the system."};
  return schema;
}

// ── services ──

struct Replicas {
  int min = 2;
  std::optional<int> max;
  std::optional<Latency> startup;
  std::optional<double> cpu;
};

Format<Replicas> replicas_format() {
  struct Autoscaler {
    double cpu = 0.7;
  };
  static const Schema<Autoscaler> autoscaler{
      "Autoscaler",
      {field("cpu", &Autoscaler::cpu, percent(0.01, 1),
             {.required = true, .doc = "busy share of `concurrency` that is aimed at"})}};
  static const Schema<Replicas> schema = Schema<Replicas>{
      "Replicas",
      {
          field("min", &Replicas::min, integer(0, 10'000),
                {.required = true, .doc = "pods at the start, and the least"}),
          field("max", &Replicas::max, integer(1, 10'000),
                {.unset = "no autoscaler", .doc = "the most, with an autoscaler"}),
          field("startup", &Replicas::startup, latency_format(),
                {.unset = "lognormal, p50 5s, p99 15s", .doc = "of a pod, until it is ready"}),
          field_into<Replicas>("hpa", object(autoscaler),
                               [](Replicas& into, const Autoscaler& read) { into.cpu = read.cpu; },
                               {.unset = "cpu: 70% if there is a max"}),
      }}.check([](const Replicas& replicas, const Node& node, Reader& reader) {
    if (replicas.max && *replicas.max < replicas.min)
      reader.refuse(node.find("max")->at,
                    fmt::format("max {} is below min {}", *replicas.max, replicas.min));
    if (replicas.cpu && !replicas.max)
      reader.refuse(node.find("hpa")->at, "an autoscaler needs a max", "add `max: 10`");
  });
  return scalar_or(mapped(integer(0, 10'000), [](int count) { return Replicas{.min = count}; }),
                   object(schema));
}

Format<sim::Protocol> protocol() {
  return choice<sim::Protocol>({{"http", sim::Protocol::Http}, {"grpc", sim::Protocol::Grpc}});
}

const Schema<Service>& service_schema() {
  static const Schema<Call> call{
      "Call",
      {
          field("service", &Call::service, {.required = true}),
          field("timeout", &Call::timeout, time_or_zero(), {.unset = "none"}),
          field("retries", &Call::retries, integer(0, 100), {.unset = "0"}),
      }};
  static const Schema<Service> rollout{
      "Rollout",
      {
          field("maxSurge", &Service::max_surge,
                text_matching("^(0|[1-9][0-9]{0,4})%?$", "a number or a percentage such as 25%"),
                {.unset = "25%", .doc = "pods above the wish during a rollout"}),
          field("maxUnavailable", &Service::max_unavailable,
                text_matching("^(0|[1-9][0-9]{0,4})%?$", "a number or a percentage such as 25%"),
                {.unset = "25%", .doc = "pods below it"}),
          field("progressDeadline", &Service::progress_deadline, duration(1s, longest),
                {.unset = "10m", .doc = "of the Deployment"}),
      }};
  static const Schema<Service> schema{
      "Service",
      {
          field("namespace", &Service::ns, object_name(), {.unset = "default"}),
          field_into<Service>("replicas", replicas_format(),
                              [](Service& into, const Replicas& read) {
                                into.replicas = read.min;
                                into.max_replicas = read.max;
                                if (read.cpu) into.cpu_target = *read.cpu;
                                if (read.startup) into.startup = *read.startup;
                              },
                              {.unset = "2", .doc = "pods"}),
          field("concurrency", &Service::concurrency, integer(1, 1'000'000),
                {.unset = "16", .doc = "requests that a pod works on at once"}),
          field("queue", &Service::queue, integer(0, 10'000'000),
                {.unset = "1024", .doc = "requests that wait; more get a 503"}),
          field("sharedQueue", &Service::shared_queue,
                {.unset = "false", .doc = "one queue before all pods of a version: M/M/c"}),
          field("latency", &Service::latency, latency_format(),
                {.required = true, .doc = "of work on one request, without waiting and calls"}),
          field("errors", &Service::errors, percent(),
                {.unset = "0%", .doc = "share of requests that fail by themselves"}),
          field("protocol", &Service::protocol, protocol(),
                {.unset = "http", .doc = "a failed gRPC call is an HTTP 200"}),
          field("calls", &Service::calls, list_of(object(call)),
                {.doc = "made one after the other; a worker is held meanwhile"}),
          field_into<Service>("rollout", object(rollout),
                              [](Service& into, const Service& read) {
                                into.max_surge = read.max_surge;
                                into.max_unavailable = read.max_unavailable;
                                into.progress_deadline = read.progress_deadline;
                              }),
      },
      "A Deployment of pods with bounded concurrency and a queue before each."};
  return schema;
}

Format<Service> service_format() {
  Format<Service> read = object(service_schema());
  read.read = [](const Node& node, Reader& reader) {
    return service_schema().read(node, reader, Service{.startup = lognormal(5s, 15s)});
  };
  return read;
}

// ── releases and faults ──

struct Warmup {
  Duration length{};
  double latency = 1;
  double errors = 0;
};

const Schema<Release>& release_schema() {
  static const Schema<Release> schema{
      "Release",
      {
          field("at", &Release::at, time_or_zero(),
                {.required = true, .doc = "when the pod template changes"}),
          field("service", &Release::service, {.required = true}),
          field("version", &Release::version,
                text_matching("^[A-Za-z0-9][-A-Za-z0-9_.]{0,62}$", "a version such as v2"),
                {.required = true, .doc = "its name; the one before is v1"}),
          field("truth", &Release::bad, choice<bool>({{"good", false}, {"bad", true}}),
                {.required = true, .doc = "what the release deserves: promotion or rollback"}),
          field("changes", &Release::changes, object(changes_schema()),
                {.unset = "none", .doc = "what the new version does differently"}),
      },
      "A new version of a service."};
  return schema;
}

const Schema<Fault>& fault_schema() {
  static const Schema<Fault> schema{
      "Fault",
      {
          field("at", &Fault::at, time_or_zero(), {.required = true}),
          field("for", &Fault::duration, time_or_zero(),
                {.unset = "0s, only for pods-lost", .doc = "how long it lasts"}),
          field("kind", &Fault::kind, choice<Fault::Kind>(fault_kinds()), {.required = true}),
          field("target", &Fault::target,
                {.unset = "", .doc = "a service, a webhook or a traffic, by kind"}),
          field("latency", &Fault::latency, factor(1e-3, 1e4),
                {.unset = "x1", .doc = "slow-dependency: on the time of work"}),
          field("errors", &Fault::errors, percent(),
                {.unset = "0%", .doc = "errors: share of requests that fail in addition"}),
          field("factor", &Fault::factor, factor(1e-3, 1e3),
                {.unset = "x1", .doc = "traffic-surge: on the rate"}),
          field("count", &Fault::count, integer(0, 10'000),
                {.unset = "0", .doc = "pods-lost: how many"}),
          field("delay", &Fault::delay, time_or_zero(),
                {.unset = "0s", .doc = "metrics-slow, hook-slow: how late"}),
      },
      "Something that goes wrong for a while."};
  return schema;
}

}  // namespace

const std::vector<std::pair<std::string, Fault::Kind>>& fault_kinds() {
  static const std::vector<std::pair<std::string, Fault::Kind>> kinds = [] {
    std::vector<std::pair<std::string, Fault::Kind>> names;
    for (const auto kind : {Fault::Kind::SlowDependency, Fault::Kind::Errors, Fault::Kind::PodsLost,
                            Fault::Kind::MetricsDown, Fault::Kind::MetricsSlow,
                            Fault::Kind::ScrapeGap, Fault::Kind::HookDown, Fault::Kind::HookSlow,
                            Fault::Kind::GateClosed, Fault::Kind::TrafficSurge})
      names.emplace_back(to_string(kind), kind);
    return names;
  }();
  return kinds;
}

Format<Latency> latency_format() {
  return scalar_or(mapped(time_or_zero(), [](Duration d) { return Latency{.p50 = d}; }),
                   object(latency_schema()));
}

const Schema<sim::Changes>& changes_schema() {
  using sim::Changes;
  static const Schema<Warmup> warmup{
      "Warmup",
      {
          field("for", &Warmup::length, time_or_zero(),
                {.required = true, .doc = "after a pod's start"}),
          field("latency", &Warmup::latency, factor(1e-3, 1e4), {.unset = "x1"}),
          field("errors", &Warmup::errors, percent(-1, 1), {.unset = "+0%"}),
      }};
  static const Schema<Changes> schema{
      "Changes",
      {
          field("errors", &Changes::errors, percent(-1, 1),
                {.unset = "+0%", .doc = "added to the share of failing requests"}),
          field("latency", &Changes::latency, factor(1e-3, 1e4),
                {.unset = "x1", .doc = "on the time of work"}),
          field_into<Changes>("warmup", object(warmup),
                              [](Changes& into, const Warmup& read) {
                                into.warmup = read.length;
                                into.warmup_latency = read.latency;
                                into.warmup_errors = read.errors;
                              },
                              {.unset = "none", .doc = "a pod is worse while it is new"}),
          field("crashEvery", &Changes::crash_every, time_or_zero(),
                {.unset = "never", .doc = "mean time between crashes of a pod"}),
          field("neverReady", &Changes::never_ready, {.unset = "false"}),
          field("leak", &Changes::leak, growth(),
                {.unset = "0%/m", .doc = "growth of the time of work with a pod's age"}),
          field("onset", &Changes::onset, time_or_zero(),
                {.unset = "0s", .doc = "errors, latency and leak begin this long after its start"}),
      }};
  return schema;
}

/// CR-10: `gatewayapi:v1` too.
Format<std::string> mesh_provider() {
  return text_matching("^[a-z0-9][-a-z0-9.]*(:[a-z0-9]+)?$",
                       "a provider such as istio or gatewayapi:v1");
}

const Schema<Scenario>& scenario_spec_schema() {
  static const Schema<Mesh> mesh{
      "Mesh",
      {
          field("provider", &Mesh::provider, mesh_provider(),
                {.unset = "istio", .doc = "as the controller or a Canary names it"}),
          field("propagation", &Mesh::propagation, latency_format(),
                {.unset = "0s", .doc = "from a write of the route to its effect"}),
      }};
  static const Schema<Telemetry> gaps{
      "Gaps",
      {field("probability", &Telemetry::gap_probability, percent(),
             {.required = true, .doc = "that one scrape is lost"})}};
  static const Schema<Telemetry> telemetry{
      "Telemetry",
      {
          field("scrapeInterval", &Telemetry::scrape_interval, duration(1s, 1h), {.unset = "15s"}),
          field("delay", &Telemetry::delay, time_or_zero(),
                {.unset = "0s", .doc = "from a scrape to its visibility in queries"}),
          field_into<Telemetry>("gaps", object(gaps),
                                [](Telemetry& into, const Telemetry& read) {
                                  into.gap_probability = read.gap_probability;
                                },
                                {.unset = "none"}),
          field("queryTime", &Telemetry::query_time, time_or_zero(),
                {.unset = "0s", .doc = "of an ordinary query"}),
          field("hookTime", &Telemetry::hook_time, time_or_zero(),
                {.unset = "0s", .doc = "of an ordinary webhook"}),
      }};
  static const Schema<Scenario> schema = Schema<Scenario>{
      "Scenario",
      {
          field("duration", &Scenario::duration, duration(1s, std::chrono::hours{24 * 30}),
                {.required = true, .doc = "of the run, 30 days at most"}),
          field("startsAt", &Scenario::starts_at, clock_time(),
                {.unset = "12:00", .doc = "time of day at which the run starts"}),
          field("mesh", &Scenario::mesh, object(mesh)),
          field("telemetry", &Scenario::telemetry, object(telemetry)),
          field("traffic", &Scenario::traffic, list_of(object(traffic_schema())),
                {.required = true}),
          field("services", &Scenario::services, named(service_format(), &Service::name),
                {.required = true}),
          field("releases", &Scenario::releases, list_of(object(release_schema()))),
          field("faults", &Scenario::faults, list_of(object(fault_schema()))),
      }}.check([](const Scenario& scenario, const Node& node, Reader& reader) {
    check_scenario(scenario, node, reader);
  });
  return schema;
}

}  // namespace volary
