#include "live/operator/one_release.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "live/canary_object.hpp"
#include "live/operator/lease.hpp"

namespace volary::live {
namespace {

using Steady = std::chrono::steady_clock;

bool is_rest(Phase phase) {
  return phase == Phase::Initialized || phase == Phase::Succeeded || phase == Phase::Failed;
}

/// What would be said of an object that nobody can help.
bool is_final(const Error& error) {
  return error.kind == ErrorKind::NotFound || error.kind == ErrorKind::Invalid;
}

}  // namespace

Result<Ending> fly(Release& release, const EngineSettings& settings, const OneRelease& flight,
                   const std::stop_token& stop) {
  bool admitted = false, under_way = false, told = false;
  Steady::time_point heard = Steady::now();
  Steady::time_point due = Steady::now();
  Duration interval = std::chrono::seconds{10};
  while (!stop.stop_requested()) {
    std::optional<Error> error;
    std::optional<TickRecord> record;
    if (!admitted) {
      if (auto said = release.admit(); !said) {
        error = said.error();
      } else {
        admitted = true;
      }
    }
    if (!error) {
      if (auto ticked = release.tick(); !ticked) {
        error = ticked.error();
      } else {
        record = *std::move(ticked);
      }
    }
    if (stop.stop_requested()) break;
    if (error) {
      if (is_final(*error)) return tl::unexpected(*error);
      if (Steady::now() - heard > flight.patience) return tl::unexpected(*error);
      if (!sleep_for(stop, std::chrono::seconds{2})) break;
      continue;
    }
    heard = Steady::now();
    if (flight.check)
      if (auto fine = flight.check(release.object()); !fine) return tl::unexpected(fine.error());
    std::vector<Remark> remarks;
    if (const auto canary = canary_of(release.object(), remarks)) {
      const Plan followed = plan(*canary, settings);
      interval = followed.interval;
      if (flight.on_tick) flight.on_tick(*record, followed);
    }
    const Phase phase = record->status.phase;
    if (phase != Phase::None && phase != Phase::Initializing && !is_rest(phase)) under_way = true;
    if (is_rest(phase)) {
      // A skipped analysis begins and ends in one pass.
      const bool at_once =
          phase != Phase::Initialized && !record->events.empty() &&
          std::any_of(record->events.begin(), record->events.end(), [](const Event& event) {
            return event.id == EventId::DoneSkipped || event.id == EventId::Failed ||
                   event.id == EventId::Done;
          });
      if (under_way || at_once)
        return phase == Phase::Failed ? Ending::RolledBack : Ending::Promoted;
      if (!told && flight.waiting) flight.waiting();
      told = true;
    }
    due += interval;
    const auto now = Steady::now();
    while (due + interval < now) due += interval;  // SCH-03
    if (due > now && !sleep_for(stop, due - now)) break;
  }
  return Ending::Interrupted;
}

}  // namespace volary::live
