#pragma once

#include <functional>
#include <string>

#include "engine/ports.hpp"
#include "live/metrics/provider.hpp"

namespace volary::live {

/// MetricSource in front of real metric servers. Bound to one Canary, as all ports are.
///
/// A query finds its provider by the template's type, reads the template's Secret from the API
/// (each time, so that a rotated credential applies with the next tick: MT-18, FLT-94), asks, and
/// says whether the answer may be believed. In `strict` mode that is one finite number, from one
/// series, whole, and not stale (INV-12); in `flagger` mode, what the reference takes it for.
/// Builtin checks are asked a companion question: how many requests are behind the value. Evidence
/// without it says that the samples are unknown; no check fails for it.
class ClusterMetrics : public MetricSource {
 public:
  struct Settings {
    Compat compat = Compat::Strict;
    std::string canary_ns;
    bool cross_namespace_refs = true;  ///< off: templates of other namespaces are refused (INV-40)
  };
  using Templates = std::function<Result<MetricTemplate>(const ObjectName&)>;

  /// `templates` answers from a watch cache; without it each template is read from the API.
  ClusterMetrics(MetricDoors doors, const Clock& clock, Settings settings,
                 Templates templates = {});

  [[nodiscard]] Result<Measurement> query(const MetricQuery& query) override;
  [[nodiscard]] Result<void> online(const MetricQuery& server) override;
  [[nodiscard]] Result<MetricTemplate> find_template(const ObjectName& name) override;

 private:
  [[nodiscard]] Result<MetricQuestion> question(const MetricQuery& query);
  [[nodiscard]] Result<Measurement> ask(const std::string& provider,
                                        const MetricQuestion& question) const;
  [[nodiscard]] Result<Measurement> believed(const MetricQuestion& question,
                                             Measurement answer) const;

  MetricDoors doors_;
  const Clock& clock_;
  Settings settings_;
  Templates templates_;
};

}  // namespace volary::live
