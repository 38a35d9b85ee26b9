#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "live/canary_object.hpp"
#include "live/kube_objects.hpp"
#include "live/operator/foreign.hpp"
#include "live/operator/lease.hpp"
#include "live/operator/overlay_api.hpp"
#include "live/operator/shadow.hpp"
#include "policies/document.hpp"
#include "tests/cluster/objects.hpp"
#include "tests/cluster/operator_world.hpp"
#include "tests/support/scratch.hpp"

/// Releases through a real cluster: what they write, what they leave, and who may drive.
namespace volary::test {
namespace {

using namespace std::chrono_literals;
using live::integer_at;
using live::text_at;
using nlohmann::json;
using Lines = std::vector<std::string>;

constexpr const char* volary_program = VOLARY_BINARY_DIR "/bin/volary";

/// A namespace with the target `web`, its Canary, and pods that become ready at once.
struct Shop {
  World& world = open_world();
  std::unique_ptr<live::KubeClient> client = world.client();
  std::string ns;
  PodDriver pods{world.access()};

  explicit Shop(const std::string& name, const json& analysis = {}) {
    install_kinds(*client);
    ns = new_namespace(*client, name);
    put_web(*client, ns, analysis);
  }
  [[nodiscard]] json get(const live::Resource& resource, const std::string& name) const {
    const auto object = client->get({resource, ns, name});
    REQUIRE(object);
    return *object;
  }
  [[nodiscard]] std::vector<int> weights() const {
    std::vector<int> found;
    const json routes = get(virtual_services, "web");  // outlives the loop over a part of it
    for (const json& to : routes.at("spec").at("http").at(0).at("route"))
      found.push_back(static_cast<int>(integer_at(to, {"weight"}).value_or(0)));
    return found;
  }
  [[nodiscard]] std::string image(const std::string& name) const {
    return text_at(
        live::list_at(get(deployments, name), {"spec", "template", "spec", "containers"}).at(0),
        {"image"});
  }
  [[nodiscard]] Lines event_texts() const {
    Lines texts;
    const auto found = client->list({"", "v1", "events"}, ns, "");
    REQUIRE(found);
    for (const json& event : found->items)
      if (text_at(event, {"involvedObject", "kind"}) == "Canary")
        texts.push_back(text_at(event, {"message"}));
    return texts;
  }
};

TEST_CASE("A good release advances by its steps and is promoted, and its failing twin is not",
          "[operator]") {
  Shop shop{"release"};
  ReleaseBench bench{*shop.client};
  live::Release release{bench.world, bench.settings, {shop.ns, "web"}};
  REQUIRE(release.admit());
  bench.ticks(release, phase_is(Phase::Initialized));
  CHECK(shop.weights() == std::vector<int>{100, 0});
  CHECK(integer_at(shop.get(deployments, "web"), {"spec", "replicas"}) == 0);
  CHECK(text_at(shop.get(services, "web"), {"spec", "selector", "app"}) == "web-primary");

  set_image(*shop.client, shop.ns, "example.test/main:2");
  CHECK(bench.ticks(release, phase_is(Phase::Succeeded)) ==
        Lines{"Progressing 100/0", "Progressing 80/20", "Progressing 60/40", "Promoting 60/40",
              "Finalising 100/0", "Succeeded 100/0"});
  CHECK(shop.image("web-primary") == "example.test/main:2");
  CHECK(shop.weights() == std::vector<int>{100, 0});
  const Lines said = shop.event_texts();
  CHECK(std::count(said.begin(), said.end(),
                   fmt::format("Promotion completed! Scaling down web.{}", shop.ns)) == 1);
  const json status = shop.get(live::canaries, "web").at("status");
  CHECK(text_at(status, {"phase"}) == "Succeeded");
  CHECK(text_at(status.at("conditions").at(0), {"reason"}) == "Succeeded");

  bench.success_rate = 90;
  set_image(*shop.client, shop.ns, "example.test/main:3");
  const Lines failing = bench.ticks(release, phase_is(Phase::Failed));
  CHECK(failing.back() == "Failed 100/0");
  CHECK(std::find(failing.begin(), failing.end(), "Progressing 60/40") == failing.end());
  CHECK(shop.image("web-primary") == "example.test/main:2");
  CHECK(shop.weights() == std::vector<int>{100, 0});
  CHECK(integer_at(shop.get(deployments, "web"), {"spec", "replicas"}) == 0);  // INV-62
}

TEST_CASE("Weights that were edited by hand are set back within a tick (INV-69)", "[operator]") {
  Shop shop{"edited"};
  ReleaseBench bench{*shop.client};
  live::Release release{bench.world, bench.settings, {shop.ns, "web"}};
  REQUIRE(release.admit());
  bench.ticks(release, phase_is(Phase::Initialized));
  set_image(*shop.client, shop.ns, "example.test/main:2");
  bench.ticks(release, [](const TickRecord& tick) { return tick.status.canary_weight == 20; });
  json edited = shop.get(virtual_services, "web");
  edited["spec"]["http"][0]["route"][0]["weight"] = 10;
  edited["spec"]["http"][0]["route"][1]["weight"] = 90;
  REQUIRE(shop.client->update({virtual_services, shop.ns, "web"}, edited));
  const auto tick = release.tick();
  REQUIRE(tick);
  CHECK(tick->routes->canary.percent() <= 40);  // set back to 20, and on by one step
  CHECK(std::any_of(tick->events.begin(), tick->events.end(),
                    [](const Event& event) { return event.detail == "Q-04"; }));
  CHECK(shop.weights() == std::vector<int>{60, 40});
}

/// Somebody writes the Canary between each reading and the first status write after it.
class Meddler : public live::FencedApi {
 public:
  explicit Meddler(live::KubeApi& api) : FencedApi{api, [] { return true; }}, api_{api} {}
  live::KubeResult<json> update_status(const live::ObjectPath& path, const json& object) override {
    if (++writes % 2 == 1)
      (void)api_.patch(path,
                       {{"metadata", {{"annotations", {{"meddler", std::to_string(writes)}}}}}});
    auto written = FencedApi::update_status(path, object);
    if (!written && written.error().kind == live::KubeError::Kind::Conflict) ++conflicts;
    return written;
  }
  int writes = 0, conflicts = 0;

