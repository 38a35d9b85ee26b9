#pragma once

#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "live/kube_api.hpp"
#include "live/kube_objects.hpp"
#include "tests/cluster/objects.hpp"

/// What every API server does, a real one behind `live/net` and the simulated one: the same
/// assertions are made of both, so that the simulated one is held to what the real one was seen to
/// do. `ns` is a namespace that nobody else uses.
namespace volary::test::contract {

using live::KubeApi;
using live::ObjectPath;
using live::text_at;
using nlohmann::json;
using Kind = live::KubeError::Kind;
using Event = KubeApi::WatchEvent;
/// Waits until it is true; false when it does not become so.
using Eventually = std::function<bool(const std::function<bool()>&)>;

inline std::string version_of(const json& object) {
  return text_at(object, {"metadata", "resourceVersion"});
}
inline std::string uid_of(const json& object) { return text_at(object, {"metadata", "uid"}); }

inline void create_read_replace_patch_delete(KubeApi& api, const std::string& ns) {
  const ObjectPath path{config_maps, ns, "settings"};
  CHECK(api.get(path).error().kind == Kind::NotFound);
  const auto created = api.create(path, config_map("settings"));
  REQUIRE(created);
  CHECK(api.create(path, config_map("settings")).error().kind == Kind::AlreadyExists);
  CHECK(*api.get(path) == *created);

  json changed = *created;
  changed["data"]["key"] = "2";
  const auto updated = api.update(path, changed);
  REQUIRE(updated);
  CHECK((*updated)["data"]["key"] == "2");
  CHECK(version_of(*updated) != version_of(*created));
  CHECK(uid_of(*updated) == uid_of(*created));
  const auto again = api.update(path, *updated);  // nothing new is no new version
  REQUIRE(again);
  CHECK(version_of(*again) == version_of(*updated));

  const auto patched = api.patch(path, {{"data", {{"key", nullptr}, {"other", "3"}}}});
  REQUIRE(patched);
  CHECK((*patched)["data"] == json{{"other", "3"}});

  REQUIRE(api.remove(path, uid_of(*created)));
  CHECK(api.get(path).error().kind == Kind::NotFound);
  CHECK(api.remove(path, uid_of(*created)).error().kind == Kind::NotFound);
}

/// FLT-01, INV-32, API fact A1.
inline void old_versions_conflict(KubeApi& api, const std::string& ns) {
  const ObjectPath path{config_maps, ns, "settings"};
  const auto old = api.create(path, config_map("settings"));
  REQUIRE(old);
  REQUIRE(api.patch(path, {{"data", {{"key", "by another"}}}}));
  json mine = *old;
  mine["data"]["key"] = "mine";
  const auto written = api.update(path, mine);
  REQUIRE_FALSE(written);
  CHECK(written.error().kind == Kind::Conflict);
  const auto bound = api.patch(
      path, {{"metadata", {{"resourceVersion", version_of(*old)}}}, {"data", {{"key", "mine"}}}});
  REQUIRE_FALSE(bound);
  CHECK(bound.error().kind == Kind::Conflict);
  CHECK((*api.get(path))["data"]["key"] == "by another");
}

/// INV-33, FLT-30.
inline void another_object_of_the_name_stays(KubeApi& api, const std::string& ns) {
  const ObjectPath path{config_maps, ns, "settings"};
  const auto first = api.create(path, config_map("settings"));
  REQUIRE(first);
  REQUIRE(api.remove(path, ""));
  REQUIRE(api.create(path, config_map("settings")));
  const auto removed = api.remove(path, uid_of(*first));
  REQUIRE_FALSE(removed);
  CHECK(removed.error().kind == Kind::Conflict);
  CHECK(api.get(path));
}

/// A finalizer holds an object that is to go; FIN-02.
inline void finalizers_are_waited_for(KubeApi& api, const std::string& ns) {
  const ObjectPath path{config_maps, ns, "held"};
  json object = config_map("held");
  object["metadata"]["finalizers"] = {"volary.test/hold"};
  REQUIRE(api.create(path, object));
  REQUIRE(api.remove(path, ""));
  const auto going = api.get(path);
  REQUIRE(going);
  CHECK_FALSE(text_at(*going, {"metadata", "deletionTimestamp"}).empty());
  REQUIRE(api.patch(path, {{"metadata", {{"finalizers", nullptr}}}}));
  CHECK(api.get(path).error().kind == Kind::NotFound);
}

/// A definition, then status and spec apart; FLT-16.
inline void status_and_spec_are_apart(KubeApi& api, const std::string& ns,
                                      const Eventually& eventually) {
  const ObjectPath crd{crds, "", "widgets.volary.test"};
  REQUIRE(api.create(crd, widget_crd()));
  REQUIRE(eventually([&] { return api.list(widgets, ns, "").has_value(); }));

  const ObjectPath path{widgets, ns, "w"};
  const auto created = api.create(path, widget("w"));
  REQUIRE(created);
  json both = *created;
  both["spec"]["size"] = 2;
  both["status"]["phase"] = "Progressing";
  const auto status = api.update_status(path, both);
  REQUIRE(status);
  CHECK((*status)["status"]["phase"] == "Progressing");
  CHECK((*status)["spec"]["size"] == 1);
  CHECK((*status)["metadata"]["generation"] == 1);

  both = *status;
  both["spec"]["size"] = 2;
  both["status"]["phase"] = "Failed";
  const auto spec = api.update(path, both);
  REQUIRE(spec);
  CHECK((*spec)["spec"]["size"] == 2);
  CHECK((*spec)["status"]["phase"] == "Progressing");
  CHECK((*spec)["metadata"]["generation"] == 2);

  both = *spec;  // labels are nobody's generation
  both["metadata"]["labels"]["a"] = "b";
  const auto labelled = api.update(path, both);
  REQUIRE(labelled);
  CHECK((*labelled)["metadata"]["generation"] == 2);
  both["metadata"].erase("resourceVersion");
  CHECK(api.update(path, both).error().kind == Kind::Invalid);

  // The definition goes away while there are objects.
  REQUIRE(api.remove(crd, ""));
  CHECK(eventually([&] {
    const auto said = api.list(widgets, ns, "");
    return !said && said.error().kind == Kind::NotFound;
  }));
}

/// FLT-11, FLT-12, API fact A7.
inline void refusals_come_with_causes(KubeApi& api, const std::string& ns) {
  json wrong = deployment("web", 1);
  wrong["spec"]["template"]["metadata"]["labels"]["app"] = "another";
  wrong["spec"]["replicas"] = -1;
  const auto created = api.create({deployments, ns, "web"}, wrong);
  REQUIRE_FALSE(created);
  CHECK(created.error().kind == Kind::Invalid);
  REQUIRE(created.error().causes.size() == 2);
  CHECK(created.error().causes[0].find("spec.replicas: ") == 0);
  CHECK(created.error().causes[1].find("spec.template.metadata.labels: ") == 0);

  const auto large =
      api.create({config_maps, ns, "large"}, config_map("large", std::string(4 << 20, 'x')));
  REQUIRE_FALSE(large);
  CHECK(large.error().kind == Kind::Invalid);
  CHECK(api.list({"no.such.group", "v1", "things"}, ns, "").error().kind == Kind::NotFound);
  CHECK(api.create({config_maps, ns + "-not", "a"}, config_map("a")).error().kind ==
        Kind::NotFound);
}

/// FLT-21: a watch goes on where the last one ended, and misses nothing.
inline void watches_continue(KubeApi& api, const std::string& ns) {
  auto list = api.list(config_maps, ns, "");
  REQUIRE(list);
  std::string version = list->resource_version;
  std::vector<std::string> events;
  const auto watch = [&](std::size_t until) {
    return api.watch(config_maps, ns, version, [&](const Event& event, const json& object) {
      version = event.resource_version;
      const std::string name = text_at(object, {"metadata", "name"});
      if (event.kind == Event::Kind::Added) events.push_back("added " + name);
      if (event.kind == Event::Kind::Modified) events.push_back("modified " + name);
      if (event.kind == Event::Kind::Deleted) events.push_back("deleted " + name);
      return events.size() < until;
    });
  };
  REQUIRE(api.create({config_maps, ns, "a"}, config_map("a")));
  REQUIRE(api.patch({config_maps, ns, "a"}, {{"data", {{"key", "2"}}}}));
  CHECK(watch(2));
  REQUIRE(api.remove({config_maps, ns, "a"}, ""));  // nobody watches
  REQUIRE(api.create({config_maps, ns, "b"}, config_map("b")));
  CHECK(watch(4));
  CHECK(events == std::vector<std::string>{"added a", "modified a", "deleted a", "added b"});
}

}  // namespace volary::test::contract
