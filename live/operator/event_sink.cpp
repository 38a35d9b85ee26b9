#include "live/operator/event_sink.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "live/kube_objects.hpp"
#include "live/rfc3339.hpp"

namespace volary::live {
namespace {

using nlohmann::json;

constexpr std::size_t most_remembered = 20'000;  // INV-41
constexpr Duration forgotten_after = std::chrono::minutes{55};

}  // namespace

Result<void> EventSink::write(const ObjectName& canary, const std::string& uid, const Event& event,
                              Instant now) {
  const Key key{uid, event.warning, event.text};
  Written before;
  {
    const std::lock_guard hold{guard_};
    if (const auto found = written_.find(key); found != written_.end()) before = found->second;
  }
  const auto remember = [&](Written written) {
    const std::lock_guard hold{guard_};
    if (written_.insert_or_assign(key, std::move(written)).second) order_.push_back(key);
    while (order_.size() > most_remembered) {
      written_.erase(order_.front());
      order_.pop_front();
    }
  };
  const std::string time = rfc3339(now);
  if (before.count > 0 && now - before.last < forgotten_after) {
    const ObjectPath path{core_events, canary.ns, before.name};
    const auto counted = api_.patch(path, {{"count", before.count + 1}, {"lastTimestamp", time}});
    if (counted) {
      remember({before.name, before.count + 1, now});
      return {};
    }
    if (counted.error().kind != KubeError::Kind::NotFound)
      return tl::unexpected(error_of(counted.error(), spoken("Event", path)));
  }
  // Unique by its time, and by a number where two are said in one moment.
  const std::string name =
      fmt::format("{}.{:x}", canary.name, now.time_since_epoch().count() + sequence_++);
  const ObjectPath path{core_events, canary.ns, name};
  const auto created = api_.create(path, {{"apiVersion", "v1"},
                                          {"kind", "Event"},
                                          {"metadata", {{"name", name}, {"namespace", canary.ns}}},
                                          {"involvedObject",
                                           {{"apiVersion", "flagger.app/v1beta1"},
                                            {"kind", "Canary"},
                                            {"name", canary.name},
                                            {"namespace", canary.ns},
                                            {"uid", uid}}},
                                          {"reason", "Synced"},
                                          {"message", event.text},
                                          {"type", event.warning ? "Warning" : "Normal"},
                                          {"source", {{"component", component_}}},
                                          {"firstTimestamp", time},
                                          {"lastTimestamp", time},
                                          {"count", 1}});
  if (!created) return tl::unexpected(error_of(created.error(), spoken("Event", path)));
  remember({name, 1, now});
  return {};
}

}  // namespace volary::live
