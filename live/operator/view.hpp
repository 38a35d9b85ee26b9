#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>

#include <nlohmann/json.hpp>

#include "live/kube_api.hpp"
#include "live/operator/log.hpp"

namespace volary::live {

/// All objects of one kind, kept in step by a watch (SCH-01, FLT-20 … FLT-35). Every reading of it
/// is a hint: what decides is read from the API server.
class View {
 public:
  struct Change {
    ObjectName name;
    nlohmann::json object;  ///< null: it is gone
  };
  /// `changed` is told of every change, from the view's own thread.
  View(KubeApi& api, Resource resource, std::string ns, std::function<void(const Change&)> changed,
       Log& log);

  /// Lists and watches until the stop. Errors never end it.
  void run(const std::stop_token& stop);

  [[nodiscard]] bool synced() const { return synced_; }
  /// Since something was last heard: a list, an event, a bookmark.
  [[nodiscard]] Duration age() const;
  [[nodiscard]] std::size_t size() const;

 private:
  struct Known {
    std::string uid;
    std::int64_t version = 0;
  };
  enum class Next { Watch, List };

  [[nodiscard]] KubeResult<void> list();
  [[nodiscard]] Next watch(const std::stop_token& stop, KubeError& error);
  void see(const nlohmann::json& object);
  void lose(const ObjectName& name, const std::string& uid = {});
  void heard();

  KubeApi& api_;
  Resource resource_;
  std::string ns_;
  std::function<void(const Change&)> changed_;
  Log& log_;
  std::string version_;  ///< from which the watch goes on
  mutable std::mutex guard_;
  std::map<ObjectName, Known> known_;
  std::atomic<bool> synced_ = false;
  std::atomic<std::chrono::steady_clock::rep> heard_{0};
};

}  // namespace volary::live
