#include "live/canary_object.hpp"

#include <catch2/catch.hpp>

#include "live/cluster_store.hpp"
#include "live/kube_objects.hpp"
#include "live/rfc3339.hpp"

using namespace volary;
using namespace volary::live;
using nlohmann::json;

namespace {

json podinfo() {
  return json::parse(R"({
    "apiVersion": "flagger.app/v1beta1", "kind": "Canary",
    "metadata": {"name": "podinfo", "namespace": "test", "uid": "u-1", "resourceVersion": "41",
                 "generation": 3, "finalizers": ["other", "finalizer.flagger.app"]},
    "spec": {"provider": "istio",
             "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"},
             "service": {"port": 9898, "headers": {"request": {"add": {"x": "1"}}}},
             "analysis": {"interval": "1m", "threshold": 5, "maxWeight": 50, "stepWeight": 10}},
    "status": {"phase": "Progressing", "failedChecks": 1, "canaryWeight": 20, "iterations": 0,
               "trackedConfigs": {"configmap/a": "1"}, "lastAppliedSpec": "abc",
               "lastTransitionTime": "2026-11-24T09:12:00Z", "futureField": {"kept": true},
               "conditions": [{"type": "Promoted", "status": "Unknown", "reason": "Progressing",
                               "message": "m", "lastUpdateTime": "2026-11-24T09:11:00Z",
                               "lastTransitionTime": "2026-11-24T09:10:00Z"}]}})");
}

/// One Canary behind the transport: versions move with each write, as a server's do.
class OneObject : public KubeApi {
 public:
  json object = podinfo();
  bool prunes = false;

  KubeResult<json> get(const ObjectPath&) override { return object; }
  KubeResult<Page> list(const Resource&, const std::string&, const std::string&) override {
    return Page{};
  }
  KubeResult<void> watch(const Resource&, const std::string&, const std::string&,
                         const std::function<bool(const WatchEvent&, const json&)>&) override {
    return {};
  }
  KubeResult<json> create(const ObjectPath&, const json&) override { return refused(); }
  KubeResult<json> update(const ObjectPath&, const json&) override { return refused(); }
  KubeResult<json> update_status(const ObjectPath&, const json& sent) override {
    if (sent["metadata"]["resourceVersion"] != object["metadata"]["resourceVersion"])
      return tl::unexpected(KubeError{KubeError::Kind::Conflict, "stale", {}, {}});
    object["status"] = sent["status"];
    if (prunes) object["status"].erase("trackedConfigs");
    return moved();
  }
  KubeResult<json> patch(const ObjectPath&, const json& merge) override {
    if (merge["metadata"]["resourceVersion"] != object["metadata"]["resourceVersion"])
      return tl::unexpected(KubeError{KubeError::Kind::Conflict, "stale", {}, {}});
    object.merge_patch(merge);
    return moved();
  }
  KubeResult<void> remove(const ObjectPath&, const std::string&) override { return {}; }

 private:
  static tl::unexpected<KubeError> refused() {
    return tl::unexpected(KubeError{KubeError::Kind::Forbidden, "not here", {}, {}});
  }
  json moved() {
    const auto version = integer_at(object, {"metadata", "resourceVersion"}).value_or(0);
    object["metadata"]["resourceVersion"] = std::to_string(version + 1);
    return object;
  }
};

}  // namespace

TEST_CASE("FLT-57: times are RFC 3339 in UTC, both ways, for every year the Timeline holds") {
  CHECK(rfc3339(Instant{}) == "1970-01-01T00:00:00Z");
  for (const char* text : {"2026-11-24T09:12:00Z", "2038-01-19T03:14:08Z", "1969-12-31T23:59:59Z",
                           "2000-02-29T00:00:00Z", "2261-12-31T23:59:59Z"}) {
    const auto instant = rfc3339(std::string_view{text});
    REQUIRE(instant);
    CHECK(rfc3339(*instant) == text);
  }
  CHECK(rfc3339("2026-11-24T10:12:00.25+01:00") ==
        *rfc3339("2026-11-24T09:12:00Z") + std::chrono::milliseconds{250});
  CHECK(rfc3339_micro(*rfc3339("2026-11-24T09:12:00.000125Z")) == "2026-11-24T09:12:00.000125Z");
  for (const char* text : {"", "2026-11-24", "2026-02-30T00:00:00Z", "2026-11-24T24:00:00Z",
                           "2026-11-24T09:12:00", "9999-01-01T00:00:00Z", "2026-11-24T09:12:00Zx",
                           "-026-11-24T09:12:00Z", "2026-11-24T09:12:00.Z"})
    CHECK_FALSE(rfc3339(std::string_view{text}));
}

