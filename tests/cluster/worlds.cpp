#include "tests/cluster/worlds.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>

#include "tests/cluster/objects.hpp"
#include "tests/support/scratch.hpp"

namespace volary::test {
namespace {

void openssl(const std::string& arguments) {
  const std::string command = "openssl " + arguments + " >/dev/null 2>&1";
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error("failed: openssl " + arguments);  // NOLINT
}

std::string text_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

Etcd& shared_etcd() {
  static Etcd etcd;
  return etcd;
}

World& open_world() {
  static World world{
      shared_etcd(),
      {.name = "open", .controllers = true, .api_flags = {"--watch-cache-sizes=secrets#0"}}};
  return world;
}

World& guarded_world() {
  static World world{shared_etcd(),
                     {.name = "guarded",
                      .rbac = true,
                      .api_flags = {"--client-ca-file=" + client_ca().certificate}}};
  return world;
}

const ClientCa& client_ca() {
  static const ClientCa ca = [] {
    std::filesystem::create_directories(scratch("ca"));
    ClientCa made{.certificate = scratch("ca/ca.pem"), .key = scratch("ca/ca.key")};
    openssl(
        fmt::format("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 "
                    "-subj /CN=volary-test-clients -keyout {} -out {}",
                    made.key, made.certificate));
    return made;
  }();
  return ca;
}

ClientCa::Pair ClientCa::issue(const std::string& user) const {
  const std::string base = scratch("ca/" + user);
  openssl(
      fmt::format("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN={1} "
                  "-keyout {0}.key -out {0}.csr",
                  base, user));
  openssl(
      fmt::format("x509 -req -in {0}.csr -CA {1} -CAkey {2} -CAcreateserial -days 1 -out {0}.pem",
                  base, certificate, key));
  return {.certificate = text_of(base + ".pem"), .key = text_of(base + ".key")};
}

std::string new_namespace(live::KubeClient& client, const std::string& prefix) {
  static std::atomic<int> number = 0;
  const std::string name = fmt::format("{}-{}", prefix, ++number);
  const auto made =
      client.create({namespaces, "", name},
                    {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}});
  if (!made) throw std::runtime_error("no namespace: " + made.error().message);
  return name;
}

}  // namespace volary::test
