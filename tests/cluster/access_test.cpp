#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "live/kube_objects.hpp"
#include "live/net/http_client.hpp"
#include "live/net/kube_client.hpp"
#include "tests/cluster/objects.hpp"
#include "tests/cluster/worlds.hpp"
#include "tests/support/scratch.hpp"

/// Who may reach the server, and how it is told.
namespace volary::test {
namespace {

using namespace std::chrono_literals;
using live::ClusterAccess;
using live::KubeClient;
using live::Secret;
using nlohmann::json;
using Kind = live::KubeError::Kind;

live::KubeResult<json> read_with(const ClusterAccess& access) {
  KubeClient client{access, std::stop_token{}};
  return client.get({namespaces, "", "default"});
}

ClusterAccess with_token(const std::string& token) {
  ClusterAccess access = guarded_world().access();
  access.credentials = live::fixed_credentials({.authorization = live::bearer(Secret{token})});
  return access;
}

TEST_CASE("A right that is missing is named, and counts from the moment it is given (FLT-09)",
          "[access]") {
  const auto admin = guarded_world().client();
  const auto reader = guarded_world().client("reader");
  const std::string ns = new_namespace(*admin, "rights");
  const auto refused = reader->list(config_maps, ns, "");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == Kind::Forbidden);
  CHECK_THAT(refused.error().message,
             Catch::Contains("User \"reader\" cannot list resource \"configmaps\""));

  REQUIRE(admin->create({roles, ns, "reads"},
                        {{"apiVersion", "rbac.authorization.k8s.io/v1"},
                         {"kind", "Role"},
                         {"metadata", {{"name", "reads"}}},
                         {"rules", json::array({{{"apiGroups", {""}},
                                                 {"resources", {"configmaps"}},
                                                 {"verbs", {"get", "list", "watch"}}}})}}));
  REQUIRE(admin->create(
      {role_bindings, ns, "reads"},
      {{"apiVersion", "rbac.authorization.k8s.io/v1"},
       {"kind", "RoleBinding"},
       {"metadata", {{"name", "reads"}}},
       {"roleRef",
        {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "Role"}, {"name", "reads"}}},
       {"subjects", json::array({{{"kind", "User"},
                                  {"name", "reader"},
                                  {"apiGroup", "rbac.authorization.k8s.io"}}})}}));
  CHECK(eventually([&] { return reader->list(config_maps, ns, "").has_value(); }));
  CHECK(reader->create({config_maps, ns, "x"}, config_map("x")).error().kind == Kind::Forbidden);
  REQUIRE(admin->remove({roles, ns, "reads"}, ""));
  CHECK(eventually([&] { return !reader->list(config_maps, ns, "").has_value(); }));
}

TEST_CASE("A token that is not known is Unauthorized, and not shown (FLT-08, INV-42)", "[access]") {
  const auto said = read_with(with_token("hunter2"));
  REQUIRE_FALSE(said);
  CHECK(said.error().kind == Kind::Unauthorized);
  CHECK_THAT(said.error().message, !Catch::Contains("hunter2"));
}

TEST_CASE("A client certificate says who we are", "[access]") {
  ClusterAccess access = guarded_world().access();
  const ClientCa::Pair jane = client_ca().issue("jane");
  access.credentials =
      live::fixed_credentials({.certificate = Secret{jane.certificate}, .key = Secret{jane.key}});
  const auto known = read_with(access);
  REQUIRE_FALSE(known);
  CHECK(known.error().kind == Kind::Forbidden);
  CHECK_THAT(known.error().message, Catch::Contains("User \"jane\""));

  // A key that does not belong to it is no reason to go on without one.
  const ClientCa::Pair john = client_ca().issue("john");
  access.credentials =
      live::fixed_credentials({.certificate = Secret{jane.certificate}, .key = Secret{john.key}});
  const auto mixed = read_with(access);
  REQUIRE_FALSE(mixed);
  CHECK(mixed.error().kind == Kind::Unavailable);
}

TEST_CASE("Whoever may, speaks for another", "[access]") {
  ClusterAccess access = guarded_world().access();
  access.impersonation = {{"Impersonate-User", "jane"}};
  const auto said = read_with(access);
  REQUIRE_FALSE(said);
  CHECK_THAT(said.error().message, Catch::Contains("User \"jane\""));
}

TEST_CASE("A server that is not the one that was meant is refused (INV-43, FLT-111)", "[access]") {
  const ClusterAccess right = guarded_world().access();
  REQUIRE(read_with(right));

  ClusterAccess other_roots = right;
  std::ifstream file{client_ca().certificate};
  other_roots.tls.roots = {std::istreambuf_iterator<char>{file}, {}};
  ClusterAccess system_roots = right;
  system_roots.tls.roots.clear();
  ClusterAccess other_name = right;
  other_name.tls.server_name = "elsewhere.test";
  for (const ClusterAccess& wrong : {other_roots, system_roots, other_name}) {
    const auto said = read_with(wrong);
    REQUIRE_FALSE(said);
    CHECK(said.error().kind == Kind::Unavailable);
    CHECK_THAT(said.error().message, Catch::Contains("SSL"));
  }
  ClusterAccess by_name = right;
  by_name.tls.server_name = "kubernetes.default.svc";
  CHECK(read_with(by_name));
  ClusterAccess unverified = system_roots;
  unverified.tls.verify = false;
  CHECK(read_with(unverified));
}

