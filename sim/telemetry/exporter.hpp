#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "engine/builtin_queries.hpp"
#include "policies/promql/series_store.hpp"
#include "sim/traffic_world.hpp"

namespace volary::sim {

/// How the exported labels call the release: the names that the Canary's queries ask for.
struct ExportNames {
  std::string ns;       ///< of the Canary
  std::string target;   ///< targetRef.name
  std::string service;  ///< apex
  std::string ingress, route;
  std::string released;  ///< the scenario's service that is bound to the Canary
  Protocol protocol = Protocol::Http;
  std::string reporter = "destination";  ///< Istio's: whose proxy counts
  bool daemon_set = false;  ///< its pods carry one part behind the workload's name, not two
};

/// The series that a mesh or ingress exports about the pods of the world, written into a store at
/// each scrape: names and labels as the builtin queries ask for them (metrics.md §5).
///
/// Sidecars and instrumented programs are scraped pod by pod: a new pod counts from zero, one that
/// is gone leaves stale series behind. An ingress outlives the pods behind it and counts what it
/// answered itself, too. Either way a series appears with its first count, as it does live. Buckets
/// are Istio's, for every provider (docs/models/telemetry.md).
class Exporter {
 public:
  Exporter(const TrafficWorld& world, QueryFamily family, ExportNames names);

  /// Reads all counters as they stand; `write` below puts them into the store when they become
  /// visible.
  struct Scrape {
    std::int64_t ms = 0;
    std::vector<std::pair<std::size_t, double>>
        values;  ///< index of a series of this exporter, its value
  };
  [[nodiscard]] Scrape scrape();
  void write(const Scrape& scrape, promql::SeriesStore& store);

  /// Every metric name that this family exports, whether it was seen yet or not.
  [[nodiscard]] static std::vector<std::string> metric_names(QueryFamily family);

 private:
  struct Series {
    promql::Labels labels;
    promql::SeriesStore::Id id = 0;
    bool known = false;  ///< `id` is set
  };
  struct Exported {  ///< of one target and reply
    bool made = false;
    std::size_t total = 0, sum = 0, count = 0, first_bucket = 0;
  };
  /// What is scraped: the sidecar of a pod, or an ingress's series about a workload.
  struct Target {
    WorkloadId workload = 0;
    PodId pod = 0;
    std::array<Exported, reply_kinds> exported{};
  };
  [[nodiscard]] bool by_pod() const;
  void find_targets();
  void read(Target& target, const RequestCounters& as_answered, bool gone, Scrape& scrape);
  void make(Target& target, std::size_t reply);
  std::size_t add(std::string name, promql::Labels labels, std::string_view le = {});

  const TrafficWorld& world_;
  QueryFamily family_;
  ExportNames names_;
  std::vector<Series> series_;
  std::vector<Target> targets_;  ///< those that were not gone at the last scrape
  std::size_t found_ = 0;        ///< pods, or workloads, that were looked at
};

}  // namespace volary::sim
