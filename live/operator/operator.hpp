#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "live/operator/foreign.hpp"
#include "live/operator/release.hpp"
#include "live/operator/scheduler.hpp"
#include "live/operator/view.hpp"

namespace volary::live {

struct OperatorSettings {
  std::string ns;                                     ///< FLAG-09; empty: all namespaces
  Duration control_loop = std::chrono::seconds{10};   ///< FLAG-07
  Duration shutdown_grace = std::chrono::seconds{2};  ///< INV-70: for passes that are on
  bool yield_to_others = true;  ///< objects that another controller drives are left alone
};

/// Drives every Canary of a cluster: notices it, admits it, ticks it, undoes what was done when it
/// goes (SCH-01 … SCH-11, FIN-10). What goes wrong with one object stays with that object.
class Operator {
 public:
  /// `view_api` is read only; everything that is written goes through `world`.
  Operator(const ReleaseWorld& world, const ReleaseSettings& release, OperatorSettings settings,
           KubeApi& view_api);

  /// Works until the stop. `ending` is called when no turn begins any more and those that are on
  /// had their grace: whatever they still wait for should then be called off.
  void run(const std::stop_token& stop, const std::function<void()>& ending);

  /// FLT-04: is the view there, and was it heard of lately?
  [[nodiscard]] bool ready() const;
  [[nodiscard]] const View& view() const { return view_; }
  /// Told of each pass, from the thread that made it.
  std::function<void(const ObjectName&, const TickRecord&)> on_tick;

 private:
  /// One object as the view has it, and what is known of it beyond.
  struct Entry {
    nlohmann::json object;
    Duration interval{};
    std::string uid, target;
    std::int64_t generation = -1;
    bool deleting = false, finalizer = false;
    bool to_admit = true;  ///< new, or changed since it was admitted
    bool checked = false;  ///< nobody else drives it
    bool refused = false;  ///< VAL-10..13: not before it changes
    std::unique_ptr<Release> release;
  };

  void changed(const View::Change& change);
  void turn(const ObjectName& name, Duration late);
  void work(const ObjectName& name, Entry& entry);
  [[nodiscard]] bool may_drive(const ObjectName& name, Entry& entry);
  void look_round();

  const ReleaseWorld& world_;
  const ReleaseSettings& release_;
  OperatorSettings settings_;
  std::mutex guard_;
  std::map<ObjectName, std::shared_ptr<Entry>> entries_;
  View view_;
  std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace volary::live
