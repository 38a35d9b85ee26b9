#include "policies/promql/promql.hpp"

#include <cmath>

#include <catch2/catch.hpp>

#include "engine/builtin_queries.hpp"
#include "policies/promql/series_store.hpp"

using namespace volary;
using namespace volary::promql;
using namespace std::chrono_literals;

namespace {

/// One counter per entry, sampled each 15 s from 0.
SeriesStore store_of(const std::vector<std::pair<Labels, std::vector<double>>>& series) {
  SeriesStore store;
  for (const auto& [labels, values] : series) {
    const auto id = store.series(labels);
    std::int64_t ms = 0;
    for (const double value : values) {
      if (!std::isnan(value) || is_stale(value)) store.append(id, ms, value);
      ms += 15'000;
    }
  }
  return store;
}

double number(std::string_view query, const SeriesStore& store, Instant at) {
  const auto parsed = parse(query);
  REQUIRE(parsed);
  const auto value = evaluate(*parsed, store, at);
  INFO((value ? "" : to_string(value.error())));
  REQUIRE(value);
  if (value->scalar) return value->number;
  REQUIRE(value->vector.size() == 1);
  return value->vector.front().value;
}

std::string refusal(std::string_view query) {
  const auto parsed = parse(query);
  REQUIRE_FALSE(parsed);
  return parsed.error().message;
}

const Labels up{{"__name__", "up"}, {"job", "a"}};

}  // namespace

TEST_CASE("every builtin query of every provider parses") {
  const TemplateValues values{.name = "web",
                              .ns = "shop",
                              .target = "web",
                              .service = "web",
                              .ingress = "web",
                              .route = "web",
                              .interval = "1m"};
  for (int family = 0; family <= static_cast<int>(QueryFamily::Knative); ++family) {
    for (const auto kind :
         {MetricQuery::Kind::BuiltinSuccessRate, MetricQuery::Kind::BuiltinDuration}) {
      const auto text = render_query(builtin_query(static_cast<QueryFamily>(family), kind), values);
      REQUIRE(text);
      const auto parsed = parse(*text);
      INFO(*text << (parsed ? "" : parsed.error().message));
      CHECK(parsed);
      if (parsed) CHECK(parsed->longest_range() == 1min);
    }
  }
}

