#include <catch2/catch.hpp>

#include "engine/builtin_queries.hpp"
#include "engine/changes.hpp"
#include "engine/judge.hpp"
#include "engine/query_template.hpp"
#include "engine/units.hpp"

using namespace volary;
using namespace std::chrono_literals;

TEST_CASE("CTL-40: durations and bounds as Flagger prints them") {
  CHECK(go_duration(0s) == "0s");
  CHECK(go_duration(1ms) == "1ms");
  CHECK(go_duration(1515ms) == "1.515s");
  CHECK(go_duration(61500ms) == "1m1.5s");
  CHECK(go_duration(1h) == "1h0m0s");
  CHECK(go_duration(-90s) == "-1m30s");
  CHECK(go_duration(1500us) == "1.5ms");
  CHECK(go_number(99) == "99");
  CHECK(go_number(99.5) == "99.5");
  CHECK(go_number(500000) == "500000");
  CHECK(go_number(1e6) == "1e+06");
  CHECK(go_number(0.00001) == "1e-05");
  CHECK(go_number(0) == "0");
}

TEST_CASE("VAL-04: Go durations, and what is none") {
  CHECK(go_parse_duration("1m30s") == Duration{90s});
  CHECK(go_parse_duration("1.5h") == Duration{90min});
  CHECK(go_parse_duration("100ms") == Duration{100ms});
  CHECK(go_parse_duration("0") == Duration{0s});
  CHECK_FALSE(go_parse_duration("1min"));
  CHECK_FALSE(go_parse_duration("10"));
  CHECK_FALSE(go_parse_duration(""));
  CHECK_FALSE(go_parse_duration("s"));
  CHECK_FALSE(go_parse_duration("99999999999999h"));
}

TEST_CASE("ST-22: webhook checksums, by the vectors of the specification") {
  const auto checksum = [](std::optional<TrackedConfigs> configs, std::string applied) {
    CanaryStatus status;
    status.tracked_configs = std::move(configs);
    status.last_applied_spec = std::move(applied);
    return hook_checksum(status);
  };
  CHECK(checksum(std::nullopt, "") == "758df7c9fc");
  CHECK(checksum(TrackedConfigs{}, "") == "68bf6f479b");
  CHECK(checksum(std::nullopt, "4cb74184589") == "7c9d467496");
  CHECK(checksum(TrackedConfigs{{"test-config-map", "484637c76acaa7c6"}}, "4cb74184589") ==
        "569bdb7cb9");
  CHECK(checksum(TrackedConfigs{{"configmap/a", "1"}, {"secret/b", "2"}}, "x") == "56cb56db84");
}

TEST_CASE("MT-40, MT-41: what a query template may name") {
  const TemplateValues values{.name = "web",
                              .ns = "test",
                              .target = "podinfo",
                              .interval = "1m",
                              .variables = {{"code", "404"}, {"my-key", "x"}}};
  CHECK(render_query("a{ns=\"{{ namespace }}\"}[{{interval}}]", values) == "a{ns=\"test\"}[1m]");
  CHECK(render_query("{{-target}}", values).error().message == "function \"-target\" not defined");
  CHECK(render_query("x {{- target }} y", values) == "xpodinfo y");
  CHECK(render_query("x {{ target -}} y", values) == "x podinfoy");
  CHECK(render_query("{{ variables.code }}", values) == "404");
  CHECK(render_query("{{ index variables \"my-key\" }}|{{ index variables \"none\" }}", values) ==
        "x|");
  CHECK(render_query("{{/* said aside */}}q", values) == "q");
  CHECK_FALSE(render_query("{{ variables.none }}", values));
  const auto unknown = render_query("up\n  {{ pod }}", values);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().where == "query template 2:3");
  CHECK(unknown.error().message == "function \"pod\" not defined");
  CHECK_FALSE(render_query("{{ target", values));
  CHECK_FALSE(render_query("{{ if true }}x{{ end }}", values));
}

