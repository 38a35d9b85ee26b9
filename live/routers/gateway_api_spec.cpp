#include "live/routers/gateway_api_spec.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "live/routers/model.hpp"
#include "live/routers/parts.hpp"

namespace volary::live::gateway_api {
namespace {

using nlohmann::json;

const json& analysis_match(const RouteContext& context) {
  return list_at(context.object, {"spec", "analysis", "match"});
}

/// RT-GWAPI-25: each special match (outer) with each of the service.
json merged(const json& special, const json& service) {
  if (special.empty()) return service;
  if (service.empty()) return special;
  json all = json::array();
  for (const json& from : special)
    for (const json& entry : service) {
      json copy = entry;
      for (const char* key : {"headers", "queryParams"})
        if (const json& list = list_at(from, {key}); !list.empty()) copy[key] = list;
      all.push_back(std::move(copy));
    }
  return all;
}

/// RT-GWAPI-16.
json backend(const RouteContext& context, const std::string& name, Weight weight) {
  return {{"group", ""},
          {"kind", "Service"},
          {"name", name},
          {"port", context.canary.spec.service.port},
          {"weight", weight.percent()}};
}

json backends(const RouteContext& context, Weight primary, Weight canary) {
  return json::array({backend(context, context.primary(), primary),
                      backend(context, context.service_canary(), canary)});
}

json set_cookie_filter(const std::string& value) {
  return {{"type", "ResponseHeaderModifier"},
          {"responseHeaderModifier",
           {{"add", json::array({json{{"name", "Set-Cookie"}, {"value", value}}})}}}};
}

/// What the rules of one HTTPRoute have in common.
struct Ground {
  json written;  ///< service.match, translated; may be empty
  json matches;  ///< the same, or everything (RT-GWAPI-11)
  json plain;    ///< a rule without backends
  std::vector<std::string> remarks;
};

Result<Ground> ground(const RouteContext& context, Model model) {
  const json& service = context.service();
  const auto written = translated(context, list_at(service, {"match"}), "service.match");
  if (!written) return tl::unexpected(written.error());
  Ground made{.written = *written, .matches = *written, .plain = json::object(), .remarks = {}};
  if (made.matches.empty())
    made.matches.push_back({{"path", {{"type", "PathPrefix"}, {"value", "/"}}}});
  made.plain["matches"] = made.matches;
  if (json list = filters(context, model, made.remarks); !list.empty())
    made.plain["filters"] = std::move(list);
  if (model == Model::V1) {  // RT-GWAPI-18
    json timeouts = json::object();
    if (const std::string whole = text_at(service, {"timeout"}); !whole.empty())
      timeouts["request"] = whole;
    if (const std::string each = text_at(service, {"backendTimeout"}); !each.empty())
      timeouts["backendRequest"] = each;
    if (!timeouts.empty()) made.plain["timeouts"] = std::move(timeouts);
  }
  return made;
}

json rule(const RouteContext& context, const Ground& on, Weight primary, Weight canary) {
  json made = on.plain;
  made["backendRefs"] = backends(context, primary, canary);
  return made;
}

/// The matches of the A/B rule. In the reference conditions that cannot be said count as none, and
/// all requests go to the canary (RT-GWAPI-26 [Q]); strict mode refuses.
Result<json> ab_matches(const RouteContext& context, const Ground& on) {
  auto special = translated(context, analysis_match(context), "analysis.match");
  if (context.strict()) {
    if (!special) return special;
    if (special->empty())
      return fail(ErrorKind::Invalid,
                  "Canary {}: nothing in analysis.match can be said in an HTTPRoute: every request "
                  "would go to the canary (RT-GWAPI-26)",
                  to_string(context.canary.name));
  }
  return merged(special ? *special : json::array(), on.matches);
}

/// RT-GWAPI-19, RT-GWAPI-46: the first rule tests, and everybody else meets the primary.
Result<void> make_ab(const RouteContext& context, const Ground& on, json& rules) {
  const auto matches = ab_matches(context, on);
  if (!matches) return tl::unexpected(matches.error());
  rules.front()["matches"] = *matches;
  json others = on.plain;
  others["backendRefs"] = json::array({backend(context, context.primary(), Weight{100})});
  rules.push_back(std::move(others));
  return {};
}

json cookie_matches(const Ground& on, const std::string& cookie) {
  const json special =
      json::array({json{{"headers", json::array({json{{"type", "RegularExpression"},
                                                      {"name", "Cookie"},
                                                      {"value", cookie_regex(cookie)}}})}}});
  return merged(special, on.written);  // RT-GWAPI-44
}

/// RT-COMMON-58 for `c > 0`.
Result<json> sticky_rules(const RouteContext& context, Model model, const Ground& on,
                          const SessionAffinity& affinity, const Routes& routes) {
  const CanaryStatus& status = context.canary.status;
  // RT-GWAPI-60: v1beta1 knows no primary cookie.
  const bool with_primary = model == Model::V1 && !affinity.primary_cookie_name.empty();
  if (status.session_affinity_cookie.empty() ||
      (with_primary && status.primary_session_affinity_cookie.empty()))
    return fail(ErrorKind::Invalid, "Canary {}: a cookie of its session affinity was not drawn",
                to_string(context.canary.name));

  json list = json::array();
  json to_canary = rule(context, on, Weight{0}, Weight{100});
  to_canary["matches"] = cookie_matches(on, status.session_affinity_cookie);
  list.push_back(std::move(to_canary));

  json divided = rule(context, on, routes.primary, routes.canary);
  if (with_primary) {
    const auto age = primary_cookie_age(context.canary);
    if (!age) return tl::unexpected(age.error());
    json to_primary = rule(context, on, Weight{100}, Weight{0});
    to_primary["matches"] = cookie_matches(on, status.primary_session_affinity_cookie);
    list.push_back(std::move(to_primary));
    divided["backendRefs"][0]["filters"] = json::array(
        {set_cookie_filter(set_cookie(affinity, status.primary_session_affinity_cookie, *age))});
  }
  divided["backendRefs"][1]["filters"] = json::array({set_cookie_filter(
      set_cookie(affinity, status.session_affinity_cookie, canary_cookie_age(affinity)))});
  list.push_back(std::move(divided));
  return list;
}

/// The deletion header among the filters of a rule. Two modifiers in one rule are refused by the
/// CRD, and so is one name twice; the reference writes them all the same and stands still in
/// Promoting (RT-GWAPI-45 [Q]).
void add_deletion(const RouteContext& context, json& rule, const std::string& value,
                  std::vector<std::string>& remarks) {
  json& list = rule["filters"];
  if (!list.is_array()) list = json::array();
  const auto present = std::find_if(list.begin(), list.end(), [](const json& filter) {
    return text_at(filter, {"type"}) == "ResponseHeaderModifier";
  });
  if (!context.strict() || present == list.end()) {
    list.push_back(set_cookie_filter(value));
    return;
  }
  json& add = (*present)["responseHeaderModifier"]["add"];
  if (!add.is_array()) add = json::array();
  const bool taken = std::any_of(add.begin(), add.end(), [](const json& header) {
    return text_at(header, {"name"}) == "Set-Cookie";
  });
  if (taken) {
    remarks.push_back(fmt::format(
        "Canary {}: service.headers.response adds Set-Cookie itself, so the old session cookie is "
        "left to expire (RT-GWAPI-45)",
        to_string(context.canary.name)));
    return;
  }
  add.push_back({{"name", "Set-Cookie"}, {"value", value}});
}

/// RT-COMMON-58 for `c == 0`.
json unsticky_rules(const RouteContext& context, Ground& on, const Routes& routes) {
  const std::string& previous = context.canary.status.previous_session_affinity_cookie;
  json divided = rule(context, on, routes.primary, routes.canary);
  if (previous.empty()) {
    json list = json::array({divided});
    if (!context.strict()) list.push_back(divided);  // as RT-ISTIO-45 [Q]
    return list;
  }
  json forget = divided;
  forget["matches"] = cookie_matches(on, previous);
  add_deletion(context, forget, delete_cookie(previous), on.remarks);
  return json::array({std::move(forget), std::move(divided)});
}

/// The spec around its rules (RT-GWAPI-03, RT-GWAPI-10).
Built around(const RouteContext& context, Model model, json rules, Ground& on) {
  json spec = without_empty({{"parentRefs", list_at(context.service(), {"gatewayRefs"})},
                             {"hostnames", list_at(context.service(), {"hosts"})}});
  spec["rules"] = std::move(rules);
  return {.spec = without_nulls(modelled(spec, spec_shape(model))),
          .remarks = std::move(on.remarks)};
}

void default_to(json& object, const char* key, const json& value) {
  if (object.is_object() && at(object, {key}).is_null()) object[key] = value;
}

void default_backend(json& reference) {
  default_to(reference, "group", "");
  default_to(reference, "kind", "Service");
}

}  // namespace

const json& spec_shape(Model model) {
  static const auto shape_of = [](bool v1) {
    json filter = json::parse(R"({
      "type": true, "requestHeaderModifier": true, "responseHeaderModifier": true,
      "requestMirror": true, "requestRedirect": true, "urlRewrite": true, "extensionRef": true
    })");
    if (v1) filter["cors"] = true;
    json shape = json::parse(R"({
      "parentRefs": [{"group": true, "kind": true, "namespace": true, "name": true,
                      "sectionName": true, "port": true}],
      "hostnames": true,
      "rules": [{
        "matches": [{"path": true, "method": true, "headers": true, "queryParams": true}],
        "backendRefs": [{"group": true, "kind": true, "namespace": true, "name": true,
                         "port": true, "weight": true}]
      }]
    })");
    json& rule = shape["rules"][0];
    rule["backendRefs"][0]["filters"] = json::array({filter});
    rule["filters"] = json::array({filter});
    if (v1) {
      shape["useDefaultGateways"] = true;
      for (const char* key : {"name", "timeouts", "retry", "sessionPersistence"}) rule[key] = true;
    }
    return shape;
  };
  static const json v1 = shape_of(true);
  static const json v1beta1 = shape_of(false);
  return model == Model::V1 ? v1 : v1beta1;
}