TEST_CASE("what is not understood is refused by name and position") {
  CHECK(refusal("sum(foo") == "1:8: ')' is missing at the end");
  CHECK(refusal("predict_linear(up[5m], 3600)") == "1:1: function predict_linear is not supported");
  CHECK(parse("rat(up[5m])").error().hint == "did you mean rate?");
  CHECK(refusal("a +\n  topk(3, up)") == "2:3: function topk is not supported");
  CHECK(refusal("rate(up)") == "1:6: rate needs a range vector here, not a instant vector");
  CHECK(refusal("up[5m]") == "1:1: a query cannot end in a range vector: wrap it, as in rate(…)");
  CHECK(refusal("a atan2 b") == "1:3: operator atan2 is not supported");
  CHECK(refusal("a @ 5") == "1:3: the @ modifier is not supported");
  CHECK(refusal("a + on(x) group_left(y)\n + stddev(b)") ==
        "2:4: function stddev is not supported");
  CHECK(refusal("{}").find("at least one matcher") != std::string::npos);
  CHECK(refusal("{a=~\".*\"}").find("at least one matcher") != std::string::npos);
  CHECK(refusal("1 > 2").find("needs bool") != std::string::npos);
  CHECK(refusal("up{job=~\"(\"}").find("regular expression") != std::string::npos);
  CHECK(refusal("up offset 5").find("duration") != std::string::npos);
  CHECK(refusal("rate(up[5m:1m])").find("subqueries") != std::string::npos);
  CHECK(refusal("") == "1:1: the query ends where an expression should begin");
  CHECK(refusal(std::string(10'000, '(')).find("nested too deeply") != std::string::npos);
}

TEST_CASE("rate and increase extrapolate as the server does") {
  // 0, 15, 30, 45, 60 s: 10 a scrape. The window (0, 60] is covered to both ends.
  const SeriesStore store = store_of({{up, {0, 10, 20, 30, 40}}});
  CHECK(number("increase(up[1m])", store, Instant{60s}) == Approx(40));
  CHECK(number("rate(up[1m])", store, Instant{60s}) == Approx(40.0 / 60));
  // At 67 s the window begins at 7 s: samples 15 … 60, extrapolated by 8 s and 7 s (both under 1.1
  // × 15 s).
  CHECK(number("increase(up[1m])", store, Instant{67s}) == Approx(30 * 60.0 / 45));
  // A reset: 40 → 5 counts as 5.
  const SeriesStore reset = store_of({{up, {20, 30, 40, 5, 15}}});
  CHECK(number("increase(up[1m])", reset, Instant{60s}) == Approx(35));
  // A counter cannot have been below zero: 1 → 31 in 30 s started 1 s before its first sample.
  const SeriesStore young = store_of({{up, {std::nan(""), std::nan(""), 1, 16, 31}}});
  CHECK(number("increase(up[1m])", young, Instant{60s}) == Approx(30 * 31.0 / 30));
}

TEST_CASE("one sample is no rate, a stale series is gone") {
  const SeriesStore single = store_of({{up, {1}}});
  CHECK(evaluate(*parse("rate(up[1m])"), single, Instant{30s})->vector.empty());
  const SeriesStore stale = store_of({{up, {1, 2, stale_marker()}}});
  CHECK(evaluate(*parse("up"), stale, Instant{20s})->vector.size() == 1);
  CHECK(evaluate(*parse("up"), stale, Instant{31s})->vector.empty());
  CHECK(number("increase(up[1m])", stale, Instant{45s}) == Approx(1 * 1.0 * (15 + 7.5 + 15) / 15));
  CHECK(evaluate(*parse("up"), single, Instant{5min})->vector.size() == 1);  // lookback
  CHECK(evaluate(*parse("up"), single, Instant{5min + 1ms})->vector.empty());
}

TEST_CASE("histogram_quantile interpolates inside its bucket") {
  const auto bucket = [](const char* le) { return Labels{{"__name__", "h"}, {"le", le}}; };
  const SeriesStore store = store_of(
      {{bucket("1"), {10}}, {bucket("2"), {30}}, {bucket("4"), {40}}, {bucket("+Inf"), {40}}});
  CHECK(number("histogram_quantile(0.5, h)", store, Instant{}) == Approx(1.5));
  CHECK(number("histogram_quantile(0.9, h)", store, Instant{}) == Approx(3.2));
  CHECK(number("histogram_quantile(0.1, h)", store, Instant{}) == Approx(0.4));
  CHECK(number("histogram_quantile(2, h)", store, Instant{}) ==
        std::numeric_limits<double>::infinity());
  const SeriesStore above = store_of({{bucket("1"), {0}}, {bucket("+Inf"), {5}}});
  CHECK(number("histogram_quantile(0.5, h)", above, Instant{}) == 1);
  const SeriesStore open = store_of({{bucket("1"), {3}}, {bucket("2"), {5}}});
  CHECK(std::isnan(number("histogram_quantile(0.5, h)", open, Instant{})));
  const SeriesStore idle = store_of({{bucket("1"), {0}}, {bucket("+Inf"), {0}}});
  CHECK(std::isnan(number("histogram_quantile(0.5, h)", idle, Instant{})));
}

TEST_CASE("group_left and group_right let many meet one") {
  const SeriesStore store =
      store_of({{{{"__name__", "load"}, {"pod", "a"}, {"zone", "x"}}, {6}},
                {{{"__name__", "load"}, {"pod", "b"}, {"zone", "x"}}, {8}},
                {{{"__name__", "limit"}, {"unit", "core"}, {"zone", "x"}}, {2}}});
  const auto labels = [&](std::string_view query) {
    const auto result = evaluate(*parse(query), store, Instant{});
    if (!result) return result.error().message;
    std::string text;
    for (const Element& element : result->vector)
      text += fmt::format("{} {};", to_string(element.labels), element.value);
    return text;
  };
  CHECK(labels("load / on(zone) group_left(unit) limit") ==
        "{pod=\"a\", unit=\"core\", zone=\"x\"} 3;{pod=\"b\", unit=\"core\", zone=\"x\"} 4;");
  CHECK(labels("limit < on(zone) group_right load") ==
        "load{pod=\"a\", zone=\"x\"} 2;load{pod=\"b\", zone=\"x\"} 2;");
  CHECK(labels("load / on(zone) limit").find("needs group_left") != std::string::npos);
  CHECK(labels("limit / on(zone) load").find("many-to-many") != std::string::npos);
  CHECK(labels("load - on(zone) group_left(pod) limit").find("twice") != std::string::npos);
}

TEST_CASE("operators match one to one, and drop the name where the server does") {
  const SeriesStore store = store_of({{{{"__name__", "a"}, {"pod", "x"}}, {6}},
                                      {{{"__name__", "a"}, {"pod", "y"}}, {8}},
                                      {{{"__name__", "b"}, {"pod", "x"}}, {3}}});
  const auto value = [&](std::string_view query) {
    const auto result = evaluate(*parse(query), store, Instant{});
    REQUIRE(result);
    std::string text;
    for (const Element& element : result->vector)
      text += fmt::format("{} {};", to_string(element.labels), element.value);
    return text;
  };
  CHECK(value("a / b") == "{pod=\"x\"} 2;");
  CHECK(value("a > 7") == "a{pod=\"y\"} 8;");
  CHECK(value("a > bool 7") == "{pod=\"x\"} 0;{pod=\"y\"} 1;");
  CHECK(value("sum(a)") == "{} 14;");
  CHECK(value("sum by (pod) (a)") == "{pod=\"x\"} 6;{pod=\"y\"} 8;");
  CHECK(value("avg without (pod) (a)") == "{} 7;");
  CHECK(value("a unless on(pod) b") == "a{pod=\"y\"} 8;");
  CHECK(value("b or a") == "a{pod=\"y\"} 8;b{pod=\"x\"} 3;");
  CHECK(value("-a{pod=\"x\"}") == "{pod=\"x\"} -6;");
  CHECK(value("a{pod!~\"x|z\"} * 2 ^ 3 ^ 1") == "{pod=\"y\"} 64;");
  CHECK(value("absent(c{job=\"q\"})") == "{job=\"q\"} 1;");
  CHECK_FALSE(evaluate(*parse("a / on() a"), store, Instant{}));
  CHECK_FALSE(evaluate(*parse("abs({pod=\"x\"})"), store, Instant{}));
  CHECK(number("1 + 2 * 3 - -4 / 2", store, Instant{}) == 9);
  CHECK(number("2 * -3 ^ 2", store, Instant{}) == -18);
  CHECK(number("0x1F + 1e3 + .5", store, Instant{}) == 1031.5);
}
