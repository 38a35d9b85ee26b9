#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "live/net/kube_client.hpp"
#include "tests/cluster/process.hpp"

/// A real etcd, kube-apiserver and kube-controller-manager on loopback ports, below the scratch
/// folder of the test process. Whoever asks for one when a start fails gets an exception with the
/// end of its log.
namespace volary::test {

/// The folder of the programs, as assets.sh --find says; nothing when there are none.
[[nodiscard]] std::optional<std::string> cluster_assets();

/// What a shell command prints, without the line feed at its end; nothing when it fails.
[[nodiscard]] std::optional<std::string> printed_by(const std::string& command);

/// One store. Several worlds may live in it, each under a prefix of its own.
class Etcd {
 public:
  Etcd();
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] Process& process() { return *process_; }

 private:
  std::string url_;
  std::unique_ptr<Process> process_;
};

/// One API server with its own objects, and the controllers of workloads if asked for. It ends
/// before its etcd: without one it would not listen to SIGTERM for minutes.
class World {
 public:
  struct Options {
    std::string name = "world";  ///< of its folder, and of its prefix in the store
    bool controllers = false;
    bool rbac = false;  ///< rights are asked for: `admin` has all, `reader` those that it is given
    std::vector<std::string> api_flags;
  };
  World(Etcd& etcd, Options options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() { stop(); }

  /// The path of a kubeconfig whose current user is `admin` or `reader`.
  [[nodiscard]] std::string kubeconfig(const std::string& user = "admin") const;
  [[nodiscard]] live::ClusterAccess access(const std::string& user = "admin") const;
  [[nodiscard]] std::unique_ptr<live::KubeClient> client(const std::string& user = "admin",
                                                         live::KubeClientLimits limits = {}) const;
  [[nodiscard]] const std::string& server() const { return server_; }
  [[nodiscard]] std::string certificate_file() const;
  /// JSON lines, one for each request that changed something (a policy of level Metadata).
  [[nodiscard]] std::string audit_log() const;

  /// The API server crashes, and comes back on the same port with the same objects and certificate.
  void kill_api();
  void start_api();
  void stop();

 private:
  [[nodiscard]] std::string path(const std::string& file) const { return folder_ + "/" + file; }
  void wait_until_ready();
  void start_controllers();

  Options options_;
  std::string etcd_url_;
  std::string folder_;
  std::string server_;
  int port_ = 0;
  std::unique_ptr<Process> api_;
  std::unique_ptr<Process> controllers_;
};

}  // namespace volary::test
