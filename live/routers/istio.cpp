#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "live/routers/istio_spec.hpp"
#include "live/routers/live_weights.hpp"
#include "live/routers/model.hpp"
#include "live/routers/parts.hpp"

/// Reading and writing VirtualService and DestinationRules. Source: spec/routing/istio.md.
///
/// Both objects live on the routing cluster (RT-COMMON-60), in the Canary's namespace; hosts are
/// short names and so mean services beside them (RT-ISTIO-80). GET, POST and PUT failures are
/// KubeRouter's (RT-ISTIO-90).
namespace volary::live {
namespace {

using nlohmann::json;

const Resource virtual_services{"networking.istio.io", "v1beta1", "virtualservices"};
const Resource destination_rules{"networking.istio.io", "v1beta1", "destinationrules"};

/// The cookie names that make a route sticky (RT-ISTIO-21). The reference also asks for a name that
/// is not set, which every match contains (RT-ISTIO-22 [Q]).
std::vector<std::string> sticky_names(const RouteContext& context) {
  const auto& affinity = context.canary.spec.analysis.session_affinity;
  if (!affinity) return {};
  std::vector<std::string> names{affinity->cookie_name, affinity->primary_cookie_name};
  if (context.strict()) std::erase(names, "");
  return names;
}

bool is_sticky(const json& route, const std::vector<std::string>& names) {
  const json& matches = list_at(route, {"match"});
  return std::any_of(matches.begin(), matches.end(), [&](const json& match) {
    const std::string regex = text_at(match, {"headers", "Cookie", "regex"});
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return regex.find(name) != std::string::npos;
    });
  });
}

/// What RT-ISTIO-20 and RT-ISTIO-21 leave to compare.
json comparable(const RouteContext& context, const json& spec) {
  json known = modelled(spec, istio::virtual_service_shape());
  const bool affinity = context.canary.spec.analysis.session_affinity.has_value();
  const std::vector<std::string> names = sticky_names(context);
  for (const char* kind : {"http", "tcp"}) {
    if (!at(known, {kind}).is_array()) continue;
    json kept = json::array();
    for (json route : known[kind]) {
      if (!route.is_object() || !is_sticky(route, names)) {
        if (route.is_object()) {
          route.erase("mirror");
          route.erase("mirrorPercentage");
        }
        if (route.is_object() && at(route, {"route"}).is_array())
          for (json& destination : route["route"]) {
            if (!destination.is_object()) continue;
            destination.erase("weight");
            if (affinity) destination.erase("headers");
          }
        kept.push_back(std::move(route));
      }
    }
    known[kind] = std::move(kept);
  }
  return known;
}

bool sends_to(const json& route, const std::string& host) {
  const json& destinations = list_at(route, {"route"});
  return std::any_of(destinations.begin(), destinations.end(), [&](const json& each) {
    return text_at(each, {"destination", "host"}) == host;
  });
}

/// Did the engine write this? Then it is nobody's original.
bool is_ours(const RouteContext& context, const json& spec) {
  for (const char* kind : {"http", "tcp"})
    for (const json& route : list_at(spec, {kind}))
      if (sends_to(route, context.primary())) return true;
  return false;
}

/// RT-ISTIO-25: the spec as it was before we touched it, for finalize. Strict mode keeps a first
/// value instead of overwriting it with what the engine itself wrote (RT-ISTIO-26 [Q]), and records
/// the fields that nobody here models, too (RT-COMMON-25 [Q]).
void keep_original(const RouteContext& context, const json& before, Labels& annotations) {
  if (annotations.count(last_applied_annotation) > 0) return;
  if (context.strict() && annotations.count(original_annotation) > 0 && is_ours(context, before))
    return;
  const json kept = context.strict() ? before : modelled(before, istio::virtual_service_shape());
  annotations[original_annotation] = kept.dump(-1, ' ', false, json::error_handler_t::replace);
}

RouteWrite update(const ObjectPath& path, json object) {
  return {.verb = RouteWrite::Verb::Update, .path = path, .body = std::move(object)};
}

class Istio final : public RouteProvider {
 public:
  Result<std::vector<ObjectPath>> reads(const RouteContext& context,
                                        Operation operation) const override {
    const ObjectPath route = path_of(context, virtual_services, context.apex());
    if (operation != Operation::Reconcile) return std::vector{route};  // RT-ISTIO-48
    return std::vector{path_of(context, destination_rules, context.service_canary()),
                       path_of(context, destination_rules, context.primary()), route};
  }

