#include "live/kube_objects.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace volary::live {
namespace {

using nlohmann::json;

const json nothing;
const json no_items = json::array();

/// RT-COMMON-26: is it the zero value of its type?
bool is_zero(const json& value) {
  switch (value.type()) {
    case json::value_t::null: return true;
    case json::value_t::boolean: return !value.get<bool>();
    case json::value_t::number_integer:
    case json::value_t::number_unsigned: return value.get<std::int64_t>() == 0;
    case json::value_t::number_float: return value.get<double>() == 0;
    case json::value_t::string: return value.get_ref<const std::string&>().empty();
    case json::value_t::array: return value.empty();
    case json::value_t::object:
      return std::all_of(value.begin(), value.end(), [](const json& v) { return is_zero(v); });
    default: return false;
  }
}

}  // namespace

const json& at(const json& object, std::initializer_list<std::string_view> path) {
  const json* value = &object;
  for (const std::string_view key : path) {
    if (!value->is_object()) return nothing;
    const auto found = value->find(key);
    if (found == value->end()) return nothing;
    value = &*found;
  }
  return *value;
}

std::string text_at(const json& object, std::initializer_list<std::string_view> path) {
  const json& value = at(object, path);
  return value.is_string() ? value.get<std::string>() : std::string{};
}

std::optional<std::int64_t> integer_at(const json& object,
                                       std::initializer_list<std::string_view> path) {
  const json& value = at(object, path);
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (number >= -9e15 && number <= 9e15 &&
        number == static_cast<double>(static_cast<std::int64_t>(number)))
      return static_cast<std::int64_t>(number);
  }
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size() && !text.empty()) return number;
  }
  return std::nullopt;
}

bool true_at(const json& object, std::initializer_list<std::string_view> path) {
  const json& value = at(object, path);
  return value.is_boolean() && value.get<bool>();
}

Labels labels_at(const json& object, std::initializer_list<std::string_view> path) {
  Labels labels;
  const json& value = at(object, path);
  if (!value.is_object()) return labels;
  for (const auto& [key, entry] : value.items())
    if (entry.is_string()) labels[key] = entry.get<std::string>();
  return labels;
}

const json& list_at(const json& object, std::initializer_list<std::string_view> path) {
  const json& value = at(object, path);
  return value.is_array() ? value : no_items;
}

bool means_the_same(const json& a, const json& b) {
  if (is_zero(a) && is_zero(b)) return true;
  if (a.is_object() && b.is_object()) {
    for (const auto& [key, value] : a.items())
      if (!means_the_same(value, at(b, {key}))) return false;
    for (const auto& [key, value] : b.items())
      if (!a.contains(key) && !is_zero(value)) return false;
    return true;
  }
  if (a.is_array() && b.is_array())
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), means_the_same);
  return a == b;
}

json without_nulls(json value) {
  if (value.is_object()) {
    for (auto entry = value.begin(); entry != value.end();) {
      if (entry->is_null()) {
        entry = value.erase(entry);
      } else {
        *entry = without_nulls(std::move(*entry));
        ++entry;
      }
    }
  } else if (value.is_array()) {
    for (json& item : value) item = without_nulls(std::move(item));
  }
  return value;
}

json owner_reference(const Canary& canary) {
  return {{"apiVersion", "flagger.app/v1beta1"},
          {"kind", "Canary"},
          {"name", canary.name.name},
          {"uid", canary.uid},
          {"controller", true},
          {"blockOwnerDeletion", true}};
}

bool owned_by(const json& object, const Canary& canary) {
  const json& owners = list_at(object, {"metadata", "ownerReferences"});
  return std::any_of(owners.begin(), owners.end(), [&](const json& owner) {
    return true_at(owner, {"controller"}) && text_at(owner, {"kind"}) == "Canary" &&
           text_at(owner, {"name"}) == canary.name.name;
  });
}

const Labels& toolkit_annotations() {
  static const Labels annotations{{"kustomize.toolkit.fluxcd.io/reconcile", "disabled"},
                                  {"helm.toolkit.fluxcd.io/driftDetection", "disabled"}};
  return annotations;
}

bool is_toolkit_key(std::string_view key) {
  return key.find("toolkit.fluxcd.io") != std::string_view::npos;
}

Error error_of(const KubeError& error, const std::string& what) {
  const auto kind = [&] {
    switch (error.kind) {
      case KubeError::Kind::NotFound: return ErrorKind::NotFound;
      case KubeError::Kind::Conflict:
      case KubeError::Kind::AlreadyExists: return ErrorKind::Conflict;
      case KubeError::Kind::Timeout: return ErrorKind::Timeout;
      case KubeError::Kind::Invalid: return ErrorKind::Invalid;
      case KubeError::Kind::Gone:
      case KubeError::Kind::Forbidden:
      case KubeError::Kind::Unauthorized:
      case KubeError::Kind::Throttled:
      case KubeError::Kind::Unavailable: return ErrorKind::Unavailable;
    }
    return ErrorKind::Unavailable;
  };
  std::string message = what + ": " + error.message;
  for (const std::string& cause : error.causes) message += "; " + cause;
  return {.kind = kind(), .message = std::move(message), .where = {}, .hint = {}};
}

std::string spoken(std::string_view kind, const ObjectPath& path) {
  return path.ns.empty() ? fmt::format("{} {}", kind, path.name)
                         : fmt::format("{} {}.{}", kind, path.name, path.ns);
}

}  // namespace volary::live
