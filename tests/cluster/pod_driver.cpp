#include "tests/cluster/pod_driver.hpp"

#include <stdexcept>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "live/kube_objects.hpp"
#include "live/net/pause.hpp"

namespace volary::test {
namespace {

using namespace std::chrono_literals;
using live::at;
using live::text_at;
using nlohmann::json;
using Kind = live::KubeError::Kind;

const live::Resource pods{"", "v1", "pods"};
const live::Resource nodes{"", "v1", "nodes"};
constexpr const char* node_name = "driver";

std::string now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::now()));
}

json condition(const char* type) {
  return {{"type", type}, {"status", "True"}, {"lastTransitionTime", now()}};
}

}  // namespace

PodDriver::PodDriver(live::ClusterAccess access, ReadyAfter ready_after)
    : client_{std::move(access), stop_.get_token(), {}, "pod-driver"},
      ready_after_{std::move(ready_after)} {
  const live::ObjectPath path{nodes, "", node_name};
  auto node = client_.create(
      path, {{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", {{"name", node_name}}}});
  if (!node && node.error().kind != Kind::AlreadyExists)
    throw std::runtime_error("no node: " + node.error().message);
  if (node) {
    (*node)["status"] = {{"conditions", json::array({condition("Ready")})},
                         {"capacity", {{"pods", "1000"}, {"cpu", "64"}, {"memory", "64Gi"}}},
                         {"allocatable", {{"pods", "1000"}, {"cpu", "64"}, {"memory", "64Gi"}}}};
    if (const auto ready = client_.update_status(path, *node); !ready)
      throw std::runtime_error("the node is not ready: " + ready.error().message);
  }
  watcher_ = std::thread{[this] { watch_pods(); }};
  worker_ = std::thread{[this] { make_ready(); }};
}

PodDriver::~PodDriver() {
  stop_.request_stop();
  changed_.notify_all();
  watcher_.join();
  worker_.join();
}

void PodDriver::watch_pods() {
  while (!stop_.stop_requested()) {
    std::string page, version;
    bool listed = true;
    do {
      const auto part = client_.list(pods, "", page);
      listed = part.has_value();
      if (!listed) break;
      for (const json& pod : part->items) see(pod);
      page = part->next;
      version = part->resource_version;
    } while (!page.empty());
    while (listed && !stop_.stop_requested()) {
      const auto watched = client_.watch(
          pods, "", version, [&](const live::KubeApi::WatchEvent& event, const json& pod) {
            version = event.resource_version;
            if (event.kind == live::KubeApi::WatchEvent::Kind::Added ||
                event.kind == live::KubeApi::WatchEvent::Kind::Modified)
              see(pod);
            return !stop_.stop_requested();
          });
      if (!watched && watched.error().kind == Kind::Gone) break;
      if (!watched && !live::pause_for(stop_.get_token(), 100ms)) break;
    }
    if (!listed && !live::pause_for(stop_.get_token(), 100ms)) break;
  }
}

void PodDriver::see(const json& pod) {
  Due due{text_at(pod, {"metadata", "namespace"}), text_at(pod, {"metadata", "name"}),
          text_at(pod, {"metadata", "uid"})};
  const live::ObjectPath path{pods, due.ns, due.name};
  if (!text_at(pod, {"metadata", "deletionTimestamp"}).empty()) {
    (void)client_.remove_with(path,
                              {{"gracePeriodSeconds", 0}, {"preconditions", {{"uid", due.uid}}}});
    return;
  }
  {
    const std::lock_guard hold{lock_};
    if (!seen_.emplace(due.uid, true).second) return;
  }
  if (text_at(pod, {"spec", "nodeName"}).empty())
    (void)client_.create_subresource(
        path, "binding",
        {{"apiVersion", "v1"},
         {"kind", "Binding"},
         {"metadata", {{"name", due.name}, {"namespace", due.ns}}},
         {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node_name}}}});
  if (const auto delay = ready_after_(pod)) {
    const std::lock_guard hold{lock_};
    due_.emplace(std::chrono::steady_clock::now() + *delay, std::move(due));
    changed_.notify_all();
  }
}

void PodDriver::make_ready() {
  std::unique_lock hold{lock_};
  while (!stop_.stop_requested()) {
    if (due_.empty()) {
      changed_.wait(hold, stop_.get_token(), [&] { return !due_.empty(); });
      continue;
    }
    const auto first = due_.begin();
    if (const auto when = first->first; when > std::chrono::steady_clock::now()) {
      changed_.wait_until(hold, stop_.get_token(), when,
                          [&] { return due_.begin()->first < when; });
      continue;
    }
    const Due due = std::move(first->second);
    due_.erase(first);
    hold.unlock();
    report_ready(due.ns, due.name, due.uid);
    hold.lock();
  }
}

void PodDriver::report_ready(const std::string& ns, const std::string& name,
                             const std::string& uid) {
  const live::ObjectPath path{pods, ns, name};
  for (int attempt = 0; attempt < 10; ++attempt) {
    auto pod = client_.get(path);
    if (!pod || text_at(*pod, {"metadata", "uid"}) != uid) return;  // gone, or another of its name
    const std::uint32_t number = ++addresses_;
    const std::string address = fmt::format("10.1.{}.{}", number / 250 % 250, number % 250 + 1);
    json containers = json::array();
    for (const json& container : live::list_at(*pod, {"spec", "containers"}))
      containers.push_back({{"name", text_at(container, {"name"})},
                            {"image", text_at(container, {"image"})},
                            {"imageID", ""},
                            {"ready", true},
                            {"started", true},
                            {"restartCount", 0},
                            {"state", {{"running", {{"startedAt", now()}}}}}});
    (*pod)["status"] = {
        {"phase", "Running"},
        {"podIP", address},
        {"podIPs", json::array({{{"ip", address}}})},
        {"startTime", now()},
        {"conditions", json::array({condition("PodScheduled"), condition("Initialized"),
                                    condition("ContainersReady"), condition("Ready")})},
        {"containerStatuses", std::move(containers)}};
    const auto said = client_.update_status(path, *pod);
    if (said || said.error().kind != Kind::Conflict) return;
  }
}

}  // namespace volary::test