TEST_CASE("ST-01..12: a Canary of the API server is what the engine reads") {
  std::vector<Remark> remarks;
  const auto canary = canary_of(podinfo(), remarks);
  REQUIRE(canary);
  CHECK(remarks.empty());
  CHECK(canary->name == ObjectName{"test", "podinfo"});
  CHECK(canary->version == 41);
  CHECK(canary->generation == 3);
  CHECK(canary->finalizer);
  CHECK(canary->spec.analysis.step_weight == 10);
  CHECK(canary->status.phase == Phase::Progressing);
  CHECK(canary->status.tracked_configs == TrackedConfigs{{"configmap/a", "1"}});
  REQUIRE(canary->status.condition);
  CHECK(canary->status.condition->reason == "Progressing");
}

TEST_CASE("FLT-34: what the schema cannot read is refused with its path, whatever it is") {
  std::vector<Remark> remarks;
  json object = podinfo();
  object["spec"]["analysis"]["stepWeight"] = json::parse("99999999999999999999");
  CHECK_FALSE(canary_of(object, remarks));
  object["spec"]["analysis"]["stepWeight"] = 2.5;
  const auto refused = canary_of(object, remarks);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().where.find("stepWeight") != std::string::npos);
  for (const json& odd : {json{}, json::array(), json("text"), json(7)})
    CHECK_FALSE(canary_of(odd, remarks));
}

TEST_CASE("FLT-46: a status is written back whole, and what others keep in it survives") {
  json object = podinfo();
  const CanaryStatus before = status_of(object);
  put_status(object, before);
  CHECK(object == podinfo());
  CanaryStatus cleared = before;
  cleared.tracked_configs.reset();
  cleared.phase = Phase::Failed;
  put_status(object, cleared);
  CHECK(status_of(object) == cleared);
  CHECK(object["status"]["futureField"]["kept"] == true);
  CHECK_FALSE(object["status"].contains("trackedConfigs"));
  CHECK(object["status"]["canaryWeight"] == 20);  // ST-02..04: always present
}

TEST_CASE("ST-50: a status is written against the version that it came from") {
  OneObject api;
  ClusterStore store{api, {"test", "podinfo"}};
  const auto canary = store.read();
  REQUIRE(canary);
  CanaryStatus status = canary->status;
  status.canary_weight = 30;
  const auto version = store.write_status(status, canary->version);
  REQUIRE(version);
  CHECK(*version == 42);
  const auto stale = store.write_status(status, canary->version);
  REQUIRE_FALSE(stale);
  CHECK(stale.error().kind == ErrorKind::Conflict);
}

TEST_CASE("FLT-16: a status that the server prunes is noticed, and the field is named") {
  OneObject api;
  api.prunes = true;
  ClusterStore store{api, {"test", "podinfo"}};
  const auto canary = store.read();
  const auto written = store.write_status(canary->status, canary->version);
  REQUIRE_FALSE(written);
  CHECK(written.error().message.find("trackedConfigs") != std::string::npos);
}

TEST_CASE("FIN-02, INV-38: one finalizer, set and released, and nobody else's is touched") {
  OneObject api;
  ClusterStore store{api, {"test", "podinfo"}};
  REQUIRE(store.set_finalizer(true));
  CHECK(api.object["metadata"]["finalizers"] == json({"other", "finalizer.flagger.app"}));
  CHECK(api.object["metadata"]["resourceVersion"] == "41");  // nothing to do, nothing written
  REQUIRE(store.set_finalizer(false));
  CHECK(api.object["metadata"]["finalizers"] == json({"other"}));
  REQUIRE(store.set_finalizer(true));
  CHECK(api.object["metadata"]["finalizers"] == json({"other", "finalizer.flagger.app"}));
}

TEST_CASE("RT-COMMON-26: absent and zero mean the same, at every depth") {
  const auto same = [](const char* a, const char* b) {
    return means_the_same(json::parse(a), json::parse(b));
  };
  CHECK(same("{}", R"({"a": "", "b": 0, "c": false, "d": [], "e": {"f": null}})"));
  CHECK(same(R"({"a": [{"w": 0, "h": "x"}]})", R"({"a": [{"h": "x"}]})"));
  CHECK_FALSE(same(R"({"a": 1})", "{}"));
  CHECK_FALSE(same(R"({"a": [1]})", R"({"a": [1, 2]})"));
  CHECK_FALSE(same(R"({"a": "0"})", R"({"a": 0})"));
}
