#include "sim/scripted/route_object.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace {

using namespace volary;
using sim::RouteFamily;
using sim::RouteObject;

Canary canary_of(const std::string& provider) {
  Canary canary;
  canary.name = {"shop", "checkout"};
  canary.spec.provider = provider;
  canary.spec.target_ref = {"apps/v1", "Deployment", "checkout"};
  canary.status.phase = Phase::Progressing;
  return canary;
}

Routes split(int primary, int canary, bool mirrored = false) {
  return {Weight{primary}, Weight{canary}, mirrored};
}

/// A reconciled object at 80/20.
RouteObject ramped(const Canary& canary) {
  RouteObject object{sim::route_family(canary.spec.provider)};
  object.reconcile(canary);
  REQUIRE(object.write(canary, split(80, 20)));
  return object;
}

HttpMatch header_match() {
  HttpMatch match;
  match.headers["x-canary"] = {StringMatch::Kind::Exact, "insider"};
  return match;
}

}  // namespace

TEST_CASE("RT-COMMON-04: which router a provider string selects") {
  CHECK(sim::route_family("istio") == RouteFamily::Istio);
  CHECK(sim::route_family("linkerd") == RouteFamily::Smi);
  CHECK(sim::route_family("smi:v1alpha2:istio") == RouteFamily::Smi);
  CHECK(sim::route_family("osm") == RouteFamily::Smi);
  CHECK(sim::route_family("appmesh:v1beta2") == RouteFamily::AppMesh);
  CHECK(sim::route_family("gatewayapi:v1beta1") == RouteFamily::GatewayApi);
  CHECK(sim::route_family("gloo:x") == RouteFamily::Gloo);
  CHECK(sim::route_family("kubernetes") == RouteFamily::Kubernetes);
  for (const char* unknown : {"none", "gatewayapi", "smi", "appmesh:x", "ISTIO", ""})
    CHECK(sim::route_family(unknown) == RouteFamily::Istio);  // RT-COMMON-06, RT-COMMON-07
}

TEST_CASE("a routing object begins at 100/0, and what was written reads back") {
  for (const std::string provider :
       {"istio", "gatewayapi:v1", "appmesh", "contour", "gloo", "traefik", "apisix", "kuma",
        "linkerd", "nginx", "skipper", "knative"}) {
    INFO(provider);
    const Canary canary = canary_of(provider);
    RouteObject object{sim::route_family(provider)};
    CHECK_FALSE(object.read(canary));  // RT-COMMON-23
    CHECK_FALSE(object.write(canary, split(90, 10)));
    CHECK(object.needs_write(canary));
    object.reconcile(canary);
    CHECK(object.read(canary) == split(100, 0));
    CHECK_FALSE(object.needs_write(canary));
    for (const int weight : {10, 55, 100, 0}) {
      REQUIRE(object.write(canary, split(100 - weight, weight)));
      CHECK(object.read(canary) == split(100 - weight, weight));
      CHECK_FALSE(object.needs_write(canary));  // weights never count as drift (RT-COMMON-40)
    }
  }
}

TEST_CASE("RT-COMMON-40, Q-04: what a repair does to live weights") {
  for (const std::string provider : {"istio", "gatewayapi:v1", "contour", "gloo", "traefik",
                                     "apisix", "kuma", "linkerd", "skipper"}) {
    INFO(provider);
    const Canary canary = canary_of(provider);
    RouteObject object = ramped(canary);
    object.drift();
    CHECK(object.needs_write(canary));
    object.reconcile(canary);
    CHECK(object.read(canary) == split(100, 0));
  }
  for (const std::string provider : {"appmesh", "appmesh:v1beta2", "nginx"}) {
    INFO(provider);
    const Canary canary = canary_of(provider);
    RouteObject object = ramped(canary);
    object.drift();
    object.reconcile(canary);
    CHECK(object.read(canary) == split(80, 20));
  }
}

TEST_CASE("SM-156, SM-159: an edit of service or match changes the shape of the object") {
  Canary canary = canary_of("istio");
  RouteObject object = ramped(canary);
  canary.spec.analysis.match = {header_match()};
  CHECK(object.needs_write(canary));
  canary.spec.analysis.match.clear();
  CHECK_FALSE(object.needs_write(canary));
  canary.spec.service.timeout = "3s";
  CHECK(object.needs_write(canary));
  object.reconcile(canary);
  CHECK(object.read(canary) == split(100, 0));

  // RT-COMMON-21: a router that knows no matching has no other shape.
  Canary split_only = canary_of("linkerd");
  RouteObject traffic_split = ramped(split_only);
  split_only.spec.analysis.match = {header_match()};
  CHECK_FALSE(traffic_split.needs_write(split_only));
}

TEST_CASE("RT-COMMON-42, RT-COMMON-43: what a hand edit reads as") {
  const auto edited = [](const std::string& provider, int primary, int canary_weight) {
    const Canary canary = canary_of(provider);
    RouteObject object = ramped(canary);
    object.edit(primary, canary_weight);
    return object.read(canary);
  };
  CHECK(edited("istio", 60, 30) == split(60, 30));      // both are read
  CHECK(edited("gatewayapi:v1", 0, 0) == split(0, 0));  // whatever it finds
  CHECK_FALSE(edited("istio", 0, 0));                   // RT-ISTIO-34
  CHECK_FALSE(edited("linkerd", 0, 0));
  CHECK(edited("contour", 60, 30) == split(60, 40));  // derived from the primary's
  CHECK(edited("kuma", 60, 30) == split(60, 40));
  CHECK(edited("nginx", 60, 30) == split(70, 30));  // derived from the canary's
}

