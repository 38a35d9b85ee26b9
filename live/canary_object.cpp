#include "live/canary_object.hpp"

#include <algorithm>

#include "live/kube_objects.hpp"
#include "live/rfc3339.hpp"

namespace volary::live {
namespace {

using nlohmann::json;

void put_text(json& into, const char* key, const std::string& text) {
  if (text.empty()) {
    into.erase(key);
  } else {
    into[key] = text;
  }
}

int count_at(const json& object, std::string_view key) {
  return static_cast<int>(
      std::clamp<std::int64_t>(integer_at(object, {key}).value_or(0), INT32_MIN, INT32_MAX));
}

/// ST-12: the one condition of type Promoted.
const json* promoted_condition(const json& status) {
  for (const json& condition : list_at(status, {"conditions"}))
    if (text_at(condition, {"type"}) == "Promoted") return &condition;
  return nullptr;
}

json condition_json(const Condition& condition) {
  return {{"type", "Promoted"},
          {"status", condition.status},
          {"reason", condition.reason},
          {"message", condition.message},
          {"lastUpdateTime", rfc3339(condition.last_update)},
          {"lastTransitionTime", rfc3339(condition.last_transition)}};
}

template <class T, class Read>
Result<T> read(const json& object, Read read, std::vector<Remark>& remarks) {
  return read(node_of(object, text_at(object, {"metadata", "name"})), remarks);
}

}  // namespace

Node node_of(const json& value, const std::string& name) {
  Node node;
  switch (value.type()) {
    case json::value_t::object:
      node = Node::map();
      for (const auto& [key, member] : value.items()) node.set(key, node_of(member, name));
      break;
    case json::value_t::array:
      node = Node::sequence();
      for (const json& item : value) node.push(node_of(item, name));
      break;
    case json::value_t::string:
      node.kind = Node::Kind::Scalar;
      node.text = value.get<std::string>();
      node.quoted = true;  // JSON says what is text
      break;
    case json::value_t::null: break;
    default: node.kind = Node::Kind::Scalar; node.text = value.dump();
  }
  node.at = {.file = name, .line = 0, .column = 0};
  return node;
}

Result<Canary> canary_of(const json& object, std::vector<Remark>& remarks) {
  auto canary = read<Canary>(object, read_canary, remarks);
  if (!canary) return canary;
  canary->uid = text_at(object, {"metadata", "uid"});
  canary->version = integer_at(object, {"metadata", "resourceVersion"}).value_or(0);
  canary->generation = integer_at(object, {"metadata", "generation"}).value_or(0);
  canary->deleting = !text_at(object, {"metadata", "deletionTimestamp"}).empty();
  const json& finalizers = list_at(object, {"metadata", "finalizers"});
  canary->finalizer =
      std::find(finalizers.begin(), finalizers.end(), canary_finalizer) != finalizers.end();
  canary->status = status_of(object);
  return canary;
}

Result<MetricTemplate> metric_template_of(const json& object) {
  std::vector<Remark> remarks;
  return read<MetricTemplate>(object, read_metric_template, remarks);
}

Result<AlertProvider> alert_provider_of(const json& object) {
  std::vector<Remark> remarks;
  return read<AlertProvider>(object, read_alert_provider, remarks);
}

CanaryStatus status_of(const json& object) {
  const json& from = at(object, {"status"});
  CanaryStatus status;
  status.phase = phase_named(text_at(from, {"phase"})).value_or(Phase::None);
  status.failed_checks = count_at(from, "failedChecks");
  status.canary_weight = count_at(from, "canaryWeight");
  status.iterations = count_at(from, "iterations");
  if (at(from, {"trackedConfigs"}).is_object())
    status.tracked_configs = labels_at(from, {"trackedConfigs"});
  status.session_affinity_cookie = text_at(from, {"sessionAffinityCookie"});
  status.primary_session_affinity_cookie = text_at(from, {"primarySessionAffinityCookie"});
  status.previous_session_affinity_cookie = text_at(from, {"previousSessionAffinityCookie"});
  status.last_applied_spec = text_at(from, {"lastAppliedSpec"});
  status.last_promoted_spec = text_at(from, {"lastPromotedSpec"});
  status.last_transition_time = rfc3339(text_at(from, {"lastTransitionTime"})).value_or(Instant{});
  if (const json* condition = promoted_condition(from))
    status.condition = Condition{
        .status = text_at(*condition, {"status"}),
        .reason = text_at(*condition, {"reason"}),
        .message = text_at(*condition, {"message"}),
        .last_update = rfc3339(text_at(*condition, {"lastUpdateTime"})).value_or(Instant{}),
        .last_transition =
            rfc3339(text_at(*condition, {"lastTransitionTime"})).value_or(Instant{})};
  return status;
}

void put_status(json& object, const CanaryStatus& status) {
  if (!at(object, {"status"}).is_object()) object["status"] = json::object();
  json& into = object["status"];
  into["phase"] = to_string(status.phase);
  into["failedChecks"] = status.failed_checks;
  into["canaryWeight"] = status.canary_weight;
  into["iterations"] = status.iterations;
  if (status.tracked_configs) {
    into["trackedConfigs"] = json::object();
    for (const auto& [name, checksum] : *status.tracked_configs)
      into["trackedConfigs"][name] = checksum;
  } else {
    into.erase("trackedConfigs");
  }
  put_text(into, "sessionAffinityCookie", status.session_affinity_cookie);
  put_text(into, "primarySessionAffinityCookie", status.primary_session_affinity_cookie);
  put_text(into, "previousSessionAffinityCookie", status.previous_session_affinity_cookie);
  put_text(into, "lastAppliedSpec", status.last_applied_spec);
  put_text(into, "lastPromotedSpec", status.last_promoted_spec);
  into["lastTransitionTime"] = rfc3339(status.last_transition_time);
  if (!status.condition) return;
  json conditions = json::array();
  for (const json& condition : list_at(into, {"conditions"}))
    if (text_at(condition, {"type"}) != "Promoted") conditions.push_back(condition);
  conditions.push_back(condition_json(*status.condition));
  into["conditions"] = std::move(conditions);
}

}  // namespace volary::live
