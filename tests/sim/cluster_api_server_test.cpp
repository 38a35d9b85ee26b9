#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "live/canary_object.hpp"
#include "live/kube_objects.hpp"
#include "sim/cluster/api_server.hpp"
#include "tests/support/kube_contract.hpp"

namespace volary::sim::cluster {
namespace {

using namespace std::chrono_literals;
using namespace volary::test;
using contract::uid_of;
using contract::version_of;
using live::KubeApi;
using live::KubeError;
using live::ObjectPath;
using live::text_at;
using nlohmann::json;
using Kind = live::KubeError::Kind;
using Event = KubeApi::WatchEvent;

/// A server, a namespace, and a clock that only this test moves.
struct Bench {
  Instant now{};
  bool waits = true;
  std::function<void()> meanwhile;
  ApiServer api{{.now = [this] { return now; },
                 .wait =
                     [this](Duration time) {
                       now += time;
                       if (meanwhile) meanwhile();
                     },
                 .seed = 7}};
  const std::string ns = "shop";

  Bench() { REQUIRE(api.create({namespaces, "", ns}, json::object())); }
  [[nodiscard]] ObjectPath map(const std::string& name) const { return {config_maps, ns, name}; }
};

bool at_once(const std::function<bool()>& condition) { return condition(); }

TEST_CASE("the simulated API server keeps the contract of the real one (A1, A7, A9)") {
  Bench bench;
  SECTION("objects") { contract::create_read_replace_patch_delete(bench.api, bench.ns); }
  SECTION("versions") { contract::old_versions_conflict(bench.api, bench.ns); }
  SECTION("UIDs") { contract::another_object_of_the_name_stays(bench.api, bench.ns); }
  SECTION("finalizers") { contract::finalizers_are_waited_for(bench.api, bench.ns); }
  SECTION("statuses") { contract::status_and_spec_are_apart(bench.api, bench.ns, at_once); }
  SECTION("refusals") { contract::refusals_come_with_causes(bench.api, bench.ns); }
  SECTION("watches") { contract::watches_continue(bench.api, bench.ns); }
}

TEST_CASE("a list comes in pages of one version, whatever is written meanwhile (INV-41)") {
  Bench bench;
  bench.api.set_page_items(3);
  std::set<std::string> wanted;
  for (int i = 0; i < 8; ++i) {
    wanted.insert(fmt::format("item-{}", i));
    REQUIRE(bench.api.create(bench.map(fmt::format("item-{}", i)), config_map("x")));
  }
  std::set<std::string> names;
  std::vector<std::size_t> sizes;
  std::string next, version;
  do {
    const auto page = bench.api.list(config_maps, bench.ns, next);
    REQUIRE(page);
    for (const json& item : page->items) names.insert(text_at(item, {"metadata", "name"}));
    sizes.push_back(page->items.size());
    if (version.empty()) version = page->resource_version;
    CHECK(page->resource_version == version);
    next = page->next;
    // Between the pages one goes, and one comes that would be on the next page.
    if (sizes.size() == 1) {
      REQUIRE(bench.api.remove(bench.map("item-5"), ""));
      REQUIRE(bench.api.create(bench.map("item-55"), config_map("x")));
    }
  } while (!next.empty());
  CHECK(names == wanted);
  CHECK(sizes == std::vector<std::size_t>{3, 3, 2});
  const auto all = bench.api.list(config_maps, "", "");
  REQUIRE(all);
  CHECK(all->items.size() == 3);
  CHECK(bench.api.list(config_maps, bench.ns, "nonsense").error().kind == Kind::Invalid);
}

TEST_CASE("a version that was compacted is Gone, for pages and for watches (A2, A3, FLT-22)") {
  Bench bench;
  bench.api.set_page_items(1);
  REQUIRE(bench.api.create(bench.map("a"), config_map("a")));
  REQUIRE(bench.api.create(bench.map("b"), config_map("b")));
  const auto first = bench.api.list(config_maps, bench.ns, "");
  REQUIRE(first);
  REQUIRE(bench.api.create(bench.map("c"), config_map("c")));
  bench.api.compact();
  CHECK(bench.api.list(config_maps, bench.ns, first->next).error().kind == Kind::Gone);
  const auto nothing = [](const Event&, const json&) { return false; };
  CHECK(bench.api.watch(config_maps, bench.ns, first->resource_version, nothing).error().kind ==
        Kind::Gone);
  // The newest version is still one to go on from.
  REQUIRE(bench.api.create(bench.map("d"), config_map("d")));
  CHECK(bench.api.watch(config_maps, bench.ns, std::to_string(bench.api.version() - 1), nothing));
}

TEST_CASE("a watch tells the newest version once a minute, waits, and ends (A5)") {
  Bench bench;
  const auto list = bench.api.list(config_maps, bench.ns, "");
  REQUIRE(list);
  REQUIRE(bench.api.create({config_maps, "default", "elsewhere"}, config_map("x")));
  std::vector<std::string> heard;
  bool written = false;
  bench.meanwhile = [&] {
    if (bench.now < Instant{90s} || written) return;
    written = true;
    REQUIRE(bench.api.create(bench.map("late"), config_map("late")));
  };
  const auto watch = [&](const std::string& from) {
    return bench.api.watch(
        config_maps, bench.ns, from, [&](const Event& event, const json& object) {
          heard.push_back(event.kind == Event::Kind::Bookmark
                              ? fmt::format("bookmark at {}", seconds(bench.now.time_since_epoch()))
                              : fmt::format("{} at {}", text_at(object, {"metadata", "name"}),
                                            seconds(bench.now.time_since_epoch())));
          return heard.size() < 3;
        });
  };
  CHECK(watch(list->resource_version));
  CHECK(heard == std::vector<std::string>{"bookmark at 60", "late at 90", "bookmark at 120"});
  // A version that is not reached yet is silence, although older numbers change (A5).
  heard.clear();
  bench.meanwhile = [&] { (void)bench.api.patch(bench.map("late"), {{"data", {{"n", "1"}}}}); };
  CHECK(watch("100000"));
  CHECK(std::ranges::all_of(heard, [](const auto& what) { return what.starts_with("bookmark"); }));
}

TEST_CASE("what an object owned goes with it, and with that what it owned in turn") {
  Bench bench;
  const auto owned_by = [](const json& owner, const char* name) {
    json object = config_map(name);
    object["metadata"]["ownerReferences"] =
        json::array({{{"kind", "ConfigMap"}, {"name", "x"}, {"uid", uid_of(owner)}}});
    return object;
  };
  const auto root = bench.api.create(bench.map("root"), config_map("root"));
  const auto other = bench.api.create(bench.map("other"), config_map("other"));
  REQUIRE(root);
  REQUIRE(other);
  const auto child = bench.api.create(bench.map("child"), owned_by(*root, "child"));
  REQUIRE(child);
  REQUIRE(bench.api.create(bench.map("grandchild"), owned_by(*child, "grandchild")));
  json shared = owned_by(*root, "shared");
  shared["metadata"]["ownerReferences"].push_back({{"uid", uid_of(*other)}});
  REQUIRE(bench.api.create(bench.map("shared"), shared));

  REQUIRE(bench.api.remove(bench.map("root"), ""));
  CHECK_FALSE(bench.api.get(bench.map("child")));
  CHECK_FALSE(bench.api.get(bench.map("grandchild")));
  CHECK(bench.api.get(bench.map("shared")));
  // An owner that is not there any more is no owner.
  REQUIRE(bench.api.create(bench.map("late"), owned_by(*root, "late")));
  CHECK_FALSE(bench.api.get(bench.map("late")));

  REQUIRE(bench.api.remove({namespaces, "", bench.ns}, ""));
  CHECK_FALSE(bench.api.get(bench.map("other")));
  CHECK_FALSE(bench.api.get(bench.map("shared")));
}

TEST_CASE("what a schema does not know is dropped, and numbers out of range are stored (A8, A9)") {
  Bench bench;
  const ObjectPath path{live::canaries, bench.ns, "checkout"};
  const auto created = bench.api.create(path, json::parse(R"({
    "metadata": {"labels": {"anything": "stays"}},
    "spec": {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout"},
             "service": {"port": 80, "rewrite": {"uri": "/"}, "colour": "red"},
             "analysis": {"interval": "0s", "threshold": 2.5, "stepWeight": -5, "stepWieght": 1,
                          "metrics": [{"name": "m", "colour": "red"}]},
             "colour": "red"},
    "status": {"phase": "Succeeded"}})"));
  REQUIRE(created);
  CHECK((*created)["spec"] == json::parse(R"({
    "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout"},
    "service": {"port": 80, "rewrite": {"uri": "/"}},
    "analysis": {"interval": "0s", "threshold": 2.5, "stepWeight": -5,
                 "metrics": [{"name": "m"}]}})"));
  CHECK((*created)["kind"] == "Canary");
  CHECK((*created)["metadata"]["labels"]["anything"] == "stays");
  CHECK_FALSE(created->contains("status"));  // is written apart

