#include "sim/cluster/data_plane.hpp"

#include "live/kube_objects.hpp"

namespace volary::sim::cluster {
namespace {

/// One object, whichever version of its kind a writer speaks.
bool is_of(const Change& change, const live::ObjectPath& path) {
  const live::ObjectPath& changed = change.path;
  return changed.resource.group == path.resource.group &&
         changed.resource.plural == path.resource.plural && changed.ns == path.ns &&
         changed.name == path.name;
}

}  // namespace

DataPlane::DataPlane(ApiServer& api, TrafficWorld& world, std::string service, RoutedNames names,
                     const std::string& provider,
                     std::function<std::optional<Role>(const nlohmann::json&)> selects)
    : api_{api},
      world_{world},
      service_{std::move(service)},
      names_{std::move(names)},
      reader_{route_reader(provider, names_)},
      apex_{{"", "v1", "services"}, names_.ns, names_.apex},
      selects_{std::move(selects)} {
  api_.on_change([this](const Change& change) { noticed(change); });
}

void DataPlane::noticed(const Change& change) {
  if (is_of(change, apex_) || (reader_ && is_of(change, reader_->path))) tell();
}

void DataPlane::tell() {
  if (reader_) {
    if (const nlohmann::json* object = api_.find(reader_->path)) {
      RouteRule rule =
          rule_for_traffic(reader_->read(*object, names_), world_.scenario(), cookies_);
      written_ = rule.routes;
      world_.set_route(service_, std::move(rule));
      return;
    }
  }
  written_.reset();
  const nlohmann::json* apex = api_.find(apex_);
  const auto role = apex ? selects_(live::at(*apex, {"spec", "selector"})) : std::optional<Role>{};
  world_.set_route(service_, {.active = false, .apex = role.value_or(Role::Target)});
}

}  // namespace volary::sim::cluster
