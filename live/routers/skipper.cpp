#include <fmt/format.h>

#include "live/routers/ingress.hpp"
#include "live/routers/live_weights.hpp"
#include "live/routers/parts.hpp"
#include "live/routers/skipper_predicates.hpp"

/// A second Ingress with both backends, which a predicate puts before the user's or switches off.
/// Source: spec/routing/skipper.md.
///
/// Of the Canary's service nothing is used, and no apex metadata (RT-SKIPPER-18). GET, POST, PUT
/// and DELETE failures are KubeRouter's (RT-SKIPPER-20).
namespace volary::live {
namespace {

using nlohmann::json;

constexpr const char* weights_annotation = "zalando.org/backend-weights";
constexpr const char* predicate_annotation = "zalando.org/skipper-predicate";
constexpr const char* first = "Weight(100)";
constexpr const char* off = "False()";

/// RT-SKIPPER-06: compact, keys sorted, as nlohmann writes objects.
std::string weights(const RouteContext& context, const Routes& routes) {
  return json{{context.primary(), routes.primary.percent()},
              {context.service_canary(), routes.canary.percent()}}
      .dump();
}

void put_predicate(Labels& annotations, std::string_view predicate) {
  annotations[predicate_annotation] =
      skipper::with_predicate(annotations[predicate_annotation], predicate);
}

class Skipper final : public RouteProvider {
 public:
  Result<std::vector<ObjectPath>> reads(const RouteContext& context,
                                        Operation operation) const override {
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

    // RT-SKIPPER-02.
    json spec = at(*apex, {"spec"}).is_object() ? at(*apex, {"spec"}) : json::object();
    const std::size_t found =
        ingress::for_each_path(spec, context.apex(), [&](json& list, std::size_t i) {
          json further = list[i];
          ingress::set_service(list[i], context.primary());
          ingress::set_service(further, context.service_canary());
          list.push_back(std::move(further));
        });
    if (found == 0 && context.strict())  // RT-SKIPPER-03 [Q]: the reference copies it as it is
      return fail(ErrorKind::Invalid, "{} has no path whose backend is Service {} (RT-SKIPPER-03)",
                  spoken("Ingress", paths->apex), context.apex());

    // RT-SKIPPER-05; an Ingress without annotations has an empty map (RT-SKIPPER-04 [Q]).
    Labels annotations = labels_at(*apex, {"metadata", "annotations"});
    annotations[weights_annotation] = weights(context, {});
    put_predicate(annotations, first);

    RouteWrites writes;
    const json* existing = snapshot.find(paths->canary);
    if (existing == nullptr) {
      json object = new_object(context, ingress::resource(), "Ingress", paths->canary.name,
                               labels_at(*apex, {"metadata", "labels"}), annotations);
      if (const json& owners = list_at(*apex, {"metadata", "ownerReferences"});
          !context.settings.owner_references && !owners.empty())
        object["metadata"]["ownerReferences"] = owners;
      object["spec"] = std::move(spec);
      writes.writes.push_back(
          {.verb = RouteWrite::Verb::Create, .path = paths->canary, .body = std::move(object)});
      return writes;
    }
    const LiveWeights live = live_weights(context, routes(context, snapshot));
    if (means_the_same(at(*existing, {"spec"}), spec) && !live.unlawful)
      return writes;  // RT-SKIPPER-08
    for (const auto& [key, value] : toolkit_annotations()) annotations[key] = value;
    annotations[weights_annotation] = weights(context, live.kept);
    remark_weights(live, spoken("Ingress", paths->canary), writes);
    json body = *existing;
    body["spec"] = std::move(spec);
    body["metadata"]["annotations"] = annotations;
    writes.writes.push_back(
        {.verb = RouteWrite::Verb::Update, .path = paths->canary, .body = std::move(body)});
    return writes;
  }

  /// RT-SKIPPER-15.
  Result<Routes> routes(const RouteContext& context, const Snapshot& snapshot) const override {
    const auto paths = ingress::paths(context);
    if (!paths) return tl::unexpected(paths.error());
    const json* existing = snapshot.find(paths->canary);
    if (existing == nullptr) return tl::unexpected(missing("Ingress", paths->canary));
    const std::string written = text_at(*existing, {"metadata", "annotations", weights_annotation});
    const json read = json::parse(written, nullptr, false);
    const json& primary = at(read, {context.primary()});
    const json& canary = at(read, {context.service_canary()});
    if (!primary.is_number_integer() || !canary.is_number_integer())
      return fail(ErrorKind::Invalid, "{}: annotation {} has no weights for {} and {}: '{}'",
                  spoken("Ingress", paths->canary), weights_annotation, context.primary(),
                  context.service_canary(), written);
    return Routes{.primary = weight_of(primary), .canary = weight_of(canary), .mirrored = false};
  }

  /// RT-SKIPPER-16, RT-SKIPPER-17: at weight 0 the user's own Ingress serves again.
  Result<RouteWrites> set_routes(const RouteContext& context, const Snapshot& snapshot,
                                 const Routes& routes) const override {
    const auto paths = ingress::paths(context);
    if (!paths) return tl::unexpected(paths.error());
    const json* existing = snapshot.find(paths->canary);
    if (existing == nullptr) return tl::unexpected(missing("Ingress", paths->canary));
    Labels annotations = labels_at(*existing, {"metadata", "annotations"});
    annotations[weights_annotation] = weights(context, routes);
    put_predicate(annotations, routes.canary > 0_pct ? first : off);
    json body = *existing;
    body["metadata"]["annotations"] = annotations;
    RouteWrites writes = updated(context, paths->canary, *existing, std::move(body));
    if (!writes.writes.empty()) warn_unsupported(context, "skipper", routes, writes);
    return writes;
  }

  /// RT-SKIPPER-21. An Ingress has nothing to do in a grace period, so none is asked for.
  Result<RouteWrites> finalize(const RouteContext& context,
                               const Snapshot& snapshot) const override {
    const auto paths = ingress::paths(context);
    if (!paths) return tl::unexpected(paths.error());
    const json* existing = snapshot.find(paths->canary);
    if (existing == nullptr) return tl::unexpected(missing("Ingress", paths->canary));
    RouteWrites writes;
    writes.writes.push_back(
        {.verb = RouteWrite::Verb::Delete, .path = paths->canary, .body = *existing});
    return writes;
  }
};

}  // namespace

namespace skipper {

std::string with_predicate(std::string_view old, std::string_view predicate) {
  std::string made{predicate};
  while (!old.empty()) {
    const auto end = old.find("&&");
    std::string_view part = old.substr(0, end);
    old = end == std::string_view::npos ? std::string_view{} : old.substr(end + 2);
    const auto from = part.find_first_not_of(" \t\r\n");
    if (from == std::string_view::npos) continue;
    part = part.substr(from, part.find_last_not_of(" \t\r\n") - from + 1);
    if (part == first || part == off) continue;
    made += " && ";
    made += part;
  }
  return made;
}

}  // namespace skipper

std::unique_ptr<RouteProvider> skipper_provider() { return std::make_unique<Skipper>(); }

}  // namespace volary::live
