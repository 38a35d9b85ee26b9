#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/result.hpp"
#include "live/net/credentials.hpp"
#include "live/net/transport.hpp"

namespace volary::live {

/// Which API server, whom to trust there, and who we are.
struct ClusterAccess {
  std::string context;     ///< what people call it; "in-cluster" inside one
  std::string server;      ///< https://host:port/prefix, without a slash at its end
  std::string default_ns;  ///< that of the context; "default" where it names none
  TlsSettings tls;         ///< without a client's certificate: `credentials` has it
  std::string proxy;       ///< empty: as the environment says
  std::shared_ptr<Credentials> credentials;
  /// Impersonate-User and its kin.
  std::vector<std::pair<std::string, std::string>> impersonation;
  std::vector<std::string> warnings;  ///< INV-43: what is not verified, to be said at start
};

/// Where to look.
struct AccessRequest {
  std::string kubeconfig;  ///< --kubeconfig; empty: KUBECONFIG, ~/.kube/config, then in-cluster
  std::string context;     ///< --context; empty: the current one
  std::function<std::string(const char*)> environment;  ///< empty: that of the process
  std::string service_account = "/var/run/secrets/kubernetes.io/serviceaccount";
};

/// Finds out how to reach the API server. Several files of KUBECONFIG are merged as kubectl does
/// it: of two entries of one name the first counts, relative paths start at the file that has them,
/// and a file that is missing is none.
///
/// Errors: Invalid or NotFound, with file and line, or with what to set. No secret is in them.
[[nodiscard]] Result<ClusterAccess> find_cluster(const AccessRequest& request);

/// The names of the contexts of these files, in the order written: for `--context` completion.
[[nodiscard]] Result<std::vector<std::string>> known_contexts(const AccessRequest& request);

}  // namespace volary::live
