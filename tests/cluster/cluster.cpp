#include "tests/cluster/cluster.hpp"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/support/scratch.hpp"

namespace volary::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string program(const std::string& name) {
  const auto folder = cluster_assets();
  if (!folder) throw std::runtime_error("there are no programs of a cluster");
  return *folder + "/" + name;
}

void write(const std::string& path, const std::string& text) {
  std::ofstream{path, std::ios::binary} << text;
}

/// Asks until it is answered with true, the process has ended, or the time is over.
template <class Ready>
void wait_for(const std::string& what, Process& process, std::chrono::seconds longest,
              const Ready& ready) {
  const auto deadline = std::chrono::steady_clock::now() + longest;
  while (!ready()) {
    if (!process.running())
      throw std::runtime_error(what + " ended at its start:\n" + process.last_words());
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error(what + " is not ready:\n" + process.last_words());
    std::this_thread::sleep_for(50ms);
  }
}

}  // namespace

std::optional<std::string> printed_by(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "re");  // NOLINT: our own script, our own words
  if (!pipe) return std::nullopt;
  std::string text;
  std::array<char, 512> piece{};
  while (const std::size_t got = fread(piece.data(), 1, piece.size(), pipe))
    text.append(piece.data(), got);
  if (pclose(pipe) != 0) return std::nullopt;
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::optional<std::string> cluster_assets() {
  static const std::optional<std::string> folder =
      printed_by("bash " VOLARY_SOURCE_DIR "/tests/cluster/assets.sh --find");
  return folder;
}

Etcd::Etcd() {
  const std::string folder = scratch("etcd");
  fs::create_directories(folder);
  const std::string peer = fmt::format("http://127.0.0.1:{}", free_port());
  url_ = fmt::format("http://127.0.0.1:{}", free_port());
  process_ = std::make_unique<Process>(
      program("etcd"),
      std::vector<std::string>{"--data-dir=" + folder + "/data", "--unsafe-no-fsync",
                               "--log-level=warn", "--listen-client-urls=" + url_,
                               "--advertise-client-urls=" + url_, "--listen-peer-urls=" + peer,
                               "--initial-advertise-peer-urls=" + peer,
                               "--initial-cluster=default=" + peer},
      folder + "/log");
  live::Transport transport{std::stop_token{}};
  live::Exchange health;
  health.url = url_ + "/health";
  wait_for("etcd", *process_, 60s, [&] {
    const auto answer = transport.exchange(health);
    return answer && answer->status == 200;
  });
}

World::World(Etcd& etcd, Options options)
    : options_{std::move(options)},
      etcd_url_{etcd.url()},
      folder_{scratch(options_.name)},
      port_{free_port()} {
  fs::create_directories(folder_);
  server_ = fmt::format("https://127.0.0.1:{}", port_);
  // Tokens of a server that lives a minute on this machine.
  write(path("tokens.csv"), "admin-token,admin,1,\"system:masters\"\nreader-token,reader,2\n");
  write(path("audit.yaml"),
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n"
        "- {level: None, verbs: [get, list, watch]}\n- {level: None, userGroups: "
        "['system:apiserver']}\n"
        "- {level: Metadata}\n");
  if (!printed_by("openssl ecparam -name prime256v1 -genkey -noout -out '" + path("accounts.key") +
                  "' 2>&1"))
    throw std::runtime_error("openssl made no key");
  for (const std::string user : {"admin", "reader"})
    write(path(user + ".kubeconfig"),
          fmt::format("apiVersion: v1\nkind: Config\ncurrent-context: test\n"
                      "clusters: [{{name: test, cluster: {{server: '{0}', certificate-authority: "
                      "apiserver.crt}}}}]\n"
                      "users: [{{name: {1}, user: {{token: {1}-token}}}}]\n"
                      "contexts: [{{name: test, context: {{cluster: test, user: {1}}}}}]\n",
                      server_, user));
  start_api();
  if (options_.controllers) start_controllers();
}

void World::start_api() {
  std::vector<std::string> flags{
      "--etcd-servers=" + etcd_url_,
      "--etcd-prefix=/" + options_.name,
      "--bind-address=127.0.0.1",
      fmt::format("--secure-port={}", port_),
      "--advertise-address=192.0.2.1",  // a machine without a default route has no other
      "--cert-dir=" + folder_,
      "--service-cluster-ip-range=10.0.0.0/16",
      "--service-account-issuer=https://kubernetes.default.svc",
      "--service-account-key-file=" + path("accounts.key"),
      "--service-account-signing-key-file=" + path("accounts.key"),
      "--token-auth-file=" + path("tokens.csv"),
      options_.rbac ? "--authorization-mode=RBAC" : "--authorization-mode=AlwaysAllow",
      "--disable-admission-plugins=ServiceAccount",
      "--endpoint-reconciler-type=none",
      "--audit-log-path=" + path("audit.log"),
      "--audit-policy-file=" + path("audit.yaml"),
      "--shutdown-delay-duration=0s"};
  flags.insert(flags.end(), options_.api_flags.begin(), options_.api_flags.end());
  api_ =
      std::make_unique<Process>(program("kube-apiserver"), std::move(flags), path("apiserver.log"));
  wait_until_ready();
}

void World::wait_until_ready() {
  wait_for("kube-apiserver", *api_, 120s, [&] {
    std::error_code missing;
    if (!fs::exists(certificate_file(), missing)) return false;
    return client()->get_text("/readyz").has_value();
  });
}

void World::start_controllers() {
  controllers_ = std::make_unique<Process>(
      program("kube-controller-manager"),
      std::vector<std::string>{
          "--kubeconfig=" + kubeconfig(), "--bind-address=127.0.0.1", "--secure-port=0",
          "--leader-elect=false",
          "--controllers=deployment-controller,replicaset-controller,daemonset-controller,"
          "garbage-collector-controller,namespace-controller,endpointslice-controller,"
          "serviceaccount-controller",
          "--kube-api-qps=200", "--kube-api-burst=400"},
      path("controllers.log"));
  const auto admin = client();
  wait_for("kube-controller-manager", *controllers_, 60s, [&] {
    return admin->get({{"", "v1", "serviceaccounts"}, "default", "default"}).has_value();
  });
}

void World::kill_api() { api_->kill_now(); }

void World::stop() {
  if (controllers_) controllers_->stop();
  if (api_) api_->stop();
}

std::string World::kubeconfig(const std::string& user) const { return path(user + ".kubeconfig"); }

std::string World::certificate_file() const { return path("apiserver.crt"); }

std::string World::audit_log() const {
  std::ifstream file{path("audit.log"), std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

live::ClusterAccess World::access(const std::string& user) const {
  auto found = live::find_cluster({.kubeconfig = kubeconfig(user)});
  if (!found) throw std::runtime_error(to_string(found.error()));
  return std::move(*found);
}

std::unique_ptr<live::KubeClient> World::client(const std::string& user,
                                                live::KubeClientLimits limits) const {
  return std::make_unique<live::KubeClient>(access(user), std::stop_token{}, limits);
}

}  // namespace volary::test
