#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/result.hpp"

namespace volary::live {

/// What a controller shows of itself over HTTP (CTL-10 … CTL-12): `/metrics`, `/healthz`, and
/// `/readyz`, which is 503 while `ready` says no.
class StatusServer {
 public:
  struct Pages {
    std::function<std::string()> metrics;
    std::function<bool()> ready;
  };
  /// Errors: Unavailable: the port cannot be had. Port 0 takes any that is free.
  [[nodiscard]] static Result<std::unique_ptr<StatusServer>> start(const std::string& address,
                                                                   int port, Pages pages);
  StatusServer(const StatusServer&) = delete;
  StatusServer& operator=(const StatusServer&) = delete;
  ~StatusServer();
  [[nodiscard]] int port() const;

 private:
  struct Parts;
  explicit StatusServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace volary::live
