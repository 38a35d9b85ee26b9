#include <rapidcheck.h>
#include <sstream>

#include "tests/live/route_world.hpp"

using namespace volary;
using namespace volary::live;
using namespace volary::live::world;

// INV-01 over random legal Canaries: what a router writes it reads back, what it wrote is no drift,
// and what it does not know survives. Fixed seed: a run repeats itself, so there is no false alarm.

namespace {

struct Subject {
  const char* name;
  std::unique_ptr<RouteProvider> (*make)();
  ObjectPath object;  ///< the one that carries the weights
};

const std::vector<Subject>& subjects() {
  static const std::vector<Subject> all{
      {"istio", [] { return istio_provider(); },
       World::path({"networking.istio.io", "v1beta1", "virtualservices"}, "podinfo")},
      {"gatewayapi:v1", [] { return gateway_api_provider("v1"); },
       World::path({"gateway.networking.k8s.io", "v1", "httproutes"}, "podinfo")},
      {"gatewayapi:v1beta1", [] { return gateway_api_provider("v1beta1"); },
       World::path({"gateway.networking.k8s.io", "v1beta1", "httproutes"}, "podinfo")},
      {"nginx", [] { return nginx_provider(); },
       World::path({"networking.k8s.io", "v1", "ingresses"}, "podinfo-canary")},
      {"skipper", [] { return skipper_provider(); },
       World::path({"networking.k8s.io", "v1", "ingresses"}, "podinfo-canary")},
      {"knative", [] { return knative_provider(); },
       World::path({"serving.knative.dev", "v1", "services"}, "podinfo")},
  };
  return all;
}

bool chance() { return *rc::gen::arbitrary<bool>(); }
template <class... Texts>
std::string one_of(Texts... texts) {
  return *rc::gen::element(std::string{texts}...);
}

json string_match() {
  return {{one_of("exact", "regex"), one_of("a", "/b", "insider", "v.*", "ü \"'\\")}};
}

json random_match() {
  json match = json::object();
  if (chance()) match["uri"] = {{one_of("exact", "prefix", "regex"), one_of("/", "/api", "/a.*")}};
  if (chance()) match["headers"][one_of("x-a", "cookie", "Cookie")] = string_match();
  if (chance()) match["queryParams"]["q"] = string_match();
  if (chance()) match["method"] = {{"exact", "GET"}};
  return match;
}

json random_service(bool gateway_api) {
  json service{{"port", *rc::gen::inRange(1, 65536)}};
  const bool delegated = chance() && chance();
  if (delegated) service["delegation"] = true;
  if (chance() && !delegated) service["hosts"] = {one_of("a.example.com", "*", "podinfo")};
  if (chance() && !delegated) service["gateways"] = {one_of("mesh", "istio-system/public")};
  if (chance()) service["portDiscovery"] = true;
  if (chance()) service["timeout"] = one_of("15s", "1m");
  if (chance()) service["backendTimeout"] = "5s";
  if (chance()) service["retries"] = {{"attempts", *rc::gen::inRange(0, 4)}, {"retryOn", "5xx"}};
  if (chance()) service["rewrite"] = {{"uri", "/"}, {"type", one_of("ReplacePrefixMatch", "x")}};
  if (chance()) service["headers"]["request"]["add"]["x-team"] = "web";
  if (chance()) service["headers"]["response"]["set"]["x-team"] = one_of("web", "");
  if (chance()) service["corsPolicy"] = {{"allowOrigin", {"a"}}, {"maxAge", one_of("24h", "1d")}};
  if (chance()) service["trafficPolicy"] = {{"tls", {{"mode", "DISABLE"}}}};
  if (chance()) service["appProtocol"] = one_of("tcp", "TCP", "http", "grpc");
  if (chance()) service["apex"] = {{"labels", {{"team", "web"}}}};
  if (chance()) {
    service["match"] = json::array();
    for (int i = *rc::gen::inRange(0, 3); i > 0; --i) service["match"].push_back(random_match());
  }
  if (gateway_api) service["gatewayRefs"] = {{{"name", "gateway"}}};
  return service;
}

json random_analysis() {
  json analysis{{"interval", one_of("1m", "15s")}, {"threshold", 5}};
  if (chance()) {
    analysis["iterations"] = 10;
    if (chance())  // a cookie by a pattern is nothing that NGINX can match (RT-NGINX-17)
      analysis["match"] = {{{"headers", chance() ? json{{"x", string_match()}}
                                                 : json{{"cookie", {{"exact", "insider"}}}}}}};
  } else {
    analysis["stepWeight"] = 10;
  }
  if (chance()) analysis["mirror"] = true;
  if (chance()) analysis["mirrorWeight"] = 20;
  if (chance()) {
    analysis["sessionAffinity"] = {{"cookieName", "fc"}};
    if (chance()) analysis["sessionAffinity"]["primaryCookieName"] = "fp";
  }
  return analysis;
}

json random_canary(const Subject& subject) {
  const std::string name = subject.name;
  const bool knative = name == "knative";
  return canary_of(name, random_service(name.starts_with("gatewayapi")).dump(),
                   random_analysis().dump(),
                   knative ? "targetRef: {apiVersion: serving.knative.dev/v1, kind: Service, name: "
                             "podinfo}"
                           : "ingressRef: {apiVersion: networking.k8s.io/v1, kind: Ingress, name: "
                             "podinfo}");
}

/// What a provider finds before it: the user's Ingress, the Knative Service.
void put_surroundings(World& world) {
  world.api.put(World::path({"networking.k8s.io", "v1", "ingresses"}, "podinfo"), json_of_yaml(R"(
metadata: {name: podinfo, namespace: test}
spec:
  rules:
  - http: {paths: [{path: /, backend: {service: {name: podinfo, port: {number: 80}}}}]}
)"));
  world.api.put(World::path({"serving.knative.dev", "v1", "services"}, "podinfo"), json_of_yaml(R"(
metadata: {name: podinfo, namespace: test}
status:
  latestCreatedRevisionName: podinfo-00002
)"));
}

/// Knative's controller carries the wish out (RT-KNATIVE-10 reads the status).
void carry_out(World& world, const Subject& subject) {
  if (std::string_view{subject.name} != "knative") return;
  json traffic = world.spec(subject.object)["traffic"];
  if (!traffic.is_array()) return;
  traffic[0]["revisionName"] = "podinfo-00003";
  world.meddle(subject.object, {{"status", {{"traffic", traffic}}}});
}

Routes random_split(const Subject& subject, const World& world) {
  const bool ab = !world.canary.spec.analysis.match.empty();
  // NGINX tells an A/B test by its annotations alone (RT-NGINX-10): all or nothing.
  const int canary = ab && std::string_view{subject.name} == "nginx" ? (chance() ? 100 : 0)
                                                                     : *rc::gen::inRange(0, 101);
  return split(100 - canary, canary, canary == 0 && chance());
}

/// Which of the routes that were asked for can be read back.
bool reads_mirror(const Subject& subject, const World& world, const Routes& routes, bool strict,
                  bool had_cookie) {
  const Analysis& analysis = world.canary.spec.analysis;
  const std::string_view name = subject.name;
  if (!routes.mirrored) return false;
  if (name.starts_with("gatewayapi")) return analysis.iterations > 0;  // RT-GWAPI-42, 43
  if (name != "istio" || !analysis.match.empty()) return false;        // RT-ISTIO-47
  const std::string& protocol = world.canary.spec.service.app_protocol;
  if (protocol == "tcp" || protocol == "TCP") return false;  // RT-ISTIO-60
  // RT-ISTIO-46: the first route has it, RT-ISTIO-31: the last is asked.
  return !analysis.session_affinity || (strict && !had_cookie);
}

template <class Property>
void holds(const char* what, std::uint64_t seed, Property property) {
  rc::detail::TestParams params;
  params.seed = seed;
  params.maxSuccess = 150;
  const rc::detail::TestMetadata metadata{what, what};
  const auto result = rc::detail::checkTestable(property, metadata, params);
  std::ostringstream said_by_it;
  rc::detail::printResultMessage(result, said_by_it);
  INFO(said_by_it.str());
  CHECK(result.template is<rc::detail::SuccessResult>());
}

template <class T>
void done(const Result<T>& result) {
  if (!result) RC_FAIL(to_string(result.error()));
}

}  // namespace

TEST_CASE("INV-01, RT-COMMON-16, 40, 42: what was written is read back, and is no drift") {
  for (const Subject& subject : subjects()) {
    for (const Compat compat : {Compat::Strict, Compat::Flagger}) {
      const bool strict = compat == Compat::Strict;
      holds(subject.name, 20'261'127, [&] {
        World world{random_canary(subject), subject.make(), compat};
        put_surroundings(world);
        done(world.reconcile());
        if (std::string_view{subject.name} == "knative") done(world.set(split(100, 0)));
        carry_out(world, subject);
        RC_ASSERT(world.routes() == split(100, 0));
        for (int steps = *rc::gen::inRange(1, 5); steps > 0; --steps) {
          const Routes routes = random_split(subject, world);
          done(world.set(routes));
          carry_out(world, subject);
          const bool had_cookie = !world.canary.status.previous_session_affinity_cookie.empty();
          Routes expected = routes;
          expected.mirrored = reads_mirror(subject, world, routes, strict, had_cookie);
          RC_ASSERT(world.routes() == expected);
          // Drift that the reference makes itself (RT-ISTIO-44, 45 [Q]), and a mirror that is left
          // behind outside a release (RT-GWAPI-32).
          const bool twice =
              !strict && world.canary.spec.analysis.session_affinity && routes.canary == 0_pct;
          const bool gateway_mirror =
              routes.mirrored && std::string_view{subject.name}.starts_with("gatewayapi");
          // RT-GWAPI-46: the reference's mixture of a test and affinity means nothing.
          const bool mixture = !strict &&
                               std::string_view{subject.name}.starts_with("gatewayapi") &&
                               world.canary.spec.analysis.session_affinity &&
                               !world.canary.spec.analysis.match.empty();
          if (twice || gateway_mirror || mixture) continue;
          const json before = world.spec(subject.object);
          world.writes();
          done(world.reconcile());
          if (!world.writes().empty())
            RC_FAIL(fmt::format("{}\nmade\n{}\nand then\n{}", world.object.dump(), before.dump(),
                                world.spec(subject.object).dump()));
        }
      });
    }
  }
}

TEST_CASE("RT-COMMON-25 [Q]: fields that nobody here knows survive every write") {
  for (const Subject& subject : subjects()) {
    holds(subject.name, 20'261'128, [&] {
      World world{random_canary(subject), subject.make()};
      put_surroundings(world);
      done(world.reconcile());
      const json theirs = json_of_yaml("{deep: {list: [1, {a: null, b: x}]}, flag: true}");
      world.meddle(subject.object, {{"status", {{"theirs", theirs}}}, {"extra", theirs}});
      // The spec of an Ingress is compared and replaced whole (RT-NGINX-05, RT-SKIPPER-08).
      const bool ingress = subject.object.resource.plural == "ingresses";
      if (!ingress) world.meddle(subject.object, {{"spec", {{"theirs", theirs}}}});
      const json kept = *world.api.find(subject.object);
      const auto survived = [&] {
        const json& now = *world.api.find(subject.object);
        RC_ASSERT(now["status"]["theirs"] == kept["status"]["theirs"]);
        RC_ASSERT(now["extra"] == kept["extra"]);
        if (!ingress) RC_ASSERT(now["spec"]["theirs"] == kept["spec"]["theirs"]);
      };
      done(world.set(random_split(subject, world)));
      survived();
      world.edit({{"spec", {{"service", {{"timeout", "77s"}, {"backendTimeout", "7s"}}}}}});
      done(world.reconcile());
      survived();
      done(world.set(split(100, 0)));
      survived();
    });
  }
}

TEST_CASE(
    "RT-NGINX-02, RT-SKIPPER-04: objects that somebody spoiled are answered, never thrown at") {
  static const std::vector<json> odd = jsons_of_yaml(R"(
{value: [null, 7, -1, 1.5, true, x, "", [], {}, [7], [[]], {a: 7}, [{}], {a: {b: []}}]}
)");
  const json& values = odd[0]["value"];
  for (const Subject& subject : subjects()) {
    holds(subject.name, 20'261'129, [&] {
      const Compat compat = chance() ? Compat::Strict : Compat::Flagger;
      World world{random_canary(subject), subject.make(), compat};
      put_surroundings(world);
      done(world.reconcile());
      done(world.set(random_split(subject, world)));
      for (const ObjectPath& path :
           {subject.object, World::path({"networking.k8s.io", "v1", "ingresses"}, "podinfo")}) {
        json spoiled = *world.api.find(path);
        for (int spots = *rc::gen::inRange(1, 4); spots > 0; --spots) {
          json* spot =
              chance() && spoiled.contains("status") ? &spoiled["status"] : &spoiled["spec"];
          while (spot->is_structured() && !spot->empty() && *rc::gen::inRange(0, 5) > 0) {
            auto inner = spot->begin();
            std::advance(inner, *rc::gen::inRange<std::size_t>(0, spot->size()));
            spot = &*inner;
          }
          *spot = values[*rc::gen::inRange<std::size_t>(0, values.size())];
        }
        world.api.put(path, spoiled);
      }
      const auto named = [](const auto& result) {
        if (!result) RC_ASSERT(to_string(result.error()).find("podinfo") != std::string::npos);
      };
      named(world.routes());
      named(world.set(random_split(subject, world)));
      named(world.reconcile());
      named(world.routes());
      named(world.finalize());
    });
  }
}
