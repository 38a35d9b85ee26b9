#include "sim/traffic_world.hpp"

#include <algorithm>

#include "engine/contract.hpp"

namespace volary::sim {
namespace {

std::size_t index_of(const Scenario& scenario, std::string_view service) {
  for (std::size_t i = 0; i < scenario.services.size(); ++i)
    if (scenario.services[i].name == service) return i;
  expects(false, "a scenario names its services (checked where it is read)");
  return 0;
}

double highest_factor(const Traffic& traffic, const Scenario& scenario) {
  double highest = 1;
  const Profile& profile = traffic.profile;
  if (profile.kind == Profile::Kind::Diurnal) highest = 2 * profile.ratio / (profile.ratio + 1);
  if (profile.kind == Profile::Kind::Points) {
    highest = 0;
    for (const Profile::Point& point : profile.points) highest = std::max(highest, point.factor);
  }
  double surge = 1;
  for (const Fault& fault : scenario.faults)
    if (fault.kind == Fault::Kind::TrafficSurge && fault.target == traffic.name)
      surge *= std::max(1.0, fault.factor);
  return highest * surge;
}

}  // namespace

TrafficWorld::TrafficWorld(const Scenario& scenario, std::uint64_t seed)
    : scenario_{scenario},
      seed_{mix(seed)},
      propagation_law_{scenario.mesh.propagation},
      propagation_{seed, "mesh/propagation"} {
  std::map<Duration, Kernel::Ring> rings;
  const auto ring = [&](Duration timeout) {
    if (timeout <= Duration::zero()) return none;
    const auto [found, is_new] = rings.try_emplace(timeout, 0);
    if (is_new) found->second = kernel_.add_ring(timeout);
    return found->second;
  };
  for (const Service& spec : scenario_.services) {
    ServiceState service;
    service.spec = &spec;
    service.work = LatencyLaw{spec.latency};
    service.startup = LatencyLaw{spec.startup};
    service.versions.push_back({"v1", {}, {}});
    for (const Call& call : spec.calls) {
      service.calls.push_back(index_of(scenario_, call.service));
      service.call_rings.push_back(ring(call.timeout));
    }
    service.conservation.service = spec.name;
    services_.push_back(std::move(service));
  }
  for (const Release& release : scenario_.releases) {
    auto& versions = services_[index_of(scenario_, release.service)].versions;
    release_versions_.push_back(static_cast<int>(versions.size()));
    versions.push_back({release.version, release.changes, {}});
  }
  for (std::size_t i = 0; i < services_.size(); ++i) {
    services_[i].target = static_cast<WorkloadId>(workloads_.size());
    Workload workload;
    workload.name = services_[i].spec->name;
    workload.service = i;
    workload.replicas = services_[i].spec->replicas;
    workloads_.push_back(std::move(workload));
    for (int pod = 0; pod < services_[i].spec->replicas; ++pod) add_pod(services_[i].target, true);
  }
  for (const Traffic& spec : scenario_.traffic) {
    Source source{.spec = &spec,
                  .service = index_of(scenario_, spec.to),
                  .first_user = user_count_,
                  .rate_max = spec.rate * highest_factor(spec, scenario_),
                  .ring = ring(spec.timeout),
                  .arrivals = Stream{seed, "arrivals/" + spec.name}};
    for (const Fault& fault : scenario_.faults)
      if (fault.kind == Fault::Kind::TrafficSurge && fault.target == spec.name)
        source.surges.push_back(&fault);
    user_count_ += static_cast<std::uint32_t>(std::max(1, spec.users));
    sources_.push_back(std::move(source));
  }
  for (ServiceState& service : services_) service.harmed.resize(service.versions.size());
  plan_faults();
  for (std::uint32_t i = 0; i < sources_.size(); ++i) plan_arrival(i);
  if (std::ranges::any_of(scenario_.services,
                          [](const Service& s) { return s.max_replicas.has_value(); }))
    call_at(now() + std::chrono::seconds{15}, [this] { look_at_load(); });
}

void TrafficWorld::run_until(Instant end) {
  kernel_.run_until(
      end,
      [this](std::uint32_t kind, std::uint32_t index) {
        switch (kind) {
          case Arrival: arrive(index); break;
          case WorkDone: work_done(index); break;
          case PodReady: pod_ready(index); break;
          case PodCrash: pod_crashes(index, true); break;
          case Retry: attempt(index); break;
          case Observe:
            workloads_[index].observed = workloads_[index].generation;
            roll_out(index);
            break;
          default: break;
        }
      },
      [this](std::uint32_t index, std::uint32_t generation) { expired(index, generation); });
}

WorkloadId TrafficWorld::workload(std::string_view service, Role role) const {
  const ServiceState& state = services_[index_of(scenario_, service)];
  return role == Role::Target ? state.target : state.primary;
}

WorkloadId TrafficWorld::create_primary(std::string_view service, int replicas) {
  const std::size_t index = index_of(scenario_, service);
  const auto id = static_cast<WorkloadId>(workloads_.size());
  Workload primary;
  primary.name = services_[index].spec->name + "-primary";
  primary.service = index;
  primary.version = workloads_[services_[index].target].version;
  primary.replicas = replicas;
  primary.generation = 1;
  primary.observed = 0;
  primary.progressed = primary.busy_since = now();
  workloads_.push_back(std::move(primary));
  services_[index].primary = id;
  kernel_.schedule(now() + std::chrono::milliseconds{100}, Observe, id);
  return id;
}

void TrafficWorld::set_version(WorkloadId id, int version) {
  Workload& workload = workloads_[id];
  if (workload.version == version) return;
  workload.version = version;
  ++workload.generation;
  workload.progressed = now();
  kernel_.schedule(now() + std::chrono::milliseconds{100}, Observe, id);
}

void TrafficWorld::scale(WorkloadId id, int replicas) {
  Workload& workload = workloads_[id];
  if (workload.replicas == replicas) return;
  workload.replicas = replicas;
  ++workload.generation;
  workload.progressed = now();
  kernel_.schedule(now() + std::chrono::milliseconds{100}, Observe, id);
}

void TrafficWorld::set_route(std::string_view service, RouteRule rule) {
  const std::size_t index = index_of(scenario_, service);
  if (services_[index].told == rule) return;
  services_[index].told = rule;
  const std::uint64_t sequence = ++services_[index].route_sequence;
  const auto apply = [this, index, sequence, rule = std::move(rule)]() mutable {
    ServiceState& state = services_[index];
    if (sequence < state.route_applied) return;  // a later change has overtaken this one
    state.route_applied = sequence;
    state.route = std::move(rule);
  };
  const Duration delay = propagation_law_.draw(propagation_.unit());
  if (delay <= Duration::zero()) {
    auto at_once = apply;
    at_once();
  } else {
    call_at(now() + delay, apply);
  }
}

bool TrafficWorld::is_routed(std::string_view service) const {
  return services_[index_of(scenario_, service)].told.active;
}

const std::string& TrafficWorld::version_name(std::string_view service, int version) const {
  return services_[index_of(scenario_, service)]
      .versions.at(static_cast<std::size_t>(version))
      .name;
}

std::string TrafficWorld::pod_name(PodId id) const {
  const Pod& pod = pods_[id];
  const Workload& workload = workloads_[pod.workload];
  // The hash of the template, then five characters, as Kubernetes writes them: no vowels, no words.
  constexpr std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";
  const auto text = [&](std::uint64_t number, int length) {
    std::string name;
    for (; length > 0; --length, number /= alphabet.size())
      name += alphabet[number % alphabet.size()];
    return name;
  };
  const std::uint64_t of_template =
      mix(hash_name(workload.name) ^ mix(static_cast<std::uint64_t>(pod.version)));
  // From the ordinal by a step that is prime to 27^5: no two pods of a workload share a name.
  const auto of_pod =
      (of_template + 5'000'011ULL * static_cast<std::uint64_t>(pod.ordinal)) % 14'348'907U;
  return workload.name + "-" + text(of_template, 9) + "-" + text(of_pod, 5);
}

int TrafficWorld::queued(WorkloadId id) const {
  const Workload& workload = workloads_[id];
  std::size_t waiting = workload.shared_queue.size();
  for (const std::uint32_t pod : workload.pods) waiting += pods_[pod].queue.size();
  return static_cast<int>(waiting);
}

VersionCounters TrafficWorld::version_counters(std::string_view service, int version) const {
  return services_[index_of(scenario_, service)]
      .versions.at(static_cast<std::size_t>(version))
      .counters;
}

std::uint64_t TrafficWorld::harmed_users(std::string_view service, int version) const {
  const auto& users =
      services_[index_of(scenario_, service)].harmed.at(static_cast<std::size_t>(version));
  return static_cast<std::uint64_t>(std::ranges::count(users, true));
}

std::uint64_t TrafficWorld::users() const { return user_count_; }

std::vector<Conservation> TrafficWorld::conservation() const {
  std::vector<Conservation> all;
  Conservation edge;
  for (const Source& source : sources_) {
    edge.arrived += source.conservation.arrived;
    edge.answered += source.conservation.answered;
    edge.failed += source.conservation.failed;
  }
  edge.in_flight = static_cast<std::uint64_t>(std::ranges::count(edges_, true, &EdgeRequest::live));
  all.push_back(edge);
  for (std::size_t i = 0; i < services_.size(); ++i) {
    Conservation service = services_[i].conservation;
    for (const Hop& hop : hops_)
      if (hop.state != Hop::State::Free && hop.state != Hop::State::Dead && hop.service == i)
        ++service.in_flight;
    all.push_back(service);
  }
  return all;
}

std::pair<double, std::uint64_t> TrafficWorld::waits(std::string_view service) const {
  const ServiceState& state = services_[index_of(scenario_, service)];
  return {static_cast<double>(state.waited_ns) * 1e-9, state.waits};
}

WorkloadView TrafficWorld::view(WorkloadId id) const {
  const Workload& w = workloads_[id];
  WorkloadView view;
  view.name = w.name;
  view.generation = w.generation;
  view.observed_generation = w.observed;
  view.spec_replicas = w.replicas;
  for (const std::uint32_t index : w.pods) {
    const Pod& pod = pods_[index];
    if (pod.state == Pod::State::Draining || pod.state == Pod::State::Gone) continue;
    ++view.replicas;
    if (pod.version == w.version) ++view.updated;
    if (pod.state == Pod::State::Ready) ++view.available;
  }
  const bool complete =
      view.updated == w.replicas && view.replicas == w.replicas && view.available == w.replicas;
  view.has_progressing = view.has_available = true;
  const Duration deadline = services_[w.service].spec->progress_deadline;
  view.progressing_reason = complete                          ? "NewReplicaSetAvailable"
                            : now() - w.progressed > deadline ? "ProgressDeadlineExceeded"
                                                              : "ReplicaSetUpdated";
  view.available_status = w.available ? "True" : "False";
  view.available_reason = w.available ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable";
  view.available_updated = w.available_since;
  return view;
}

}  // namespace volary::sim