TEST_CASE(
    "Http verifies its peers too, a certificate that is refused is not worth another try (HOOK-03)",
    "[access]") {
  live::HttpClient client{std::stop_token{}};
  live::HttpRequest request{.url = guarded_world().server() + "/readyz?key=hunter2"};
  const auto refused = client.send(request);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::Invalid);
  CHECK_THAT(to_string(refused.error()),
             Catch::Contains("certificate") && !Catch::Contains("hunter2"));
  request.verify_peer = false;
  const auto answered = client.send(request);
  REQUIRE(answered);
  CHECK(answered->status == 200);
}

TEST_CASE("In a pod, the service account's token is used, and read again when it was rotated",
          "[access]") {
  const auto admin = guarded_world().client();
  const std::string ns = new_namespace(*admin, "pod");
  REQUIRE(admin->create(
      {service_accounts, ns, "volary"},
      {{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"name", "volary"}}}}));
  // POST …/serviceaccounts/volary/token answers in another group than it was asked in.
  KubeClient plain{guarded_world().access(), std::stop_token{}};
  const auto token =
      plain.create_subresource({{"", "v1", "serviceaccounts"}, ns, "volary"}, "token",
                               {{"apiVersion", "authentication.k8s.io/v1"},
                                {"kind", "TokenRequest"},
                                {"spec", {{"expirationSeconds", 3600}}}});
  REQUIRE(token);
  const std::string folder = scratch("account");
  std::filesystem::create_directories(folder);
  std::filesystem::copy_file(guarded_world().certificate_file(), folder + "/ca.crt");
  std::ofstream{folder + "/namespace"} << ns;
  std::ofstream{folder + "/token"} << "one-that-has-expired";
  const std::string server = guarded_world().server();
  const auto access = live::find_cluster({.environment = [&](const char* name) -> std::string {
                                            if (name == std::string_view{"KUBERNETES_SERVICE_HOST"})
                                              return "127.0.0.1";
                                            if (name == std::string_view{"KUBERNETES_SERVICE_PORT"})
                                              return server.substr(server.rfind(':') + 1);
                                            return "";
                                          },
                                          .service_account = folder});
  REQUIRE(access);
  CHECK(access->default_ns == ns);
  KubeClient client{*access, std::stop_token{}};
  CHECK(client.get({namespaces, "", "default"}).error().kind == Kind::Unauthorized);
  std::ofstream{folder + "/token"} << live::text_at(*token, {"status", "token"});
  const auto said =
      client.get({namespaces, "", "default"});  // FLT-08: reloaded, and tried once more
  REQUIRE_FALSE(said);
  CHECK(said.error().kind == Kind::Forbidden);
  CHECK_THAT(said.error().message,
             Catch::Contains(fmt::format("system:serviceaccount:{}:volary", ns)));
}

TEST_CASE("A server that crashes and comes back is found again (FLT-04, FLT-07)", "[access]") {
  World world{shared_etcd(), {.name = "restarted"}};
  const auto client = world.client("admin", {.request = 2s});
  const std::string ns = new_namespace(*client, "restart");
  std::set<std::string> names;
  std::string version;
  const auto list = [&] {
    const auto all = client->list(config_maps, ns, "");
    REQUIRE(all);
    for (const json& each : all->items) names.insert(live::text_at(each, {"metadata", "name"}));
    version = all->resource_version;
  };
  const auto watch = [&](std::size_t until) {
    return client->watch(config_maps, ns, version,
                         [&](const live::KubeApi::WatchEvent& event, const json& object) {
                           version = event.resource_version;
                           if (event.kind == live::KubeApi::WatchEvent::Kind::Added)
                             names.insert(live::text_at(object, {"metadata", "name"}));
                           return names.size() < until;
                         });
  };
  list();
  REQUIRE(client->create({config_maps, ns, "before"}, config_map("before")));
  std::thread crash{[&] {
    std::this_thread::sleep_for(300ms);
    world.kill_api();
  }};
  const auto cut = watch(2);
  crash.join();
  REQUIRE_FALSE(cut);
  CHECK(cut.error().kind == Kind::Unavailable);
  CHECK(names == std::set<std::string>{"before"});
  CHECK(client->get({namespaces, "", ns}).error().kind == Kind::Unavailable);
  CHECK(client->create({config_maps, ns, "lost"}, config_map("lost")).error().kind ==
        Kind::Unavailable);

  world.start_api();
  REQUIRE(client->create({config_maps, ns, "after"}, config_map("after")));
  // A server that has just started may not know the version any more; then it is asked for all.
  if (const auto resumed = watch(2); !resumed) {
    REQUIRE(resumed.error().kind == Kind::Gone);
    list();
  }
  CHECK(names == std::set<std::string>{"after", "before"});
}

}  // namespace
}  // namespace volary::test
