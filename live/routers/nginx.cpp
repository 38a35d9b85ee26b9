#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "live/routers/ingress.hpp"
#include "live/routers/live_weights.hpp"
#include "live/routers/parts.hpp"

/// A second Ingress whose annotations say how much it takes. Source: spec/routing/nginx.md.
///
/// Of the Canary's service only the port is used, nothing of hosts, matches, rewrites, retries,
/// headers or the apex metadata (RT-NGINX-06). The primary is reached through the user's own
/// Ingress and the apex Service (RT-NGINX-23). GET, POST and PUT failures are KubeRouter's
/// (RT-NGINX-20).
namespace volary::live {
namespace {

using nlohmann::json;

class Nginx final : public RouteProvider {
 public:
  Result<std::vector<ObjectPath>> reads(const RouteContext& context,
                                        Operation operation) const override {
    if (operation == Operation::Finalize) return std::vector<ObjectPath>{};  // RT-NGINX-21
    const auto paths = ingress::paths(context);
    if (!paths) return tl::unexpected(paths.error());
    if (operation == Operation::Reconcile) return std::vector{paths->apex, paths->canary};
    return std::vector{paths->canary};
  }

  Result<RouteWrites> reconcile(const RouteContext& context,
                                const Snapshot& snapshot) const override {
    const auto paths = ingress::paths(context);
    if (!paths) return tl::unexpected(paths.error());
    const json* apex = snapshot.find(paths->apex);
    if (apex == nullptr) return tl::unexpected(missing("Ingress", paths->apex));

    // RT-NGINX-02.
    json spec = at(*apex, {"spec"}).is_object() ? at(*apex, {"spec"}) : json::object();
    const std::size_t found =
        ingress::for_each_path(spec, context.apex(), [&](json& list, std::size_t i) {
          ingress::set_service(list[i], context.service_canary());
        });
    if (found == 0)
      return fail(ErrorKind::Invalid, "{} has no path whose backend is Service {}",
                  spoken("Ingress", paths->apex), context.apex());

    RouteWrites writes;
    const json* existing = snapshot.find(paths->canary);
    if (existing == nullptr) {  // RT-NGINX-03
      Labels annotations = labels_at(*apex, {"metadata", "annotations"});
      for (const auto& [key, value] : toolkit_annotations()) annotations[key] = value;
      json object = new_object(context, ingress::resource(), "Ingress", paths->canary.name,
                               labels_at(*apex, {"metadata", "labels"}),
                               at_rest(context, std::move(annotations)));
      object["spec"] = std::move(spec);
      writes.writes.push_back(
          {.verb = RouteWrite::Verb::Create, .path = paths->canary, .body = std::move(object)});
      return writes;
    }
    // RT-NGINX-05: annotations, and so the live weight, stay, if it is one.
    const LiveWeights weights = live_weights(context, routes(context, snapshot));
    if (means_the_same(at(*existing, {"spec"}), spec) && !weights.unlawful) return writes;
    json body = *existing;
    body["spec"] = std::move(spec);
    if (weights.unlawful) {
      body["metadata"]["annotations"] =
          at_rest(context, labels_at(*existing, {"metadata", "annotations"}));
      remark_weights(weights, spoken("Ingress", paths->canary), writes);
    }
    writes.writes.push_back(
        {.verb = RouteWrite::Verb::Update, .path = paths->canary, .body = std::move(body)});
    return writes;
  }

  Result<Routes> routes(const RouteContext& context, const Snapshot& snapshot) const override {
    const auto paths = ingress::paths(context);
    if (!paths) return tl::unexpected(paths.error());
    const json* existing = snapshot.find(paths->canary);
    if (existing == nullptr) return tl::unexpected(missing("Ingress", paths->canary));

    const Labels annotations = labels_at(*existing, {"metadata", "annotations"});
    const auto has = [&](std::string_view name) {
      return annotations.count(key(context, name)) > 0;
    };
    if (!analysis_match(context).empty() && (has("canary-by-cookie") || has("canary-by-header")))
      return Routes{.primary = 0_pct, .canary = 100_pct, .mirrored = false};  // RT-NGINX-10

    // RT-NGINX-11.
    const auto written = annotations.find(key(context, "canary-weight"));
    if (written == annotations.end()) return Routes{};
    const auto weight = integer_at(json(written->second), {});
    if (!weight || *weight < std::numeric_limits<int>::min() / 2 ||
        *weight > std::numeric_limits<int>::max() / 2)
      return fail(ErrorKind::Invalid, "{}: annotation {} is no whole number: '{}'",
                  spoken("Ingress", paths->canary), written->first, written->second);
    const Weight canary{static_cast<int>(*weight)};
    return Routes{.primary = 100_pct - canary, .canary = canary, .mirrored = false};
  }

