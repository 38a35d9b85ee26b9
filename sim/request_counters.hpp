#pragma once

#include <array>
#include <cstdint>

#include "sim/latency_histogram.hpp"

namespace volary::sim {

/// How one request to one service ended.
enum class Reply : std::uint8_t {
  Ok,
  Failed,       ///< 500; gRPC: HTTP 200 with grpc-status 13
  Unavailable,  ///< 503; gRPC: HTTP 200 with grpc-status 14
};
inline constexpr std::size_t reply_kinds = 3;

/// Answers as a sidecar or an ingress counts them, cumulative since it started.
struct RequestCounters {
  struct OfReply {
    std::uint64_t count = 0;
    double sum_ms = 0;
    /// By duration, each bucket its own; the exporter adds them up.
    std::array<std::uint64_t, istio_bounds_ms.size() + 1> buckets{};
  };
  std::array<OfReply, reply_kinds> of{};

  /// As who sees no difference between the replies counts them: all as the first.
  [[nodiscard]] RequestCounters alike() const {
    RequestCounters all;
    OfReply& sum = all.of[0];
    for (const OfReply& each : of) {
      sum.count += each.count;
      sum.sum_ms += each.sum_ms;
      for (std::size_t b = 0; b < each.buckets.size(); ++b) sum.buckets[b] += each.buckets[b];
    }
    return all;
  }

  void record(Reply reply, double ms, std::size_t bucket) {
    OfReply& counted = of[static_cast<std::size_t>(reply)];
    ++counted.count;
    counted.sum_ms += ms;
    ++counted.buckets[bucket];
  }
};

}  // namespace volary::sim
