#include "live/net/kubeconfig.hpp"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "live/net/base64.hpp"
#include "tests/support/scratch.hpp"

namespace volary::live {
namespace {

namespace fs = std::filesystem;

std::string written(const std::string& name, const std::string& text) {
  const std::string path = test::scratch("kubeconfig/" + name);
  fs::create_directories(fs::path{path}.parent_path());
  std::ofstream{path, std::ios::binary} << text;
  return path;
}

/// An environment of these variables alone.
std::function<std::string(const char*)> only(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string{} : found->second;
  };
}

std::string config(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
         "contexts: [{name: here, context: {cluster: c, user: u, namespace: shop}}]\n"
         "clusters:\n- name: c\n  cluster:\n" +
         cluster + "users:\n- name: u\n  user:\n" + user;
}

Result<ClusterAccess> found(const std::string& text, const std::string& context = {}) {
  return find_cluster(
      {.kubeconfig = written("config", text), .context = context, .environment = only({})});
}

std::string authorization(const ClusterAccess& access) {
  const auto presented = access.credentials->present({});
  REQUIRE(presented);
  return presented->authorization.reveal();
}

const std::string server_line = "    server: https://127.0.0.1:6443/\n";

TEST_CASE("A kubeconfig says where the server is, whom to trust and who we are") {
  written("ca.pem", "ROOTS");
  written("client.pem", "CERTIFICATE");
  const auto access = found(
      config(server_line + "    certificate-authority: ca.pem\n    tls-server-name: kube.test\n"
                           "    proxy-url: socks5://127.0.0.1:1080\n",
             "    client-certificate: client.pem\n    client-key-data: " + to_base64("KEY") +
                 "\n    token: abc\n    as: jane\n    as-groups: [a, b]\n"
                 "    as-user-extra: {why: [because]}\n"));
  REQUIRE(access);
  CHECK(access->context == "here");
  CHECK(access->server == "https://127.0.0.1:6443");
  CHECK(access->default_ns == "shop");
  CHECK(access->tls.verify);
  CHECK(access->tls.roots == "ROOTS");
  CHECK(access->tls.server_name == "kube.test");
  CHECK(access->proxy == "socks5://127.0.0.1:1080");
  CHECK(access->warnings.empty());
  CHECK(authorization(*access) == "Bearer abc");
  const auto presented = access->credentials->present({});
  CHECK(presented->certificate.reveal() == "CERTIFICATE");
  CHECK(presented->key.reveal() == "KEY");
  CHECK(access->impersonation ==
        std::vector<std::pair<std::string, std::string>>{{"Impersonate-User", "jane"},
                                                         {"Impersonate-Group", "a"},
                                                         {"Impersonate-Group", "b"},
                                                         {"Impersonate-Extra-why", "because"}});
}

TEST_CASE("A password is sent as basic authentication, and nobody as nobody") {
  CHECK(authorization(*found(config(server_line, "    username: jane\n    password: secret\n"))) ==
        "Basic amFuZTpzZWNyZXQ=");
  CHECK(authorization(*found(config(server_line, "    {}\n"))).empty());
}

TEST_CASE("Several kubeconfigs are merged: the first of a name counts, paths start at their file") {
  written("one/ca.pem", "ROOTS OF ONE");
  const std::string one = written(
      "one/config",
      "clusters: [{name: c, cluster: {server: 'https://one:1', certificate-authority: ca.pem}}]\n");
  const std::string two =
      written("two/config",
              "current-context: second\n"
              "clusters: [{name: c, cluster: {server: 'https://two:2'}}]\n"
              "users: [{name: u, user: {token: of-two}}]\n"
              "contexts:\n- {name: first, context: {cluster: c, user: u}}\n"
              "- {name: second, context: {cluster: c, user: u, namespace: ns}}\n");
  const AccessRequest request{.environment =
                                  only({{"KUBECONFIG", one + "::/no/such/file:" + two}})};
  const auto access = find_cluster(request);
  REQUIRE(access);
  CHECK(access->context == "second");
  CHECK(access->server == "https://one:1");
  CHECK(access->tls.roots == "ROOTS OF ONE");
  CHECK(authorization(*access) == "Bearer of-two");
  CHECK(*known_contexts(request) == std::vector<std::string>{"first", "second"});

  AccessRequest other = request;
  other.context = "first";
  CHECK(find_cluster(other)->default_ns == "default");
  other.context = "secnd";
  const auto unknown = find_cluster(other);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().kind == ErrorKind::NotFound);
  CHECK(unknown.error().hint == "did you mean second?");
}

