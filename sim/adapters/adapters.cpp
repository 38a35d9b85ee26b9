#include "sim/adapters/adapters.hpp"

#include <algorithm>

#include "engine/affinity.hpp"
#include "sim/text_match.hpp"

namespace volary::sim {
namespace {

using namespace std::chrono_literals;

/// routing.md §12: providers that can match requests, and those that can copy them.
bool can_match(std::string_view provider) {
  return provider == "istio" || provider.starts_with("gatewayapi:") ||
         provider.starts_with("appmesh") || provider == "contour" || provider.starts_with("gloo") ||
         provider == "nginx";
}

bool mirrors(const Canary& canary, std::string_view provider) {
  return reads_mirror_back(canary, provider) || provider.starts_with("gatewayapi:");
}

/// RT-NGINX-17: an exact cookie is the name of one whose value is `always`, and other cookies
/// cannot be asked for.
std::vector<HttpMatch> as_nginx_reads(std::vector<HttpMatch> matches) {
  for (HttpMatch& match : matches) {
    const auto cookie = match.headers.find("cookie");
    if (cookie == match.headers.end()) continue;
    StringMatch& wanted = cookie->second;
    const bool exact = wanted.kind == StringMatch::Kind::Exact;
    wanted = {.kind = StringMatch::Kind::Regex,
              .value = exact ? "(.*; ?)?" + wanted.value + "=always(;.*)?" : "$^."};
  }
  return matches;
}

/// OR between entries, AND inside one (routing.md §12).
bool segment_matches(const std::vector<HttpMatch>& matches,
                     const std::map<std::string, std::string>& headers) {
  return std::ranges::any_of(matches, [&](const HttpMatch& match) {
    return std::ranges::all_of(match.headers, [&](const auto& wanted) {
      const auto header = headers.find(wanted.first);
      return header != headers.end() && text_matches(wanted.second, header->second);
    });
  });
}

}  // namespace

const Fault* active_fault(const Scenario& scenario, Fault::Kind kind, std::string_view target,
                          Instant now) {
  for (const Fault& fault : scenario.faults) {
    if (fault.kind != kind || (!fault.target.empty() && fault.target != target)) continue;
    const Duration t = now.time_since_epoch();
    if (t >= fault.at && t < fault.at + fault.duration) return &fault;
  }
  return nullptr;
}

std::string StreamEntropy::letters(int count) {
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string text;
  for (int i = 0; i < count; ++i) text += alphabet[stream_() % alphabet.size()];
  return text;
}

Result<std::int64_t> SimStore::write_status(const CanaryStatus& status, std::int64_t version) {
  if (version != canary_.version)
    return fail(ErrorKind::Conflict, "the canary has changed since version {}", version);
  canary_.status = status;
  return ++canary_.version;
}

Result<void> SimStore::set_finalizer(bool present) {
  canary_.finalizer = present;
  ++canary_.version;
  return {};
}

SimRouter::SimRouter(TrafficWorld& world, std::string service, std::string provider)
    : world_{world}, service_{std::move(service)}, provider_{std::move(provider)} {}

Result<void> SimRouter::reconcile(const Canary& canary) {
  if (provider_ == "kubernetes" || written_) return {};
  return set_routes(canary, {});
}

Result<Routes> SimRouter::routes(const Canary& canary) {
  if (provider_ == "kubernetes") return kubernetes_routes(canary.status);
  if (!written_)
    return fail(ErrorKind::NotFound, "the routes of {} do not exist", apex_name(canary));
  return *written_;
}

Result<void> SimRouter::set_routes(const Canary& canary, const Routes& routes) {
  if (provider_ == "kubernetes") return {};
  const Analysis& analysis = canary.spec.analysis;
  RouteRule rule{.active = true, .apex = Role::Primary, .routes = routes};
  rule.routes.mirrored = routes.mirrored && mirrors(canary, provider_);
  if (!analysis.match.empty() && can_match(provider_)) {
    rule.matched_only = true;
    const auto matches = provider_ == "nginx" ? as_nginx_reads(analysis.match) : analysis.match;
    for (const Traffic& traffic : world_.scenario().traffic) {
      std::vector<bool> segments;
      for (const Segment& segment : traffic.segments)
        segments.push_back(segment_matches(matches, segment.headers));
      segments.push_back(segment_matches(matches, {}));
      rule.matched.push_back(std::move(segments));
    }
  }
  const std::string& cookie = canary.status.session_affinity_cookie;
  if (analysis.session_affinity && routes.canary > 0_pct && !cookie.empty()) {
    rule.canary_cookie =
        cookies_.try_emplace(cookie, static_cast<std::uint32_t>(cookies_.size() + 1)).first->second;
    rule.primary_cookie = !analysis.session_affinity->primary_cookie_name.empty();
    rule.primary_cookie_age = go_parse_duration(analysis.interval).value_or(Duration{});
  }
  written_ = rule.routes;
  world_.set_route(service_, std::move(rule));
  return {};
}

Result<void> SimRouter::finalize(const Canary&) {
  world_.set_route(service_, {});
  written_.reset();
  return {};
}

SimWorkload::SimWorkload(TrafficWorld& world, std::string service, const Canary& canary, Wait wait)
    : world_{world},
      service_{std::move(service)},
      daemon_set_{canary.spec.target_ref.kind == "DaemonSet"},
      autoscaled_{canary.spec.autoscaler_ref.has_value() ||
                  world.scenario().find_service(service_)->max_replicas.has_value()},
      routed_{canary.spec.provider != "kubernetes"},
      wait_{std::move(wait)} {}

Result<void> SimWorkload::create_primary_if_missing() {
  if (world_.workload(service_, Role::Primary) != no_workload) return {};
  const int replicas = world_.replicas(world_.workload(service_, Role::Target));
  world_.create_primary(service_, std::max(1, replicas));  // GEN-24
  return {};
}

Result<void> SimWorkload::reconcile_apex() {
  if (apex_on_primary_) return {};
  apex_on_primary_ = true;
  if (world_.is_routed(service_)) return {};  // App Mesh has its routes before (SM-07)
  world_.set_route(service_, {.active = false, .apex = Role::Primary});
  return {};
}

Result<WorkloadView> SimWorkload::view(Role role) {
  const WorkloadId id = world_.workload(service_, role);
  if (id == no_workload)
    return fail(ErrorKind::NotFound, "deployment {}-primary not found", service_);
  WorkloadView view = world_.view(id);
  if (daemon_set_) {
    view.kind = WorkloadView::Kind::DaemonSet;
    view.desired = view.spec_replicas.value_or(0);
    view.has_progressing = view.has_available = false;
  }
  return view;
}

Result<Fingerprint> SimWorkload::fingerprint() {
  return "v:" +
         world_.version_name(service_, world_.version(world_.workload(service_, Role::Target)));
}

Result<std::optional<TrackedConfigs>> SimWorkload::tracked_configs() { return TrackedConfigs{}; }

Result<void> SimWorkload::scale_to_zero() {
  world_.scale(world_.workload(service_, Role::Target), 0);
  return {};
}

Result<void> SimWorkload::scale_up() {
  const WorkloadId target = world_.workload(service_, Role::Target),
                   primary = world_.workload(service_, Role::Primary);
  const int least = world_.scenario().find_service(service_)->replicas;
  const auto replicas = replicas_to_start(
      world_.replicas(target), autoscaled_, least,
      primary == no_workload ? std::nullopt : std::optional<int>{world_.replicas(primary)});
  if (!replicas) return tl::unexpected(replicas.error());
  world_.scale(target, *replicas);
  return {};
}

Result<void> SimWorkload::promote() {
  const WorkloadId target = world_.workload(service_, Role::Target),
                   primary = world_.workload(service_, Role::Primary);
  world_.set_version(primary, world_.version(target));
  if (!autoscaled_) world_.scale(primary, world_.replicas(target));  // GEN-41
  return {};
}

Result<void> SimWorkload::restore_target() {
  const WorkloadId primary = world_.workload(service_, Role::Primary);
  if (primary == no_workload) return scale_up();
  world_.scale(world_.workload(service_, Role::Target), std::max(1, world_.replicas(primary)));
  return {};
}

SimWebhooks::SimWebhooks(const TrafficWorld& world, Wait wait,
                         std::function<void(HookRecord)> record,
                         std::function<void(const Webhook&)> passed)
    : world_{world},
      wait_{std::move(wait)},
      record_{std::move(record)},
      passed_{std::move(passed)} {}

Result<void> SimWebhooks::call(const HookCall& call) {
  const Instant began = world_.now();
  auto answered = answer(call);
  if (call.hook->type != HookType::Event) {
    record_({.hook = call.hook->name,
             .type = call.hook->type,
             .phase = call.phase,
             .passed = answered.has_value(),
             .error = answered ? "" : answered.error().message,
             .took = world_.now() - began});
  }
  if (answered) passed_(*call.hook);
  return answered;
}

Result<void> SimWebhooks::answer(const HookCall& call) {
  const Webhook& hook = *call.hook;
  if (hook.type == HookType::Event) return {};  // sent and forgotten
  const Scenario& scenario = world_.scenario();
  // ANA-63
  const auto timeout =
      hook.timeout.size() < 2 ? std::optional<Duration>{10s} : go_parse_duration(hook.timeout);
  if (!timeout) return fail(ErrorKind::Invalid, "timeout '{}' is not a duration", hook.timeout);
  Duration takes = scenario.telemetry.hook_time;
  if (const Fault* slow = active_fault(scenario, Fault::Kind::HookSlow, hook.name, world_.now()))
    takes = slow->delay;
  for (int attempt = 0;; ++attempt) {
    wait_(std::min(takes, *timeout));
    const bool down =
        active_fault(scenario, Fault::Kind::HookDown, hook.name, world_.now()) != nullptr;
    if (!down && takes < *timeout) break;
    if (attempt >= hook.retries)
      return down ? fail(ErrorKind::Unavailable,
                         "POST {} giving up after {} attempt(s): connection refused", hook.url,
                         attempt + 1)
                  : fail(ErrorKind::Timeout,
                         "POST {} giving up after {} attempt(s): no answer within {}", hook.url,
                         attempt + 1, go_duration(*timeout));
    wait_(std::min<Duration>(1s * (1 << std::min(attempt, 5)), 30s));  // HOOK-03
  }
  if (hook.type == HookType::Rollback)
    return fail(ErrorKind::Unavailable, "403: no rollback is asked for");
  if (active_fault(scenario, Fault::Kind::GateClosed, hook.name, world_.now()))
    return fail(ErrorKind::Unavailable, "403: closed");
  return {};
}

}  // namespace volary::sim
