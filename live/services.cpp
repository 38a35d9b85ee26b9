#include "live/services.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "live/routers/parts.hpp"

namespace volary::live {
namespace {

using nlohmann::json;

const Resource services{"", "v1", "services"};

bool is_unset(const json& port) {
  return port.is_null() || port == 0 || port == "0" || port == "";  // RT-K8S-05
}

/// RT-K8S-05, RT-K8S-06.
json first_port(const RouteContext& context) {
  const ServiceSpec& service = context.canary.spec.service;
  const json& target = at(context.service(), {"targetPort"});
  json port{{"name", service.port_name.empty() ? "http" : service.port_name},
            {"protocol", "TCP"},
            {"port", service.port},
            {"targetPort", is_unset(target) ? json(service.port) : target}};
  if (!service.app_protocol.empty()) port["appProtocol"] = service.app_protocol;
  return port;
}

/// RT-K8S-10: does the first port already lead to this container port?
bool leads_to(const RouteContext& context, const json& container_port) {
  const json& target = at(context.service(), {"targetPort"});
  const auto number = integer_at(container_port, {"containerPort"});
  if (is_unset(target)) return number == context.canary.spec.service.port;
  if (target.is_number_integer()) return number == target.get<std::int64_t>();
  return target.is_string() && text_at(container_port, {"name"}) == target.get<std::string>();
}

/// RT-K8S-10, sorted by name (RT-COMMON-27).
std::map<std::string, json> declared_ports(const RouteContext& context, const json& workload) {
  std::map<std::string, json> ports;
  for (const json& container : list_at(workload, {"spec", "template", "spec", "containers"})) {
    const std::string owner = text_at(container, {"name"});
    if (owner == "istio-proxy" || owner == "envoy") continue;
    const json& declared = list_at(container, {"ports"});
    for (std::size_t i = 0; i < declared.size(); ++i) {
      const auto number = integer_at(declared[i], {"containerPort"});
      if (!number || leads_to(context, declared[i])) continue;
      std::string name = text_at(declared[i], {"name"});
      if (name.empty()) name = fmt::format("tcp-{}-{}", owner, i);
      ports[name] = {
          {"name", name}, {"protocol", "TCP"}, {"port", *number}, {"targetPort", *number}};
    }
  }
  return ports;
}

/// RT-K8S-11 [Q]: two ports of one name or number are refused by the API server at every tick;
/// strict mode leaves the later one out.
void leave_out_doubles(const RouteContext& context, ServiceTarget& target) {
  const json first = first_port(context);
  std::set<std::string> names{text_at(first, {"name"})};
  std::set<std::int64_t> numbers{integer_at(first, {"port"}).value_or(0)};
  std::vector<json> kept;
  for (json& port : target.extra_ports) {
    const std::string name = text_at(port, {"name"});
    const std::int64_t number = integer_at(port, {"port"}).value_or(0);
    if (names.count(name) == 0 && numbers.count(number) == 0) {
      names.insert(name);
      numbers.insert(number);
      kept.push_back(std::move(port));
    } else {
      target.remarks.push_back(fmt::format(
          "Canary {}: container port {} ({}) has the name or number of another port of its "
          "Services and is left out (RT-K8S-11)",
          to_string(context.canary.name), name, number));
    }
  }
  target.extra_ports = std::move(kept);
}

json ports_of(const RouteContext& context, const ServiceTarget& target) {
  json ports = json::array({first_port(context)});
  for (const json& port : target.extra_ports) ports.push_back(port);
  return ports;
}

json by_number(json ports) {
  std::sort(ports.begin(), ports.end(), [](const json& a, const json& b) {
    const auto order = [](const json& port) {
      return std::pair{integer_at(port, {"port"}).value_or(0), text_at(port, {"name"})};
    };
    return order(a) < order(b);
  });
  return ports;
}

/// RT-K8S-15.
void keep_node_ports(json& ports, const json& existing) {
  for (json& port : ports)
    for (const json& old : existing)
      if (text_at(old, {"name"}) == text_at(port, {"name"}))
        if (const json& node_port = at(old, {"nodePort"}); !node_port.is_null())
          port["nodePort"] = node_port;
}

/// RT-K8S-18: keys that are not managed keep the value they have.
void keep_unmanaged(const RouteContext& context, const json& existing, const char* what,
                    Labels& desired) {
  const Labels live = labels_at(existing, {"metadata", what});
  for (const json& key : list_at(context.service(), {"unmanagedMetadata", what})) {
    if (!key.is_string()) continue;
    desired.erase(key.get<std::string>());
    if (const auto found = live.find(key.get<std::string>()); found != live.end())
      desired.insert(*found);
  }
}

json with_owner(const RouteContext& context, json object) {
  // RT-COMMON-35: Services are on the workload cluster and always have an owner.
  object["metadata"]["ownerReferences"] = json::array({owner_reference(context.canary)});
  return object;
}

/// One Service as it should be.
struct Wanted {
  ObjectPath path;
  std::string selector_key, selector_value;
  json ports;
  Labels labels, annotations;
};

Wanted wanted(const RouteContext& context, const ServiceTarget& target, const ObjectPath& path,
              std::string selector_value, const char* metadata) {
  Wanted service{.path = path,
                 .selector_key = target.selector_key,
                 .selector_value = std::move(selector_value),
                 .ports = ports_of(context, target),
                 .labels = labels_at(context.service(), {metadata, "labels"}),
                 .annotations = labels_at(context.service(), {metadata, "annotations"})};
  service.labels[target.selector_key] = path.name;  // RT-K8S-08: it wins
  for (const auto& [key, value] : toolkit_annotations()) service.annotations[key] = value;
  return service;
}

json created(const RouteContext& context, const Wanted& service) {
  json object = with_owner(context, new_object(context, services, "Service", service.path.name,
                                               service.labels, service.annotations));
  json& spec = object["spec"];
  spec["type"] = "ClusterIP";  // RT-K8S-04
  if (true_at(context.service(), {"headless"})) spec["clusterIP"] = "None";
  if (const std::string distribution = text_at(context.service(), {"trafficDistribution"});
      !distribution.empty())
    spec["trafficDistribution"] = distribution;  // RT-K8S-07
  spec["selector"][service.selector_key] = service.selector_value;
  spec["ports"] = service.ports;
  return object;
}

/// RT-K8S-15..21; `owned_metadata` false: labels and annotations are nobody's business here.
void repair(const RouteContext& context, const json& existing, Wanted service,
            RouteWrites& writes) {
  const json& old_ports = list_at(existing, {"spec", "ports"});
  keep_node_ports(service.ports, old_ports);
  const Labels selector{{service.selector_key, service.selector_value}};
  const bool spec_differs = !means_the_same(by_number(service.ports), by_number(old_ports)) ||
                            labels_at(existing, {"spec", "selector"}) != selector;
  const bool owned = owned_by(existing, context.canary);  // RT-K8S-17
  if (owned) {
    keep_unmanaged(context, existing, "labels", service.labels);
    keep_unmanaged(context, existing, "annotations", service.annotations);
  }
  const bool metadata_differs =
      owned && !same_metadata(existing, service.labels, service.annotations);
  if (!spec_differs && !metadata_differs) return;

  json body = existing;  // RT-K8S-16: nothing else of the spec; RT-K8S-20: no owner
  if (spec_differs) {
    body["spec"]["ports"] = service.ports;
    body["spec"]["selector"] = selector;
  }
  if (owned) {
    set_metadata(body, service.labels, service.annotations);
  } else {  // RT-K8S-19
    Labels annotations = labels_at(existing, {"metadata", "annotations"});
    for (const auto& [key, value] : toolkit_annotations()) annotations[key] = value;
    body["metadata"]["annotations"] = annotations;
  }
  writes.writes.push_back(
      {.verb = RouteWrite::Verb::Update, .path = service.path, .body = std::move(body)});
}

void reconcile(const RouteContext& context, const Snapshot& snapshot, const Wanted& service,
               RouteWrites& writes) {
  if (const json* existing = snapshot.find(service.path)) {
    repair(context, *existing, service, writes);
  } else {
    writes.writes.push_back({.verb = RouteWrite::Verb::Create,
                             .path = service.path,
                             .body = created(context, service)});
  }
}

bool is_headless(const json& spec) { return text_at(spec, {"clusterIP"}) == "None"; }

/// The target's spec, fit for a Service of its own. The addresses of the target are not the copy's:
/// the reference forgets `clusterIPs` and so is refused (RT-K8S-40 [Q]), and strict mode leaves out
/// what else only one Service can have.
json copied_spec(const RouteContext& context, const json& target) {
  json spec = at(target, {"spec"}).is_object() ? at(target, {"spec"}) : json::object();
  const std::string type = text_at(spec, {"type"});
  const bool cluster_ip = type.empty() || type == "ClusterIP";
  if ((cluster_ip || context.strict()) && !is_headless(spec)) {
    spec.erase("clusterIP");
    spec.erase("clusterIPs");
  }
  if (context.strict()) {
    spec.erase("healthCheckNodePort");
    if (at(spec, {"ports"}).is_array())
      for (json& port : spec["ports"])
        if (port.is_object()) port.erase("nodePort");
  }
  if (const std::string distribution = text_at(context.service(), {"trafficDistribution"});
      !distribution.empty())
    spec["trafficDistribution"] = distribution;
  return spec;
}

/// The spec of the target on a Service that is there, whose own addresses stay (RT-K8S-41).
json rewritten_spec(const RouteContext& context, const json& target, const json& existing) {
  json spec = copied_spec(context, target);
  for (const char* key : {"clusterIP", "clusterIPs", "healthCheckNodePort"})
    if (const json& own = at(existing, {"spec", key}); !own.is_null()) spec[key] = own;
  if (at(spec, {"ports"}).is_array())
    keep_node_ports(spec["ports"], list_at(existing, {"spec", "ports"}));
  return spec;
}

Labels copied_annotations(const json& target) {
  Labels annotations = labels_at(target, {"metadata", "annotations"});
  annotations.erase(last_applied_annotation);
  return annotations;
}

void rewrite(const RouteContext& context, const json& target, const json& existing,
             const ObjectPath& path, const Labels& labels, const Labels& annotations,
             RouteWrites& writes) {
  json spec = rewritten_spec(context, target, existing);
  if (means_the_same(spec, at(existing, {"spec"})) && same_metadata(existing, labels, annotations))
    return;
  json body = existing;
  body["spec"] = std::move(spec);
  set_metadata(body, labels, annotations);
  writes.writes.push_back(
      {.verb = RouteWrite::Verb::Update, .path = path, .body = std::move(body)});
}

}  // namespace

Result<ServiceTarget> service_target(const RouteContext& context, const json& workload,
                                     const std::vector<std::string>& selector_labels) {
  const Labels selector = labels_at(workload, {"spec", "selector", "matchLabels"});
  const auto key = std::find_if(selector_labels.begin(), selector_labels.end(),
                                [&](const std::string& each) { return selector.count(each) > 0; });
  if (key == selector_labels.end())
    return fail(ErrorKind::Invalid,
                "{} {}.{}: spec.selector.matchLabels has none of {}, so its Services cannot select "
                "its pods (RT-K8S-02)",
                context.canary.spec.target_ref.kind, context.canary.spec.target_ref.name,
                context.ns(), fmt::join(selector_labels, ", "));
  ServiceTarget target{
      .selector_key = *key, .selector_value = selector.at(*key), .extra_ports = {}, .remarks = {}};
  if (true_at(context.service(), {"portDiscovery"})) {
    for (auto& [name, port] : declared_ports(context, workload))
      target.extra_ports.push_back(std::move(port));
    if (context.strict()) leave_out_doubles(context, target);
  }
  return target;
}

ServicePaths service_paths(const RouteContext& context) {
  return {.canary = path_of(context, services, context.service_canary()),
          .primary = path_of(context, services, context.primary()),
          .apex = path_of(context, services, context.apex())};
}

RouteWrites role_services(const RouteContext& context, const ServiceTarget& target,
                          const Snapshot& snapshot) {
  const ServicePaths paths = service_paths(context);
  RouteWrites writes;
  writes.remarks = target.remarks;
  reconcile(context, snapshot,
            wanted(context, target, paths.canary, target.selector_value, "canary"), writes);
  reconcile(context, snapshot,
            wanted(context, target, paths.primary, target.selector_value + "-primary", "primary"),
            writes);
  return writes;
}

RouteWrites apex_service(const RouteContext& context, const ServiceTarget& target,
                         const Snapshot& snapshot) {
  RouteWrites writes;
  reconcile(context, snapshot,
            wanted(context, target, service_paths(context).apex, target.selector_value + "-primary",
                   "apex"),
            writes);
  return writes;
}

Result<RouteWrites> finalize_services(const RouteContext& context, const ServiceTarget& target,
                                      const Snapshot& snapshot) {
  const ObjectPath path = service_paths(context).apex;
  const json* existing = snapshot.find(path);
  if (existing == nullptr) return tl::unexpected(missing("Service", path));
  RouteWrites writes;
  const json& owners = list_at(*existing, {"metadata", "ownerReferences"});
  if (std::any_of(owners.begin(), owners.end(), [](const json& owner) {
        return true_at(owner, {"controller"}) && text_at(owner, {"kind"}) == "Canary";
      }))
    return writes;  // RT-K8S-30

  if (const json& kept = at(*existing, {"metadata", "annotations", last_applied_annotation});
      kept.is_string()) {  // RT-K8S-31
    const json written = json::parse(kept.get<std::string>(), nullptr, false);
    if (!written.is_object())
      return fail(ErrorKind::Invalid, "{}: annotation {} holds no Service that could be read",
                  spoken("Service", path), last_applied_annotation);
    json body = *existing;
    body["spec"]["selector"] = labels_at(written, {"spec", "selector"});
    writes.writes.push_back(
        {.verb = RouteWrite::Verb::Update, .path = path, .body = std::move(body)});
    return writes;
  }
  repair(context, *existing, wanted(context, target, path, target.selector_value, "apex"), writes);
  return writes;  // RT-K8S-32
}

Result<RouteWrites> core_service_copies(const RouteContext& context, const Snapshot& snapshot) {
  const ServicePaths paths = service_paths(context);
  const json* target = snapshot.find(paths.apex);
  if (target == nullptr) return tl::unexpected(missing("Service", paths.apex));
  const Labels labels = labels_at(*target, {"metadata", "labels"});
  const Labels annotations = copied_annotations(*target);
  RouteWrites writes;
  for (const ObjectPath& path : {paths.canary, paths.primary}) {
    if (const json* existing = snapshot.find(path)) {
      if (path == paths.canary)  // RT-K8S-41: the primary waits for its promotion
        rewrite(context, *target, *existing, path, labels, annotations, writes);
      continue;
    }
    json object = with_owner(
        context, new_object(context, services, "Service", path.name, labels, annotations));
    object["spec"] = copied_spec(context, *target);
    writes.writes.push_back(
        {.verb = RouteWrite::Verb::Create, .path = path, .body = std::move(object)});
  }
  return writes;
}

Result<RouteWrites> promote_core_service(const RouteContext& context,
                                         const std::vector<std::string>& include_label_prefixes,
                                         const Snapshot& snapshot) {
  const ServicePaths paths = service_paths(context);
  const json* target = snapshot.find(paths.apex);
  if (target == nullptr) return tl::unexpected(missing("Service", paths.apex));
  const json* primary = snapshot.find(paths.primary);
  if (primary == nullptr) return tl::unexpected(missing("Service", paths.primary));
  RouteWrites writes;
  rewrite(context, *target, *primary, paths.primary,
          with_prefixes(labels_at(*target, {"metadata", "labels"}), include_label_prefixes),
          with_prefixes(labels_at(*target, {"metadata", "annotations"}), include_label_prefixes),
          writes);
  return writes;
}

Labels with_prefixes(const Labels& labels, const std::vector<std::string>& prefixes) {
  Labels kept;
  for (const auto& [key, value] : labels) {
    const bool included =
        std::any_of(prefixes.begin(), prefixes.end(), [&key = key](const std::string& prefix) {
          return prefix == "*" || (!prefix.empty() && key.starts_with(prefix));
        });
    if (included && !is_toolkit_key(key)) kept[key] = value;
  }
  return kept;
}

}  // namespace volary::live
