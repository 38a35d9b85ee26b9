#include <algorithm>
#include <map>
#include <rapidcheck.h>
#include <thread>

#include <catch2/catch.hpp>

#include "live/operator/foreign.hpp"
#include "live/operator/lease.hpp"
#include "live/operator/overlay_api.hpp"
#include "live/operator/release.hpp"
#include "live/rfc3339.hpp"
#include "tests/live/fake_api.hpp"

/// Writing nothing, and leaving to others what is theirs.
namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using world::FakeApi;

const Resource deployments{"apps", "v1", "deployments"};
const Resource leases{"coordination.k8s.io", "v1", "leases"};
const ObjectPath web{deployments, "shop", "web"};

struct Watching {
  FakeApi below;
  std::vector<std::string> told;
  OverlayApi overlay{below, [this](const std::string& would) { told.push_back(would); }};

  Watching() {
    below.put(web, {{"metadata", {{"name", "web"}, {"namespace", "shop"}}},
                    {"spec", {{"replicas", 2}, {"paused", false}}},
                    {"status", {{"replicas", 2}}}});
  }
  [[nodiscard]] bool wrote() const {
    return std::any_of(below.requests.begin(), below.requests.end(),
                       [](const std::string& request) { return !request.starts_with("GET "); });
  }
};

TEST_CASE("An overlay reads its own writes, tells them, and writes nothing below") {
  Watching at;
  REQUIRE(at.overlay.patch(web, {{"spec", {{"replicas", 0}}}}));
  CHECK(at.overlay.get(web)->at("spec").at("replicas") == 0);
  REQUIRE(at.overlay.create({deployments, "shop", "web-primary"}, {{"spec", {{"replicas", 2}}}}));
  CHECK(at.overlay.get({deployments, "shop", "web-primary"})->at("status").at("readyReplicas") ==
        2);
  const auto gone = at.overlay.get(web);
  REQUIRE(at.overlay.remove(web, gone->at("metadata").at("uid")));
  CHECK(at.overlay.get(web).error().kind == KubeError::Kind::NotFound);
  CHECK_FALSE(at.wrote());
  CHECK(at.told == std::vector<std::string>{"would update Deployment web.shop: spec.replicas 2 → 0",
                                            "would create Deployment web-primary.shop",
                                            "would delete Deployment web.shop"});
}

TEST_CASE("Below an overlay the cluster goes on, and a stale write is a conflict") {
  Watching at;
  json mine = *at.overlay.get(web);
  REQUIRE(at.overlay.patch(web, {{"spec", {{"replicas", 5}}}}));
  json theirs = *at.below.find(web);
  theirs["spec"]["paused"] = true;
  at.below.put(web, theirs);
  const auto seen = at.overlay.get(web);
  CHECK(seen->at("spec").at("replicas") == 5);
  CHECK(seen->at("spec").at("paused") == true);
  CHECK(at.overlay.update(web, mine).error().kind == KubeError::Kind::Conflict);
  CHECK_FALSE(at.wrote());
}

TEST_CASE("What was written to an object that was made anew is forgotten (FLT-30)") {
  Watching at;
  REQUIRE(at.overlay.patch(web, {{"spec", {{"replicas", 5}}}}));
  at.below.put(web, {{"metadata", {{"name", "web"}, {"namespace", "shop"}, {"uid", "another"}}},
                     {"spec", {{"replicas", 1}}}});
  CHECK(at.overlay.get(web)->at("spec").at("replicas") == 1);
}

TEST_CASE("merge_difference makes the one from the other") {
  rc::check([](const std::map<std::string, int>& a, const std::map<std::string, int>& b,
               const std::map<std::string, int>& inner) {
    json from = a, to = b;
    from["inner"] = inner;
    to["inner"] = a;
    json made = from;
    made.merge_patch(merge_difference(from, to));
    RC_ASSERT(made == to);
  });
}

json canary_written_by(const char* manager, const char* subresource, Instant at) {
  return {{"metadata",
           {{"managedFields",
             json::array(
                 {{{"manager", manager}, {"subresource", subresource}, {"time", rfc3339(at)}}})}}}};
}

