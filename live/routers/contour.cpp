#include <algorithm>

#include <fmt/format.h>

#include "live/routers/split_object.hpp"

/// HTTPProxy of `projectcontour.io`, which the user's root proxy includes. Source:
/// spec/routing/contour.md.
namespace volary::live {
namespace {

using nlohmann::json;

constexpr const char* kind = "HTTPProxy";
const ListKeys lists{{"routes", "conditions"}, {"services", "name"}, {"set", "name"}};

json text_or_null(std::string text) { return text.empty() ? json() : json(std::move(text)); }

/// RT-CONTOUR-05, RT-CONTOUR-06.
json service(const RouteContext& context, const std::string& name, Weight weight) {
  const int port = context.canary.spec.service.port;
  return {{"name", name},
          {"port", port},
          {"weight", weight == Weight{0} ? json() : json(weight.percent())},
          {"requestHeadersPolicy",
           {{"set",
             {{{"name", "l5d-dst-override"},
               {"value", fmt::format("{}.{}.svc.cluster.local:{}", name, context.ns(), port)}}}}}}};
}

json services(const RouteContext& context, const Routes& routes) {
  return json::array({service(context, context.primary(), routes.primary),
                      service(context, context.service_canary(), routes.canary)});
}

json timeout_policy(const RouteContext& context) {  // RT-CONTOUR-07
  const std::string timeout = text_at(context.service(), {"timeout"});
  return timeout.empty() ? json() : json{{"response", timeout}, {"idle", "5m"}};
}

json retry_policy(const RouteContext& context) {  // RT-CONTOUR-08
  const json& retries = at(context.service(), {"retries"});
  if (!retries.is_object()) return {};
  json on = split_at_commas(text_at(retries, {"retryOn"}));
  // [Q]: the CRD refuses a list with an empty text in it.
  if (context.strict()) {
    on.erase(std::remove(on.begin(), on.end(), json("")), on.end());
    if (on.empty()) on = nullptr;
  }
  return {{"count", integer_at(retries, {"attempts"}).value_or(0)},
          {"perTryTimeout", text_or_null(text_at(retries, {"perTryTimeout"}))},
          {"retryOn", std::move(on)}};
}

/// A route that answers by itself divides nothing, so those two go; so does what RT-CONTOUR-12 says
/// on the level above.
json route(const RouteContext& context, json conditions, const Routes& routes) {
  return {{"conditions", std::move(conditions)},  {"timeoutPolicy", timeout_policy(context)},
          {"retryPolicy", retry_policy(context)}, {"services", services(context, routes)},
          {"requestRedirectPolicy", nullptr},     {"directResponsePolicy", nullptr}};
}

/// RT-CONTOUR-10.
json ab_conditions(const RouteContext& context) {
  json conditions = json::array();
  for (const json& entry : analysis_match(context)) {
    const json& headers = at(entry, {"headers"});
    if (!headers.is_object()) continue;
    for (const auto& [name, match] : headers.items()) {
      json header{{"name", name}};
      std::string part = text_at(match, {"prefix"});
      if (part.empty()) part = text_at(match, {"suffix"});
      if (!part.empty()) {
        header["contains"] = part;
      } else if (std::string exact = text_at(match, {"exact"}); !exact.empty()) {
        header["exact"] = std::move(exact);
      }
      conditions.push_back({{"prefix", first_prefix(context)}, {"header", std::move(header)}});
    }
  }
  return conditions;
}

/// The headers of `analysis.match` that end up without a test (RT-CONTOUR-10), in their order.
std::vector<std::string> untested(const json& conditions) {
  std::vector<std::string> names;
  for (const json& condition : conditions)
    if (at(condition, {"header"}).size() < 2)
      names.push_back(text_at(condition, {"header", "name"}));
  return names;
}

/// A header without a test is met by every request, and so is a route without any header: an A/B
/// test would send all of them to the canary. Strict mode says so instead.
Result<void> refuse_untestable(const RouteContext& context) {
  if (!context.strict() || analysis_match(context).empty()) return {};
  const json conditions = ab_conditions(context);
  if (untested(conditions).size() < conditions.size()) return {};
  Error error{.kind = ErrorKind::Invalid,
              .message = fmt::format("Canary {}: analysis.match tests no header by exact, prefix "
                                     "or suffix, and contour is told nothing else: all requests "
                                     "would go to the canary",
                                     to_string(context.canary.name)),
              .where = {},
              .hint = "match a header by exact, prefix or suffix (RT-CONTOUR-10)"};
  return tl::unexpected(std::move(error));
}

json spec_of(const RouteContext& context, const Routes& routes) {
  json all = json::array();
  const json plain = json::array({{{"prefix", first_prefix(context)}}});
  if (analysis_match(context).empty()) {
    all.push_back(route(context, plain, routes));  // RT-CONTOUR-03
  } else {                                         // RT-CONTOUR-09
    all.push_back(route(context, ab_conditions(context), routes));
    all.push_back(route(context, plain, Routes{}));
  }
  return {{"ingressClassName", text_or_null(context.settings.ingress_class)},  // RT-CONTOUR-02
          {"routes", std::move(all)},
          {"virtualhost", nullptr},  // RT-CONTOUR-12
          {"includes", nullptr},
          {"tcpproxy", nullptr}};
}

class ContourProvider final : public OneObjectProvider {
 public:
  [[nodiscard]] Result<RouteWrites> reconcile(const RouteContext& context,
                                              const Snapshot& snapshot) const override {
    if (auto may = refuse_untestable(context); !may) return tl::unexpected(may.error());
    return reconciled(context, snapshot, object(context));
  }