TEST_CASE("OBS: the companion of a builtin query is the denominator of the success rate") {
  CHECK(requests_query(QueryFamily::Istio) ==
        R"q(sum( rate( istio_requests_total{ reporter="destination", )q"
        R"q(destination_workload_namespace="{{ namespace }}", )q"
        R"q(destination_workload=~"{{ target }}" }[{{ interval }}] ) ))q");
  for (int family = 0; family <= static_cast<int>(QueryFamily::Knative); ++family) {
    const std::string_view text = requests_query(static_cast<QueryFamily>(family));
    CHECK(text.starts_with("sum("));
    CHECK(text.ends_with(")"));
    CHECK(text.find("rate(") != std::string_view::npos);
    CHECK(text.find("5.") == std::string_view::npos);  // nothing is left out
    CHECK(text.find('/') == (static_cast<QueryFamily>(family) == QueryFamily::Knative
                                 ? text.find("/{{ route }}")
                                 : std::string_view::npos));
  }
}

TEST_CASE("MET-09: the query family follows the provider") {
  const auto family = [](std::string provider, std::string kind = "Deployment") {
    Canary canary;
    canary.spec.provider = std::move(provider);
    canary.spec.target_ref = {"v1", std::move(kind), "podinfo"};
    return query_family(canary, {});
  };
  CHECK(family("") == QueryFamily::Istio);
  CHECK(family("appmesh:v1beta2") == QueryFamily::AppMesh);
  CHECK(family("gatewayapi:v1") == QueryFamily::PlainHttp);
  CHECK(family("kubernetes") == QueryFamily::PlainHttp);
  CHECK(family("smi:v1alpha2") == QueryFamily::Istio);
  CHECK(family("traefik", "Service") == QueryFamily::Istio);  // MET-08, Q-19
  CHECK(family("gloo", "Service") == QueryFamily::Gloo);
}

namespace {

Judged judged(MetricCheck check, MetricQuery::Kind kind, double value,
              Compat compat = Compat::Flagger, bool in_seconds = false) {
  return judge(check, {.kind = kind, .duration_in_seconds = in_seconds, .compat = compat},
               Measurement{.value = value});
}

}  // namespace

TEST_CASE("MET-20..24: bounds are inclusive, the minimum comes first") {
  const MetricCheck rate{.name = "request-success-rate",
                         .range = ThresholdRange{.min = 99, .max = {}}};
  const auto kind = MetricQuery::Kind::BuiltinSuccessRate;
  CHECK(judged(rate, kind, 99).evidence.verdict == CheckEvidence::Verdict::Pass);
  CHECK(judged(rate, kind, 98.999).breach == "99.00% < 99%");
  CHECK(judged({.name = "x", .threshold = 0}, MetricQuery::Kind::Template, 0.5).breach ==
        "0.50 > 0");
}

TEST_CASE(
    "MET-14, MET-22: the reference truncates durations to whole "
    "milliseconds, strict mode does not") {
  const MetricCheck check{.name = "request-duration",
                          .range = ThresholdRange{.min = {}, .max = 499.99}};
  const auto kind = MetricQuery::Kind::BuiltinDuration;
  CHECK(judged(check, kind, 499.5).breach.empty());
  CHECK(judged(check, kind, 500).breach == "500ms > 499ms");
  CHECK(judged(check, kind, 1.515, Compat::Flagger, true).breach == "1.515s > 499ms");
  CHECK(judged(check, kind, 499.995, Compat::Strict).breach == "499.995ms > 499.99ms");
}

TEST_CASE(
    "Q-18: +Inf passes a maximum in the reference, in strict mode it is "
    "no measurement") {
  const MetricCheck check{.name = "request-duration",
                          .range = ThresholdRange{.min = {}, .max = 500}};
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(judged(check, MetricQuery::Kind::BuiltinDuration, inf).evidence.verdict ==
        CheckEvidence::Verdict::Pass);
  CHECK(judged(check, MetricQuery::Kind::BuiltinDuration, inf, Compat::Strict).evidence.verdict ==
        CheckEvidence::Verdict::NoValues);
  const MetricCheck custom{.name = "x", .range = ThresholdRange{.min = 0, .max = {}}};
  CHECK(judged(custom, MetricQuery::Kind::Template, inf).evidence.verdict ==
        CheckEvidence::Verdict::Pass);
  CHECK(judged(custom, MetricQuery::Kind::Template, inf, Compat::Strict).evidence.verdict ==
        CheckEvidence::Verdict::NoValues);
}