TEST_CASE("Who wrote the status within ten intervals drives the object (FLT-44)") {
  const Instant now{100'000s};
  CHECK(foreign_writer(canary_written_by("flagger", "status", now - 9min), 1min, now));
  CHECK_FALSE(foreign_writer(canary_written_by("flagger", "status", now - 11min), 1min, now));
  CHECK_FALSE(foreign_writer(canary_written_by("volary", "status", now - 1min), 1min, now));
  CHECK_FALSE(foreign_writer(canary_written_by("kubectl", "", now - 1min), 1min, now));
  json taken = canary_written_by("flagger", "status", now - 1min);
  taken["metadata"]["annotations"][driver_annotation] = "volary";
  CHECK_FALSE(foreign_writer(taken, 1min, now));
}

TEST_CASE("A take-over suspends the object for others and names the way back") {
  FakeApi api;
  const ObjectPath path{{"flagger.app", "v1beta1", "canaries"}, "shop", "web"};
  api.put(path, {{"metadata", {{"name", "web"}, {"namespace", "shop"}}}, {"spec", json::object()}});
  const auto back = take_over(api, {"shop", "web"});
  REQUIRE(back);
  CHECK_THAT(*back, Catch::StartsWith("kubectl -n shop patch canary web --type=merge"));
  CHECK(api.find(path)->at("spec").at("suspend") == true);
  CHECK(taken_over(*api.find(path)));

  const ObjectPath other{path.resource, "shop", "other"};
  api.put(other, {{"metadata", {{"name", "other"}}}, {"spec", {{"suspend", true}}}});
  CHECK(take_over(api, {"shop", "other"}).error().kind == ErrorKind::Invalid);
}

class SteadyClock : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return time; }
  Instant time{1'000'000s};
};

struct Candidate {
  SteadyClock clock;
  Log log{clock, Log::Level::Error, [](std::string_view) {}};
  LeaderElection election;
  Candidate(KubeApi& api, const std::string& identity)
      : election{api,
                 clock,
                 {.ns = "kube-system",
                  .identity = identity,
                  .duration = 2s,
                  .renew_deadline = 300ms,
                  .retry = 20ms,
                  .longest_request = 100ms},
                 log} {}
};

const ObjectPath lease{leases, "kube-system", lease_name};

TEST_CASE("INV-31: of two candidates one leads, and the other when it gave the Lease back") {
  FakeApi api;
  Candidate first{api, "first"}, second{api, "second"};
  std::stop_source stop;
  REQUIRE(first.election.acquire(stop.get_token()));
  CHECK(first.election.leads());
  std::stop_source soon;
  std::jthread impatient{[&] {
    std::this_thread::sleep_for(200ms);
    soon.request_stop();
  }};
  CHECK_FALSE(second.election.acquire(soon.get_token()));
  CHECK_FALSE(second.election.leads());
  first.election.release();
  CHECK_FALSE(first.election.leads());
  CHECK(second.election.acquire(stop.get_token()));
  CHECK(second.election.leads());
}

TEST_CASE("FLT-45: a Lease that somebody else holds or deleted is lost, and no write passes") {
  FakeApi api;
  Candidate leader{api, "leader"};
  std::stop_source stop;
  REQUIRE(leader.election.acquire(stop.get_token()));
  FencedApi fence{api, [&] { return leader.election.leads(); }};
  REQUIRE(fence.create(web, {{"metadata", {{"name", "web"}}}}));
  if (GENERATE(true, false)) {
    api.erase(lease);
  } else {
    json stolen = *api.find(lease);
    stolen["spec"]["holderIdentity"] = "thief";
    api.put(lease, stolen);
  }
  CHECK_FALSE(leader.election.hold(stop.get_token()));
  CHECK_FALSE(leader.election.leads());
  const auto refused = fence.patch(web, {{"spec", {{"replicas", 1}}}});
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Contains("leadership lost"));
  CHECK(api.find(web)->find("spec") == api.find(web)->end());
}

TEST_CASE("FLT-43: who cannot renew steps down before the Lease runs out") {
  FakeApi api;
  Candidate leader{api, "leader"};
  std::stop_source stop;
  REQUIRE(leader.election.acquire(stop.get_token()));
  api.errors["GET leases flagger-leader-election"] = {
      .kind = KubeError::Kind::Unavailable, .message = "down", .causes = {}, .retry_after = {}};
  const auto began = std::chrono::steady_clock::now();
  CHECK_FALSE(leader.election.hold(stop.get_token()));
  CHECK(std::chrono::steady_clock::now() - began < 2s);
  CHECK_FALSE(leader.election.leads());
}

}  // namespace
}  // namespace volary::live