 private:
  live::KubeApi& api_;
};

TEST_CASE("ST-50: a conflict costs nothing but another try", "[operator]") {
  Shop shop{"conflict"};
  Meddler meddler{*shop.client};
  ReleaseBench bench{meddler};
  live::Release release{bench.world, bench.settings, {shop.ns, "web"}};
  while (!release.admit()) continue;
  bench.ticks(release, phase_is(Phase::Initialized));
  set_image(*shop.client, shop.ns, "example.test/main:2");
  CHECK(bench.ticks(release, phase_is(Phase::Succeeded)).back() == "Succeeded 100/0");
  CHECK(meddler.conflicts > 3);
  CHECK_FALSE(
      text_at(shop.get(live::canaries, "web"), {"metadata", "annotations", "meddler"}).empty());
}

TEST_CASE("FIN-10: with revertOnDeletion the target gets its pods and its traffic back",
          "[operator]") {
  Shop shop{"deleted"};
  REQUIRE(shop.client->patch({live::canaries, shop.ns, "web"},
                             {{"spec", {{"revertOnDeletion", true}}}}));
  ReleaseBench bench{*shop.client};
  live::Release release{bench.world, bench.settings, {shop.ns, "web"}};
  REQUIRE(release.admit());
  bench.ticks(release, phase_is(Phase::Initialized));
  const json canary = shop.get(live::canaries, "web");
  CHECK(canary.at("metadata").at("finalizers") == json::array({live::canary_finalizer}));
  REQUIRE(
      shop.client->remove({live::canaries, shop.ns, "web"}, text_at(canary, {"metadata", "uid"})));
  REQUIRE(eventually([&] { return release.revert().has_value(); }));
  CHECK(eventually([&] {
    const auto gone = shop.client->get({live::canaries, shop.ns, "web"});
    return !gone && gone.error().kind == live::KubeError::Kind::NotFound;
  }));
  CHECK(integer_at(shop.get(deployments, "web"), {"spec", "replicas"}) == 2);
}

/// Every object of the namespace that a release touches, with its version.
std::map<std::string, std::string> versions(const Shop& shop) {
  std::map<std::string, std::string> found;
  for (const live::Resource& kind : {live::canaries, deployments, services, virtual_services,
                                     config_maps, live::Resource{"", "v1", "events"}}) {
    const auto page = shop.client->list(kind, shop.ns, "");
    REQUIRE(page);
    for (const json& item : page->items)
      if (text_at(item, {"involvedObject", "kind"}).empty() ||
          text_at(item, {"involvedObject", "kind"}) == "Canary")
        found[kind.plural + "/" + text_at(item, {"metadata", "name"})] =
            text_at(item, {"metadata", "resourceVersion"});
  }
  return found;
}

TEST_CASE("Who only watches flies a whole release and writes nothing", "[operator]") {
  Shop shop{"watched"};
  REQUIRE(eventually([&] {
    return integer_at(shop.get(deployments, "web"), {"status", "readyReplicas"}) == 2;
  }));
  set_image(*shop.client, shop.ns, "example.test/main:1");
  std::this_thread::sleep_for(1s);
  const auto before = versions(shop);
  Lines told;
  live::OverlayApi overlay{*shop.client, [&](const std::string& would) { told.push_back(would); }};
  ReleaseBench bench{overlay};
  live::Release release{bench.world, bench.settings, {shop.ns, "web"}};
  REQUIRE(release.admit());
  bench.ticks(release, phase_is(Phase::Initialized));
  CHECK(versions(shop) == before);
  CHECK(std::find(told.begin(), told.end(),
                  fmt::format("would create VirtualService web.{}", shop.ns)) != told.end());

  set_image(*shop.client, shop.ns, "example.test/main:2");  // a person releases
  REQUIRE(eventually([&] {
    const json web = shop.get(deployments, "web");
    return integer_at(web, {"status", "updatedReplicas"}) == 2 &&
           integer_at(web, {"status", "replicas"}) == 2;
  }));
  std::this_thread::sleep_for(1s);
  const auto released = versions(shop);
  const Lines seen = bench.ticks(release, phase_is(Phase::Succeeded));
  for (const std::string& line : seen) UNSCOPED_INFO(line);
  for (const std::string& line : told) UNSCOPED_INFO(line);
  CHECK(seen.back() == "Succeeded 100/0");
  CHECK(versions(shop) == released);
}

TEST_CASE("A shadow flies its own policy over the release that is running, and touches nothing",
          "[operator]") {
  Shop shop{"shadow"};
  ReleaseBench bench{*shop.client};
  live::Release release{bench.world, bench.settings, {shop.ns, "web"}};
  REQUIRE(release.admit());
  bench.ticks(release, phase_is(Phase::Initialized));
  set_image(*shop.client, shop.ns, "example.test/main:2");
  bench.ticks(release, [](const TickRecord& tick) { return tick.status.canary_weight == 20; });
  const auto before = versions(shop);

  const auto policy = parse_documents(R"(
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: web}
spec:
  provider: istio
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  service: {port: 80}
  analysis:
    interval: 10s
    threshold: 1
    stepWeights: [5, 50]
    metrics: [{name: request-success-rate, interval: 1m, thresholdRange: {min: 99}}]
)",
                                      "policy.yaml");
  REQUIRE(policy);
  const bool good = GENERATE(true, false);
  live::OverlayApi overlay{*shop.client, [](const std::string&) {}};
  ReleaseBench above{overlay};
  above.success_rate = good ? 100 : 90;
  const auto shadow =
      live::place_shadow(overlay, *policy, shop.ns, above.settings, above.clock.now());
  REQUIRE(shadow);
  CHECK(shadow->under_way);
  live::Release flown{above.world, above.settings, shadow->canary};
  REQUIRE(flown.admit());
  const Lines seen = above.ticks(flown, [](const TickRecord& tick) {
    return tick.status.phase == Phase::Succeeded || tick.status.phase == Phase::Failed;
  });
  CHECK(std::find(seen.begin(), seen.end(), "Progressing 95/5") != seen.end());
  CHECK((std::find(seen.begin(), seen.end(), "Progressing 50/50") != seen.end()) == good);
  CHECK(seen.back() == (good ? "Succeeded 100/0" : "Failed 100/0"));
  CHECK(versions(shop) == before);
  CHECK(shop.weights() == std::vector<int>{80, 20});
}

