#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "live/kube_api.hpp"
#include "live/net/kubeconfig.hpp"
#include "live/net/rate_limit.hpp"
#include "live/net/transport.hpp"

namespace volary::live {

/// What one client may cost, in time, bytes and requests.
struct KubeClientLimits {
  double requests_per_second = 100;             ///< FLAG-03, of this client
  int burst = 250;                              ///< FLAG-04
  Duration request = std::chrono::seconds{10};  ///< FLT-05: one object, retries included
  Duration list_page = std::chrono::seconds{60};
  Duration connect = std::chrono::seconds{5};
  Duration watch_silence = std::chrono::minutes{5};  ///< T_silent: neither event nor bookmark
  Duration watch_span = std::chrono::minutes{5};    ///< the server ends a watch after once to twice
  std::size_t object_bytes = std::size_t{8} << 20;  ///< INV-41; also of one watch frame
  std::size_t page_bytes = std::size_t{32} << 20;
  int page_items = 500;
};

/// KubeApi over the network. Thread-safe: hundreds of workers and watches share one.
///
/// Reads that failed on the way are asked again, a few times within their limit; writes never are
/// (FLT-04), but once after a 401, with fresh credentials (FLT-08). A write whose answer was lost
/// may have been applied: each is either bound to a version or a UID, or says the same when it is
/// said twice. Redirects are refused (FLT-15).
class KubeClient : public KubeApi {
 public:
  KubeClient(ClusterAccess access, std::stop_token stop, KubeClientLimits limits = {},
             std::string user_agent = "volary");

  [[nodiscard]] KubeResult<nlohmann::json> get(const ObjectPath& path) override;
  [[nodiscard]] KubeResult<Page> list(const Resource& resource, const std::string& ns,
                                      const std::string& page) override;
  /// Errors: Gone: the version is too old, list again (FLT-22, FLT-23); Timeout: nothing was heard
  /// for `watch_silence` (INV-66: list again); Unavailable: the stream broke, go on from the last
  /// version seen. A stream that the server ended, and a stop, are no errors.
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

  /// POST to a subresource that is no object of its own, such as `binding`, `eviction` or `token`.
  [[nodiscard]] KubeResult<nlohmann::json> create_subresource(const ObjectPath& path,
                                                              const std::string& subresource,
                                                              const nlohmann::json& object);
  /// A delete with whatever DeleteOptions, such as `gracePeriodSeconds` and `propagationPolicy`.
  [[nodiscard]] KubeResult<void> remove_with(const ObjectPath& path, const nlohmann::json& options);
  /// GET of a path that is no object, such as /version or /readyz: its text.
  [[nodiscard]] KubeResult<std::string> get_text(const std::string& path);

  [[nodiscard]] const ClusterAccess& access() const { return access_; }

 private:
  struct Request;
  struct Failure;
  [[nodiscard]] KubeResult<Answer> send(const Request& request);
  [[nodiscard]] tl::expected<Answer, Failure> send_once(const Request& request, Duration limit);
  [[nodiscard]] KubeResult<nlohmann::json> object_from(const Request& request,
                                                       const Resource& resource);
  [[nodiscard]] KubeResult<nlohmann::json> write(const char* method, const ObjectPath& path,
                                                 const char* subresource,
                                                 const nlohmann::json& object);

  ClusterAccess access_;
  KubeClientLimits limits_;
  std::string user_agent_;
  RateLimit rate_;
  Transport transport_;
};

}  // namespace volary::live
