#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "live/routers/gateway_api_spec.hpp"
#include "live/routers/live_weights.hpp"
#include "live/routers/model.hpp"
#include "live/routers/parts.hpp"

/// Reading and writing HTTPRoutes. Source: spec/routing/gatewayapi.md.
///
/// Route and backends are in the Canary's namespace; parents and the user's own mirrors may be
/// elsewhere (RT-GWAPI-52). GET, POST and PUT failures are KubeRouter's, the refusals of the API
/// server among them (RT-GWAPI-27, RT-GWAPI-50): nothing is bent to fit.
namespace volary::live {
namespace {

using gateway_api::Model;
using nlohmann::json;

bool is_weighted(const json& rule) { return list_at(rule, {"backendRefs"}).size() == 2; }

bool has_backend_filters(const json& rule) {
  const json& backends = list_at(rule, {"backendRefs"});
  return std::any_of(backends.begin(), backends.end(),
                     [](const json& backend) { return !list_at(backend, {"filters"}).empty(); });
}

class GatewayApi final : public RouteProvider {
 public:
  explicit GatewayApi(const std::string& version)
      : model_{version == "v1" ? Model::V1 : Model::V1beta1},
        http_routes_{"gateway.networking.k8s.io", version, "httproutes"} {}

  Result<std::vector<ObjectPath>> reads(const RouteContext& context,
                                        Operation operation) const override {
    if (operation == Operation::Finalize) return std::vector<ObjectPath>{};  // RT-GWAPI-51
    if (operation == Operation::Reconcile)
      if (const auto checked = check_gateways(context); !checked)
        return tl::unexpected(checked.error());
    return std::vector{route_path(context)};
  }

  Result<RouteWrites> reconcile(const RouteContext& context,
                                const Snapshot& snapshot) const override {
    if (const auto checked = check_gateways(context); !checked)
      return tl::unexpected(checked.error());
    auto desired = gateway_api::initial(context, model_);
    if (!desired) return tl::unexpected(desired.error());
    RouteWrites writes;
    writes.remarks = std::move(desired->remarks);

    const ObjectPath path = route_path(context);
    const Labels labels = apex_labels(context);
    Labels annotations = apex_annotations(context);
    const json* existing = snapshot.find(path);
    if (existing == nullptr) {  // RT-GWAPI-02
      json object =
          new_object(context, http_routes_, "HTTPRoute", context.apex(), labels, annotations);
      object["spec"] = std::move(desired->spec);
      writes.writes.push_back(
          {.verb = RouteWrite::Verb::Create, .path = path, .body = std::move(object)});
      return writes;
    }

    // RT-GWAPI-35: controllers add annotations of their own, which stay.
    for (const auto& [key, value] : labels_at(*existing, {"metadata", "annotations"}))
      annotations.emplace(key, value);
    const bool differs = !means_the_same(comparable(context, at(*existing, {"spec"})),
                                         comparable(context, desired->spec));
    LiveWeights weights = live_weights(context, split_of(context, *existing));
    weights.kept.mirrored = weights.kept.mirrored && is_mirroring(context);
    if (!differs && !weights.unlawful && same_metadata(*existing, labels, annotations))
      return writes;

    json body = *existing;  // RT-GWAPI-36
    // Labels alone are no reason to touch the rules (RT-COMMON-41 [Q]).
    if (differs || weights.unlawful || !context.strict()) {
      if (weights.kept != Routes{})
        if (auto kept = gateway_api::divided(context, model_, weights.kept))
          desired->spec = std::move(kept->spec);
      body["spec"] =
          overlaid(std::move(body["spec"]), desired->spec, gateway_api::spec_shape(model_));
      if (!differs || !weights.unlawful)  // what was taken over never had any
        remark_weights(weights, spoken("HTTPRoute", path), writes);
    }
    set_metadata(body, labels, annotations);
    writes.writes.push_back(
        {.verb = RouteWrite::Verb::Update, .path = path, .body = std::move(body)});
    return writes;
  }

  Result<Routes> routes(const RouteContext& context, const Snapshot& snapshot) const override {
    const ObjectPath path = route_path(context);
    const json* existing = snapshot.find(path);
    if (existing == nullptr) return tl::unexpected(missing("HTTPRoute", path));
    if (model_ == Model::V1)  // RT-GWAPI-60
      if (const auto ready = check_ready(path, *existing); !ready)
        return tl::unexpected(ready.error());

    return split_of(context, *existing);
  }

  Result<RouteWrites> set_routes(const RouteContext& context, const Snapshot& snapshot,
                                 const Routes& routes) const override {
    const ObjectPath path = route_path(context);
    const json* existing = snapshot.find(path);
    if (existing == nullptr) return tl::unexpected(missing("HTTPRoute", path));
    auto desired = gateway_api::divided(context, model_, routes);
    if (!desired) return tl::unexpected(desired.error());
    json body = *existing;  // RT-GWAPI-41
    body["spec"] =
        overlaid(std::move(body["spec"]), desired->spec, gateway_api::spec_shape(model_));
    RouteWrites writes = updated(context, path, *existing, std::move(body));
    if (!writes.writes.empty()) writes.remarks = std::move(desired->remarks);
    return writes;
  }

  Result<RouteWrites> finalize(const RouteContext&, const Snapshot&) const override {
    return RouteWrites{};  // RT-GWAPI-51
  }

 private:
  [[nodiscard]] ObjectPath route_path(const RouteContext& context) const {
    return path_of(context, http_routes_, context.apex());
  }

