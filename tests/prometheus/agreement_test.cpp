#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <catch2/catch.hpp>

#include "engine/builtin_queries.hpp"
#include "policies/promql/series_store.hpp"
#include "tests/prometheus/expressions.hpp"
#include "tests/prometheus/world.hpp"

using namespace volary;
using namespace volary::test;

namespace {

/// VOLARY_SEED=7 asks about another world, in other words.
const std::uint64_t seed = [] {
  const char* other = std::getenv("VOLARY_SEED");
  return other != nullptr ? std::strtoull(other, nullptr, 10) : 20'240'607ULL;
}();

/// The same series on both sides.
struct Sides {
  explicit Sides(std::vector<Series> series) : server{series} { fill(series); }

  void append(const std::vector<Series>& series) {
    server.append(series);
    fill(series);
  }

  void fill(const std::vector<Series>& series) {
    for (const Series& one : series) {
      const auto id = ours.series(one.labels);
      for (const promql::Sample& sample : one.samples) ours.append(id, sample.ms, sample.value);
    }
  }

  [[nodiscard]] Answer ask_ours(std::string_view text, std::int64_t at_ms) const {
    const auto refused = [](const Error& error) {
      return Answer{.refused = true, .why = error.message};
    };
    const auto expression = promql::parse(text);
    if (!expression) return refused(expression.error());
    const auto value =
        promql::evaluate(*expression, ours, Instant{std::chrono::milliseconds{at_ms}});
    if (!value) return refused(value.error());
    Answer answer{.scalar = value->scalar, .number = value->number};
    for (const promql::Element& element : value->vector)
      answer.vector.emplace(element.labels, element.value);
    return answer;
  }