  Result<RouteWrites> set_routes(const RouteContext& context, const Snapshot& snapshot,
                                 const Routes& routes) const override {
    const auto paths = ingress::paths(context);
    if (!paths) return tl::unexpected(paths.error());
    const json* existing = snapshot.find(paths->canary);
    if (existing == nullptr) return tl::unexpected(missing("Ingress", paths->canary));

    std::vector<std::string> remarks;
    if (routes.mirrored && context.strict())  // RT-COMMON-20 [Q]
      remarks.push_back(fmt::format("Canary {}: provider nginx cannot mirror (RT-COMMON-20)",
                                    to_string(context.canary.name)));
    Labels annotations = labels_at(*existing, {"metadata", "annotations"});
    if (analysis_match(context).empty()) {
      annotations[key(context, "canary-weight")] =
          std::to_string(routes.canary.percent());  // RT-NGINX-16
    } else if (const auto told = match_by_annotations(context, routes, annotations, remarks);
               !told) {
      return tl::unexpected(told.error());
    }
    if (routes.canary > 0_pct) {  // RT-NGINX-18
      annotations[key(context, "canary")] = "true";
    } else {
      annotations = at_rest(context, std::move(annotations));
    }
    json body = *existing;  // RT-NGINX-15
    body["metadata"]["annotations"] = annotations;
    RouteWrites writes = updated(context, paths->canary, *existing, std::move(body));
    if (!writes.writes.empty()) writes.remarks = std::move(remarks);
    return writes;
  }

  Result<RouteWrites> finalize(const RouteContext&, const Snapshot&) const override {
    return RouteWrites{};  // RT-NGINX-21
  }

 private:
  static std::string key(const RouteContext& context, std::string_view name) {
    return fmt::format("{}/{}", context.settings.ingress_annotations_prefix, name);
  }

  static const json& analysis_match(const RouteContext& context) {
    return list_at(context.object, {"spec", "analysis", "match"});
  }

  /// RT-NGINX-04, RT-NGINX-19: marked as a canary, and taking nothing.
  static Labels at_rest(const RouteContext& context, Labels annotations) {
    const std::string marks = key(context, "canary");
    std::erase_if(annotations, [&](const auto& entry) {
      return entry.first.find(marks) != std::string::npos || entry.first == last_applied_annotation;
    });
    annotations[marks] = "true";
    annotations[key(context, "canary-weight")] = "0";
    return annotations;
  }

  /// RT-NGINX-17. NGINX knows one cookie and one header; a test that names neither would run on no
  /// request at all, which strict mode refuses to start.
  static Result<void> match_by_annotations(const RouteContext& context, const Routes& routes,
                                           Labels& annotations, std::vector<std::string>& remarks) {
    std::string cookie, header, exact, regex;
    bool inexact = false;
    for (const json& entry : analysis_match(context)) {
      const json& headers = at(entry, {"headers"});
      if (!headers.is_object()) continue;
      for (const auto& [name, match] : headers.items()) {
        if (name == "cookie") {
          cookie = text_at(match, {"exact"});
          continue;
        }
        header = name;
        exact = text_at(match, {"exact"});
        regex = text_at(match, {"regex"});
        inexact = exact.empty() && regex.empty();
      }
    }
    if (context.strict() && routes.canary > 0_pct && cookie.empty() && header.empty())
      return fail(ErrorKind::Invalid,
                  "Canary {}: analysis.match names neither a header nor an exact cookie, and NGINX "
                  "can match nothing else: no request would meet the canary (RT-NGINX-17)",
                  to_string(context.canary.name));
    if (context.strict() && inexact)
      remarks.push_back(
          fmt::format("Canary {}: NGINX matches exact values and patterns only; header {} is "
                      "matched by its value 'always' (RT-NGINX-17)",
                      to_string(context.canary.name), header));

    const std::string marks = key(context, "canary");
    std::erase_if(annotations,
                  [&](const auto& entry) { return entry.second.find(marks) != std::string::npos; });
    const auto put = [&](std::string_view name, const std::string& value) {
      if (!value.empty()) annotations[key(context, name)] = value;
    };
    put("canary-by-cookie", cookie);
    put("canary-by-header", header);
    put("canary-by-header-value", exact);
    put("canary-by-header-pattern", regex);
    annotations[marks] = "true";
    for (const auto& [name, value] : toolkit_annotations()) annotations[name] = value;
    return {};
  }
};

}  // namespace

std::unique_ptr<RouteProvider> nginx_provider() { return std::make_unique<Nginx>(); }

}  // namespace volary::live
