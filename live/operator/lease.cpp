#include "live/operator/lease.hpp"

#include <algorithm>
#include <condition_variable>

#include <fmt/format.h>

#include "live/kube_objects.hpp"
#include "live/operator/foreign.hpp"
#include "live/rfc3339.hpp"

namespace volary::live {
namespace {

using nlohmann::json;

const Resource leases{"coordination.k8s.io", "v1", "leases"};

tl::unexpected<KubeError> not_leading() {
  return tl::unexpected(KubeError{.kind = KubeError::Kind::Forbidden,
                                  .message = "leadership lost: nothing is written any more",
                                  .causes = {},
                                  .retry_after = {}});
}

}  // namespace

bool sleep_for(const std::stop_token& stop, Duration duration) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  (void)never.wait_for(lock, stop, duration, [&] { return stop.stop_requested(); });
  return !stop.stop_requested();
}

LeaderElection::LeaderElection(KubeApi& api, const Clock& clock, Settings settings, Log& log)
    : api_{api},
      clock_{clock},
      settings_{std::move(settings)},
      log_{log},
      path_{.resource = leases, .ns = settings_.ns, .name = lease_name} {}

json LeaderElection::content(const json& before) const {
  const std::string now = rfc3339_micro(clock_.now());
  json lease = before;
  if (lease.is_null())
    lease = {{"apiVersion", "coordination.k8s.io/v1"},
             {"kind", "Lease"},
             {"metadata", {{"name", path_.name}, {"namespace", path_.ns}}}};
  json& spec = lease["spec"];
  if (!spec.is_object()) spec = json::object();
  if (text_at(before, {"spec", "holderIdentity"}) != settings_.identity) {
    spec["acquireTime"] = now;
    spec["leaseTransitions"] = integer_at(before, {"spec", "leaseTransitions"}).value_or(-1) + 1;
  }
  spec["holderIdentity"] = settings_.identity;
  spec["leaseDurationSeconds"] =
      std::chrono::duration_cast<std::chrono::seconds>(settings_.duration).count();
  spec["renewTime"] = now;
  return lease;
}

bool LeaderElection::try_once() {
  const Steady::time_point began = Steady::now();
  const auto mine = [&](const json& lease) {
    return text_at(lease, {"spec", "holderIdentity"}) == settings_.identity;
  };
  const auto read = api_.get(path_);
  if (!read && read.error().kind != KubeError::Kind::NotFound) {
    log_.say(Log::Level::Warn, "lease", read.error().message);
    return false;
  }
  if (read && !mine(*read)) {
    // A Lease that was ours and is not any more is lost, whoever has it now.
    if (renewed_ != 0) {
      renewed_ = 0;
      return false;
    }
    const std::string said =
        at(*read, {"spec"}).dump(-1, ' ', false, json::error_handler_t::replace);
    if (said != seen_) {
      seen_ = said;
      seen_at_ = began;
    }
    const bool free = text_at(*read, {"spec", "holderIdentity"}).empty();
    const auto lasts = std::chrono::seconds{std::clamp<std::int64_t>(
        integer_at(*read, {"spec", "leaseDurationSeconds"}).value_or(60), 1, 3600)};
    if (!free && began - seen_at_ < lasts) return false;
  } else if (!read && renewed_ != 0) {
    renewed_ = 0;  // somebody deleted it: another may have it by now
    return false;
  }
  const auto written =
      read ? api_.update(path_, content(*read)) : api_.create(path_, content(nullptr));
  if (!written) {
    if (written.error().kind != KubeError::Kind::Conflict &&
        written.error().kind != KubeError::Kind::AlreadyExists)
      log_.say(Log::Level::Warn, "lease", written.error().message);
    return false;
  }
  lease_ = *written;
  renewed_ = began.time_since_epoch().count();
  return true;
}

bool LeaderElection::acquire(const std::stop_token& stop) {
  bool told = false;
  while (!stop.stop_requested()) {
    if (try_once()) {
      log_.say(Log::Level::Info, "lease", "this process leads: " + settings_.identity);
      return true;
    }
    if (!told) log_.say(Log::Level::Info, "lease", "waiting for the Lease " + path_.name);
    told = true;
    if (!sleep_for(stop, settings_.retry)) break;
  }
  return false;
}

bool LeaderElection::hold(const std::stop_token& stop) {
  Steady::time_point last = Steady::now();
  while (sleep_for(stop, settings_.retry)) {
    if (try_once()) {
      last = Steady::now();
    } else if (renewed_ == 0 || Steady::now() - last > settings_.renew_deadline) {
      renewed_ = 0;
      return false;
    }
  }
  return true;
}

void LeaderElection::release() {
  if (renewed_.exchange(0) == 0 || lease_.is_null()) return;
  json lease = lease_;
  lease["spec"]["holderIdentity"] = "";
  lease["spec"]["leaseDurationSeconds"] = 1;
  lease["spec"]["renewTime"] = rfc3339_micro(clock_.now());
  if (const auto given = api_.update(path_, lease); !given)
    log_.say(Log::Level::Warn, "lease", "not released: " + given.error().message);
}

bool LeaderElection::leads() const {
  const Steady::rep renewed = renewed_;
  if (renewed == 0) return false;
  const Steady::time_point since{Steady::duration{renewed}};
  return Steady::now() - since < settings_.duration - settings_.longest_request;
}

KubeResult<json> FencedApi::get(const ObjectPath& path) { return api_.get(path); }

KubeResult<KubeApi::Page> FencedApi::list(const Resource& resource, const std::string& ns,
                                          const std::string& page) {
  return api_.list(resource, ns, page);
}

KubeResult<void> FencedApi::watch(
    const Resource& resource, const std::string& ns, const std::string& resource_version,
    const std::function<bool(const WatchEvent&, const json&)>& on_event) {
  return api_.watch(resource, ns, resource_version, on_event);
}

KubeResult<json> FencedApi::create(const ObjectPath& path, const json& object) {
  if (!may_write_()) return not_leading();
  return api_.create(path, object);
}

KubeResult<json> FencedApi::update(const ObjectPath& path, const json& object) {
  if (!may_write_()) return not_leading();
  return api_.update(path, object);
}

KubeResult<json> FencedApi::update_status(const ObjectPath& path, const json& object) {
  if (!may_write_()) return not_leading();
  return api_.update_status(path, object);
}

KubeResult<json> FencedApi::patch(const ObjectPath& path, const json& merge) {
  if (!may_write_()) return not_leading();
  return api_.patch(path, merge);
}

KubeResult<void> FencedApi::remove(const ObjectPath& path, const std::string& uid) {
  if (!may_write_()) return not_leading();
  return api_.remove(path, uid);
}

}  // namespace volary::live
