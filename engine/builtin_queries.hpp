#pragma once

#include <string_view>

#include "engine/plan.hpp"
#include "engine/ports.hpp"
#include "engine/query_template.hpp"

namespace volary {

/// The families of builtin queries, by what exports the series (metrics.md §5).
enum class QueryFamily {
  Istio,
  Linkerd,
  AppMesh,
  Nginx,
  Contour,
  Gloo,
  PlainHttp,
  Skipper,
  Traefik,
  Osm,
  Kuma,
  Apisix,
  Knative,
};

/// MET-07..09.
[[nodiscard]] QueryFamily query_family(const Canary& canary, const EngineSettings& settings);

/// OBS-01 … OBS-13: the template text of `request-success-rate` or `request-duration`.
[[nodiscard]] std::string_view builtin_query(QueryFamily family, MetricQuery::Kind kind);

/// The companion of both builtin queries: the rate of all requests that they look at, as a template
/// text. Over the window it says how many requests are behind a value.
/// Units: requests per second.
[[nodiscard]] std::string_view requests_query(QueryFamily family);

/// MT-40: what the query of `check` may name; an unwritten interval becomes `default_interval`
/// (MET-03).
[[nodiscard]] TemplateValues template_values(const Canary& canary, const MetricCheck& check,
                                             std::string_view default_interval);

/// OBS-23: Skipper's route names know letters, digits and underscores only.
[[nodiscard]] TemplateValues skipper_values(TemplateValues values);

}  // namespace volary