  const auto route =
      bench.api.create({{"gateway.networking.k8s.io", "v1", "httproutes"}, bench.ns, "r"},
                       json::parse(R"({"spec": {"parentRefs": [{"name": "g"}]}})"));
  REQUIRE(route);
  CHECK((*route)["spec"]["parentRefs"][0]["kind"] == "Gateway");  // RT-GWAPI-37
}

TEST_CASE("faults meet the requests they are meant for, and the world's own meet none") {
  Bench bench;
  bench.api.inject({.verb = Verb::Update,
                    .plural = "configmaps",
                    .times = 2,
                    .refusal = KubeError{.kind = Kind::Throttled,
                                         .message = "too many requests",
                                         .causes = {},
                                         .retry_after = 1s}});
  bench.api.inject({.verb = Verb::Get, .from = Instant{10s}, .until = Instant{20s}, .delay = 3s});
  const auto made = bench.api.create(bench.map("a"), config_map("a"));
  REQUIRE(made);
  for (int i = 0; i < 2; ++i) {
    const auto refused = bench.api.update(bench.map("a"), *made);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == Kind::Throttled);
    CHECK(refused.error().retry_after == 1s);
    bench.api.undisturbed([&] { CHECK(bench.api.update(bench.map("a"), *made)); });
  }
  CHECK(bench.api.update(bench.map("a"), *made));
  CHECK(bench.api.get(bench.map("a")));
  CHECK(bench.now == Instant{});
  bench.now = Instant{10s};
  CHECK(bench.api.get(bench.map("a")));
  CHECK(bench.now == Instant{13s});
  CHECK(bench.api.requests().at("update configmaps") == 3);
}

TEST_CASE("equal seeds give equal UIDs, other seeds give others") {
  const auto uids = [](std::uint64_t seed) {
    ApiServer api{{.now = [] { return Instant{}; }, .wait = {}, .seed = seed}};
    std::vector<std::string> made;
    for (const char* name : {"a", "b"})
      made.push_back(uid_of(*api.create({config_maps, "default", name}, config_map(name))));
    return made;
  };
  CHECK(uids(1) == uids(1));
  CHECK(uids(1) != uids(2));
  CHECK(uids(1)[0] != uids(1)[1]);
  CHECK(uids(1)[0].size() == 36);
}

TEST_CASE("a reader that cannot wait hears what there is, the newest version, and the end") {
  ApiServer api{{.now = [] { return Instant{}; }, .wait = {}, .seed = 1}};
  REQUIRE(api.create({config_maps, "default", "a"}, config_map("a")));
  std::vector<Event::Kind> heard;
  REQUIRE(api.watch(config_maps, "", "0", [&](const Event& event, const json&) {
    heard.push_back(event.kind);
    return true;
  }));
  CHECK(heard == std::vector<Event::Kind>{Event::Kind::Added, Event::Kind::Bookmark});
}

}  // namespace
}  // namespace volary::sim::cluster
