#include "live/operator/foreign.hpp"

#include <fmt/format.h>

#include "live/canary_object.hpp"
#include "live/kube_objects.hpp"
#include "live/operator/release.hpp"
#include "live/rfc3339.hpp"

namespace volary::live {
namespace {

using nlohmann::json;

const Resource leases{"coordination.k8s.io", "v1", "leases"};
const Resource deployments{"apps", "v1", "deployments"};

/// "ghcr.io/fluxcd/flagger:1.41.0@sha256:…" → "flagger".
std::string image_name(std::string image) {
  image.resize(std::min(image.find('@'), image.size()));
  if (const auto slash = image.rfind('/'); slash != std::string::npos) image.erase(0, slash + 1);
  image.resize(std::min(image.find(':'), image.size()));
  return image;
}

/// Does this Deployment of Flagger look at objects of `ns`?
bool watches(const json& container, const std::string& ns) {
  if (ns.empty()) return true;
  for (const char* list : {"args", "command"})
    for (const json& argument : list_at(container, {list})) {
      if (!argument.is_string()) continue;
      std::string text = argument.get<std::string>();
      text.erase(0, text.find_first_not_of('-'));
      if (text.starts_with("namespace=")) return text.substr(10).empty() || text.substr(10) == ns;
    }
  return true;
}

bool is_flagger(const json& deployment, const std::string& ns) {
  if (integer_at(deployment, {"status", "replicas"}).value_or(0) <= 0) return false;
  for (const json& container : list_at(deployment, {"spec", "template", "spec", "containers"}))
    if (image_name(text_at(container, {"image"})) == "flagger" && watches(container, ns))
      return true;
  return false;
}

}  // namespace

std::optional<std::string> foreign_writer(const json& canary, Duration interval, Instant now) {
  if (taken_over(canary)) return std::nullopt;
  for (const json& entry : list_at(canary, {"metadata", "managedFields"})) {
    const std::string manager = text_at(entry, {"manager"});
    if (manager.starts_with("volary")) continue;
    const bool status = text_at(entry, {"subresource"}) == "status" ||
                        !at(entry, {"fieldsV1", "f:status"}).is_null();
    const auto time = rfc3339(text_at(entry, {"time"}));
    if (status && time && now - *time < 10 * interval)
      return fmt::format("{} wrote its status {} ago", manager, volary::spoken(now - *time));
  }
  return std::nullopt;
}

std::optional<std::string> lease_holder(const json& lease, Instant now) {
  std::string holder = text_at(lease, {"spec", "holderIdentity"});
  const auto renewed = rfc3339(text_at(lease, {"spec", "renewTime"}));
  const auto lasts = integer_at(lease, {"spec", "leaseDurationSeconds"}).value_or(60);
  if (holder.empty() || !renewed || *renewed + std::chrono::seconds{lasts} < now)
    return std::nullopt;
  return holder;
}

Result<std::optional<std::string>> foreign_controller(KubeApi& api, const Neighbourhood& where,
                                                      Instant now,
                                                      std::vector<std::string>& unknown) {
  const auto refused = [](const KubeError& error) {
    return error.kind == KubeError::Kind::Forbidden || error.kind == KubeError::Kind::NotFound;
  };
  const ObjectPath path{leases, where.lease_ns, lease_name};
  if (const auto lease = api.get(path)) {
    const auto holder = lease_holder(*lease, now);
    if (holder && *holder != where.own_identity)
      return std::optional{
          fmt::format("{} holds the Lease {} in {}", *holder, lease_name, where.lease_ns)};
  } else if (lease.error().kind == KubeError::Kind::Forbidden) {
    unknown.push_back(spoken("Lease", path));
  } else if (!refused(lease.error())) {
    return tl::unexpected(error_of(lease.error(), spoken("Lease", path)));
  }
  std::string page;
  do {
    const auto found = api.list(deployments, "", page);
    if (!found) {
      if (!refused(found.error()))
        return tl::unexpected(error_of(found.error(), "the Deployments of the cluster"));
      unknown.emplace_back("the Deployments of other namespaces");
      break;
    }
    for (const json& deployment : found->items)
      if (is_flagger(deployment, where.ns))
        return std::optional{fmt::format("Flagger runs as Deployment {} in {}",
                                         text_at(deployment, {"metadata", "name"}),
                                         text_at(deployment, {"metadata", "namespace"}))};
    page = found->next;
  } while (!page.empty());
  return std::optional<std::string>{};
}

std::string hand_back_command(const ObjectName& name) {
  return fmt::format(
      "kubectl -n {} patch canary {} --type=merge -p "
      R"('{{"metadata":{{"annotations":{{"{}":null}}}},"spec":{{"suspend":false}}}}')",
      name.ns, name.name, driver_annotation);
}

Result<std::string> take_over(KubeApi& api, const ObjectName& name) {
  const ObjectPath path{canaries, name.ns, name.name};
  const auto canary = api.get(path);
  if (!canary) return tl::unexpected(error_of(canary.error(), spoken("Canary", path)));
  if (taken_over(*canary)) return hand_back_command(name);
  if (true_at(*canary, {"spec", "suspend"}))
    return tl::unexpected(Error{.kind = ErrorKind::Invalid,
                                .message = spoken("Canary", path) + " is suspended",
                                .hint = "set spec.suspend to false first: a take-over suspends it "
                                        "for the other controller only"});
  const auto taken =
      api.patch(path, {{"metadata",
                        {{"annotations", {{driver_annotation, "volary"}}},
                         {"resourceVersion", text_at(*canary, {"metadata", "resourceVersion"})}}},
                       {"spec", {{"suspend", true}}}});
  if (!taken) return tl::unexpected(error_of(taken.error(), spoken("Canary", path)));
  return hand_back_command(name);
}

}  // namespace volary::live
