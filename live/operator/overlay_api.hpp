#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "live/kube_api.hpp"

namespace volary::live {

/// A cluster that is read and never written: what would be written is kept in memory above what is
/// read, and told in words. Whoever works through it sees its own writes, and sees the cluster go
/// on below them: a write is kept as the difference that it made, and laid over each later reading.
///
/// Nobody runs what exists only here, so workloads that were written here are read as if their pods
/// were ready at once. Events and Leases are dropped without a word. Thread-safe.
class OverlayApi : public KubeApi {
 public:
  using Told = std::function<void(const std::string& would)>;
  /// `told` gets sentences such as "would update VirtualService podinfo.test: spec.http".
  OverlayApi(KubeApi& below, Told told) : below_{below}, told_{std::move(told)} {}

  /// Puts an object above the cluster without a word, such as the Canary of a policy that is flown
  /// beside another; it hides one of the same name.
  void place(const ObjectPath& path, nlohmann::json object);

  [[nodiscard]] KubeResult<nlohmann::json> get(const ObjectPath& path) override;
  /// Objects of the cluster, without what exists only here.
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
  struct Layer {
    std::optional<nlohmann::json> whole;   ///< exists only here
    nlohmann::json difference;             ///< over what is below (RFC 7386)
    std::optional<nlohmann::json> status;  ///< of a Canary: ours alone, not mixed with another's
    std::string uid;                       ///< of the object that the difference was made for
    bool removed = false;
    int writes = 0;
  };
  static std::string key(const ObjectPath& path);
  [[nodiscard]] KubeResult<nlohmann::json> read(const ObjectPath& path);
  [[nodiscard]] KubeResult<nlohmann::json> write(const ObjectPath& path,
                                                 const nlohmann::json& before,
                                                 nlohmann::json after);

  KubeApi& below_;
  Told told_;
  std::recursive_mutex guard_;
  std::map<std::string, Layer> layers_;
  int created_ = 0;
};

/// What turns `from` into `to` as a merge patch (RFC 7386); lists are replaced whole. A member of
/// `to` that is null cannot be told from none.
[[nodiscard]] nlohmann::json merge_difference(const nlohmann::json& from, const nlohmann::json& to);

/// "spec.replicas 2 → 0, metadata.annotations.x (new)": a merge patch over what it changes.
[[nodiscard]] std::string spoken_difference(const nlohmann::json& before,
                                            const nlohmann::json& difference);

}  // namespace volary::live
