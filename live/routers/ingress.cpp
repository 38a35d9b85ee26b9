#include "live/routers/ingress.hpp"

#include "live/routers/parts.hpp"

namespace volary::live::ingress {

using nlohmann::json;

const Resource& resource() {
  static const Resource ingresses{"networking.k8s.io", "v1", "ingresses"};
  return ingresses;
}

Result<Paths> paths(const RouteContext& context) {
  const auto& reference = context.canary.spec.ingress_ref;
  if (!reference || reference->name.empty())
    return fail(ErrorKind::Invalid, "Canary {}: spec.ingressRef names no Ingress",
                to_string(context.canary.name));
  return Paths{.apex = path_of(context, resource(), reference->name),
               .canary = path_of(context, resource(), reference->name + "-canary")};
}

std::size_t for_each_path(json& spec, const std::string& service,
                          const std::function<void(json& paths, std::size_t at)>& change) {
  std::size_t found = 0;
  if (!at(spec, {"rules"}).is_array()) return found;
  for (json& rule : spec["rules"]) {
    if (!at(rule, {"http", "paths"}).is_array()) continue;
    json& paths = rule["http"]["paths"];
    const std::size_t originals = paths.size();  // `change` may append
    for (std::size_t i = 0; i < originals; ++i) {
      if (text_at(paths[i], {"backend", "service", "name"}) != service) continue;
      change(paths, i);
      ++found;
    }
  }
  return found;
}

void set_service(json& path, const std::string& service) {
  path["backend"]["service"]["name"] = service;
}

}  // namespace volary::live::ingress