  [[nodiscard]] Result<Routes> routes(const RouteContext& context,
                                      const Snapshot& snapshot) const override {
    const ObjectPath at_path = path(context);
    const json* existing = snapshot.find(at_path);
    if (!existing) return tl::unexpected(missing(kind, at_path));
    const json& all = list_at(*existing, {"spec", "routes"});  // RT-CONTOUR-15
    if (all.empty()) return tl::unexpected(malformed(kind, at_path, "it has no routes"));
    const json& both = list_at(all.front(), {"services"});
    if (both.size() < 2)
      return tl::unexpected(
          malformed(kind, at_path, "its first route has fewer than two services"));
    return derived_routes(kind, at_path, entry_named(both, {"name"}, context.primary()),
                          context.primary());
  }

  [[nodiscard]] Result<RouteWrites> set_routes(const RouteContext& context,
                                               const Snapshot& snapshot,
                                               const Routes& routes) const override {
    if (auto some = refuse_zero(routes); !some) return tl::unexpected(some.error());
    if (routes.canary > Weight{0})
      if (auto may = refuse_untestable(context); !may) return tl::unexpected(may.error());
    auto writes = moved(context, snapshot, object(context), spec_of(context, routes), routes, "");
    if (writes && !writes->writes.empty() && context.strict() && routes.canary > Weight{0})
      for (const std::string& name : untested(ab_conditions(context)))
        writes->remarks.push_back(fmt::format(
            "Canary {}: header {} of analysis.match is left out, as contour tests headers by "
            "exact, prefix and suffix only (RT-CONTOUR-10)",
            to_string(context.canary.name), name));
    return writes;  // RT-CONTOUR-16
  }

 protected:
  [[nodiscard]] ObjectPath path(const RouteContext& context) const override {
    return path_of(context, {"projectcontour.io", "v1", "httpproxies"}, context.apex());
  }

 private:
  [[nodiscard]] SplitObject object(const RouteContext& context) const {
    return {.kind = kind,
            .path = path(context),
            .spec = [&context](const Routes& routes) { return spec_of(context, routes); },
            .live = [primary = context.primary(),
                     canary = context.service_canary()](const json& spec) -> std::optional<Routes> {
              const json& all = list_at(spec, {"routes"});
              std::optional<Routes> first;
              for (const json& route : all) {
                auto split = legal_split(at(route, {"services"}), {"name"}, primary, canary);
                if (&route == &all.front()) {
                  first = split;
                } else if (split != Routes{}) {  // RT-CONTOUR-16: the others stay at 100/0
                  return std::nullopt;
                }
              }
              return first;
            },
            .comparable =
                [](json spec) {
                  if (json* all = member_at(spec, {"routes"}); all && all->is_array())
                    for (json& route : *all)
                      if (json* some = member_at(route, {"services"}); some && some->is_array())
                        for (json& service : *some)
                          if (service.is_object()) service.erase("weight");
                  return spec;
                },
            .lists = lists,
            .labels = apex_labels(context),  // RT-CONTOUR-01
            .annotations = apex_annotations(context)};
  }
};

}  // namespace

std::unique_ptr<RouteProvider> contour_provider() { return std::make_unique<ContourProvider>(); }

}  // namespace volary::live
