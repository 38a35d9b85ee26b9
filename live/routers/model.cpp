#include "live/routers/model.hpp"

#include "live/kube_objects.hpp"

namespace volary::live {

using nlohmann::json;

json modelled(const json& value, const json& shape) {
  if (shape.is_object() && value.is_object()) {
    json known = json::object();
    for (const auto& [key, inner] : shape.items())
      if (const json& member = at(value, {key}); !member.is_null())
        known[key] = modelled(member, inner);
    return known;
  }
  if (shape.is_array() && value.is_array()) {
    json items = json::array();
    for (const json& item : value) items.push_back(modelled(item, shape.front()));
    return items;
  }
  return value;
}

json overlaid(json existing, const json& desired, const json& shape) {
  if (!existing.is_object()) existing = json::object();
  for (const auto& [key, inner] : shape.items()) {
    const json& wanted = at(desired, {key});
    if (inner.is_object() && at(existing, {key}).is_object()) {
      const bool empty_before = existing[key].empty();
      existing[key] = overlaid(std::move(existing[key]), wanted, inner);
      if (wanted.is_null() && (empty_before || existing[key].empty())) existing.erase(key);
    } else if (wanted.is_null()) {
      existing.erase(key);
    } else {
      existing[key] = wanted;
    }
  }
  return existing;
}

json without_empty(json object) {
  for (auto entry = object.begin(); entry != object.end();) {
    const bool empty = entry->is_structured() && entry->empty();
    entry = empty ? object.erase(entry) : std::next(entry);
  }
  return object;
}

}  // namespace volary::live
