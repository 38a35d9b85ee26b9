#include "live/routers/provider.hpp"

#include <array>

#include "live/kube_objects.hpp"

namespace volary::live {
namespace {

/// RT-SMI-01: what follows `smi:v1alphaN:`, or the whole string.
std::string mesh_of(std::string_view name) {
  constexpr std::string_view example = "smi:v1alpha1";
  const bool suffixed = name.size() > example.size() + 1 && name[example.size()] == ':';
  return std::string{suffixed ? name.substr(example.size() + 1) : name};
}

struct Row {
  enum class Test { StartsWith, Equals } test;
  const char* text;
  std::unique_ptr<RouteProvider> (*make)(std::string_view name);
};

using enum Row::Test;

// clang-format off
constexpr std::array table{
    Row{StartsWith, "appmesh:v1beta2",    [](std::string_view) { return app_mesh_v1beta2_provider(); }},
    Row{Equals,     "appmesh",            [](std::string_view) { return app_mesh_v1beta1_provider(); }},
    Row{Equals,     "linkerd",            [](std::string_view) { return smi_provider("v1alpha1", "linkerd"); }},
    Row{Equals,     "istio",              [](std::string_view) { return istio_provider(); }},
    Row{StartsWith, "smi:v1alpha1",       [](std::string_view name) { return smi_provider("v1alpha1", mesh_of(name)); }},
    Row{StartsWith, "smi:v1alpha2",       [](std::string_view name) { return smi_provider("v1alpha2", mesh_of(name)); }},
    Row{StartsWith, "smi:v1alpha3",       [](std::string_view name) { return smi_provider("v1alpha3", mesh_of(name)); }},
    Row{Equals,     "contour",            [](std::string_view) { return contour_provider(); }},
    Row{Equals,     "knative",            [](std::string_view) { return knative_provider(); }},
    Row{StartsWith, "gloo",               [](std::string_view) { return gloo_provider(); }},
    Row{Equals,     "nginx",              [](std::string_view) { return nginx_provider(); }},
    Row{Equals,     "skipper",            [](std::string_view) { return skipper_provider(); }},
    Row{Equals,     "traefik",            [](std::string_view) { return traefik_provider(); }},
    Row{Equals,     "apisix",             [](std::string_view) { return apisix_provider(); }},
    Row{Equals,     "osm",                [](std::string_view) { return smi_provider("v1alpha2", "osm"); }},
    Row{Equals,     "kuma",               [](std::string_view) { return kuma_provider(); }},
    Row{StartsWith, "gatewayapi:v1beta1", [](std::string_view) { return gateway_api_provider("v1beta1"); }},
    Row{StartsWith, "gatewayapi:v1",      [](std::string_view) { return gateway_api_provider("v1"); }},
    Row{Equals,     "kubernetes",         [](std::string_view) { return std::unique_ptr<RouteProvider>{}; }},
};
// clang-format on

const Row* row_of(std::string_view name) {
  for (const Row& row : table)
    if (row.test == Equals ? name == row.text : name.starts_with(row.text)) return &row;
  return nullptr;
}

}  // namespace

std::unique_ptr<RouteProvider> route_provider(std::string_view name) {
  const Row* row = row_of(name);
  return row != nullptr ? row->make(name) : istio_provider();  // row 20
}

bool is_known_provider(std::string_view name) { return row_of(name) != nullptr; }

}  // namespace volary::live
