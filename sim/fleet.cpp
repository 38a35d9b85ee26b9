#include <algorithm>
#include <cmath>

#include "sim/traffic_world.hpp"

// Pods, rollouts, autoscaler, faults: docs/models/services.md.
namespace volary::sim {
namespace {

using namespace std::chrono_literals;

/// maxSurge and maxUnavailable: a number, or a percentage that is rounded up or down.
int resolve(const std::string& written, int replicas, bool up) {
  if (written.empty()) return 0;
  const int number = std::atoi(written.c_str());
  if (written.back() != '%') return number;
  const int product = number * replicas;
  return up ? (product + 99) / 100 : product / 100;
}

}  // namespace

void TrafficWorld::add_pod(WorkloadId id, bool ready_at_once) {
  const auto index = static_cast<std::uint32_t>(pods_.size());
  Workload& workload = workloads_[id];
  const ServiceState& service = services_[workload.service];
  Pod pod;
  pod.workload = id;
  pod.version = workload.version;
  pod.started = now();
  pod.ordinal = workload.pods_made++;
  const int ordinal = pod.ordinal;
  pods_.push_back(std::move(pod));
  sidecars_.emplace_back();
  workload.pods.push_back(index);
  if (ready_at_once) {
    pods_[index].started = Instant{-24h};  // it has been serving for a day
    pods_[index].state = Pod::State::Ready;
    workload.ready.push_back(index);
    return;
  }
  if (service.versions[static_cast<std::size_t>(workload.version)].changes.never_ready) return;
  // Keyed by workload and ordinal: the n-th pod of a workload starts equally fast under every
  // policy.
  const Philox block{seed_, hash_name(workload.name), static_cast<std::uint64_t>(ordinal)};
  kernel_.schedule(now() + service.startup.draw(open_unit(block.words[0])), PodReady, index);
}

void TrafficWorld::pod_ready(std::uint32_t index) {
  Pod& pod = pods_[index];
  if (pod.state != Pod::State::Starting && pod.state != Pod::State::Crashed) return;
  Workload& workload = workloads_[pod.workload];
  pod.state = Pod::State::Ready;
  pod.started = now();
  workload.ready.push_back(index);
  workload.progressed = now();
  const Changes& changes =
      services_[workload.service].versions[static_cast<std::size_t>(pod.version)].changes;
  if (changes.crash_every > Duration::zero()) {
    const Philox block{seed_, mix(hash_name(workload.name) ^ index),
                       static_cast<std::uint64_t>(pod.crashes) + 1};
    kernel_.schedule(
        now() + from_seconds(seconds(changes.crash_every) * -real_log(open_unit(block.words[1]))),
        PodCrash, index);
  }
  note_availability(workload);
  roll_out(pod.workload);
  // A shared queue may have waited for just this pod.
  while (!workload.shared_queue.empty() && pods_[index].state == Pod::State::Ready &&
         pods_[index].busy < services_[workload.service].spec->concurrency) {
    const std::uint32_t hop = workload.shared_queue.front();
    workload.shared_queue.pop_front();
    begin_work(hop, index);
  }
}

void TrafficWorld::leave_ready(std::uint32_t index) {
  auto& ready = workloads_[pods_[index].workload].ready;
  ready.erase(std::remove(ready.begin(), ready.end(), index), ready.end());
}

void TrafficWorld::pod_crashes(std::uint32_t index, bool restarts) {
  if (pods_[index].state != Pod::State::Ready && pods_[index].state != Pod::State::Draining) return;
  const WorkloadId id = pods_[index].workload;
  const bool draining = pods_[index].state == Pod::State::Draining;
  leave_ready(index);
  pods_[index].state = restarts && !draining ? Pod::State::Crashed : Pod::State::Gone;
  // Whatever it was doing is lost: the callers see a broken connection.
  std::vector<std::uint32_t> lost;
  for (; !pods_[index].queue.empty(); pods_[index].queue.pop_front())
    lost.push_back(pods_[index].queue.front());
  int working_here = pods_[index].busy;
  for (std::uint32_t hop = 0; hop < hops_.size() && working_here > 0; ++hop) {
    const Hop& h = hops_[hop];
    if (h.pod != index || (h.state != Hop::State::Working && h.state != Hop::State::Calling))
      continue;
    lost.push_back(hop);
    --working_here;
  }
  count_busy(workloads_[id], -pods_[index].busy);
  pods_[index].busy = 0;
  for (const std::uint32_t hop : lost) {
    const bool working = hops_[hop].state == Hop::State::Working;  // its event is still on the way
    finish(hop, Reply::Unavailable, false, working);
  }
  if (pods_[index].state == Pod::State::Crashed) {
    Pod& pod = pods_[index];
    const int crashes = pod.crashes++;
    // CrashLoopBackOff: the first restart at once, then 10 s, doubling up to 5 min; ten minutes
    // without a crash are forgiven.
    if (now() - pod.started >= 10min) pod.waited_restarts = 0;
    const Duration backoff =
        pod.waited_restarts == 0
            ? Duration::zero()
            : std::min<Duration>(10s * (1 << std::min(pod.waited_restarts - 1, 5)), 5min);
    ++pod.waited_restarts;
    const ServiceState& service = services_[workloads_[id].service];
    const Philox block{seed_, mix(hash_name(workloads_[id].name) ^ index),
                       static_cast<std::uint64_t>(crashes) + 1};
    kernel_.schedule(now() + backoff + service.startup.draw(open_unit(block.words[2])), PodReady,
                     index);
  } else {
    std::erase(workloads_[id].pods, index);
  }
  note_availability(workloads_[id]);
  roll_out(id);
}

void TrafficWorld::remove_pod(std::uint32_t index) {
  Pod& pod = pods_[index];
  Workload& workload = workloads_[pod.workload];
  if (pod.state == Pod::State::Ready) leave_ready(index);
  pod.state = Pod::State::Draining;  // finishes what it has
  workload.progressed = now();
  forget_if_drained(index);
}

void TrafficWorld::forget_if_drained(std::uint32_t index) {
  Pod& pod = pods_[index];
  if (pod.state != Pod::State::Draining || pod.busy > 0 || !pod.queue.empty()) return;
  // The last pod may not leave waiting requests behind.
  Workload& workload = workloads_[pod.workload];
  if (!workload.shared_queue.empty() && workload.ready.empty()) return;
  pod.state = Pod::State::Gone;
  std::erase(workload.pods, index);
}

/// What the Deployment controller does on every change: as many new pods as the surge allows, as
/// many old ones away as availability allows, the unready first.
void TrafficWorld::roll_out(WorkloadId id) {
  Workload& workload = workloads_[id];
  if (workload.observed < workload.generation) return;
  const Service& spec = *services_[workload.service].spec;
  const int surge = resolve(spec.max_surge, workload.replicas, true);
  int unavailable = resolve(spec.max_unavailable, workload.replicas, false);
  if (surge == 0 && unavailable == 0) unavailable = 1;

  std::vector<std::uint32_t> fresh, old;
  int available = 0;
  for (const std::uint32_t index : workload.pods) {
    const Pod& pod = pods_[index];
    if (pod.state == Pod::State::Draining || pod.state == Pod::State::Gone) continue;
    (pod.version == workload.version ? fresh : old).push_back(index);
    if (pod.state == Pod::State::Ready) ++available;
  }
  const auto is_ready = [this](std::uint32_t index) {
    return pods_[index].state == Pod::State::Ready;
  };
  const auto unready_first = [&](std::vector<std::uint32_t>& pods) {
    std::ranges::stable_partition(pods, [&](std::uint32_t index) { return !is_ready(index); });
  };
  // Too many of the new: the unready, then the youngest.
  std::ranges::reverse(fresh);
  unready_first(fresh);
  while (static_cast<int>(fresh.size()) > workload.replicas) {
    const std::uint32_t index = fresh.front();
    fresh.erase(fresh.begin());
    if (is_ready(index)) --available;
    remove_pod(index);
  }
  unready_first(old);
  while (!old.empty()) {
    const std::uint32_t index = old.front();
    const bool ready = is_ready(index);
    if (ready && available - 1 < workload.replicas - unavailable && workload.replicas > 0) break;
    old.erase(old.begin());
    if (ready) --available;
    remove_pod(index);
  }
  int total = static_cast<int>(fresh.size() + old.size());
  int count = static_cast<int>(fresh.size());
  while (count < workload.replicas && total < workload.replicas + surge) {
    add_pod(id, false);
    ++count;
    ++total;
  }
  note_availability(workloads_[id]);
}

void TrafficWorld::note_availability(Workload& workload) {
  const int unavailable =
      resolve(services_[workload.service].spec->max_unavailable, workload.replicas, false);
  const bool available = static_cast<int>(workload.ready.size()) >= workload.replicas - unavailable;
  if (available == workload.available) return;
  workload.available = available;
  workload.available_since = now();
}

void TrafficWorld::count_busy(Workload& workload, int change) {
  workload.busy_ns += static_cast<std::uint64_t>(workload.busy) *
                      static_cast<std::uint64_t>((now() - workload.busy_since).count());
  workload.busy_since = now();
  workload.busy += change;
}

/// The autoscaler, every 15 s: desired = ceil(pods × utilization / target), nothing within 10 % of
/// the target, down only to the highest wish of the last five minutes. A workload at zero replicas
/// is left alone.
void TrafficWorld::look_at_load() {
  constexpr double period = 15;
  for (WorkloadId id = 0; id < workloads_.size(); ++id) {
    Workload& workload = workloads_[id];
    const Service& spec = *services_[workload.service].spec;
    count_busy(workload, 0);
    const double used = static_cast<double>(workload.busy_ns - workload.busy_at_last_look) * 1e-9;
    workload.busy_at_last_look = workload.busy_ns;
    if (!spec.max_replicas || workload.replicas == 0 || workload.ready.empty()) continue;
    const auto pods = static_cast<double>(workload.ready.size());
    const double ratio = used / (pods * spec.concurrency * period) / spec.cpu_target;
    int wish = std::abs(ratio - 1) <= 0.1 ? workload.replicas
                                          : static_cast<int>(std::ceil(pods * ratio - 1e-9));
    wish = std::clamp(wish, spec.replicas, *spec.max_replicas);
    workload.wished.emplace_back(now(), wish);
    while (workload.wished.front().first < now() - 5min) workload.wished.pop_front();
    for (const auto& [at, wished] : workload.wished) wish = std::max(wish, wished);
    scale(id, wish);
  }
  call_at(now() + 15s, [this] { look_at_load(); });
}

void TrafficWorld::plan_faults() {
  for (const Fault& fault : scenario_.faults) {
    const auto on = [this, &fault] {  // scenario_ is never changed
      for (ServiceState& service : services_) {
        if (service.spec->name != fault.target) continue;
        weigh_faults(service);
        if (fault.kind != Fault::Kind::PodsLost) continue;
        const WorkloadId id = service.primary != no_workload ? service.primary : service.target;
        for (int i = 0; i < fault.count && !workloads_[id].ready.empty(); ++i)
          pod_crashes(workloads_[id].ready.back(), false);
      }
    };
    call_at(Instant{fault.at}, on);
    if (fault.duration > Duration::zero() && fault.kind != Fault::Kind::PodsLost)
      call_at(Instant{fault.at + fault.duration}, on);
  }
}

/// What the faults that are on now make of a service; from their list and not step by step, so that
/// it is what it was, to the last bit, when they are over.
void TrafficWorld::weigh_faults(ServiceState& service) {
  service.fault_latency = 1;
  service.fault_errors = 0;
  for (const Fault& fault : scenario_.faults) {
    const Duration t = now().time_since_epoch();
    if (fault.target != service.spec->name || t < fault.at || t >= fault.at + fault.duration)
      continue;
    if (fault.kind == Fault::Kind::SlowDependency) service.fault_latency *= fault.latency;
    if (fault.kind == Fault::Kind::Errors) service.fault_errors += fault.errors;
  }
}

}  // namespace volary::sim
