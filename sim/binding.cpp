#include "sim/binding.hpp"

#include <algorithm>
#include <set>

#include "engine/query_template.hpp"
#include "policies/promql/promql.hpp"
#include "policies/words.hpp"
#include "sim/telemetry/exporter.hpp"

namespace volary::sim {
namespace {

tl::unexpected<Error> refuse(std::string message, std::string hint) {
  return tl::unexpected(Error{ErrorKind::Invalid, std::move(message), "", std::move(hint)});
}

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Result<std::string> find_service(const Scenario& scenario, const Policy& policy,
                                 const RunOptions& options, std::vector<std::string>& notes) {
  const Canary& canary = policy.canary;
  std::set<std::string> all;
  for (const Service& service : scenario.services) all.insert(service.name);
  if (const auto said = options.bind.find(canary.name.name); said != options.bind.end()) {
    if (all.contains(said->second)) return said->second;
    return refuse(fmt::format("--bind {}={}: the scenario has no service '{}'", canary.name.name,
                              said->second, said->second),
                  "its services are " + joined(all));
  }
  if (all.contains(canary.spec.target_ref.name)) return canary.spec.target_ref.name;
  std::set<std::string> released;
  for (const Release& release : scenario.releases) released.insert(release.service);
  if (released.size() == 1 || (released.empty() && all.size() == 1)) {
    const std::string service = released.empty() ? *all.begin() : *released.begin();
    notes.push_back(fmt::format(
        "Canary {} (target {}) is bound to service {}, the only one that is {}", canary.name.name,
        canary.spec.target_ref.name, service, released.empty() ? "there" : "released"));
    return service;
  }
  return refuse(
      fmt::format("nothing says which service Canary {} releases: its target {} is not one of {}",
                  canary.name.name, canary.spec.target_ref.name, joined(all)),
      fmt::format("say it: --bind {}={}", canary.name.name, *all.begin()));
}

/// Who exports series beside the mesh itself. The Gateway API does not say who implements it:
/// Istio, Envoy (as Contour names its clusters) and Linkerd are those that people measure.
std::vector<QueryFamily> bystanders(const std::string& provider) {
  std::vector<QueryFamily> all{QueryFamily::PlainHttp};
  if (provider.starts_with("gatewayapi"))
    all.insert(all.end(), {QueryFamily::Istio, QueryFamily::Contour, QueryFamily::Linkerd});
  return all;
}

/// Sees whether somebody exports what a query asks for; who does it beside the mesh is then scraped
/// too.
Result<void> check_query(const std::string& check, const std::string& text,
                         const std::string& provider, Binding& binding, bool missing_is_no_data) {
  const auto parsed = promql::parse(text);
  if (!parsed) {
    Error error = parsed.error();
    error.message = fmt::format("metric {}: its query is not understood: {}", check, error.message);
    return tl::unexpected(std::move(error));
  }
  const auto also = [&binding](QueryFamily family) {
    if (std::ranges::find(binding.also, family) == binding.also.end())
      binding.also.push_back(family);
  };
  // In a mesh both ends of a request count it; the builtin queries ask the receiver.
  if (binding.family == QueryFamily::Istio && parsed->asks_for("reporter", "source"))
    also(QueryFamily::Istio);
  const std::vector<QueryFamily> others = bystanders(provider);
  std::vector<std::string> exported = Exporter::metric_names(binding.family);
  for (const std::string& name : parsed->metric_names()) {
    if (std::ranges::find(exported, name) != exported.end()) continue;
    const auto other = std::ranges::find_if(others, [&name](QueryFamily family) {
      const auto names = Exporter::metric_names(family);
      return std::ranges::find(names, name) != names.end();
    });
    if (other != others.end()) {
      also(*other);
      continue;
    }
    if (missing_is_no_data) continue;
    for (const QueryFamily family : others) {
      const auto names = Exporter::metric_names(family);
      exported.insert(exported.end(), names.begin(), names.end());
    }
    return refuse(
        fmt::format("metric {}: nothing in this world exports '{}'", check, name),
        fmt::format("the nearest name is {}; --missing-metrics no-data flies all the same",
                    closest(name, exported)));
  }
  return {};
}

}  // namespace

Result<Binding> bind(const Scenario& scenario, const Policy& policy, const RunOptions& options) {
  const Canary& canary = policy.canary;
  const EngineSettings settings{.compat = options.compat, .mesh_provider = scenario.mesh.provider};
  Binding binding;
  auto service = find_service(scenario, policy, options, binding.notes);
  if (!service) return tl::unexpected(service.error());
  binding.service = *std::move(service);
  binding.family = query_family(canary, settings);
  const std::string provider =
      canary.spec.provider.empty() ? scenario.mesh.provider : canary.spec.provider;

  for (const MetricCheck& check : canary.spec.analysis.metrics) {
    if (!check.query.empty()) {
      const auto text = render_query(check.query, template_values(canary, check, "1m"));
      if (text)
        if (auto good = check_query(check.name, *text, provider, binding,
                                    options.missing_metrics_are_no_data);
            !good)
          return tl::unexpected(good.error());
    }
    if (!check.template_ref) continue;
    ObjectName name = *check.template_ref;
    if (name.ns.empty()) name.ns = canary.name.ns;
    const auto found = std::ranges::find(policy.templates, name, &MetricTemplate::name);
    if (found == policy.templates.end()) {
      binding.notes.push_back(
          fmt::format("MetricTemplate {} is not in the files: check {} will fail", to_string(name),
                      check.name));
      continue;
    }
    if (found->provider_type != "prometheus") {
      if (!options.missing_metrics_are_no_data)
        return refuse(
            fmt::format("metric {}: a simulated world has no {} server", check.name,
                        found->provider_type),
            "--missing-metrics no-data flies all the same, and the check answers no data");
      continue;
    }
    // A template that does not render is a failed check, live as here (MT-42): the engine says so.
    if (const auto text = render_query(found->query, template_values(canary, check, "1m")))
      if (auto good = check_query(check.name, *text, provider, binding,
                                  options.missing_metrics_are_no_data);
          !good)
        return tl::unexpected(good.error());
  }
  return binding;
}

}  // namespace volary::sim