/// How the program ends, and what it said.
struct Ended {
  int code = -1;
  std::string said;
};
Ended run(const std::string& arguments) {
  const std::string log = scratch("live.log");
  const int status =
      std::system(fmt::format("{} {} > {} 2>&1", volary_program, arguments, log).c_str());
  std::ifstream file{log};
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, {std::istreambuf_iterator<char>{file}, {}}};
}

TEST_CASE(
    "An object that another controller drives is refused with exit 3, until it is handed over",
    "[operator]") {
  Shop shop{"foreign"};
  live::KubeClient flagger{shop.world.access(), std::stop_token{}, {}, "flagger/1.42"};
  json canary = shop.get(live::canaries, "web");
  canary["status"] = {{"phase", "Initialized"}};
  REQUIRE(flagger.update_status({live::canaries, shop.ns, "web"}, canary));
  const std::string before =
      text_at(shop.get(live::canaries, "web"), {"metadata", "resourceVersion"});
  const std::string cluster = "--kubeconfig " + shop.world.kubeconfig();
  const Ended refused = run(fmt::format("live --act --canary {}/web --once {}", shop.ns, cluster));
  INFO(refused.said);
  CHECK(refused.code == 3);
  CHECK_THAT(refused.said, Catch::Contains("flagger wrote its status"));
  CHECK_THAT(refused.said, Catch::Contains("--take-over " + shop.ns + "/web"));
  CHECK(text_at(shop.get(live::canaries, "web"), {"metadata", "resourceVersion"}) == before);
  CHECK_FALSE(shop.client->get({deployments, shop.ns, "web-primary"}));
  CHECK(shop.event_texts().empty());

  const Ended taken = run(fmt::format("live --act --take-over {}/web {}", shop.ns, cluster));
  INFO(taken.said);
  CHECK(taken.code == 0);
  CHECK_THAT(taken.said, Catch::Contains("kubectl -n " + shop.ns + " patch canary web"));
  CHECK(live::true_at(shop.get(live::canaries, "web"), {"spec", "suspend"}));
}

