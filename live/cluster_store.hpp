#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "engine/ports.hpp"
#include "live/kube_api.hpp"

namespace volary::live {

/// One Canary object in a cluster (SM-01, ST-50). Keeps what it read last, so that a status is
/// written with the version it was derived from, and so that routers see the fields that only they
/// read.
class ClusterStore : public CanaryStore {
 public:
  ClusterStore(KubeApi& api, ObjectName name);

  [[nodiscard]] Result<Canary> read() override;
  [[nodiscard]] Result<std::int64_t> write_status(const CanaryStatus& status,
                                                  std::int64_t version) override;
  [[nodiscard]] Result<void> set_finalizer(bool present) override;

  /// The object as it was read or written last; null before that.
  [[nodiscard]] const nlohmann::json& object() const { return object_; }
  /// The same as the engine reads it, parsed once a reading.
  /// Errors: NotFound before there was one.
  [[nodiscard]] Result<Canary> canary() const;

 private:
  [[nodiscard]] Result<void> stored_whole(const CanaryStatus& sent) const;

  KubeApi& api_;
  ObjectPath path_;
  nlohmann::json object_;
  std::optional<Canary> canary_;
};

}  // namespace volary::live
