#include "gui/models/documents.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "engine/contract.hpp"
#include "gui/assets.hpp"
#include "scenarios/load.hpp"
#include "scenarios/quick.hpp"

namespace volary::gui {
namespace {

template <class T>
std::vector<std::shared_ptr<const T>> shared(std::vector<T> values) {
  std::vector<std::shared_ptr<const T>> pointers;
  for (T& value : values) pointers.push_back(std::make_shared<const T>(std::move(value)));
  return pointers;
}

Error two_scenarios(const std::string& one, const std::string& other) {
  return {.kind = ErrorKind::Invalid,
          .message = "two scenarios: " + one + " and " + other,
          .where = "opened files",
          .hint = "open one scenario at a time"};
}

}  // namespace

Documents shipped_documents() {
  auto scenario = read_scenario(shipped_scenario, "scenarios/checkout-latency-regression.yaml");
  auto policies = read_policies(shipped_policy, "policies/default-progressive.yaml");
  expects(scenario.has_value() && policies.has_value(), "what ships inside the program is valid");
  return {.scenarios = shared(std::vector{*std::move(scenario)}),
          .policies = shared(*std::move(policies))};
}

Result<Documents> open_documents(const std::vector<std::string>& files, const Documents& current) {
  std::vector<std::string> scenarios, manifests;
  for (const std::string& file : files) {
    const auto scenario = holds_scenario(file);
    if (!scenario) return tl::unexpected(scenario.error());
    (*scenario ? scenarios : manifests).push_back(file);
  }
  if (scenarios.size() > 1) return tl::unexpected(two_scenarios(scenarios[0], scenarios[1]));

  Documents opened = current;
  if (!manifests.empty()) {
    auto policies = load_policies(manifests);
    if (!policies) return tl::unexpected(policies.error());
    opened.policies = shared(*std::move(policies));
  }
  if (!scenarios.empty()) {
    auto scenario = load_scenario(scenarios[0]);
    if (!scenario) return tl::unexpected(scenario.error());
    opened.scenarios = shared(std::vector{*std::move(scenario)});
    opened.chosen_world = true;
    return opened;
  }
  const Policy& policy = *opened.policies.front();
  const std::string& target = policy.canary.spec.target_ref.name;
  if (current.chosen_world || current.scenarios.front()->find_service(target)) return opened;
  auto worlds = quick_scenarios(policy, {});
  if (!worlds) return tl::unexpected(worlds.error());
  std::ranges::stable_partition(*worlds, [](const sim::Scenario& world) {
    return std::ranges::any_of(world.releases, &sim::Release::bad);
  });
  opened.scenarios = shared(*std::move(worlds));
  return opened;
}

std::vector<std::string> remarks_of(const Documents& documents) {
  std::vector<std::string> lines;
  for (const PolicyPtr& policy : documents.policies)
    for (const Remark& remark : policy->remarks)
      lines.push_back(fmt::format("{}: {}{}{}{}{}", to_string(remark.at), remark.path,
                                  remark.path.empty() ? "" : ": ", remark.text,
                                  remark.hint.empty() ? "" : "; ", remark.hint));
  return lines;
}

}  // namespace volary::gui
