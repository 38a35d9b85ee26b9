#include "live/operator/view.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <utility>

#include "live/kube_objects.hpp"
#include "live/operator/lease.hpp"

namespace volary::live {
namespace {

using nlohmann::json;
using Steady = std::chrono::steady_clock;

constexpr Duration first_pause = std::chrono::milliseconds{200};
constexpr Duration longest_pause = std::chrono::seconds{30};  // INV-66

ObjectName name_of(const json& object) {
  return {text_at(object, {"metadata", "namespace"}), text_at(object, {"metadata", "name"})};
}

/// INV-35: clients that failed together do not come back together.
Duration jittered(Duration pause) {
  std::random_device device;
  return from_seconds(seconds(pause) * (0.5 + static_cast<double>(device() % 1000) / 2000));
}

}  // namespace

View::View(KubeApi& api, Resource resource, std::string ns,
           std::function<void(const Change&)> changed, Log& log)
    : api_{api},
      resource_{std::move(resource)},
      ns_{std::move(ns)},
      changed_{std::move(changed)},
      log_{log} {}

void View::heard() { heard_ = Steady::now().time_since_epoch().count(); }

Duration View::age() const {
  const Steady::rep heard = heard_;
  if (heard == 0) return Duration::max();
  return Steady::now() - Steady::time_point{Steady::duration{heard}};
}

std::size_t View::size() const {
  const std::lock_guard hold{guard_};
  return known_.size();
}

void View::see(const json& object) {
  const ObjectName name = name_of(object);
  const Known seen{.uid = text_at(object, {"metadata", "uid"}),
                   .version = integer_at(object, {"metadata", "resourceVersion"}).value_or(0)};
  {
    const std::lock_guard hold{guard_};
    const auto found = known_.find(name);
    // FLT-25: an older version never replaces a newer one of the same object.
    if (found != known_.end() && found->second.uid == seen.uid &&
        found->second.version > seen.version)
      return;
    known_[name] = seen;
  }
  changed_({.name = name, .object = object});
}

/// FLT-25, FLT-30: a late word about an object does not take away another of its name.
void View::lose(const ObjectName& name, const std::string& uid) {
  {
    const std::lock_guard hold{guard_};
    const auto found = known_.find(name);
    if (found == known_.end() || (!uid.empty() && found->second.uid != uid)) return;
    known_.erase(found);
  }
  changed_({.name = name, .object = nullptr});
}

/// FLT-32: nothing of the view is replaced before the last page is there.
KubeResult<void> View::list() {
  std::vector<json> items;
  std::string page, version;
  do {
    auto found = api_.list(resource_, ns_, page);
    if (!found) return tl::unexpected(found.error());
    for (json& item : found->items) items.push_back(std::move(item));
    page = found->next;
    version = found->resource_version;
  } while (!page.empty());

  std::set<ObjectName> there;
  for (const json& item : items) there.insert(name_of(item));
  std::vector<ObjectName> gone;
  {
    const std::lock_guard hold{guard_};
    for (const auto& [name, known] : known_)
      if (!there.contains(name)) gone.push_back(name);
    // FLT-29: after a restore the store may have gone back; a list is believed whole.
    known_.clear();
    for (const ObjectName& name : gone) known_[name] = {};
  }
  for (const ObjectName& name : gone) lose(name);
  for (const json& item : items) see(item);
  version_ = version;
  heard();
  synced_ = true;
  return {};
}

View::Next View::watch(const std::stop_token& stop, KubeError& error) {
  const auto ended = api_.watch(resource_, ns_, version_,
                                [&](const KubeApi::WatchEvent& event, const json& object) {
                                  heard();
                                  if (!event.resource_version.empty())
                                    version_ = event.resource_version;
                                  switch (event.kind) {
                                    case KubeApi::WatchEvent::Kind::Added:
                                    case KubeApi::WatchEvent::Kind::Modified: see(object); break;
                                    case KubeApi::WatchEvent::Kind::Deleted:
                                      lose(name_of(object), text_at(object, {"metadata", "uid"}));
                                      break;
                                    case KubeApi::WatchEvent::Kind::Bookmark: break;
                                  }
                                  return !stop.stop_requested();
                                });
  if (ended) return Next::Watch;
  error = ended.error();
  // FLT-22, FLT-23: too old; INV-66: silent for too long. Everything else goes on where it was.
  const bool again = error.kind == KubeError::Kind::Gone || error.kind == KubeError::Kind::Timeout;
  return again ? Next::List : Next::Watch;
}

void View::run(const std::stop_token& stop) {
  Next next = Next::List;
  Duration pause = first_pause;
  const auto failed = [&](const KubeError& error) {
    log_.say(Log::Level::Warn, "view", resource_.plural + ": " + error.message);
    const Duration wait = std::max(jittered(pause), std::min(error.retry_after, longest_pause));
    pause = std::min(2 * pause, longest_pause);
    return sleep_for(stop, wait);
  };
  int broken = 0;
  while (!stop.stop_requested()) {
    if (next == Next::List) {
      if (auto listed = list(); !listed) {
        if (!failed(listed.error())) return;
        continue;
      }
      next = Next::Watch;
      broken = 0;
    }
    KubeError error;
    const Steady::time_point began = Steady::now();
    next = watch(stop, error);
    const bool ended_well = error.message.empty();
    if (ended_well || Steady::now() - began > std::chrono::seconds{10}) {
      pause = first_pause;
      broken = 0;
    }
    if (ended_well) continue;
    if (++broken >= 5) next = Next::List;  // FLT-28: not a loop from a version nobody serves
    if (next == Next::Watch && !failed(error)) return;
  }
}

}  // namespace volary::live
