#include <fmt/format.h>

#include "live/routers/live_weights.hpp"
#include "live/routers/parts.hpp"

/// The traffic list of a Knative Service, whose revisions are primary and canary. Source:
/// spec/routing/knative.md.
///
/// Nothing is generated (RT-KNATIVE-04) and nothing gets an owner reference (RT-KNATIVE-22); only
/// the annotation and `spec.traffic` are changed (RT-KNATIVE-17 [Q]). That target and provider fit
/// together (RT-KNATIVE-01..03) is checked where Canaries are read (policies/canary_schema.cpp);
/// bootstrap, promotion and readiness of revisions (RT-KNATIVE-06, RT-KNATIVE-08, RT-KNATIVE-09)
/// are the Workload's. Of the Canary's service, matches and affinity nothing is used
/// (RT-KNATIVE-16). GET and PUT failures are KubeRouter's (RT-KNATIVE-20).
namespace volary::live {
namespace {

using nlohmann::json;

const Resource knative_services{"serving.knative.dev", "v1", "services"};
constexpr const char* kind = "Knative Service";
/// RT-KNATIVE-05.
constexpr const char* primary_annotation = "flagger.app/primary-revision";

std::string primary_revision(const json& service) {
  return text_at(service, {"metadata", "annotations", primary_annotation});
}

class Knative final : public RouteProvider {
 public:
  Result<std::vector<ObjectPath>> reads(const RouteContext& context, Operation) const override {
    return std::vector{service_path(context)};
  }

  /// RT-KNATIVE-07.
  Result<RouteWrites> reconcile(const RouteContext& context,
                                const Snapshot& snapshot) const override {
    const ObjectPath path = service_path(context);
    const json* service = snapshot.find(path);
    if (service == nullptr) return tl::unexpected(missing(kind, path));
    RouteWrites writes;
    if (at(*service, {"metadata", "annotations", primary_annotation}).is_string()) return writes;
    const std::string latest = text_at(*service, {"status", "latestCreatedRevisionName"});
    if (latest.empty() && context.strict())
      return fail(ErrorKind::Invalid, "{} has created no revision yet", spoken(kind, path));
    json body = *service;
    body["metadata"]["annotations"][primary_annotation] = latest;
    writes.writes.push_back(
        {.verb = RouteWrite::Verb::Update, .path = path, .body = std::move(body)});
    return writes;
  }

  /// RT-KNATIVE-10: from the status, not the spec.
  Result<Routes> routes(const RouteContext& context, const Snapshot& snapshot) const override {
    const ObjectPath path = service_path(context);
    const json* service = snapshot.find(path);
    if (service == nullptr) return tl::unexpected(missing(kind, path));
    const auto primary = annotated(path, *service);
    if (!primary) return tl::unexpected(primary.error());

    const json* to_canary = nullptr;
    const json* to_primary = nullptr;
    for (const json& entry : list_at(*service, {"status", "traffic"})) {
      const bool latest = true_at(entry, {"latestRevision"});
      if (latest && to_canary == nullptr) to_canary = &entry;
      if (text_at(entry, {"revisionName"}) != *primary) continue;
      // RT-KNATIVE-11 [Q]: right after promotion both are one revision; the entry that follows the
      // latest one is the canary's.
      const bool better = context.strict() && !latest && to_primary != nullptr &&
                          true_at(*to_primary, {"latestRevision"});
      if (to_primary == nullptr || better) to_primary = &entry;
    }
    if (to_canary == nullptr || to_primary == nullptr)
      return fail(ErrorKind::Invalid, "{}: status.traffic has no entry for {}", spoken(kind, path),
                  to_canary == nullptr ? "the latest revision" : "revision " + *primary);
    const auto canary_share = integer_at(*to_canary, {"percent"});
    const auto primary_share = integer_at(*to_primary, {"percent"});
    if (!canary_share || !primary_share)
      return fail(ErrorKind::Invalid, "{}: an entry of status.traffic has no percent",
                  spoken(kind, path));
    return Routes{.primary = weight_of(at(*to_primary, {"percent"})),
                  .canary = weight_of(at(*to_canary, {"percent"})),
                  .mirrored = false};
  }

  /// RT-KNATIVE-15.
  Result<RouteWrites> set_routes(const RouteContext& context, const Snapshot& snapshot,
                                 const Routes& routes) const override {
    const ObjectPath path = service_path(context);
    const json* service = snapshot.find(path);
    if (service == nullptr) return tl::unexpected(missing(kind, path));
    const auto primary = annotated(path, *service);
    if (!primary) return tl::unexpected(primary.error());
    const json traffic =
        json::array({json{{"latestRevision", true}, {"percent", routes.canary.percent()}},
                     json{{"revisionName", *primary}, {"percent", routes.primary.percent()}}});
    RouteWrites writes =
        updated(context, path, *service, replaced(path, *service, {{"traffic", traffic}}).body);
    if (!writes.writes.empty()) warn_unsupported(context, "knative", routes, writes);
    return writes;
  }

  /// RT-KNATIVE-21: the traffic stays as it is.
  Result<RouteWrites> finalize(const RouteContext& context,
                               const Snapshot& snapshot) const override {
    const ObjectPath path = service_path(context);
    const json* service = snapshot.find(path);
    if (service == nullptr) return tl::unexpected(missing(kind, path));
    RouteWrites writes;
    if (at(*service, {"metadata", "annotations", primary_annotation}).is_null()) return writes;
    json body = *service;
    body["metadata"]["annotations"].erase(primary_annotation);
    writes.writes.push_back(
        {.verb = RouteWrite::Verb::Update, .path = path, .body = std::move(body)});
    return writes;
  }

 private:
  static ObjectPath service_path(const RouteContext& context) {
    return path_of(context, knative_services, context.canary.spec.target_ref.name);
  }

  static Result<std::string> annotated(const ObjectPath& path, const json& service) {
    std::string primary = primary_revision(service);
    if (primary.empty())
      return fail(ErrorKind::Invalid, "{} has no annotation {}", spoken(kind, path),
                  primary_annotation);
    return primary;
  }
};

}  // namespace

std::unique_ptr<RouteProvider> knative_provider() { return std::make_unique<Knative>(); }

}  // namespace volary::live
