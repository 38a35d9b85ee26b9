#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include <nlohmann/json.hpp>

#include "live/net/kube_client.hpp"

namespace volary::test {

/// What stands in for a scheduler and a kubelet: one Node; each pod is bound to it, and ready when
/// its time has come. A pod that is deleted is gone at once. No container runs.
class PodDriver {
 public:
  using Delay = std::chrono::milliseconds;
  /// How long after it was seen a pod becomes ready; nothing: never.
  using ReadyAfter = std::function<std::optional<Delay>(const nlohmann::json& pod)>;

  explicit PodDriver(
      live::ClusterAccess access,
      ReadyAfter ready_after = [](const nlohmann::json&) { return Delay{}; });
  PodDriver(const PodDriver&) = delete;
  PodDriver& operator=(const PodDriver&) = delete;
  ~PodDriver();

 private:
  void see(const nlohmann::json& pod);
  void watch_pods();
  void make_ready();
  void report_ready(const std::string& ns, const std::string& name, const std::string& uid);

  std::stop_source stop_;
  live::KubeClient client_;
  ReadyAfter ready_after_;

  struct Due {
    std::string ns, name, uid;
  };
  std::mutex lock_;
  std::condition_variable_any changed_;
  std::multimap<std::chrono::steady_clock::time_point, Due> due_;
  std::map<std::string, bool> seen_;  ///< by UID
  std::uint32_t addresses_ = 0;
  std::thread watcher_;
  std::thread worker_;
};

}  // namespace volary::test