json with_defaults(json spec) {
  const auto each = [](json& holder, const char* key, const auto& change) {
    if (holder.is_object() && at(holder, {key}).is_array())
      for (json& item : holder[key]) change(item);
  };
  const auto filter = [&each](json& one) {
    if (at(one, {"requestMirror", "backendRef"}).is_object())
      default_backend(one["requestMirror"]["backendRef"]);
    if (at(one, {"cors"}).is_object()) default_to(one["cors"], "maxAge", 5);
  };
  const auto exact = [](json& value) { default_to(value, "type", "Exact"); };
  each(spec, "parentRefs", [](json& parent) {
    default_to(parent, "group", "gateway.networking.k8s.io");
    default_to(parent, "kind", "Gateway");
  });
  each(spec, "rules", [&](json& rule) {
    each(rule, "matches", [&](json& match) {
      default_to(match, "path", json::object());
      if (at(match, {"path"}).is_object()) {
        default_to(match["path"], "type", "PathPrefix");
        default_to(match["path"], "value", "/");
      }
      each(match, "headers", exact);
      each(match, "queryParams", exact);
    });
    each(rule, "filters", filter);
    each(rule, "backendRefs", [&](json& reference) {
      default_backend(reference);
      each(reference, "filters", filter);
    });
  });
  return spec;
}