  Result<RouteWrites> reconcile(const RouteContext& context,
                                const Snapshot& snapshot) const override {
    RouteWrites writes;
    // RT-ISTIO-01: the canary's rule, the primary's, then the routes.
    for (const std::string& host : {context.service_canary(), context.primary()})
      reconcile_rule(context, snapshot, host, writes);
    reconcile_routes(context, snapshot, writes);
    return writes;
  }

  Result<Routes> routes(const RouteContext& context, const Snapshot& snapshot) const override {
    const ObjectPath path = path_of(context, virtual_services, context.apex());
    const json* existing = snapshot.find(path);
    if (existing == nullptr) return tl::unexpected(missing("VirtualService", path));

    // RT-ISTIO-30, RT-ISTIO-33: the last route that knows the canary.
    const bool tcp = istio::is_tcp(context);
    const json& list = list_at(*existing, {"spec", tcp ? "tcp" : "http"});
    Routes found{.primary = Weight{0}, .canary = Weight{0}, .mirrored = false};
    const json* chosen = nullptr;
    for (const json& route : list)
      if (sends_to(route, context.service_canary())) chosen = &route;
    if (chosen != nullptr) {
      read_weights(context, *chosen, false, found);
      found.mirrored = !tcp && !text_at(*chosen, {"mirror", "host"}).empty();  // RT-ISTIO-31
    }
    if (context.canary.spec.analysis.session_affinity && !tcp)  // RT-ISTIO-32
      for (const json& route : list) read_weights(context, route, true, found);

    if (found.primary == Weight{0} && found.canary == Weight{0})  // RT-ISTIO-34
      return fail(ErrorKind::Invalid, "{} has no route with weights for {} and {}",
                  spoken("VirtualService", path), context.primary(), context.service_canary());
    return found;
  }

  Result<RouteWrites> set_routes(const RouteContext& context, const Snapshot& snapshot,
                                 const Routes& routes) const override {
    const ObjectPath path = path_of(context, virtual_services, context.apex());
    const json* existing = snapshot.find(path);
    if (existing == nullptr) return tl::unexpected(missing("VirtualService", path));
    if (istio::is_tcp(context))  // RT-ISTIO-61
      return updated(context, path, *existing,
                     replaced(path, *existing, {{"tcp", istio::tcp_routes(context, routes)}}).body);
    const auto http = istio::http_routes(context, routes);
    if (!http) return tl::unexpected(http.error());
    return updated(context, path, *existing,
                   replaced(path, *existing, {{"http", *http}}).body);  // RT-ISTIO-40
  }

  Result<RouteWrites> finalize(const RouteContext& context,
                               const Snapshot& snapshot) const override {
    const ObjectPath path = path_of(context, virtual_services, context.apex());
    const json* existing = snapshot.find(path);
    if (existing == nullptr) return tl::unexpected(missing("VirtualService", path));  // RT-ISTIO-70
    RouteWrites writes;
    const Labels annotations = labels_at(*existing, {"metadata", "annotations"});
    for (const char* key : {last_applied_annotation, original_annotation}) {  // RT-ISTIO-71
      const auto found = annotations.find(key);
      if (found == annotations.end()) continue;
      const json written = json::parse(found->second, nullptr, false);
      const json& spec = key == last_applied_annotation ? at(written, {"spec"}) : written;
      if (!spec.is_object())
        return fail(ErrorKind::Invalid, "{}: annotation {} holds no spec that could be read",
                    spoken("VirtualService", path), key);
      json body = *existing;  // RT-ISTIO-72: metadata stays as the engine last wrote it
      body["spec"] = restored(context, body["spec"], spec);
      writes.writes.push_back(update(path, std::move(body)));
      return writes;
    }
    writes.remarks.push_back(
        fmt::format("{} carries no original configuration; it stays as it is (RT-ISTIO-71)",
                    spoken("VirtualService", path)));
    return writes;
  }

 private:
  static void reconcile_rule(const RouteContext& context, const Snapshot& snapshot,
                             const std::string& host, RouteWrites& writes) {
    const ObjectPath path = path_of(context, destination_rules, host);
    const json desired = istio::destination_rule(context, host);  // RT-ISTIO-02
    const json* existing = snapshot.find(path);
    if (existing == nullptr) {
      json object = new_object(context, destination_rules, "DestinationRule", host, {}, {});
      object["spec"] = desired;
      writes.writes.push_back(
          {.verb = RouteWrite::Verb::Create, .path = path, .body = std::move(object)});
      return;
    }
    // RT-ISTIO-03: never the metadata.
    const json& shape = istio::destination_rule_shape();
    if (means_the_same(modelled(at(*existing, {"spec"}), shape), desired)) return;
    json body = *existing;
    body["spec"] = overlaid(std::move(body["spec"]), desired, shape);
    writes.writes.push_back(update(path, std::move(body)));
  }

