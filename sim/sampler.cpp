#include "sim/sampler.hpp"

#include <tuple>

namespace volary::sim {
namespace {

constexpr std::array shown_quantiles{0.50, 0.95, 0.99};

auto tuple_of(const std::array<std::optional<double>, 3>& q) {
  return std::tuple{q[0], q[1], q[2]};
}

}  // namespace

Sampler::Sampler(const TrafficWorld& world, std::string service)
    : world_{world}, service_{std::move(service)}, edges_before_(world.scenario().traffic.size()) {}

VersionSample Sampler::version(Role role, VersionSample* mirrored) {
  VersionSample sample;
  const WorkloadId id = world_.workload(service_, role);
  if (id == no_workload) return sample;
  const WorkloadCounters& now = world_.counters(id);
  WorkloadCounters& before = before_[role == Role::Target ? 0 : 1];
  std::uint64_t replies = 0, failures = 0;
  for (std::size_t reply = 0; reply < reply_kinds; ++reply) {
    const std::uint64_t here = now.replies[reply] - before.replies[reply];
    replies += here;
    if (reply != 0) failures += here;
  }
  const std::uint64_t copies = now.mirrored - before.mirrored,
                      bad_copies = now.mirrored_failures - before.mirrored_failures;
  sample.requests = static_cast<std::uint32_t>(replies - copies);
  sample.failures = static_cast<std::uint32_t>(failures - bad_copies);
  std::tie(sample.p50_ms, sample.p95_ms, sample.p99_ms) =
      tuple_of(now.latency.quantiles_since(before.latency, shown_quantiles));
  sample.ready_pods = world_.ready_pods(id);
  sample.queued = world_.queued(id);
  if (mirrored != nullptr) {
    mirrored->requests = static_cast<std::uint32_t>(copies);
    mirrored->failures = static_cast<std::uint32_t>(bad_copies);
  }
  before = now;
  return sample;
}

Sample Sampler::sample(bool taken_over) {
  Sample sample;
  sample.at = world_.now();
  sample.length = world_.now() - last_;
  last_ = world_.now();
  const VersionSample target = version(Role::Target, &sample.mirrored);
  const VersionSample primary = version(Role::Primary, nullptr);
  const WorkloadId of_primary = world_.workload(service_, Role::Primary);
  taken_over_ =
      taken_over_ ||
      (taken_over && of_primary != no_workload &&
       (target.requests == 0 ||
        world_.version(of_primary) != world_.version(world_.workload(service_, Role::Target))));
  if (taken_over_) {
    sample.primary = primary;
    sample.canary = target;
  } else {
    // The target serves until the take-over has reached the proxies; both run the same version.
    sample.primary = primary.requests > target.requests ? primary : target;
    sample.primary.requests = primary.requests + target.requests;
    sample.primary.failures = primary.failures + target.failures;
  }
  for (std::size_t i = 0; i < edges_before_.size(); ++i) {
    const EdgeCounters& now = world_.edge(i);
    EdgeCounters& before = edges_before_[i];
    sample.user_requests += static_cast<std::uint32_t>(now.requests - before.requests);
    sample.user_failures += static_cast<std::uint32_t>(now.failures - before.failures);
    if (i == 0) {
      std::tie(sample.user_p50_ms, sample.user_p95_ms, sample.user_p99_ms) =
          tuple_of(now.latency.quantiles_since(before.latency, shown_quantiles));
    }
    before = now;
  }
  return sample;
}

}  // namespace volary::sim
