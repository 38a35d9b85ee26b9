#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/canary.hpp"
#include "sim/traffic_world.hpp"

namespace volary::sim {

/// The load that a webhook's command asks of the load tester (loadtester.md).
struct LoadTest {
  std::string host;  ///< without port
  double rate = 0;   ///< requests a second
  Duration length{};
  friend bool operator==(const LoadTest&, const LoadTest&) = default;
};

/// `hey -z 1m -q 5 -c 2 http://podinfo-canary.test:9898/` in the metadata of a hook. Nothing where
/// the hook runs something else, or says no rate (`-q`) or no length (`-z`).
[[nodiscard]] std::optional<LoadTest> read_load_test(const Webhook& hook);

/// The load tester beside a simulated release. Load that is addressed to the canary's own Service
/// reaches its pods whatever the routes say, which is all that a Blue/Green analysis has to measure
/// (`provider: kubernetes`). What goes to the apex is left out: that is what the scenario's traffic
/// is. Requests come evenly spaced; no user waits for their answers, so they are counted with the
/// mirrored copies.
class LoadTester {
 public:
  /// `canary_service`: the name of that Service.
  LoadTester(TrafficWorld& world, std::string service, std::string canary_service);
  /// LT-20, LT-30: the command starts in the background unless it is running still.
  void accept(const Webhook& hook);

 private:
  void next(const LoadTest& test, Instant at, Instant until);

  TrafficWorld& world_;
  std::string service_, canary_service_;
  std::map<std::string, Instant> running_;  ///< by command: until when
  std::uint64_t sent_ = 0;
};

}  // namespace volary::sim
