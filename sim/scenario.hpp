#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/units.hpp"

/// The world that a release meets, as plain data. Read from a `volary.dev/v1alpha1 Scenario`
/// (scenarios/), built from flags, or written by a test. Shares are fractions 0–1, rates are per
/// second, times are of the run, which starts at 0.
namespace volary::sim {

/// A duration that varies.
struct Latency {
  enum class Law { Constant, Exponential, Lognormal } law = Law::Constant;
  Duration p50{};   ///< Constant: the value; Lognormal: the median; Exponential: unused
  Duration p99{};   ///< Lognormal only, ≥ p50
  Duration mean{};  ///< Exponential only
  friend bool operator==(const Latency&, const Latency&) = default;
};

/// How the rate of arrivals moves over the run; factors multiply `Traffic::rate`.
struct Profile {
  enum class Kind { Constant, Diurnal, Points } kind = Kind::Constant;
  Duration
      peak{};  ///< Diurnal: clock time of the day's peak (period 24 h; see Scenario::starts_at)
  double ratio = 1;  ///< Diurnal: peak rate / lowest rate; the mean factor is 1
  struct Point {
    Duration at{};
    double factor = 1;
    friend bool operator==(const Point&, const Point&) = default;
  };
  std::vector<Point> points;  ///< Points: linear in between, constant outside
  friend bool operator==(const Profile&, const Profile&) = default;
};

enum class Protocol { Http, Grpc };

/// A part of the users that can be told apart by an A/B match.
struct Segment {
  std::string name;
  double share = 0;  ///< of the population, 0–1
  std::map<std::string, std::string>
      headers;  ///< sent with every request; keys in lower case; "cookie" is one
  friend bool operator==(const Segment&, const Segment&) = default;
};

/// Requests that enter the system.
struct Traffic {
  std::string name;
  std::string to;   ///< service
  double rate = 0;  ///< requests per second, Poisson, open loop
  Profile profile;
  Protocol protocol = Protocol::Http;
  int users = 1000;           ///< population the requests are drawn from
  bool keeps_cookies = true;  ///< clients send back the cookies they were given (session affinity)
  std::vector<Segment> segments;
  Duration timeout{};  ///< of the client; zero = none
  int retries = 0;     ///< after a timeout or a failure
  Duration backoff{};  ///< before the first retry, doubling
  friend bool operator==(const Traffic&, const Traffic&) = default;
};

/// A call that a service makes while it answers.
struct Call {
  std::string service;
  Duration timeout{};  ///< zero = none
  int retries = 0;
  friend bool operator==(const Call&, const Call&) = default;
};

/// One service: a Deployment of pods with bounded concurrency and a FIFO queue before each.
struct Service {
  std::string name;
  std::string ns = "default";
  int replicas = 2;                 ///< at the start
  std::optional<int> max_replicas;  ///< set: an autoscaler between `replicas` and this
  double cpu_target = 0.7;          ///< the autoscaler's, as a utilization 0–1
  Latency startup;                  ///< of a pod, from creation to ready
  int concurrency = 16;             ///< requests a pod works on at once
  int queue = 1024;                 ///< requests that wait before a pod; more are refused with 503
  bool shared_queue = false;        ///< one queue before all pods of a version: M/M/c
  Latency latency;                  ///< time of work on one request, without waiting and calls
  double errors = 0;                ///< share of requests that fail by themselves, 0–1
  Protocol protocol = Protocol::Http;
  std::vector<Call> calls;  ///< made one after the other, a worker being held meanwhile
  std::string max_surge = "25%", max_unavailable = "25%";
  Duration progress_deadline = std::chrono::seconds{600};
  friend bool operator==(const Service&, const Service&) = default;
};

/// What a new version does differently.
struct Changes {
  double errors = 0;          ///< added to the share of failing requests, 0–1 (may be negative)
  double latency = 1;         ///< factor on the time of work
  Duration warmup{};          ///< time after a pod's start …
  double warmup_latency = 1;  ///< … in which its work takes this much longer
  double warmup_errors = 0;   ///< … and this share more fails
  Duration crash_every{};     ///< mean time between crashes of a pod; zero = never
  bool never_ready = false;
  double leak = 0;   ///< relative growth of the time of work per minute of a pod's life
  Duration onset{};  ///< errors, latency and leak begin this long after a pod's start
  friend bool operator==(const Changes&, const Changes&) = default;
};

/// A new version of a service: its pod template changes at `at`.
struct Release {
  Duration at{};
  std::string service;
  std::string version;
  bool bad = false;  ///< the ground truth
  Changes changes;
  friend bool operator==(const Release&, const Release&) = default;
};

/// Something that goes wrong, or is merely different, for a while.
struct Fault {
  enum class Kind {
    SlowDependency,  ///< `target` works `latency` times longer
    Errors,          ///< `target` fails `errors` more requests
    PodsLost,        ///< `count` pods of `target` die at `at`
    MetricsDown,     ///< the metric server does not answer
    MetricsSlow,     ///< … answers `delay` late
    ScrapeGap,       ///< nothing is scraped
    HookDown,        ///< the webhook named `target` fails
    HookSlow,        ///< … answers `delay` late
    GateClosed,      ///< the webhook named `target` answers 403
    TrafficSurge,    ///< the traffic named `target` arrives `factor` times as fast
  } kind{};
  Duration at{};
  Duration duration{};
  std::string target;
  double latency = 1;
  double errors = 0;
  double factor = 1;
  int count = 0;
  Duration delay{};
  friend bool operator==(const Fault&, const Fault&) = default;
};
/// "slow-dependency", …
[[nodiscard]] std::string_view to_string(Fault::Kind kind);

/// How the mesh behaves between a route's change and its effect.
struct Mesh {
  std::string provider = "istio";
  Latency propagation;  ///< from a write of the route to its effect
  friend bool operator==(const Mesh&, const Mesh&) = default;
};

struct Telemetry {
  Duration scrape_interval = std::chrono::seconds{15};
  Duration delay{};            ///< from a scrape to its visibility in queries
  double gap_probability = 0;  ///< that one scrape is lost, 0–1
  Duration query_time{};       ///< an ordinary query takes this long
  Duration hook_time{};        ///< an ordinary webhook takes this long
  friend bool operator==(const Telemetry&, const Telemetry&) = default;
};

struct Scenario {
  std::string name;
  std::string story;  ///< the head of the file: what happens here and why it matters
  std::string file;
  std::string source;  ///< the text, for reports
  Duration duration{};
  Mesh mesh;
  Telemetry telemetry;
  std::vector<Traffic> traffic;
  std::vector<Service> services;
  std::vector<Release> releases;
  std::vector<Fault> faults;
  /// Clock time at which the run starts, for people; time of day, midnight = 0.
  Duration starts_at = std::chrono::hours{12};

  [[nodiscard]] const Service* find_service(std::string_view service) const;
};

}  // namespace volary::sim
