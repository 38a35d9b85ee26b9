#include "live/net/kube_client.hpp"

#include <set>
#include <thread>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "live/kube_objects.hpp"
#include "live/net/http_client.hpp"
#include "tests/cluster/objects.hpp"
#include "tests/cluster/worlds.hpp"
#include "tests/support/kube_contract.hpp"

namespace volary::test {
namespace {

using namespace std::chrono_literals;
using live::KubeApi;
using live::KubeClient;
using live::ObjectPath;
using live::text_at;
using nlohmann::json;
using Kind = live::KubeError::Kind;
using Event = KubeApi::WatchEvent;

TEST_CASE("Objects are created, read, replaced, patched and deleted", "[objects]") {
  const auto client = open_world().client();
  contract::create_read_replace_patch_delete(*client, new_namespace(*client, "crud"));
}

TEST_CASE("A write against an old version is a conflict (FLT-01, INV-32)", "[objects]") {
  const auto client = open_world().client();
  contract::old_versions_conflict(*client, new_namespace(*client, "conflict"));
}

TEST_CASE("An object is deleted only while it is the one that was meant (INV-33)", "[objects]") {
  const auto client = open_world().client();
  contract::another_object_of_the_name_stays(*client, new_namespace(*client, "uid"));
}

TEST_CASE("An object with a finalizer waits for it", "[objects]") {
  const auto client = open_world().client();
  contract::finalizers_are_waited_for(*client, new_namespace(*client, "finalizer"));
}

TEST_CASE("Status and the rest of an object are written apart", "[objects]") {
  const auto client = open_world().client();
  contract::status_and_spec_are_apart(*client, new_namespace(*client, "status"),
                                      [](const auto& condition) { return eventually(condition); });
}

TEST_CASE("A list comes in pages of one version, of 500 at most (INV-41)", "[objects]") {
  const auto client = open_world().client("admin", {.requests_per_second = 0});
  const std::string ns = new_namespace(*client, "pages");
  constexpr int many = 520;
  std::vector<std::thread> writers;
  for (int t = 0; t < 4; ++t)
    writers.emplace_back([&, t] {
      for (int i = t; i < many; i += 4) {
        const std::string name = fmt::format("item-{}", i);
        (void)client->create({config_maps, ns, name}, config_map(name));
      }
    });
  for (std::thread& writer : writers) writer.join();

  const auto pages_of = [&](const std::string& user_pages, int items) {
    const auto reader =
        open_world().client("admin", {.requests_per_second = 0, .page_items = items});
    std::set<std::string> names;
    std::set<std::string> versions;
    std::vector<std::size_t> sizes;
    std::string next;
    do {
      const auto page = reader->list(config_maps, user_pages, next);
      REQUIRE(page);
      for (const json& item : page->items) {
        CHECK(item["kind"] == "ConfigMap");
        names.insert(text_at(item, {"metadata", "name"}));
      }
      versions.insert(page->resource_version);
      sizes.push_back(page->items.size());
      next = page->next;
    } while (!next.empty());
    CHECK(names.size() == many);
    CHECK(versions.size() == 1);
    return sizes;
  };
  CHECK(pages_of(ns, 500) == std::vector<std::size_t>{500, 20});
  CHECK(pages_of(ns, 52) == std::vector<std::size_t>(10, 52));
}

TEST_CASE("What the server finds wrong in an object comes with its causes (FLT-11, FLT-12)",
          "[objects]") {
  const auto client = open_world().client();
  contract::refusals_come_with_causes(*client, new_namespace(*client, "invalid"));
}

TEST_CASE("Many threads share a client", "[objects]") {
  const auto client = open_world().client();
  const std::string ns = new_namespace(*client, "threads");
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      const ObjectPath path{config_maps, ns, fmt::format("of-{}", t)};
      auto object = client->create(path, config_map(path.name, "0"));
      for (int i = 1; i <= 20 && object; ++i) {
        (*object)["data"]["key"] = std::to_string(i);
        object = client->update(path, *object);
        const auto read = client->get(path);
        right += read && (*read)["data"]["key"] == std::to_string(i) ? 1 : 0;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 120);
}

TEST_CASE("The server is spoken to in HTTP/2", "[objects]") {
  const live::ClusterAccess access = open_world().access();
  live::Transport transport{std::stop_token{}};
  live::Exchange exchange;
  exchange.url = access.server + "/version";
  exchange.tls = &access.tls;
  exchange.headers.emplace_back("Authorization", access.credentials->present({})->authorization);
  const auto answer = transport.exchange(exchange);
  REQUIRE(answer);
  CHECK(answer->http2);
  CHECK(json::parse(answer->body)["gitVersion"] == "v1.35.4");
}

/// What a watch told, as "added name", and the version it came to.
struct Heard {
  std::vector<std::string> events;
  std::string version;
};

TEST_CASE("A watch continues as it does on every API server (FLT-21)", "[watch]") {
  const auto client = open_world().client();
  contract::watches_continue(*client, new_namespace(*client, "continue"));
}

TEST_CASE("A watch goes on where the last one ended, and misses nothing (FLT-21)", "[watch]") {
  const auto client = open_world().client();
  const std::string ns = new_namespace(*client, "watch");
  auto list = client->list(config_maps, ns, "");
  REQUIRE(list);
  Heard heard{.version = list->resource_version};
  const auto watch = [&](std::size_t until) {
    return client->watch(config_maps, ns, heard.version,
                         [&](const Event& event, const json& object) {
                           heard.version = event.resource_version;
                           const std::string name = text_at(object, {"metadata", "name"});
                           if (event.kind == Event::Kind::Added)
                             heard.events.push_back("added " + name);
                           if (event.kind == Event::Kind::Modified)
                             heard.events.push_back("modified " + name);
                           if (event.kind == Event::Kind::Deleted)
                             heard.events.push_back("deleted " + name);
                           return heard.events.size() < until;
                         });
  };
  REQUIRE(client->create({config_maps, ns, "a"}, config_map("a")));
  std::thread later{[&] {
    std::this_thread::sleep_for(200ms);
    (void)client->patch({config_maps, ns, "a"}, {{"data", {{"key", "2"}}}});
  }};
  CHECK(watch(2));
  later.join();
  REQUIRE(client->remove({config_maps, ns, "a"}, ""));  // nobody watches
  REQUIRE(client->create({config_maps, ns, "b"}, config_map("b")));
  CHECK(watch(4));
  CHECK(heard.events == std::vector<std::string>{"added a", "modified a", "deleted a", "added b"});
}

TEST_CASE("A watch that hears nothing is told the newest version once a minute", "[watch][slow]") {
  const auto client = open_world().client();
  const std::string ns = new_namespace(*client, "bookmark");
  const auto list = client->list(config_maps, ns, "");
  REQUIRE(list);
  REQUIRE(client->create({config_maps, "default", ns},
                         config_map(ns)));  // elsewhere: only a bookmark tells
  std::string version;
  CHECK(
      client->watch(config_maps, ns, list->resource_version, [&](const Event& event, const json&) {
        CHECK(event.kind == Event::Kind::Bookmark);
        version = event.resource_version;
        return false;
      }));
  CHECK(std::stoll(version) > std::stoll(list->resource_version));
}

TEST_CASE("A version that the store has forgotten is Gone (FLT-22, FLT-23, FLT-31)", "[watch]") {
  // Secrets have no watch cache in this world: what is asked of them is asked of the store.
  const auto client = open_world().client("admin", {.page_items = 1});
  const std::string ns = new_namespace(*client, "gone");
  const auto secret = [](const char* name) -> json {
    return {{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", {{"name", name}}}};
  };
  for (const char* name : {"a", "b", "c"})
    REQUIRE(client->create({secrets, ns, name}, secret(name)));
  const auto first_page = client->list(secrets, ns, "");
  REQUIRE(first_page);
  for (const char* name : {"d", "e"}) REQUIRE(client->create({secrets, ns, name}, secret(name)));

  live::HttpClient http{std::stop_token{}};
  const auto etcd = [&](const std::string& path, const json& body) {
    const auto said = http.send({.method = live::HttpRequest::Method::Post,
                                 .url = shared_etcd().url() + path,
                                 .body = body.dump()});
    REQUIRE(said);
    REQUIRE(said->status == 200);
    return json::parse(said->body);
  };
  const json now = etcd("/v3/kv/range", {{"key", "AA=="}, {"limit", "1"}});
  etcd("/v3/kv/compaction", {{"revision", now["header"]["revision"]}, {"physical", true}});

  const auto second_page = client->list(secrets, ns, first_page->next);
  REQUIRE_FALSE(second_page);
  CHECK(second_page.error().kind == Kind::Gone);
  const auto watched = client->watch(secrets, ns, first_page->resource_version,
                                     [](const Event&, const json&) { return false; });
  REQUIRE_FALSE(watched);
  CHECK(watched.error().kind == Kind::Gone);
}

}  // namespace
}  // namespace volary::test
