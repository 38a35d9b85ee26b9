#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

#include "engine/ports.hpp"
#include "live/kube_api.hpp"

namespace volary::live {

/// What `kubectl describe canary` shows: Kubernetes Events on a Canary (CTL-30). One that says what
/// an earlier one said is counted up rather than repeated; after an hour of silence the API server
/// has forgotten it, and it begins anew. Thread-safe.
class EventSink {
 public:
  explicit EventSink(KubeApi& api, std::string component = "flagger")
      : api_{api}, component_{std::move(component)} {}

  /// Errors: those of the API server; the event is then lost, and whoever says it goes on.
  [[nodiscard]] Result<void> write(const ObjectName& canary, const std::string& uid,
                                   const Event& event, Instant now);

 private:
  using Key = std::tuple<std::string, bool, std::string>;  // UID, warning, text
  struct Written {
    std::string name;
    int count = 0;
    Instant last{};
  };

  KubeApi& api_;
  std::string component_;
  std::atomic<std::int64_t> sequence_ = 0;
  std::mutex guard_;
  std::map<Key, Written> written_;
  std::deque<Key> order_;  ///< oldest first; bounds what is remembered
};

inline const Resource core_events{"", "v1", "events"};

}  // namespace volary::live
