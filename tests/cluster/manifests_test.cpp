#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "live/canary_object.hpp"
#include "live/kube_objects.hpp"
#include "live/operator/shadow.hpp"
#include "policies/document.hpp"
#include "tests/cluster/objects.hpp"
#include "tests/cluster/operator_world.hpp"

/// What live/manifests installs, and what then can be applied.
namespace volary::test {
namespace {

using live::text_at;
using nlohmann::json;

std::vector<json> documents_of(const std::string& file) {
  const auto documents = read_documents(file);
  REQUIRE(documents);
  std::vector<json> objects;
  for (const Node& document : *documents) objects.push_back(live::json_of(document));
  return objects;
}

TEST_CASE("The API server takes every manifest as it is", "[operator]") {
  const auto client = open_world().client();
  install_kinds(*client);
  const std::map<std::string, live::Resource> kinds{
      {"Namespace", namespaces},
      {"ServiceAccount", service_accounts},
      {"ClusterRole", {"rbac.authorization.k8s.io", "v1", "clusterroles"}},
      {"ClusterRoleBinding", {"rbac.authorization.k8s.io", "v1", "clusterrolebindings"}},
      {"Role", roles},
      {"RoleBinding", role_bindings},
      {"Deployment", deployments},
      {"Service", services}};
  int applied = 0;
  for (const char* file : {"namespace.yaml", "rbac.yaml", "deployment.yaml"}) {
    for (const json& object :
         documents_of(std::string{VOLARY_SOURCE_DIR "/live/manifests/"} + file)) {
      const std::string kind = text_at(object, {"kind"}),
                        name = text_at(object, {"metadata", "name"});
      INFO(file << ": " << kind << " " << name);
      const bool cluster_wide = kind == "Namespace" || kind.starts_with("Cluster");
      const auto made =
          client->create({kinds.at(kind), cluster_wide ? "" : "volary", name}, object);
      CHECK((made || made.error().kind == live::KubeError::Kind::AlreadyExists));
      ++applied;
    }
  }
  CHECK(applied == 8);
}

TEST_CASE("FLT-16: no field of a policy that ships is pruned", "[operator]") {
  const auto client = open_world().client();
  install_kinds(*client);
  const std::string ns = new_namespace(*client, "policies");
  int canaries_seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator{VOLARY_SOURCE_DIR "/policies"}) {
    if (entry.path().extension() != ".yaml") continue;
    for (const json& object : documents_of(entry.path().string())) {
      if (text_at(object, {"kind"}) != "Canary") continue;
      json copy = object;
      const std::string name = entry.path().stem().string();
      copy["metadata"] = {{"name", name}};
      INFO(name);
      const auto stored = client->create({live::canaries, ns, name}, copy);
      REQUIRE(stored);
      CHECK(stored->at("spec") == object.at("spec"));
      ++canaries_seen;
    }
  }
  CHECK(canaries_seen >= 5);
}

}  // namespace
}  // namespace volary::test
