#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

#include "engine/units.hpp"

namespace volary::live {

/// Which objects: `/apis/<group>/<version>/namespaces/<ns>/<plural>`; the core group is empty.
struct Resource {
  std::string group;
  std::string version;
  std::string plural;
  friend bool operator==(const Resource&, const Resource&) = default;
};

/// Which one. An empty `ns` is a cluster-scoped object.
struct ObjectPath {
  Resource resource;
  std::string ns;
  std::string name;
  friend bool operator==(const ObjectPath&, const ObjectPath&) = default;
};

/// What the API server said no with. Each kind is acted upon differently (invariants.md §4, FLT-01
/// … FLT-13).
struct KubeError {
  enum class Kind {
    NotFound,
    Conflict,  ///< the resource version is stale: read again
    AlreadyExists,
    Gone,  ///< a watch or a page is too old: list again
    Forbidden,
    Unauthorized,
    Invalid,    ///< refused for its content, with the server's causes
    Throttled,  ///< wait `retry_after`
    Unavailable,
    Timeout,
  } kind{};
  std::string message;
  std::vector<std::string> causes;
  Duration retry_after{};
};

template <class T>
using KubeResult = tl::expected<T, KubeError>;

/// The narrow door to a Kubernetes API server: a real one through `live/net`, a simulated one
/// through `sim/cluster`. Objects are JSON values, so that fields nobody here knows survive a write
/// (RT-COMMON-25).
class KubeApi {
 public:
  virtual ~KubeApi() = default;

  struct Page {
    std::vector<nlohmann::json> items;
    std::string next;              ///< token of the next page; empty at the end
    std::string resource_version;  ///< from which a watch continues
  };
  struct WatchEvent {
    enum class Kind { Added, Modified, Deleted, Bookmark } kind{};
    std::string resource_version;
  };

  [[nodiscard]] virtual KubeResult<nlohmann::json> get(const ObjectPath& path) = 0;
  /// An empty `ns` lists all namespaces; at most 500 items a page (INV-41).
  [[nodiscard]] virtual KubeResult<Page> list(const Resource& resource, const std::string& ns,
                                              const std::string& page) = 0;
  /// Calls `on_event` with each change after `resource_version`, until it returns false or the
  /// stream ends.
  [[nodiscard]] virtual KubeResult<void> watch(
      const Resource& resource, const std::string& ns, const std::string& resource_version,
      const std::function<bool(const WatchEvent&, const nlohmann::json&)>& on_event) = 0;
  [[nodiscard]] virtual KubeResult<nlohmann::json> create(const ObjectPath& path,
                                                          const nlohmann::json& object) = 0;
  /// Replaces the object; `metadata.resourceVersion` is the precondition (INV-32).
  [[nodiscard]] virtual KubeResult<nlohmann::json> update(const ObjectPath& path,
                                                          const nlohmann::json& object) = 0;
  /// The same for the status subresource.
  [[nodiscard]] virtual KubeResult<nlohmann::json> update_status(const ObjectPath& path,
                                                                 const nlohmann::json& object) = 0;
  /// JSON merge patch (RFC 7386).
  [[nodiscard]] virtual KubeResult<nlohmann::json> patch(const ObjectPath& path,
                                                         const nlohmann::json& merge) = 0;
  /// Deletes the object if it still is the one with this UID (INV-33).
  [[nodiscard]] virtual KubeResult<void> remove(const ObjectPath& path, const std::string& uid) = 0;
};

}  // namespace volary::live