TEST_CASE("RT-09: some providers refuse 0/0 before any request") {
  for (const std::string provider : {"contour", "gloo", "traefik", "apisix"}) {
    const Canary canary = canary_of(provider);
    RouteObject object = ramped(canary);
    CHECK_FALSE(object.write(canary, split(0, 0)));
    CHECK(object.read(canary) == split(80, 20));
  }
}

TEST_CASE("Q-05: the mirror flag reads back only where the provider keeps it") {
  Canary canary = canary_of("istio");
  canary.spec.analysis.mirror = true;
  RouteObject object = ramped(canary);
  REQUIRE(object.write(canary, split(100, 0, true)));
  CHECK(object.read(canary) == split(100, 0, true));

  SECTION("not with session affinity: the mirror is on the first rule, the weights on the last") {
    canary.spec.analysis.session_affinity = SessionAffinity{};
    canary.spec.analysis.session_affinity->cookie_name = "ck";
    REQUIRE(object.write(canary, split(100, 0, true)));
    CHECK(object.read(canary) == split(100, 0, false));
  }
  SECTION("not in the A/B shape (RT-ISTIO-47)") {
    canary.spec.analysis.match = {header_match()};
    REQUIRE(object.write(canary, split(100, 0, true)));
    CHECK(object.read(canary) == split(100, 0, false));
  }
  SECTION("not over TCP (RT-ISTIO-60)") {
    canary.spec.service.app_protocol = "TCP";
    REQUIRE(object.write(canary, split(100, 0, true)));
    CHECK(object.read(canary) == split(100, 0, false));
  }
  SECTION("not on other providers (RT-COMMON-20)") {
    for (const std::string provider :
         {"linkerd", "contour", "nginx", "traefik", "appmesh", "kuma"}) {
      Canary other = canary_of(provider);
      RouteObject copy = ramped(other);
      REQUIRE(copy.write(other, split(100, 0, true)));
      CHECK(copy.read(other) == split(100, 0, false));
    }
  }
}

TEST_CASE(
    "RT-GWAPI-32, RT-GWAPI-42: a mirror filter needs iterations, and is drift outside of an "
    "analysis") {
  Canary canary = canary_of("gatewayapi:v1");
  canary.spec.analysis.mirror = true;
  RouteObject object = ramped(canary);
  REQUIRE(object.write(canary, split(100, 0, true)));
  CHECK(object.read(canary) == split(100, 0, false));  // RT-GWAPI-43
  canary.spec.analysis.iterations = 5;
  REQUIRE(object.write(canary, split(100, 0, true)));
  CHECK(object.read(canary) == split(100, 0, true));
  CHECK_FALSE(object.needs_write(canary));
  canary.status.phase = Phase::Promoting;
  CHECK(object.needs_write(canary));
}

TEST_CASE(
    "SA-14: retiring without a previous cookie leaves a rule that the next repair takes for "
    "drift") {
  Canary canary = canary_of("istio");
  canary.spec.analysis.session_affinity = SessionAffinity{};
  canary.spec.analysis.session_affinity->cookie_name = "ck";
  canary.spec.analysis.session_affinity->primary_cookie_name = "pk";
  canary.status.session_affinity_cookie = "ck=abc";
  canary.status.primary_session_affinity_cookie = "pk=def";
  RouteObject object = ramped(canary);
  CHECK(object.read(canary) == split(80, 20));
  CHECK_FALSE(object.needs_write(canary));  // sticky rules are no drift (RT-ISTIO-21)

  canary.status.session_affinity_cookie.clear();
  REQUIRE(object.write(canary, split(100, 0)));
  CHECK(object.needs_write(canary));
  canary.status.previous_session_affinity_cookie = "ck=abc";
  REQUIRE(object.write(canary, split(100, 0)));
  CHECK_FALSE(object.needs_write(canary));
}

TEST_CASE("RT-44: NGINX in A/B reads 0/100 while a header rule is set") {
  Canary canary = canary_of("nginx");
  canary.spec.analysis.match = {header_match()};
  RouteObject object{RouteFamily::Nginx};
  object.reconcile(canary);
  CHECK(object.read(canary) == split(100, 0));
  REQUIRE(object.write(canary, split(0, 100)));
  CHECK(object.read(canary) == split(0, 100));
  REQUIRE(object.write(canary, split(100, 0)));
  CHECK(object.read(canary) == split(100, 0));
}

TEST_CASE("RT-COMMON-50: provider kubernetes writes nothing and reads its iterations") {
  Canary canary = canary_of("kubernetes");
  RouteObject object{RouteFamily::Kubernetes};
  CHECK_FALSE(object.needs_write(canary));
  CHECK(object.write(canary, split(0, 100)));
  CHECK(object.read(canary) == split(100, 0));
  canary.status.iterations = 1;
  CHECK(object.read(canary) == split(0, 100));
}

TEST_CASE("FIN-21: what reverting a routing object does") {
  const Canary canary = canary_of("istio");
  RouteObject missing{RouteFamily::Istio};
  CHECK_FALSE(missing.finalize());

  RouteObject object = ramped(canary);
  CHECK_FALSE(object.finalize_writes());  // nothing was taken over: left as it is
  REQUIRE(object.finalize());
  CHECK(object.read(canary) == split(80, 20));
  object.drift();
  object.reconcile(canary);
  CHECK(object.finalize_writes());
  REQUIRE(object.finalize());
  CHECK(object.read(canary) == split(80, 20));  // the spec before the latest repair

  RouteObject ingress = ramped(canary_of("skipper"));
  REQUIRE(ingress.finalize());
  CHECK_FALSE(ingress.exists());
}
