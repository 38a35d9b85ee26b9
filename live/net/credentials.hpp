#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/result.hpp"
#include "live/net/exec_plugin.hpp"
#include "live/net/secret.hpp"

namespace volary::live {

/// What a request shows to say who we are.
struct Presented {
  Secret authorization;  ///< the header's value; empty: none
  Secret certificate;    ///< PEM, beside or instead of it
  Secret key;
};

/// Where it comes from. Thread-safe.
class Credentials {
 public:
  virtual ~Credentials() = default;
  /// Errors: as output_of() and as reading a file; never with a secret in them.
  [[nodiscard]] virtual Result<Presented> present(const std::stop_token& stop) = 0;
  /// The server refused what was presented: the next present() asks the source anew (FLT-08),
  /// unless another thread has done so already.
  virtual void refused(const Presented& /*presented*/) {}
  /// Could asking anew change anything?
  [[nodiscard]] virtual bool renewable() const { return false; }
};

[[nodiscard]] std::shared_ptr<Credentials> no_credentials();
/// A token, a password or a client certificate that the kubeconfig itself holds.
[[nodiscard]] std::shared_ptr<Credentials> fixed_credentials(Presented presented);
[[nodiscard]] Secret bearer(const Secret& token);
[[nodiscard]] Secret basic(const std::string& user, const Secret& password);

/// A token in a file that somebody else rotates: read again once a minute, and when it is refused.
[[nodiscard]] std::shared_ptr<Credentials> token_file(std::string path, Presented beside);

/// A credential plugin, client.authentication.k8s.io/v1 or v1beta1: run once, and again when what
/// it gave expires or is refused.
struct ExecPlugin {
  Program program;
  std::string api_version;
  std::string install_hint;
};
[[nodiscard]] std::shared_ptr<Credentials> exec_credentials(ExecPlugin plugin, Presented beside);

/// "2026-11-27T16:04:05Z", with offsets; fractions are dropped. Nothing if it is no time of RFC
/// 3339. (In seconds: "never", which plugins write as the year 9999, is beyond what nanoseconds
/// reach.)
[[nodiscard]] std::optional<std::chrono::sys_seconds> rfc3339_time(const std::string& text);

}  // namespace volary::live