TEST_CASE("A cluster that does not answer, or does not know the kind, is one clear line",
          "[operator]") {
  const std::string good = open_world().kubeconfig();
  std::ifstream file{good};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  const std::string server = open_world().server();
  text.replace(text.find(server), server.size(), fmt::format("https://127.0.0.1:{}", free_port()));
  const std::string bad = good + ".bad";  // beside it: it names files of that folder
  std::ofstream{bad} << text;
  const Ended silent = run("live --canary shop/web --once --kubeconfig " + bad);
  INFO(silent.said);
  CHECK(silent.code == 3);
  CHECK(std::count(silent.said.begin(), silent.said.end(), '\n') == 1);
  CHECK_THAT(silent.said, Catch::Contains("--kubeconfig"));
  CHECK(run("live --kubeconfig /nonexistent").code == 2);
}

TEST_CASE("One release, whose Prometheus does not answer, is rolled back with exit 1",
          "[operator]") {
  Shop shop{"once", {{"threshold", 1}}};
  Process alone{volary_program,
                {"live", "--act", "--canary", shop.ns + "/web", "--once", "--kubeconfig",
                 shop.world.kubeconfig(), "--metrics-server",
                 fmt::format("http://127.0.0.1:{}", free_port()), "--log", scratch("once.jsonl")},
                scratch("once.log")};
  const auto phase = [&] { return text_at(shop.get(live::canaries, "web"), {"status", "phase"}); };
  REQUIRE(eventually([&] { return phase() == "Initialized"; }, 60s));
  alone.stop();  // between two passes: nothing is lost
  set_image(*shop.client, shop.ns, "example.test/main:2");
  const Ended ended =
      run(fmt::format("live --act --canary {}/web --once --kubeconfig {} --metrics-server "
                      "http://127.0.0.1:{} --log {}",
                      shop.ns, shop.world.kubeconfig(), free_port(), scratch("once.jsonl")));
  INFO(ended.said);
  CHECK(ended.code == 1);
  CHECK_THAT(ended.said, Catch::Contains("web." + shop.ns + " rolled back"));
  CHECK(phase() == "Failed");
  CHECK(shop.weights() == std::vector<int>{100, 0});
  std::ifstream file{scratch("once.jsonl")};
  const std::string log{std::istreambuf_iterator<char>{file}, {}};
  CHECK_THAT(log, Catch::Contains("\"record\":\"header\""));
  CHECK_THAT(log, Catch::Contains("EV-THRESHOLD"));
}