Result<Built> initial(const RouteContext& context, Model model) {
  auto on = ground(context, model);
  if (!on) return tl::unexpected(on.error());
  json rules = json::array({rule(context, *on, Weight{100}, Weight{0})});
  if (!analysis_match(context).empty())
    if (const auto made = make_ab(context, *on, rules); !made) return tl::unexpected(made.error());
  return around(context, model, std::move(rules), *on);
}

Result<Built> divided(const RouteContext& context, Model model, const Routes& routes) {
  auto on = ground(context, model);
  if (!on) return tl::unexpected(on.error());
  const bool ab = !analysis_match(context).empty();
  const auto& affinity = context.canary.spec.analysis.session_affinity;

  json rules = json::array({rule(context, *on, routes.primary, routes.canary)});
  // Together, the weighted rule of RT-COMMON-58 would send everybody to the canary while the test
  // runs (RT-GWAPI-46); strict mode lets the test take the place of affinity, as Istio does.
  if (affinity && !(ab && context.strict())) {
    if (routes.canary > Weight{0}) {
      auto sticky = sticky_rules(context, model, *on, *affinity, routes);
      if (!sticky) return tl::unexpected(sticky.error());
      rules = *std::move(sticky);
    } else {
      rules = unsticky_rules(context, *on, routes);
    }
  } else if (affinity) {
    on->remarks.push_back(
        fmt::format("Canary {}: analysis.match takes the place of sessionAffinity (RT-GWAPI-46)",
                    to_string(context.canary.name)));
  }
  if (routes.mirrored && context.canary.spec.analysis.iterations > 0) {  // RT-GWAPI-42
    json& list = rules.back()["filters"];
    if (!list.is_array()) list = json::array();
    list.push_back({{"type", "RequestMirror"},
                    {"requestMirror",
                     {{"backendRef",
                       {{"group", ""},
                        {"kind", "Service"},
                        {"name", context.service_canary()},
                        {"port", context.canary.spec.service.port}}}}}});
  } else if (routes.mirrored) {
    on->remarks.push_back(
        fmt::format("Canary {}: analysis.mirror needs iterations with this provider; nothing is "
                    "mirrored (RT-GWAPI-43)",
                    to_string(context.canary.name)));
  }
  if (ab)
    if (const auto made = make_ab(context, *on, rules); !made) return tl::unexpected(made.error());
  return around(context, model, std::move(rules), *on);
}

}  // namespace volary::live::gateway_api
