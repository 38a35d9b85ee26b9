#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include <nlohmann/json.hpp>

#include "engine/ports.hpp"
#include "live/kube_api.hpp"
#include "live/operator/log.hpp"

namespace volary::live {

/// Leadership by a Lease (CTL-03). Whoever holds it renews it; who could not do so in time steps
/// down before another may step up (FLT-43, FLT-45).
class LeaderElection {
 public:
  struct Settings {
    std::string ns = "kube-system";
    std::string identity;
    Duration duration = std::chrono::seconds{60};
    Duration renew_deadline = std::chrono::seconds{15};
    Duration retry = std::chrono::seconds{5};
    /// A request that began before the end of the lease may last this much longer.
    Duration longest_request = std::chrono::seconds{10};
  };
  LeaderElection(KubeApi& api, const Clock& clock, Settings settings, Log& log);

  /// Waits until the Lease is ours; false when the stop came first.
  [[nodiscard]] bool acquire(const std::stop_token& stop);
  /// Renews until the stop (true), or until leadership is lost (false).
  [[nodiscard]] bool hold(const std::stop_token& stop);
  /// Gives the Lease back, so that another need not wait for its end.
  void release();

  /// May a write be begun now? Asked by the clock that goes on while the process is stopped.
  [[nodiscard]] bool leads() const;

 private:
  using Steady = std::chrono::steady_clock;
  [[nodiscard]] bool try_once();
  [[nodiscard]] nlohmann::json content(const nlohmann::json& before) const;

  KubeApi& api_;
  const Clock& clock_;
  Settings settings_;
  Log& log_;
  ObjectPath path_;
  nlohmann::json lease_;  ///< as it was read or written last
  /// What another holder wrote last, and when that was first seen: its clock is not trusted.
  std::string seen_;
  Steady::time_point seen_at_{};
  std::atomic<Steady::rep> renewed_{0};  ///< start of the last renewal that succeeded; 0: none
};

/// Lets no write pass while `may_write` says no: they fail as forbidden, and nothing is sent.
class FencedApi : public KubeApi {
 public:
  FencedApi(KubeApi& api, std::function<bool()> may_write)
      : api_{api}, may_write_{std::move(may_write)} {}

  [[nodiscard]] KubeResult<nlohmann::json> get(const ObjectPath& path) override;
  [[nodiscard]] KubeResult<Page> list(const Resource& resource, const std::string& ns,
                                      const std::string& page) override;
  [[nodiscard]] KubeResult<void> watch(
      const Resource& resource, const std::string& ns, const std::string& resource_version,
      const std::function<bool(const WatchEvent&, const nlohmann::json&)>& on_event) override;
  [[nodiscard]] KubeResult<nlohmann::json> create(const ObjectPath& path,
                                                  const nlohmann::json& object) override;
  [[nodiscard]] KubeResult<nlohmann::json> update(const ObjectPath& path,
                                                  const nlohmann::json& object) override;
  [[nodiscard]] KubeResult<nlohmann::json> update_status(const ObjectPath& path,
                                                         const nlohmann::json& object) override;
  [[nodiscard]] KubeResult<nlohmann::json> patch(const ObjectPath& path,
                                                 const nlohmann::json& merge) override;
  [[nodiscard]] KubeResult<void> remove(const ObjectPath& path, const std::string& uid) override;

 private:
  KubeApi& api_;
  std::function<bool()> may_write_;
};

/// Sleeps; false when the stop came first.
[[nodiscard]] bool sleep_for(const std::stop_token& stop, Duration duration);

}  // namespace volary::live