TEST_CASE("Without KUBECONFIG it is the one in the home, then the service account of the pod") {
  const std::string home = test::scratch("kubeconfig/home");
  written("home/.kube/config", config(server_line, "    token: at-home\n"));
  CHECK(authorization(*find_cluster({.environment = only({{"HOME", home}})})) == "Bearer at-home");

  const auto nothing = find_cluster({.environment = only({{"HOME", "/no/such/home"}})});
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().kind == ErrorKind::NotFound);
  CHECK(nothing.error().hint == "give --kubeconfig FILE, or set KUBECONFIG");

  AccessRequest pod{.environment = only({{"KUBERNETES_SERVICE_HOST", "fd00::1"},
                                         {"KUBERNETES_SERVICE_PORT", "443"}}),
                    .service_account = test::scratch("kubeconfig/account")};
  CHECK_FALSE(find_cluster(pod));
  written("account/ca.crt", "ROOTS");
  written("account/token", "pod-token\n");
  written("account/namespace", "canaries");
  const auto access = find_cluster(pod);
  REQUIRE(access);
  CHECK(access->context == "in-cluster");
  CHECK(access->server == "https://[fd00::1]:443");
  CHECK(access->default_ns == "canaries");
  CHECK(access->tls.roots == "ROOTS");
  CHECK(authorization(*access) == "Bearer pod-token");

  const auto missing =
      find_cluster({.kubeconfig = "/no/such/file", .environment = pod.environment});
  REQUIRE_FALSE(missing);  // a file that was named has to be there
  CHECK(missing.error().kind == ErrorKind::NotFound);
}

TEST_CASE(
    "A token file is read again when its token is refused (FLT-08), and may be missing for a "
    "moment") {
  const std::string path = written("rotating", "first");
  const auto access = found(config(server_line, "    tokenFile: rotating\n"));
  REQUIRE(access);
  CHECK(authorization(*access) == "Bearer first");
  written("rotating", "  second\n");
  CHECK(authorization(*access) == "Bearer first");  // once a minute is enough
  const auto first = access->credentials->present({});
  access->credentials->refused(*first);
  CHECK(authorization(*access) == "Bearer second");
  written("rotating", "third");
  access->credentials->refused(*first);  // a late word about an old token
  CHECK(authorization(*access) == "Bearer second");
  fs::remove(path);
  access->credentials->refused(*access->credentials->present({}));
  CHECK(authorization(*access) == "Bearer second");
  CHECK_FALSE(found(config(server_line, "    tokenFile: none\n"))->credentials->present({}));
}

TEST_CASE("What is not verified is said (INV-43)") {
  const auto skipped =
      found(config(server_line + "    insecure-skip-tls-verify: true\n", "    {}\n"));
  REQUIRE(skipped);
  CHECK_FALSE(skipped->tls.verify);
  REQUIRE(skipped->warnings.size() == 1);
  CHECK(skipped->warnings[0].find("the certificate of https://127.0.0.1:6443/ is not verified") ==
        0);
  CHECK(found(config("    server: http://127.0.0.1:8080\n", "    {}\n"))->warnings.size() == 1);
}

TEST_CASE(
    "A kubeconfig that cannot mean anything is refused, with its place and no secret (INV-42)") {
  const std::string exec = "    exec: {command: plugin, apiVersion: ";
  const std::vector<std::pair<std::string, std::string>> wrong{
      {config("    server: 127.0.0.1:6443\n", "    {}\n"), "is no http or https URL"},
      {config("    server: https://jane:hunter2@127.0.0.1\n", "    {}\n"), "has a password in it"},
      {config(server_line + "    certificate-authority-data: '%%hunter2'\n", "    {}\n"),
       "is not base64"},
      {config(server_line + "    certificate-authority: none.pem\n", "    {}\n"), "no such file"},
      {config(server_line +
                  "    certificate-authority-data: aGk=\n    insecure-skip-tls-verify: true\n",
              "    {}\n"),
       "either the server is verified"},
      {config(server_line + "    proxy-url: ftp://x\n", "    {}\n"), "has to begin with"},
      {config(server_line, "    client-certificate-data: aGk=\n"), "come together"},
      {config(server_line, "    token: hunter2\n    username: jane\n"), "only one of the two"},
      {config(server_line, "    auth-provider: {name: gcp}\n"), "left Kubernetes"},
      {config(server_line, exec + "client.authentication.k8s.io/v1alpha1}\n"),
       "is no version of credential plugins"},
      {config(server_line, exec + "client.authentication.k8s.io/v1, interactiveMode: Always}\n"),
       "asks questions"},
      {config(server_line, "    exec: {apiVersion: client.authentication.k8s.io/v1}\n"),
       "is missing"},
      {"current-context: here\ncontexts: [{name: here, context: {cluster: x}}]\n",
       "there is no cluster 'x'"},
      {"current-context: here\nclusters: [{name: c, cluster: {server: 'https://c'}}]\ncontexts: "
       "[{name: here, context: {cluster: c, user: u}}]\n",
       "there is no user 'u'"},
      {"current-context: here\n", "there is no context 'here'"},
      {"clusters: []\n", "no current-context"},
      {"users: [{user: {token: hunter2}}]\n", "an entry without a name"},
      {"users: {a: hunter2}\n", "has to be a list"},
      {"- token: hunter2\n", "this is no kubeconfig"},
      {"users: [{name: u, user: {token: hunter2, token: hunter2}}]\n", "not YAML that can be read"},
      {"token: hunter2: [\n", "not YAML that can be read"},
  };
  for (const auto& [text, expected] : wrong) {
    INFO(text);
    const auto access = found(text);
    REQUIRE_FALSE(access);
    const std::string said = to_string(access.error()) + access.error().hint;
    CHECK_THAT(said, Catch::Contains(expected));
    CHECK_THAT(said, !Catch::Contains("hunter2"));
  }
}

}  // namespace
}  // namespace volary::live