  void reconcile_routes(const RouteContext& context, const Snapshot& snapshot,
                        RouteWrites& writes) const {
    const ObjectPath path = path_of(context, virtual_services, context.apex());
    const bool delegated = istio::is_delegated(context);
    if (delegated && (!list_at(context.service(), {"hosts"}).empty() ||
                      !list_at(context.service(), {"gateways"}).empty())) {
      writes.then = Error{.kind = ErrorKind::Invalid,
                          .message = fmt::format("{}: a delegate may have neither hosts nor "
                                                 "gateways in its Canary (RT-ISTIO-07)",
                                                 spoken("VirtualService", path)),
                          .where = {},
                          .hint = {}};
      return;
    }
    const json desired = istio::virtual_service(context);
    const Labels labels = apex_labels(context);  // RT-ISTIO-12
    Labels annotations = apex_annotations(context);

    const json* existing = snapshot.find(path);
    if (existing == nullptr) {
      json object = new_object(context, virtual_services, "VirtualService", context.apex(), labels,
                               annotations);
      object["spec"] = desired;
      writes.writes.push_back(
          {.verb = RouteWrite::Verb::Create, .path = path, .body = std::move(object)});
      return;
    }

    json before = at(*existing, {"spec"}).is_object() ? at(*existing, {"spec"}) : json::object();
    if (delegated) {  // RT-ISTIO-20
      before["hosts"] = json::array();
      before.erase("gateways");
    }
    for (const char* key : {last_applied_annotation, original_annotation})  // RT-ISTIO-23
      if (const json& kept = at(*existing, {"metadata", "annotations", key}); kept.is_string())
        annotations[key] = kept.get<std::string>();

    const bool differs = !means_the_same(comparable(context, before), comparable(context, desired));
    const LiveWeights weights = live_weights(context, routes(context, snapshot));
    if (!differs && !weights.unlawful && same_metadata(*existing, labels, annotations)) return;

    // RT-ISTIO-24, RT-ISTIO-27; no owner reference is added.
    json body = *existing;
    if (differs) keep_original(context, before, annotations);
    // Labels alone are no reason to touch the routes (RT-COMMON-41 [Q]).
    if (differs || weights.unlawful || !context.strict()) {
      body["spec"] = overlaid(std::move(body["spec"]), at_weights(context, desired, weights.kept),
                              istio::virtual_service_shape());
      if (!differs || !weights.unlawful)  // what was taken over never had any
        remark_weights(weights, spoken("VirtualService", path), writes);
    }
    set_metadata(body, labels, annotations);
    writes.writes.push_back(update(path, std::move(body)));
  }

  /// The desired spec at these routes, if they are not those of the beginning.
  static json at_weights(const RouteContext& context, json desired, const Routes& routes) {
    if (routes == Routes{}) return desired;
    if (istio::is_tcp(context)) {
      desired["tcp"] = istio::tcp_routes(context, routes);
    } else if (auto http = istio::http_routes(context, routes)) {
      desired["http"] = *std::move(http);
    }
    return desired;
  }

  static void read_weights(const RouteContext& context, const json& route, bool only_with_headers,
                           Routes& into) {
    for (const json& destination : list_at(route, {"route"})) {
      if (only_with_headers && !at(destination, {"headers"}).is_object()) continue;
      const std::string host = text_at(destination, {"destination", "host"});
      const Weight weight = weight_of(at(destination, {"weight"}));
      if (host == context.primary()) into.primary = weight;
      if (host == context.service_canary()) into.canary = weight;
    }
  }

  /// RT-ISTIO-72. The reference writes a weight of 0 where there was none, and knows only the
  /// modelled fields; strict mode brings back what was there.
  static json restored(const RouteContext& context, const json& current, const json& original) {
    if (context.strict()) return original;
    json spec = modelled(original, istio::virtual_service_shape());
    for (const char* kind : {"http", "tcp"})
      if (at(spec, {kind}).is_array())
        for (json& route : spec[kind])
          if (at(route, {"route"}).is_array())
            for (json& destination : route["route"])
              if (destination.is_object() && !destination.contains("weight"))
                destination["weight"] = 0;
    return overlaid(current, spec, istio::virtual_service_shape());
  }
};

}  // namespace

std::unique_ptr<RouteProvider> istio_provider() { return std::make_unique<Istio>(); }

}  // namespace volary::live
