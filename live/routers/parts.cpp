#include "live/routers/parts.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace volary::live {
namespace {

using nlohmann::json;

void put_labels(json& metadata, const char* key, const Labels& labels) {
  if (labels.empty()) {
    metadata.erase(key);
  } else {
    metadata[key] = labels;
  }
}

}  // namespace

std::string RouteContext::apex() const { return apex_name(canary); }
std::string RouteContext::primary() const { return apex() + "-primary"; }
std::string RouteContext::service_canary() const { return apex() + "-canary"; }

const json& RouteContext::service() const {
  static const json none = json::object();
  const json& written = at(object, {"spec", "service"});
  return written.is_object() ? written : none;
}

void Snapshot::put(const ObjectPath& path, json object) {
  objects_.emplace_back(path, std::move(object));
}

const json* Snapshot::find(const ObjectPath& path) const {
  for (const auto& [at, object] : objects_)
    if (at == path) return &object;
  return nullptr;
}

Labels apex_labels(const RouteContext& context) {
  Labels labels = labels_at(context.service(), {"apex", "labels"});
  const bool has_apex = at(context.service(), {"apex"}).is_object();
  const bool app_mesh = context.canary.spec.provider.starts_with("appmesh");
  if (has_apex && !app_mesh && !context.selector_key.empty() &&
      context.canary.spec.target_ref.kind != "Service")
    labels[context.selector_key] = context.apex();  // RT-COMMON-32
  return labels;
}

Labels apex_annotations(const RouteContext& context) {
  Labels annotations = labels_at(context.service(), {"apex", "annotations"});
  for (const auto& [key, value] : toolkit_annotations()) annotations[key] = value;
  return annotations;
}

ObjectPath path_of(const RouteContext& context, const Resource& resource, std::string name) {
  return {.resource = resource, .ns = context.ns(), .name = std::move(name)};
}

json new_object(const RouteContext& context, const Resource& resource, std::string_view kind,
                const std::string& name, const Labels& labels, const Labels& annotations) {
  json object{{"apiVersion",
               resource.group.empty() ? resource.version : resource.group + "/" + resource.version},
              {"kind", kind},
              {"metadata", {{"name", name}, {"namespace", context.ns()}}}};
  set_metadata(object, labels, annotations);
  if (context.settings.owner_references)
    object["metadata"]["ownerReferences"] = json::array({owner_reference(context.canary)});
  return object;
}

Error missing(std::string_view kind, const ObjectPath& path) {
  return {.kind = ErrorKind::NotFound,
          .message = spoken(kind, path) + " not found",
          .where = {},
          .hint = {}};
}

RouteWrite replaced(const ObjectPath& path, const json& existing, const json& spec) {
  json body = existing;
  if (!body["spec"].is_object()) body["spec"] = json::object();
  for (const auto& [key, value] : spec.items()) {
    if (value.is_null()) {
      body["spec"].erase(key);
    } else {
      body["spec"][key] = value;
    }
  }
  return {.verb = RouteWrite::Verb::Update, .path = path, .body = std::move(body)};
}

bool same_metadata(const json& existing, const Labels& labels, const Labels& annotations) {
  return labels_at(existing, {"metadata", "labels"}) == labels &&
         labels_at(existing, {"metadata", "annotations"}) == annotations;
}

void set_metadata(json& object, const Labels& labels, const Labels& annotations) {
  put_labels(object["metadata"], "labels", labels);
  put_labels(object["metadata"], "annotations", annotations);
}

std::string cookie_regex(std::string_view cookie) {
  const auto equals = cookie.find('=');
  const std::string_view name = cookie.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view{} : cookie.substr(equals + 1);
  return fmt::format(".*{}.*{}.*", name, value);  // RT-COMMON-57
}

std::string set_cookie(const SessionAffinity& affinity, std::string_view cookie,
                       std::int64_t max_age) {
  std::string text = fmt::format("{}; Max-Age={}", cookie, max_age);  // RT-COMMON-55
  if (!affinity.domain.empty()) text += "; Domain=" + affinity.domain;
  if (affinity.http_only) text += "; HttpOnly";
  if (affinity.partitioned) text += "; Partitioned";
  if (!affinity.path.empty()) text += "; Path=" + affinity.path;
  if (!affinity.same_site.empty()) text += "; SameSite=" + affinity.same_site;
  if (affinity.secure) text += "; Secure";
  return text;
}

std::string delete_cookie(std::string_view previous) {
  return fmt::format("{}; Max-Age=-1", previous);  // RT-COMMON-56
}

std::int64_t canary_cookie_age(const SessionAffinity& affinity) {
  return affinity.max_age == 0 ? 86400 : affinity.max_age;
}

Result<std::int64_t> primary_cookie_age(const Canary& canary) {
  const auto interval = go_parse_duration(canary.spec.analysis.interval);
  if (!interval)
    return fail(ErrorKind::Invalid, "Canary {}: analysis.interval '{}' is not a duration",
                to_string(canary.name), canary.spec.analysis.interval);
  return std::chrono::duration_cast<std::chrono::seconds>(*interval).count();
}

json merged_matches(const json& special, const json& service, bool strict) {
  if (!service.is_array() || service.empty()) return special;
  json merged = json::array();
  for (const json& from : special) {
    for (const json& entry : service) {
      json copy = entry;
      for (const char* key : {"headers", "sourceLabels"})
        if (const json& value = at(from, {key}); value.is_object() && !value.empty())
          copy[key] = value;
      if (const json& query = at(from, {"queryParams"});
          strict && query.is_object() && !query.empty())
        copy["queryParams"] = query;
      merged.push_back(std::move(copy));
    }
  }
  return merged;
}

Weight weight_of(const json& value) {
  const std::int64_t written = integer_at(value, {}).value_or(0);
  return Weight{static_cast<int>(std::clamp<std::int64_t>(written, -1'000'000, 1'000'000))};
}

void warn_unsupported(const RouteContext& context, std::string_view provider, const Routes& routes,
                      RouteWrites& writes) {
  if (!context.strict()) return;
  if (routes.mirrored)
    writes.remarks.push_back(fmt::format("Canary {}: provider {} cannot mirror (RT-COMMON-20)",
                                         to_string(context.canary.name), provider));
  const bool ab = !list_at(context.object, {"spec", "analysis", "match"}).empty() &&
                  context.canary.spec.analysis.iterations > 0;
  if (ab && routes.canary > Weight{0})
    writes.remarks.push_back(
        fmt::format("Canary {}: provider {} cannot tell requests apart: analysis.match is ignored, "
                    "and all of them meet the canary (RT-COMMON-21)",
                    to_string(context.canary.name), provider));
}

Result<void> refuse_zero(const Routes& routes) {
  if (routes.primary == Weight{0} && routes.canary == Weight{0})
    return fail(ErrorKind::Invalid, "total weight must be 100");
  return {};
}

}  // namespace volary::live
