#include "live/operator/operator.hpp"

#include <algorithm>
#include <exception>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "live/canary_object.hpp"
#include "live/kube_objects.hpp"
#include "live/operator/lease.hpp"

namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Duration deletion_retry = 30s;  // FIN-12
constexpr Duration deaf_after = 6min;     // a watch with bookmarks is heard of once a minute or so

}  // namespace

Operator::Operator(const ReleaseWorld& world, const ReleaseSettings& release,
                   OperatorSettings settings, KubeApi& view_api)
    : world_{world},
      release_{release},
      settings_{std::move(settings)},
      view_{view_api, canaries, settings_.ns, [this](const View::Change& c) { changed(c); },
            world.log} {}

bool Operator::ready() const { return view_.synced() && view_.age() < deaf_after; }

void Operator::changed(const View::Change& change) {
  const std::lock_guard hold{guard_};
  const auto found = entries_.find(change.name);
  if (change.object.is_null()) {  // SCH-05
    if (found == entries_.end()) return;
    scheduler_->drop(change.name);
    world_.gauges.forget(change.name.ns, found->second->target);
    entries_.erase(found);
    return;
  }
  std::vector<Remark> remarks;
  const auto canary = canary_of(change.object, remarks);
  if (!canary) {  // FLT-34
    world_.log.say(Log::Level::Error, "operator", to_string(canary.error()), change.name);
    if (found != entries_.end()) {
      scheduler_->drop(change.name);
      entries_.erase(found);
    }
    return;
  }
  // FLT-30: another object of the same name is another object.
  if (found != entries_.end() && found->second->uid != canary->uid) {
    scheduler_->drop(change.name);
    entries_.erase(found);
  }
  auto& entry = entries_[change.name];
  const bool is_new = !entry;
  if (is_new) {
    entry = std::make_shared<Entry>();
    entry->release = std::make_unique<Release>(world_, release_, change.name);
    for (const Remark& remark : remarks)
      world_.log.say(Log::Level::Warn, "operator", remark.path + ": " + remark.text, change.name);
  }
  const bool going = canary->deleting && !entry->deleting;
  if (entry->generation != canary->generation || entry->finalizer != canary->finalizer ||
      entry->deleting != canary->deleting) {
    entry->to_admit = true;
    entry->refused = false;
  }
  entry->object = change.object;
  entry->uid = canary->uid;
  entry->target = canary->spec.target_ref.name;
  entry->generation = canary->generation;
  entry->deleting = canary->deleting;
  entry->finalizer = canary->finalizer;
  const Duration interval = plan(*canary, release_.engine).interval;
  entry->interval = canary->deleting ? std::min(interval, deletion_retry) : interval;
  scheduler_->put(change.name, entry->interval);
  if (going) scheduler_->nudge(change.name);
}

void Operator::turn(const ObjectName& name, Duration late) {
  std::shared_ptr<Entry> entry;
  std::string target;
  {
    const std::lock_guard hold{guard_};
    const auto found = entries_.find(name);
    if (found == entries_.end()) return;
    entry = found->second;
    target = entry->target;
  }
  world_.gauges.set("volary_tick_lag_seconds", {{"name", target}, {"namespace", name.ns}},
                    seconds(late));
  try {
    work(name, *entry);
  } catch (const std::exception& error) {  // FLT-50: this object's bad luck, and nobody else's
    world_.gauges.add("volary_tick_panics_total", {});
    world_.log.say(Log::Level::Error, "operator", fmt::format("internal error: {}", error.what()),
                   name);
  }
}

bool Operator::may_drive(const ObjectName& name, Entry& entry) {
  if (!settings_.yield_to_others || entry.checked) return true;
  std::optional<std::string> who;
  std::string target;
  {
    const std::lock_guard hold{guard_};
    target = entry.target;
    who = foreign_writer(entry.object, entry.interval, world_.clock.now());
  }
  const Gauges::LabelList labels{{"name", target}, {"namespace", name.ns}};
  world_.gauges.set("volary_refused", labels, who ? 1 : 0);
  if (!who) {
    entry.checked = true;
    return true;
  }
  world_.log.say(Log::Level::Error, "operator",
                 fmt::format("another controller drives this Canary ({}): left alone. volary live "
                             "--act --take-over {}/{} hands it over",
                             *who, name.ns, name.name),
                 name);
  return false;
}

void Operator::work(const ObjectName& name, Entry& entry) {
  bool deleting = false, finalizer = false, to_admit = false, refused = false;
  {
    const std::lock_guard hold{guard_};
    deleting = entry.deleting;
    finalizer = entry.finalizer;
    to_admit = entry.to_admit;
    refused = entry.refused;
    entry.to_admit = false;
  }
  const auto again = [&](bool refuse) {
    const std::lock_guard hold{guard_};
    entry.to_admit = !refuse;
    entry.refused = refuse;
  };
  const auto failed = [&](const Error& error) {
    world_.log.say(Log::Level::Error, "operator", to_string(error), name);
  };
  if (refused) return;  // CTL-06, SCH-11
  if (!may_drive(name, entry)) return again(false);
  if (deleting) {
    if (!finalizer) return;  // FIN-01
    if (const auto reverted = entry.release->revert(); !reverted) failed(reverted.error());
    return;
  }
  if (to_admit) {
    if (const auto admitted = entry.release->admit(); !admitted) {
      failed(admitted.error());
      return again(admitted.error().kind == ErrorKind::Invalid);
    }
  }
  const auto ticked = entry.release->tick();
  if (!ticked) {
    if (ticked.error().kind != ErrorKind::NotFound) failed(ticked.error());
    return;
  }
  if (on_tick) on_tick(name, *ticked);
}

/// SCH-08, SCH-09.
void Operator::look_round() {
  std::map<std::string, int> objects;
  std::map<ObjectName, std::string> targets;
  const std::lock_guard hold{guard_};
  for (const auto& [name, entry] : entries_) {
    ++objects[name.ns];
    const auto [first, is_new] = targets.emplace(ObjectName{name.ns, entry->target}, name.name);
    if (!is_new)
      world_.log.say(
          Log::Level::Error, "operator",
          fmt::format("canary {} releases the same target, {}", first->second, entry->target),
          name);
  }
  for (const auto& [ns, count] : objects)
    world_.gauges.set("flagger_canary_total", {{"namespace", ns}}, count);
  world_.gauges.set("volary_view_objects", {{"kind", "canaries"}},
                    static_cast<double>(entries_.size()));
  if (view_.synced())
    world_.gauges.set("volary_view_age_seconds", {{"kind", "canaries"}}, seconds(view_.age()));
}

void Operator::run(const std::stop_token& stop, const std::function<void()>& ending) {
  scheduler_ = std::make_unique<Scheduler>(
      [this](const ObjectName& name, Duration late) { turn(name, late); });
  std::thread viewer{[&] { view_.run(stop); }};
  do look_round();
  while (sleep_for(stop, settings_.control_loop));
  (void)scheduler_->stop(settings_.shutdown_grace);
  ending();
  viewer.join();
  scheduler_.reset();
}

}  // namespace volary::live
