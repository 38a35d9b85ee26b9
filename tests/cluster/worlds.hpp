#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "tests/cluster/cluster.hpp"

/// The worlds that the tests of one process share: started by the first that asks.
namespace volary::test {

[[nodiscard]] Etcd& shared_etcd();
/// Everything is allowed, workload controllers run.
[[nodiscard]] World& open_world();
/// Rights are asked for, client certificates of client_ca() are known; no controllers.
[[nodiscard]] World& guarded_world();

/// A certificate authority for clients, made by openssl: PEM files in the scratch folder.
struct ClientCa {
  std::string certificate, key;  ///< paths
  struct Pair {
    std::string certificate, key;  ///< PEM text
  };
  /// A certificate for this user, good for a day.
  [[nodiscard]] Pair issue(const std::string& user) const;
};
[[nodiscard]] const ClientCa& client_ca();

/// A new namespace with this prefix, so that tests do not meet.
[[nodiscard]] std::string new_namespace(live::KubeClient& client, const std::string& prefix);

/// Asks every 20 ms until it is true; false when it was not in time.
template <class Condition>
[[nodiscard]] bool eventually(const Condition& condition,
                              std::chrono::seconds longest = std::chrono::seconds{30}) {
  const auto deadline = std::chrono::steady_clock::now() + longest;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return true;
}

}  // namespace volary::test
