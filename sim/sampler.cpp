#include "sim/sampler.hpp"

namespace volary::sim {

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
    replies += now.replies[reply] - before.replies[reply];
    if (reply != 0) failures += now.replies[reply] - before.replies[reply];
  }
  const std::uint64_t copies = now.mirrored - before.mirrored,
                      bad_copies = now.mirrored_failures - before.mirrored_failures;
  sample.requests = static_cast<std::uint32_t>(replies - copies);
  sample.failures = static_cast<std::uint32_t>(failures - bad_copies);
  sample.p50_ms = now.latency.quantile_since(before.latency, 0.50);
  sample.p95_ms = now.latency.quantile_since(before.latency, 0.95);
  sample.p99_ms = now.latency.quantile_since(before.latency, 0.99);
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
  sample.primary = taken_over ? primary : target;
  if (taken_over) sample.canary = target;
  for (std::size_t i = 0; i < edges_before_.size(); ++i) {
    const EdgeCounters& now = world_.edge(i);
    EdgeCounters& before = edges_before_[i];
    sample.user_requests += static_cast<std::uint32_t>(now.requests - before.requests);
    sample.user_failures += static_cast<std::uint32_t>(now.failures - before.failures);
    if (i == 0) {
      sample.user_p50_ms = now.latency.quantile_since(before.latency, 0.50);
      sample.user_p95_ms = now.latency.quantile_since(before.latency, 0.95);
      sample.user_p99_ms = now.latency.quantile_since(before.latency, 0.99);
    }
    before = now;
  }
  return sample;
}

}  // namespace volary::sim
