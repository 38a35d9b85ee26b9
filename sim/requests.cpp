#include <algorithm>

#include "sim/traffic_world.hpp"

// The way of one request: docs/models/traffic.md.
namespace volary::sim {
namespace {

using namespace std::chrono_literals;

constexpr double percent_of_unit = 100;
constexpr Duration no_run_is_longer = 50 * 365 * 24h;

double milliseconds(Duration d) { return static_cast<double>(d.count()) * 1e-6; }

}  // namespace

double TrafficWorld::rate_factor(const Source& source, Instant at) const {
  const Profile& profile = source.spec->profile;
  double factor = 1;
  for (const Fault* surge : source.surges)
    if (const Duration t = at.time_since_epoch(); t >= surge->at && t < surge->at + surge->duration)
      factor *= surge->factor;
  if (profile.kind == Profile::Kind::Diurnal) {
    const double amplitude = (profile.ratio - 1) / (profile.ratio + 1);
    const double hours = seconds(scenario_.starts_at + at.time_since_epoch() - profile.peak) / 3600;
    factor *= 1 + amplitude * real_cos(hours * 6.283185307179586 / 24);
  } else if (profile.kind == Profile::Kind::Points && !profile.points.empty()) {
    const Duration t = at.time_since_epoch();
    const auto after = std::ranges::upper_bound(profile.points, t, {}, &Profile::Point::at);
    if (after == profile.points.begin()) {
      factor *= after->factor;
    } else if (after == profile.points.end()) {
      factor *= profile.points.back().factor;
    } else {
      const Profile::Point& before = *(after - 1);
      factor *= before.factor + (after->factor - before.factor) *
                                    (seconds(t - before.at) / seconds(after->at - before.at));
    }
  }
  return factor;
}

void TrafficWorld::plan_arrival(std::uint32_t index) {
  Source& source = sources_[index];
  if (source.rate_max <= 0) return;
  // Thinning (Lewis and Shedler 1979): candidates at the highest rate, kept with the share of the
  // rate at their time.
  Instant at = now();
  const bool constant =
      source.surges.empty() && source.spec->profile.kind == Profile::Kind::Constant;
  for (int tries = 0; tries < 64; ++tries) {
    at += drawn_seconds(source.arrivals.exponential() / source.rate_max);
    if (at.time_since_epoch() > no_run_is_longer) return;
    if (constant ||
        source.arrivals.unit() * source.rate_max < source.spec->rate * rate_factor(source, at)) {
      kernel_.schedule(at, Arrival, index);
      return;
    }
  }
  // A long quiet stretch: the rest of it later, or a rate of zero would hold the world here.
  call_at(at, [this, index] { plan_arrival(index); });
}

void TrafficWorld::arrive(std::uint32_t index) {
  Source& source = sources_[index];
  std::uint32_t edge = 0;
  if (free_edges_.empty()) {
    edge = static_cast<std::uint32_t>(edges_.size());
    expects(edge < Kernel::index_limit, "requests in flight are counted in 28 bits");
    edges_.emplace_back();
  } else {
    edge = free_edges_.back();
    free_edges_.pop_back();
  }
  const std::uint64_t number = source.arrived++;
  const Philox block{seed_, mix(index), number};
  const auto users = static_cast<std::uint64_t>(std::max(1, source.spec->users));
  EdgeRequest& request = edges_[edge];
  request.live = true;
  request.source = index;
  request.user = static_cast<std::uint32_t>((std::uint64_t{block.words[0]} * users) >> 32);
  request.attempt = 0;
  request.number = number;
  request.started = now();
  ++source.conservation.arrived;
  attempt(edge);
  plan_arrival(index);
}

void TrafficWorld::attempt(std::uint32_t edge) {
  const EdgeRequest& request = edges_[edge];
  const Source& source = sources_[request.source];
  if (source.ring != none) arm(source.ring, edge | edge_timer, request.generation);
  // Sixteen attempts have a key of their own beside the request's number, further ones a hash.
  const auto number = static_cast<std::uint64_t>(request.attempt);
  std::uint64_t key =
      mix((std::uint64_t{request.source} << 48) ^ (request.number << 4) ^ (number & 15));
  if (number > 15) key = mix(key ^ number);
  dispatch(source.service, Hop::Parent::Edge, edge, key, request.source, request.user);
}

void TrafficWorld::attempt_ended(std::uint32_t edge, bool ok) {
  EdgeRequest& request = edges_[edge];
  const Source& source = sources_[request.source];
  ++request.generation;  // its timer is void
  request.hop = none;
  if (ok || request.attempt >= source.spec->retries) {
    edge_done(edge, ok);
    return;
  }
  const Duration pause =
      std::min<Duration>(source.spec->backoff, 24h) * (1 << std::min(request.attempt, 10));
  ++request.attempt;
  kernel_.schedule(now() + pause, Retry, edge);
}

void TrafficWorld::edge_done(std::uint32_t edge, bool ok) {
  EdgeRequest& request = edges_[edge];
  Source& source = sources_[request.source];
  ++source.counters.requests;
  if (!ok) ++source.counters.failures;
  ++(ok ? source.conservation.answered : source.conservation.failed);
  source.counters.latency.record(milliseconds(now() - request.started));
  request.live = false;
  free_edges_.push_back(edge);
}

std::uint32_t TrafficWorld::new_hop() {
  if (free_hops_.empty()) {
    expects(hops_.size() < Kernel::index_limit, "requests in flight are counted in 28 bits");
    hops_.emplace_back();
    return static_cast<std::uint32_t>(hops_.size() - 1);
  }
  const std::uint32_t hop = free_hops_.back();
  free_hops_.pop_back();
  return hop;
}

void TrafficWorld::release_hop(std::uint32_t hop) {
  ++hops_[hop].generation;
  hops_[hop].state = Hop::State::Free;
  free_hops_.push_back(hop);
}

std::uint32_t TrafficWorld::dispatch(std::size_t service, Hop::Parent kind, std::uint32_t parent,
                                     std::uint64_t key, std::uint32_t source, std::uint32_t user) {
  ServiceState& state = services_[service];
  const std::uint32_t index = new_hop();
  Hop& hop = hops_[index];
  hop.state = Hop::State::Queued;
  hop.parent_kind = kind;
  hop.parent = parent;
  hop.mirrored = hop.direct = false;
  hop.step = hop.retry = 0;
  hop.service = static_cast<std::uint32_t>(service);
  hop.pod = none;
  hop.source = source;
  hop.user = sources_[source].first_user + user;
  hop.key = key;
  hop.draw = Philox{seed_, key, service}.words;
  hop.started = now();
  hop.workload = choose(state, hop.draw[0], source, hop.user);
  if (kind == Hop::Parent::Edge) {
    edges_[parent].hop = index;
    edges_[parent].hop_generation = hop.generation;
  } else if (kind == Hop::Parent::Hop) {
    hop.parent_generation = hops_[parent].generation;
  }
  if (!state.route.active || !state.route.routes.mirrored || hop.workload != state.primary) {
    send(index);
    return index;
  }
  Hop copy = hop;  // with the same draws: the other version meets the same request
  send(index);
  const std::uint32_t copied = new_hop();
  copy.parent_kind = Hop::Parent::Nobody;
  copy.mirrored = true;
  copy.workload = state.target;
  copy.generation = hops_[copied].generation;
  hops_[copied] = copy;
  send(copied);
  return index;
}

WorkloadId TrafficWorld::choose(ServiceState& service, std::uint32_t word, std::uint32_t source,
                                std::uint32_t user) {
  const RouteRule& route = service.route;
  if (service.primary == no_workload) return service.target;
  if (!route.active) return route.apex == Role::Primary ? service.primary : service.target;
  const auto by_weight = [&] {
    return open_unit(word) * percent_of_unit < route.routes.canary.percent() ? service.target
                                                                             : service.primary;
  };
  if (route.matched_only) {
    const auto& segments = sources_[source].spec->segments;
    const double place =
        (user - sources_[source].first_user + 0.5) / std::max(1, sources_[source].spec->users);
    double upto = 0;
    std::size_t segment = 0;
    while (segment < segments.size() && place >= (upto += segments[segment].share)) ++segment;
    return route.matched[source][segment] ? by_weight() : service.primary;
  }
  if (route.canary_cookie == 0 || !sources_[source].spec->keeps_cookies) return by_weight();
  // Session affinity: who was given this release's cookie stays with the canary (SA-14); who was
  // given the primary's stays there while it lasts; everybody else is drawn.
  if (service.canary_cookies.empty()) service.canary_cookies.resize(user_count_);
  if (route.primary_cookie && service.primary_cookies.empty())
    service.primary_cookies.resize(user_count_);
  std::uint32_t& cookie = service.canary_cookies[user];
  if (cookie == route.canary_cookie) return service.target;
  if (route.primary_cookie && service.primary_cookies[user] > now()) return service.primary;
  const WorkloadId chosen = by_weight();
  if (chosen == service.target) {
    cookie = route.canary_cookie;
  } else if (route.primary_cookie) {
    service.primary_cookies[user] = now() + route.primary_cookie_age;
  }
  return chosen;
}

void TrafficWorld::send(std::uint32_t index) {
  Hop& hop = hops_[index];
  ++hops_started_;
  ++services_[hop.service].conservation.arrived;
  const Workload& workload = workloads_[hop.workload];
  const Service& spec = *services_[hop.service].spec;
  if (workload.ready
          .empty()) {  // no endpoint: the caller's proxy answers, no sidecar of ours sees it
    finish(index, Reply::Unavailable, false);
    return;
  }
  if (spec.shared_queue) {
    if (workload.shared_queue.empty()) {  // otherwise nobody is free
      for (const PodId pod : workload.ready) {
        if (pods_[pod].busy >= spec.concurrency) continue;
        begin_work(index, pod);
        return;
      }
    }
    if (static_cast<int>(workload.shared_queue.size()) >= spec.queue) {
      finish(index, Reply::Unavailable, true);
      return;
    }
    workloads_[hop.workload].shared_queue.push_back(index);
    return;
  }
  // The better of two (power of two choices), as least-request balancers do.
  const auto pods = static_cast<std::uint32_t>(workload.ready.size());
  const std::uint32_t a = workload.ready[hop.draw[3] % pods],
                      b = workload.ready[(hop.draw[3] >> 16) % pods];
  const auto load = [this](std::uint32_t pod) {
    return pods_[pod].busy + static_cast<int>(pods_[pod].queue.size());
  };
  accept(index, load(b) < load(a) ? b : a);
}

void TrafficWorld::accept(std::uint32_t index, std::uint32_t pod) {
  const Service& spec = *services_[hops_[index].service].spec;
  if (pods_[pod].busy < spec.concurrency) {
    begin_work(index, pod);
  } else if (static_cast<int>(pods_[pod].queue.size()) < spec.queue) {
    hops_[index].pod = pod;
    pods_[pod].queue.push_back(index);
  } else {
    hops_[index].pod = pod;
    finish(index, Reply::Unavailable, true);
  }
}

void TrafficWorld::begin_work(std::uint32_t index, std::uint32_t pod_index) {
  Hop& hop = hops_[index];
  Pod& pod = pods_[pod_index];
  ServiceState& service = services_[hop.service];
  hop.state = Hop::State::Working;
  hop.pod = pod_index;
  ++pod.busy;
  count_busy(workloads_[hop.workload], 1);
  service.waited_ns += static_cast<std::uint64_t>((now() - hop.started).count());
  ++service.waits;

  const Changes& changes = service.versions[static_cast<std::size_t>(pod.version)].changes;
  const Duration age = now() - pod.started;
  double factor = service.fault_latency, errors = service.spec->errors + service.fault_errors;
  if (age >= changes.onset) {
    factor *= changes.latency;
    errors += changes.errors;
    if (changes.leak > 0) factor *= 1 + changes.leak * seconds(age - changes.onset) / 60;
  }
  if (age < changes.warmup) {
    factor *= changes.warmup_latency;
    errors += changes.warmup_errors;
  }
  hop.fails = open_unit(hop.draw[1]) < errors;
  const Duration work = service.work.draw(open_unit(hop.draw[2]));
  kernel_.schedule(now() + (factor == 1 ? work : drawn_seconds(seconds(work) * factor)), WorkDone,
                   index);
}

void TrafficWorld::work_done(std::uint32_t index) {
  Hop& hop = hops_[index];
  if (hop.state == Hop::State::Dead) {  // its pod died meanwhile; the caller was told
    release_hop(index);
    return;
  }
  if (hop.fails) {
    complete(index, Reply::Failed);
  } else {
    hop.state = Hop::State::Calling;
    next_call(index);
  }
}

void TrafficWorld::next_call(std::uint32_t index) {
  const Hop& hop = hops_[index];
  const ServiceState& service = services_[hop.service];
  const std::uint16_t step = hop.step;
  if (step >= service.calls.size()) {
    complete(index, Reply::Ok);
    return;
  }
  const std::uint64_t key = mix(hop.key ^ mix(std::uint64_t{step} << 8 | hop.retry));
  // Copies call on, too: mirroring is not free for what is behind.
  const std::uint32_t child = dispatch(service.calls[step], Hop::Parent::Hop, index, key,
                                       hop.source, hop.user - sources_[hop.source].first_user);
  const Kernel::Ring ring = service.call_rings[step];
  const Hop& made = hops_[child];  // `hop` may have moved
  if (ring != none && made.state != Hop::State::Free && made.parent == index &&
      made.parent_kind == Hop::Parent::Hop)
    arm(ring, child, made.generation);
}

void TrafficWorld::call_returned(std::uint32_t index, bool ok) {
  Hop& hop = hops_[index];
  const Call& call = services_[hop.service].spec->calls[hop.step];
  if (ok) {
    ++hop.step;
    hop.retry = 0;
  } else if (hop.retry < call.retries) {
    ++hop.retry;
  } else {
    complete(index, Reply::Failed);
    return;
  }
  next_call(index);
}

void TrafficWorld::complete(std::uint32_t index, Reply reply) {
  const std::uint32_t pod = hops_[index].pod;
  finish(index, reply, true);
  --pods_[pod].busy;
  count_busy(workloads_[pods_[pod].workload], -1);
  free_worker(pod);
}

/// Tells everybody who is to know how a hop ended, and gives it back; `awaited` keeps it until its
/// event has come.
void TrafficWorld::finish(std::uint32_t index, Reply reply, bool reported, bool awaited) {
  const Hop hop = hops_[index];
  ServiceState& service = services_[hop.service];
  Workload& workload = workloads_[hop.workload];
  const bool ok = reply == Reply::Ok;
  ++(ok ? service.conservation.answered : service.conservation.failed);
  const double ms = milliseconds(now() - hop.started);
  const std::size_t bucket = istio_bucket(ms);
  if (!hop.direct) workload.ingress.record(reply, ms, bucket);
  if (reported) {
    // A queue before all pods has no sidecar of its own: the first pod's counts what it refuses.
    sidecars_[hop.pod != none ? hop.pod : workload.ready.front()].record(reply, ms, bucket);
    WorkloadCounters& counters = workload.counters;
    ++counters.replies[static_cast<std::size_t>(reply)];
    if (hop.mirrored) {
      ++counters.mirrored;
      if (!ok) ++counters.mirrored_failures;
    } else {
      counters.latency.record(ms);
    }
  }
  if (!hop.mirrored) {
    // Without a pod there is no version to blame but the one the workload was to run.
    const auto version =
        static_cast<std::size_t>(hop.pod == none ? workload.version : pods_[hop.pod].version);
    VersionCounters& counters = service.versions[version].counters;
    ++counters.requests;
    if (!ok) {
      ++counters.failures;
      harm(service, version, hop.user);
    }
  }
  if (awaited) {
    ++hops_[index].generation;
    hops_[index].state = Hop::State::Dead;
  } else {
    release_hop(index);
  }
  if (hop.parent_kind == Hop::Parent::Edge) {
    const EdgeRequest& edge = edges_[hop.parent];
    if (edge.live && edge.hop == index && edge.hop_generation == hop.generation)
      attempt_ended(hop.parent, ok);
  } else if (hop.parent_kind == Hop::Parent::Hop) {
    if (hops_[hop.parent].generation == hop.parent_generation &&
        hops_[hop.parent].state == Hop::State::Calling)
      call_returned(hop.parent, ok);
  }
}

void TrafficWorld::harm(ServiceState& service, std::size_t version, std::uint32_t user) {
  std::vector<bool>& harmed = service.harmed[version];
  if (harmed.empty()) harmed.resize(user_count_);
  harmed[user] = true;
}

void TrafficWorld::arm(Kernel::Ring ring, std::uint32_t index, std::uint32_t generation) {
  if (kernel_.crowded(ring))
    kernel_.sweep(ring,
                  [this](std::uint32_t timer, std::uint32_t of) { return is_void(timer, of); });
  kernel_.arm(ring, index, generation);
}

/// Whether a timer would do nothing if it expired, now and for ever.
bool TrafficWorld::is_void(std::uint32_t index, std::uint32_t generation) const {
  if ((index & edge_timer) != 0) {
    const EdgeRequest& request = edges_[index & ~edge_timer];
    return !request.live || request.generation != generation;
  }
  return hops_[index].generation != generation;
}

void TrafficWorld::free_worker(std::uint32_t index) {
  Pod& pod = pods_[index];
  Workload& workload = workloads_[pod.workload];
  const Service& spec = *services_[workload.service].spec;
  auto& queue = spec.shared_queue ? workload.shared_queue : pod.queue;
  if (!queue.empty() && pod.busy < spec.concurrency && pod.state != Pod::State::Gone) {
    const std::uint32_t next = queue.front();
    queue.pop_front();
    begin_work(next, index);
  }
  if (pods_[index].state == Pod::State::Draining) forget_if_drained(index);
}

void TrafficWorld::expired(std::uint32_t index, std::uint32_t generation) {
  if ((index & edge_timer) != 0) {  // the client gives up on this attempt; the servers do not know
    const std::uint32_t edge = index & ~edge_timer;
    EdgeRequest& request = edges_[edge];
    if (is_void(index, generation) || request.hop == none) return;
    if (hops_[request.hop].generation == request.hop_generation)
      hops_[request.hop].parent_kind = Hop::Parent::Nobody;
    attempt_ended(edge, false);
    return;
  }
  Hop& hop = hops_[index];
  if (is_void(index, generation) || hop.state == Hop::State::Free ||
      hop.parent_kind != Hop::Parent::Hop)
    return;
  const std::uint32_t parent = hop.parent;
  hop.parent_kind = Hop::Parent::Nobody;
  if (hops_[parent].generation == hop.parent_generation &&
      hops_[parent].state == Hop::State::Calling)
    call_returned(parent, false);
}

}  // namespace volary::sim