  PrometheusServer server;
  promql::SeriesStore ours;
};

bool same(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

bool same(const Answer& a, const Answer& b) {
  if (a.refused || b.refused) return a.refused && b.refused;
  if (a.scalar != b.scalar || a.vector.size() != b.vector.size()) return false;
  if (a.scalar) return same(a.number, b.number);
  return std::ranges::equal(a.vector, b.vector, [](const auto& x, const auto& y) {
    return x.first == y.first && same(x.second, y.second);
  });
}

std::string to_text(const Answer& answer) {
  if (answer.refused) return "refused: " + answer.why;
  if (answer.scalar) return fmt::format("{}", answer.number);
  std::string text = fmt::format("{} elements", answer.vector.size());
  for (const auto& [labels, value] : answer.vector)
    text += fmt::format("\n    {} {}", promql::to_string(labels), value);
  return text;
}

/// Each difference is a failed check; tells whether there was something to compare.
bool compare(const Sides& sides, std::string_view query, std::int64_t at_ms) {
  const Answer theirs = sides.server.query(query, at_ms), ours = sides.ask_ours(query, at_ms);
  INFO(query << "\n  at " << at_ms - world_begin << " ms\n  server: " << to_text(theirs)
             << "\n  ours:   " << to_text(ours));
  CHECK(same(theirs, ours));
  return !theirs.refused && (theirs.scalar || !theirs.vector.empty());
}

/// On the grid of scrapes and beside it, before the first sample and after the last.
const std::vector<std::int64_t> times{
    0,         60'000,    299'999,   300'000,   600'000,   645'001,   1'207'003, 1'500'000,
    1'812'345, 2'400'000, 2'430'000, 2'699'999, 2'700'000, 2'700'001, -1'000,    3'100'000};

}  // namespace

TEST_CASE("OBS-01 … OBS-13: the builtin queries of every mesh answer as the real server does") {
  const Sides sides{make_world(seed)};
  const TemplateValues plain{.name = "web",
                             .ns = "shop",
                             .target = "web",
                             .service = "web",
                             .ingress = "web",
                             .route = "web",
                             .interval = "1m"};
  for (int family = 0; family <= static_cast<int>(QueryFamily::Knative); ++family) {
    const auto which = static_cast<QueryFamily>(family);
    for (const auto kind :
         {MetricQuery::Kind::BuiltinSuccessRate, MetricQuery::Kind::BuiltinDuration}) {
      int answered = 0;
      for (const char* interval : {"30s", "1m", "1m30s", "5m"}) {
        TemplateValues values = which == QueryFamily::Skipper ? skipper_values(plain) : plain;
        values.interval = interval;
        const auto text = render_query(builtin_query(which, kind), values);
        REQUIRE(text);
        for (const std::int64_t time : times)
          answered += compare(sides, collapse_space(*text), world_begin + time) ? 1 : 0;
      }
      INFO("family " << family);
      CHECK(answered > 0);  // the query met its series
    }
  }
}

TEST_CASE("random queries of the subset answer as the real server does") {
  Sides sides{make_world(seed)};
  Expressions expressions{seed};
  Dice dice{seed};
  int answered = 0, asked = 0;
  for (int i = 0; i < 3'000; ++i) {
    const std::string query = expressions.query();
    for (int round = 0; round < 2; ++round) {
      const auto time = times[static_cast<std::size_t>(dice.below(times.size()))];
      answered += compare(sides, query, world_begin + time) ? 1 : 0;
      ++asked;
    }
  }
  CHECK(answered > asked / 3);  // most queries mean something

  sides.append(make_late_world(seed));
  for (int i = 0; i < 300; ++i)
    compare(sides, expressions.late_query(), late_begin + dice.below(20 * 60) * 1'000);
}

TEST_CASE("corners of the language answer, or are refused, as by the real server") {
  const Sides sides{make_world(seed)};
  const std::vector<std::string> queries{
      // Numbers, durations, strings.
      "1.", ".5", ".", "1e3", "1e", "1e+", "0x", "0x1F", "0X1f", "0x1.8", "010", "08", "0.0.1",
      "1_000", "1e400", "1e-400", "9223372036854775808", "0777", "1.5h", "inf", "+Inf", "-iNf",
      "nan", "NaN", "inf{}", "nan()", "load[1.5m]", "rate(load[1m30s])", "rate(load[30s1m])",
      "rate(load[1m1m])", "rate(load[0s])", "rate(load[5])", "rate(load[1y])", "rate(load[300y])",
      "rate(load[99999999999y])", "rate(load[1h1ms])", "rate(load[ 1m ])", "rate(load [1m])",
      "load offset 0s", "load offset 1m offset 1m", "load offset -1m", "load offset - 1m",
      "load offset +1m", "rate(load[1m] offset 1m)", "rate(load offset 1m [1m])", "\"text\"",
      "load{pod=\"a\\x61\"}", "load{pod=\"\\141\"}", "load{pod=\"\\400\"}", "load{pod='\\''}",
      "load{pod=\"\\'\"}", "load{pod=\"\\u0061\"}", "load{pod=\"\\ud800\"}",
      "load{pod=\"\\U00110000\"}", "load{pod=\"\\q\"}", "load{pod=\"a\n\"}", "load{pod=`a\n`}",
      "load{pod=\"a}", "load{pod=`\\`}", "load{pod=\"\\", "load{pod=a}",
      // Selectors.
      "{}", "{pod=\"\"}", "{pod=~\".*\"}", "{pod!=\"a\"}", "{__name__=\"load\"}",
      "load{__name__=\"load\"}", "load{__name__!=\"x\"}", "load{}", "load{,}", "load{pod=\"a\",}",
      "load{pod=\"a\",,}", "load{pod=\"a\" zone=\"x\"}", "load{a:b=\"x\"}", "load{1a=\"x\"}",
      "load{by=\"\"}", "load{pod==\"a\"}", "load{pod=~\"(\"}", "load{pod=~\"a(?=b)\"}",
      "load{pod=~\"\\\\w\"}", "load{pod=~\"[[:alpha:]]\"}", "load{pod=~\"a{1001}\"}",
      "load{pod=~\"\\\\C\"}", "load{pod=~\"\\\\pL\"}", "load{pod=~\"^a$\"}", "load{pod=~\"a$|^b\"}",
      "requests_total{pod=~\"q.*\"}", "requests_total{pod=~\"q(?s).*\"}", "jobs:done_total",
      ":load", "load:", "9load", "lo-ad", "load load", "sum", "by", "offset", "bool", "on",
      "group_left", "and", "SUM{pod=\"a\"}", "(load)[1m]", "(load) offset 1m", "load[1m]",
      "(load[1m])", "rate((load[1m]))", "rate(((load[1m])))", "load # comment\n", "# comment", "",
      " ", "(", "()", ")", "load)", "((load)", "load{", "load[", "load[1m", "load[1m:]",
      "load;load", "load\\load", "\xc3\xa9", "load{pod=\"\xc3\xa9\"}",
      // Operators.
      "1 > 2", "1 > bool 2", "1 + bool 2", "load + bool 2", "load > bool spare", "2 ^ 3 ^ 2",
      "-2 ^ 2", "2 ^ -2", "-2 ^ -2 ^ 2", "--2", "-+2", "+load", "-load", "-load ^ 2", "-load[1m]",
      "rate(+load[1m])", "1 - 2 - 3", "2 * 3 % 4", "7 % -3", "-7 % 3", "1 / 0", "-1 / 0", "0 / 0",
      "1 % 0", "Inf - Inf", "0 ^ 0", "NaN ^ 0", "1 ^ NaN", "-8 ^ (1/3)", "(-8) ^ (1/3)",
      "NaN == bool NaN", "NaN != bool NaN", "load == NaN", "load != NaN", "odd == odd", "odd * 0",
      "odd / odd", "odd + Inf", "1 and 2", "load and 1", "load or vector(1)", "load unless spare",
      "load unless on() spare", "load and on() spare", "load or on() spare", "load or spare",
      "load + spare", "load + limit", "load + on(zone) limit", "load + on(zone) group_left limit",
      "load + on(zone) group_left() limit", "load + on(zone) group_left(unit) limit",
      "load + on(zone) group_left(zone) limit", "load + ignoring(pod, unit) group_left(unit) limit",
      "limit + on(zone) group_right load", "limit + on(zone) group_right(unit) load",
      "load + on(zone) group_right limit", "limit > on(zone) group_right(unit) load",
      "limit < bool on(zone) group_right(unit) load", "load > on(zone) group_left(pod) limit",
      "load + group_left limit", "load and on(zone) group_left limit",
      "load + on(pod) group_left(zone) spare", "load + on(none) spare",
      "load{pod=\"a\"} + on(none) spare{pod=\"b\"}", "load + on(__name__) spare",
      "load + ignoring(__name__) spare", "load + on(zone,) limit", "load + on(,) limit",
      "load + on zone limit", "load + on(a:b) limit", "1 + on() load", "1 + on(pod) load",
      "1 + on() group_left() load", "1 + on() 2", "load[1m] + 1", "load == on(pod) load",
      "load == bool on(pod) load", "load == ignoring(zone) load",
      "absent_total + on() group_left load", "absent_total + on() load", "load + on() absent_total",
      "load =~ load", "load = load", "a or b and c unless d", "load + ", "+", "*",
      "{__name__=~\"load|spare\"} + 1", "{__name__=~\"load|spare\"} > -9999",
      "{__name__=~\"load|spare\"} > bool 1", "-{__name__=~\"load|spare\"}",
      "+{__name__=~\"load|spare\"}", "{__name__=~\"load|spare\"} + on(pod) load",
      "rate({__name__=~\"load|spare\"}[1m])", "last_over_time({__name__=~\"load|spare\"}[1m])",
      "abs({__name__=~\"load|spare\"})", "{__name__=~\"load|spare\"} and load",
      // Aggregations and functions.
      "sum(load)", "SUM(load)", "Sum(load)", "sum by (pod) (load)", "sum(load) by (pod)",
      "sum by (pod) (load) by (zone)", "sum by pod (load)", "sum by () (load)",
      "sum without () (load)", "sum by (pod,) (load)", "sum by (,) (load)", "sum by (1a) (load)",
      "sum by (a:b) (load)", "sum by (__name__) ({__name__=~\"load|spare\"})",
      "sum without (__name__) (load)", "sum without (pod) ({__name__=~\"load|spare\"})", "sum(1)",
      "sum(load[1m])", "sum(load, load)", "sum()", "sum(load,)", "sum", "avg(odd)", "sum(odd)",
      "min(odd)", "max(odd)", "count(odd)", "avg(odd) by (pod)", "count(absent_total)",
      "sum(absent_total)", "RATE(load[1m])", "Rate(load[1m])", "rate(load)", "rate(1)", "rate()",
      "rate(load[1m],)", "rate(load[1m], 1)", "rate(,)", "nosuch(load)", "rate (load[1m])",
      "vector(1)", "vector(load)", "scalar(load)", "scalar(limit{zone=\"x\"})", "scalar(1)",
      "time()", "time(1)", "vector(time())", "absent(load)", "absent(absent_total{pod=\"a\"})",
      "absent((absent_total{pod=\"a\"}))", "absent(absent_total{pod=\"a\",pod=\"b\"})",
      "absent(absent_total{pod=\"\"})", "absent(absent_total{pod=~\"a\",zone=\"x\"})",
      "absent(sum(absent_total{pod=\"a\"}))", "absent(absent_total offset 1m)",
      "absent(-absent_total{pod=\"a\"})", "round(load)", "round(load, 0.3)", "round(load, 0)",
      "round(odd, 2)", "sqrt(odd)", "abs(odd)", "ceil(odd)", "floor(odd)", "clamp_min(odd, 0)",
      "clamp_max(odd, NaN)", "clamp_min(load)", "sum_over_time(odd[10m])",
      "avg_over_time(odd[10m])", "min_over_time(odd[10m])", "max_over_time(odd[10m])",
      "rate(odd[10m])", "increase(odd[5m])", "irate(odd[5m])", "idelta(odd[5m])", "delta(odd[5m])",
      "count_over_time(odd[15s])", "histogram_quantile(load, load)", "histogram_quantile(0.5, 1)",
      "histogram_quantile(0.5)", "histogram_quantile(0.5, load)", "histogram_quantile(\"x\", load)",
      "histogram_quantile(0.9, {__name__=~\"shape_bucket|other_bucket\"})",
      "histogram_quantile(0.9, sum by (le) (shape_bucket))"};
  for (const std::string& query : queries)
    for (const std::int64_t time : {60'000, 600'000, 1'207'003})
      compare(sides, query, world_begin + time);
  for (const char* q : {"-0.1", "0", "1e-9", "0.1", "0.25", "0.5", "0.75", "0.9", "0.99",
                        "0.999999", "1", "1.0000001", "NaN", "Inf", "-Inf"})
    compare(sides, fmt::format("histogram_quantile({}, shape_bucket)", q), world_begin + 90'000);
  for (std::int64_t at = 0; at < 3 * 15'000; at += 1'500)  // each phase of window and scrape
    for (const char* range : {"14s", "15s", "16s", "29999ms", "30s", "30001ms", "1m"})
      for (const char* what : {"rate", "increase", "count_over_time", "sum_over_time", "irate"})
        compare(sides, fmt::format("{}(requests_total[{}])", what, range),
                world_begin + 600'000 + at);
}
