#include "live/routers/split_object.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace volary::live {
namespace {

using nlohmann::json;

/// The entry of `list` that stands for the one wanted; null when there is none.
const json& known_again(const json& list, std::size_t position, const json& wanted,
                        const std::string& key) {
  static const json none;
  if (!list.is_array()) return none;
  if (key.empty()) return position < list.size() ? list[position] : none;
  const json name = without_nulls(at(wanted, {key}));
  const auto found = std::find_if(list.begin(), list.end(), [&](const json& entry) {
    return means_the_same(at(entry, {key}), name);
  });
  return found == list.end() ? none : *found;
}

json laid_over_list(const json& existing, const json& desired, const std::string& key,
                    const ListKeys& lists) {
  json list = json::array();
  for (std::size_t i = 0; i < desired.size(); ++i)
    list.push_back(desired[i].is_object()
                       ? laid_over(known_again(existing, i, desired[i], key), desired[i], lists)
                       : desired[i]);
  return list;
}

}  // namespace

json* member_at(json& object, std::initializer_list<std::string_view> path) {
  const json& value = at(object, path);
  return value.is_null() ? nullptr : &const_cast<json&>(value);  // NOLINT: it is part of `object`
}

json laid_over(const json& existing, const json& desired, const ListKeys& lists) {
  json result = existing.is_object() ? existing : json::object();
  for (const auto& [key, value] : desired.items()) {
    if (value.is_null()) {
      result.erase(key);
    } else if (value.is_object()) {
      result[key] = laid_over(at(result, {key}), value, lists);
    } else if (const auto list = lists.find(key); value.is_array() && list != lists.end()) {
      result[key] = laid_over_list(at(result, {key}), value, list->second, lists);
    } else {
      result[key] = without_nulls(value);
    }
  }
  return result;
}

const json* entry_named(const json& list, std::initializer_list<std::string_view> path,
                        std::string_view name) {
  if (!list.is_array()) return nullptr;
  for (const json& entry : list)
    if (const json& named = at(entry, path); named.is_string() && named == name) return &entry;
  return nullptr;
}

std::optional<int> entry_weight(const json& entry) {
  if (at(entry, {"weight"}).is_null()) return 0;
  const auto weight = integer_at(entry, {"weight"});
  constexpr std::int64_t most = std::numeric_limits<int>::max() / 2;  // 100 - weight still fits
  if (!weight || *weight > most || *weight < -most) return std::nullopt;
  return static_cast<int>(*weight);
}

Error unreadable(std::string_view kind, const ObjectPath& path, std::string_view entry) {
  return malformed(kind, path, fmt::format("the weight of {} is no whole number", entry));
}

Error malformed(std::string_view kind, const ObjectPath& path, std::string_view what) {
  return {.kind = ErrorKind::Invalid,
          .message = fmt::format("{}: {}", spoken(kind, path), what),
          .where = {},
          .hint = {}};
}

std::optional<Routes> legal_split(const json& list, std::initializer_list<std::string_view> path,
                                  std::string_view primary, std::string_view canary) {
  const json* one = entry_named(list, path, primary);
  const json* other = entry_named(list, path, canary);
  if (!one || !other || list.size() != 2) return std::nullopt;
  const auto p = entry_weight(*one);
  const auto c = entry_weight(*other);
  if (!p || !c || *p < 0 || *c < 0 || *p > 100 || *c > 100 || *p + *c != 100) return std::nullopt;
  return Routes{.primary = Weight{*p}, .canary = Weight{*c}, .mirrored = false};
}

Result<Routes> derived_routes(std::string_view kind, const ObjectPath& path, const json* primary,
                              std::string_view name) {
  if (!primary) return Routes{.primary = Weight{0}, .canary = Weight{0}, .mirrored = false};
  const auto weight = entry_weight(*primary);
  if (!weight) return tl::unexpected(unreadable(kind, path, name));
  return Routes{.primary = Weight{*weight}, .canary = Weight{100 - *weight}, .mirrored = false};
}

RouteWrites reconciled(const RouteContext& context, const Snapshot& snapshot,
                       const SplitObject& object) {
  const json* existing = snapshot.find(object.path);
  if (!existing) {
    json created = new_object(context, object.path.resource, object.kind, object.path.name,
                              object.labels, object.annotations);
    created["spec"] = without_nulls(object.spec(object.initial));
    return {.writes = {{.verb = RouteWrite::Verb::Create,
                        .path = object.path,
                        .body = std::move(created)}},
            .then = {},
            .remarks = {}};
  }
  const json& now = at(*existing, {"spec"});
  auto live = object.live && context.strict() ? object.live(now) : std::nullopt;
  const bool beginning = context.canary.status.phase == Phase::Initializing;
  if (beginning && live != object.initial) live = std::nullopt;
  const Routes kept = live.value_or(object.initial);
  json wanted = laid_over(now, object.spec(kept), object.lists);
  const auto comparable = [&](json spec) {
    return object.comparable ? object.comparable(std::move(spec)) : spec;
  };
  const bool unlawful = context.strict() && object.live && !live;
  const bool drifted = !means_the_same(comparable(now), comparable(wanted));
  const bool other_metadata =
      object.metadata_drifts && !same_metadata(*existing, object.labels, object.annotations);
  if (!unlawful && !drifted && !other_metadata) return {};

  json body = *existing;
  body["spec"] = std::move(wanted);
  if (object.metadata_drifts) set_metadata(body, object.labels, object.annotations);
  RouteWrites writes;
  writes.writes.push_back(
      {.verb = RouteWrite::Verb::Update, .path = object.path, .body = std::move(body)});
  if (live && *live != object.initial)
    writes.remarks.push_back(fmt::format(
        "Q-04, RT-COMMON-41: {} was repaired and keeps its weights {}/{}",
        spoken(object.kind, object.path), live->primary.percent(), live->canary.percent()));
  return writes;
}

Result<RouteWrites> moved(const RouteContext& context, const Snapshot& snapshot,
                          const SplitObject& object, const json& spec, const Routes& routes,
                          std::string_view cannot) {
  const json* existing = snapshot.find(object.path);
  if (!existing) return tl::unexpected(missing(object.kind, object.path));
  json body = *existing;
  body["spec"] = laid_over(at(*existing, {"spec"}), spec, object.lists);
  if (context.strict() && body == *existing) return {};
  RouteWrites writes;
  writes.writes.push_back(
      {.verb = RouteWrite::Verb::Update, .path = object.path, .body = std::move(body)});
  if (!cannot.empty()) warn_unsupported(context, cannot, routes, writes);
  return writes;
}

Result<std::vector<ObjectPath>> OneObjectProvider::reads(const RouteContext& context,
                                                         Operation operation) const {
  if (operation == Operation::Finalize) return std::vector<ObjectPath>{};
  return std::vector<ObjectPath>{path(context)};
}

Result<RouteWrites> OneObjectProvider::finalize(const RouteContext& /*context*/,
                                                const Snapshot& /*snapshot*/) const {
  return RouteWrites{};
}

std::string first_prefix(const RouteContext& context) {
  const json& match = list_at(context.service(), {"match"});
  const std::string prefix = match.empty() ? "" : text_at(match.front(), {"uri", "prefix"});
  return prefix.empty() ? "/" : prefix;
}

const json& analysis_match(const RouteContext& context) {
  return list_at(context.object, {"spec", "analysis", "match"});
}

json split_at_commas(std::string_view text) {
  json parts = json::array();
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    parts.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return parts;
}

}  // namespace volary::live