  /// RT-GWAPI-39.
  static Routes split_of(const RouteContext& context, const json& route) {
    const json* chosen = nullptr;
    const json* sticky = nullptr;
    Routes found{.primary = Weight{0}, .canary = Weight{0}, .mirrored = false};
    for (const json& rule : list_at(route, {"spec", "rules"})) {
      if (is_weighted(rule)) chosen = &rule;
      if (has_backend_filters(rule)) sticky = &rule;
      found.mirrored = found.mirrored || mirrors_to_canary(context, rule);  // RT-GWAPI-40
    }
    if (context.canary.spec.analysis.session_affinity && sticky != nullptr) chosen = sticky;
    if (chosen == nullptr) return found;
    for (const json& backend : list_at(*chosen, {"backendRefs"})) {
      const std::string name = text_at(backend, {"name"});
      const Weight weight = weight_of(at(backend, {"weight"}));
      if (name == context.primary()) found.primary = weight;
      if (name == context.service_canary()) found.canary = weight;
    }
    return found;
  }

  /// RT-GWAPI-01.
  static Result<void> check_gateways(const RouteContext& context) {
    if (!list_at(context.service(), {"gatewayRefs"}).empty()) return {};
    return fail(
        ErrorKind::Invalid,
        "Canary {}: service.gatewayRefs is empty: an HTTPRoute needs a parent (RT-GWAPI-01)",
        to_string(context.canary.name));
  }

  /// What RT-GWAPI-30..32 leave to compare.
  [[nodiscard]] json comparable(const RouteContext& context, const json& spec) const {
    json known = modelled(spec, gateway_api::spec_shape(model_));
    // RT-GWAPI-37 [Q]: the reference takes what the API server filled in for drift, for ever.
    if (context.strict()) known = gateway_api::with_defaults(std::move(known));
    if (!at(known, {"rules"}).is_array()) return known;
    const auto names = sticky_names(context);
    const bool mirroring = is_mirroring(context);
    json kept = json::array();
    for (json rule : known["rules"]) {
      if (is_sticky(rule, names)) continue;
      if (rule.is_object() && mirroring) rule.erase("filters");
      if (rule.is_object() && at(rule, {"backendRefs"}).is_array())
        for (json& backend : rule["backendRefs"]) {
          if (!backend.is_object()) continue;
          backend.erase("weight");
          if (context.canary.spec.analysis.session_affinity) backend.erase("filters");
        }
      kept.push_back(std::move(rule));
    }
    known["rules"] = std::move(kept);
    return known;
  }

  /// RT-GWAPI-32.
  static bool is_mirroring(const RouteContext& context) {
    const Phase phase = context.canary.status.phase;
    return context.canary.spec.analysis.mirror &&
           (phase == Phase::Progressing || phase == Phase::Waiting ||
            phase == Phase::WaitingPromotion);
  }

  /// RT-GWAPI-31; strict mode asks for no name that is not set (as RT-ISTIO-22 [Q]).
  [[nodiscard]] std::vector<std::string> sticky_names(const RouteContext& context) const {
    const auto& affinity = context.canary.spec.analysis.session_affinity;
    if (!affinity) return {};
    std::vector<std::string> names{affinity->cookie_name};
    if (model_ == Model::V1) names.push_back(affinity->primary_cookie_name);  // RT-GWAPI-60
    if (context.strict()) std::erase(names, "");
    return names;
  }

  static bool is_sticky(const json& rule, const std::vector<std::string>& names) {
    for (const json& match : list_at(rule, {"matches"}))
      for (const json& header : list_at(match, {"headers"})) {
        if (text_at(header, {"name"}) != "Cookie" ||
            text_at(header, {"type"}) != "RegularExpression")
          continue;
        const std::string value = text_at(header, {"value"});
        for (const std::string& name : names)
          if (value.find(name) != std::string::npos) return true;
      }
    return false;
  }

  static bool mirrors_to_canary(const RouteContext& context, const json& rule) {
    const json& filters = list_at(rule, {"filters"});
    return std::any_of(filters.begin(), filters.end(), [&](const json& filter) {
      return text_at(filter, {"type"}) == "RequestMirror" &&
             text_at(filter, {"requestMirror", "backendRef", "name"}) == context.service_canary();
    });
  }

  /// RT-GWAPI-38.
  static Result<void> check_ready(const ObjectPath& path, const json& route) {
    const std::int64_t generation = integer_at(route, {"metadata", "generation"}).value_or(0);
    for (const json& parent : list_at(route, {"spec", "parentRefs"}))
      for (const json& entry : list_at(route, {"status", "parents"})) {
        if (!means_the_same(at(entry, {"parentRef"}), parent)) continue;
        for (const json& condition : list_at(entry, {"conditions"})) {
          if (text_at(condition, {"type"}) != "Accepted") continue;
          const std::string status = text_at(condition, {"status"});
          const std::int64_t seen = integer_at(condition, {"observedGeneration"}).value_or(0);
          if (status != "True" || seen < generation)
            return fail(ErrorKind::Unavailable,
                        "{} is not ready: parent {} says Accepted {} for generation {}, the route "
                        "is at {}",
                        spoken("HTTPRoute", path), text_at(parent, {"name"}), status, seen,
                        generation);
        }
      }
    return {};
  }

  Model model_;
  Resource http_routes_;
};

}  // namespace

std::unique_ptr<RouteProvider> gateway_api_provider(std::string version) {
  return std::make_unique<GatewayApi>(version);
}

}  // namespace volary::live
