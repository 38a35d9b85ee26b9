#include "live/perform.hpp"

#include <array>

#include "live/kube_objects.hpp"

namespace volary::live {
namespace {

using nlohmann::json;

Result<void> write(KubeApi& api, const RouteWrite& write) {
  const auto said = [&]() -> KubeResult<void> {
    switch (write.verb) {
      case RouteWrite::Verb::Create:
        return api.create(write.path, write.body).map([](const json&) {});
      case RouteWrite::Verb::Update:
        return api.update(write.path, write.body).map([](const json&) {});
      case RouteWrite::Verb::MergePatch:
        return api.patch(write.path, write.body).map([](const json&) {});
      case RouteWrite::Verb::Delete:
        return api.remove(write.path, text_at(write.body, {"metadata", "uid"}));
    }
    return {};
  }();
  if (said) return {};
  return tl::unexpected(error_of(said.error(), spoken(kind_of(write.path.resource), write.path)));
}

}  // namespace

Result<Snapshot> read_objects(KubeApi& api, const std::vector<ObjectPath>& paths) {
  Snapshot snapshot;
  for (const ObjectPath& path : paths) {
    auto object = api.get(path);
    if (object) {
      snapshot.put(path, *std::move(object));
    } else if (object.error().kind != KubeError::Kind::NotFound) {
      return tl::unexpected(error_of(object.error(), spoken(kind_of(path.resource), path)));
    }
  }
  return snapshot;
}

Result<void> perform(KubeApi& api, const RouteWrites& writes) {
  for (const RouteWrite& each : writes.writes)
    if (auto written = write(api, each); !written) return written;
  if (writes.then) return tl::unexpected(*writes.then);
  return {};
}

std::string kind_of(const Resource& resource) {
  struct Named {
    const char* group;
    const char* plural;
    const char* kind;
  };
  static constexpr std::array known{
      Named{"", "configmaps", "ConfigMap"},
      Named{"", "secrets", "Secret"},
      Named{"", "services", "Service"},
      Named{"apisix.apache.org", "apisixroutes", "ApisixRoute"},
      Named{"appmesh.k8s.aws", "virtualnodes", "VirtualNode"},
      Named{"appmesh.k8s.aws", "virtualrouters", "VirtualRouter"},
      Named{"appmesh.k8s.aws", "virtualservices", "App Mesh VirtualService"},
      Named{"apps", "daemonsets", "DaemonSet"},
      Named{"apps", "deployments", "Deployment"},
      Named{"autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler"},
      Named{"flagger.app", "canaries", "Canary"},
      Named{"gateway.networking.k8s.io", "httproutes", "HTTPRoute"},
      Named{"gateway.solo.io", "routetables", "RouteTable"},
      Named{"gloo.solo.io", "upstreams", "Upstream"},
      Named{"keda.sh", "scaledobjects", "ScaledObject"},
      Named{"kuma.io", "trafficroutes", "TrafficRoute"},
      Named{"networking.istio.io", "destinationrules", "DestinationRule"},
      Named{"networking.istio.io", "virtualservices", "VirtualService"},
      Named{"networking.k8s.io", "ingresses", "Ingress"},
      Named{"projectcontour.io", "httpproxies", "HTTPProxy"},
      Named{"serving.knative.dev", "services", "Knative Service"},
      Named{"split.smi-spec.io", "trafficsplits", "TrafficSplit"},
      Named{"traefik.io", "traefikservices", "TraefikService"},
  };
  for (const Named& each : known)
    if (resource.group == each.group && resource.plural == each.plural) return each.kind;
  return resource.plural;
}

}  // namespace volary::live