std::string leader(const Shop& shop) {
  const auto lease =
      shop.client->get({{"coordination.k8s.io", "v1", "leases"}, shop.ns, live::lease_name});
  return lease ? text_at(*lease, {"spec", "holderIdentity"}) : "";
}

TEST_CASE(
    "Of two controllers one leads, and the release goes on when it stops, and when it is killed",
    "[operator]") {
  Shop shop{"leaders", {{"metrics", json::array()}}};
  const auto start = [&](const std::string& name) {
    return std::make_unique<Process>(
        volary_program,
        std::vector<std::string>{"live", "--act", "--enable-leader-election", "--namespace",
                                 shop.ns, "--kubeconfig", shop.world.kubeconfig(), "--port", "0",
                                 "--address", "127.0.0.1"},
        scratch(name + ".log"));
  };
  auto first = start("first");
  REQUIRE(eventually([&] { return !leader(shop).empty(); }));
  const std::string first_leader = leader(shop);
  auto second = start("second");
  const auto phase = [&] { return text_at(shop.get(live::canaries, "web"), {"status", "phase"}); };
  REQUIRE(eventually([&] { return phase() == "Initialized"; }, 60s));
  CHECK(leader(shop) == first_leader);
  set_image(*shop.client, shop.ns, "example.test/main:2");
  REQUIRE(eventually([&] { return phase() == "Progressing"; }, 40s));

  const auto began = std::chrono::steady_clock::now();
  first->stop(20s);  // INV-70
  CHECK(std::chrono::steady_clock::now() - began < 5s);
  REQUIRE(eventually([&] { return !leader(shop).empty() && leader(shop) != first_leader; }, 20s));
  const std::string second_leader = leader(shop);
  REQUIRE(eventually([&] { return shop.weights() == std::vector<int>{80, 20}; }, 60s));

  second->kill_now();  // INV-64: the rest is in the status and in the routes
  REQUIRE(shop.client->remove({{"coordination.k8s.io", "v1", "leases"}, shop.ns, live::lease_name},
                              ""));
  auto third = start("third");
  REQUIRE(eventually([&] { return phase() == "Succeeded"; }, 120s));
  CHECK(leader(shop) != second_leader);
  CHECK(shop.image("web-primary") == "example.test/main:2");
}

}  // namespace
}  // namespace volary::test
