#include "tests/cluster/operator_world.hpp"

#include <stdexcept>
#include <thread>

#include <fmt/format.h>

#include "live/canary_object.hpp"
#include "live/kube_objects.hpp"
#include "live/operator/shadow.hpp"
#include "policies/document.hpp"
#include "tests/cluster/objects.hpp"
#include "tests/cluster/provider_crds.hpp"

namespace volary::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// As free as a definition may be, for a machine that has not Istio's own.
json virtual_service_crd() {
  json definition = widget_crd();
  definition["metadata"]["name"] = "virtualservices.networking.istio.io";
  definition["spec"]["group"] = "networking.istio.io";
  definition["spec"]["names"] = {{"plural", "virtualservices"},
                                 {"singular", "virtualservice"},
                                 {"kind", "VirtualService"},
                                 {"listKind", "VirtualServiceList"}};
  definition["spec"]["versions"][0]["name"] = "v1beta1";
  return definition;
}

json destination_rule_crd() {
  json definition = virtual_service_crd();
  definition["metadata"]["name"] = "destinationrules.networking.istio.io";
  definition["spec"]["names"] = {{"plural", "destinationrules"},
                                 {"singular", "destinationrule"},
                                 {"kind", "DestinationRule"},
                                 {"listKind", "DestinationRuleList"}};
  return definition;
}

void must(const live::KubeResult<json>& made) {
  if (!made && made.error().kind != live::KubeError::Kind::AlreadyExists)
    throw std::runtime_error(made.error().message);
}

}  // namespace

void install_kinds(live::KubeClient& client) {
  const auto documents = read_documents(VOLARY_SOURCE_DIR "/live/manifests/crds.yaml");
  if (!documents) throw std::runtime_error(to_string(documents.error()));
  for (const Node& document : *documents) {
    const json definition = live::json_of(document);
    must(client.create({crds, "", live::text_at(definition, {"metadata", "name"})}, definition));
  }
  if (provider_crds() && has_provider_crds("istio")) {
    static const auto installed = install_provider_crds(client, "istio");
  } else {
    must(client.create({crds, "", "virtualservices.networking.istio.io"}, virtual_service_crd()));
    must(client.create({crds, "", "destinationrules.networking.istio.io"}, destination_rule_crd()));
  }
  for (const live::Resource& kind :
       {live::canaries, live::metric_templates, live::alert_providers, virtual_services})
    if (!eventually([&] { return client.list(kind, "", "").has_value(); }))
      throw std::runtime_error(kind.plural + " are not served");
}

void put_web(live::KubeClient& client, const std::string& ns, const json& analysis) {
  must(client.create({deployments, ns, "web"}, deployment("web", 2)));
  json canary = json::parse(R"({
    "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "web"},
    "spec": {"provider": "istio",
      "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
      "service": {"port": 80, "targetPort": 8080, "gateways": ["public"], "hosts": ["web.example"]},
      "analysis": {"interval": "10s", "threshold": 2, "stepWeight": 20, "maxWeight": 40,
        "metrics": [{"name": "request-success-rate", "interval": "1m",
                     "thresholdRange": {"min": 99}}]}}})");
  canary["spec"]["analysis"].merge_patch(analysis.is_null() ? json::object() : analysis);
  must(client.create({live::canaries, ns, "web"}, canary));
}

void set_image(live::KubeClient& client, const std::string& ns, const std::string& image) {
  must(client.patch(
      {deployments, ns, "web"},
      {{"spec",
        {{"template",
          {{"spec", {{"containers", json::array({{{"name", "main"}, {"image", image}}})}}}}}}}}));
}

ReleaseBench::ReleaseBench(live::KubeApi& api)
    : log{clock, live::Log::Level::Error, [](std::string_view) {}},
      events{api},
      alerts{api, postbox, {}, [](const std::string&, const Error&) {}},
      world{.clock = clock,
            .api = api,
            .routes = api,
            .http = http,
            .postbox = postbox,
            .alerts = alerts,
            .events = events,
            .gauges = gauges,
            .log = log,
            .entropy = entropy,
            .metrics =
                [this](const Canary&) { return std::make_unique<SteadyMetrics>(success_rate); },
            .wait = [](Duration) {}} {}

std::vector<std::string> ReleaseBench::ticks(live::Release& release,
                                             const std::function<bool(const TickRecord&)>& over) {
  std::vector<std::string> seen;
  const auto deadline = std::chrono::steady_clock::now() + 90s;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto tick = release.tick();
    if (!tick) throw std::runtime_error(to_string(tick.error()));
    const auto weights = tick->routes ? fmt::format("{}/{}", tick->routes->primary.percent(),
                                                    tick->routes->canary.percent())
                                      : std::string{"-"};
    const std::string line = fmt::format("{} {}", to_string(tick->status.phase), weights);
    if (seen.empty() || seen.back() != line) seen.push_back(line);
    if (over(*tick)) return seen;
    std::this_thread::sleep_for(200ms);
  }
  seen.emplace_back("and no end");
  return seen;
}

}  // namespace volary::test
