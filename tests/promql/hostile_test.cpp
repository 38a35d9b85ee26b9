#include <chrono>
#include <pthread.h>
#include <random>

#include <catch2/catch.hpp>

#include "engine/builtin_queries.hpp"
#include "policies/promql/promql.hpp"
#include "policies/promql/series_store.hpp"

using namespace volary;
using namespace volary::promql;
using namespace std::chrono_literals;

namespace {

SeriesStore small_store() {
  SeriesStore store;
  for (const char* pod : {"a", "b"}) {
    const auto id = store.series({{"__name__", "up"}, {"pod", pod}, {"le", "1"}});
    for (std::int64_t ms = 0; ms < 120'000; ms += 15'000)
      store.append(id, ms, static_cast<double>(ms));
  }
  return store;
}

/// An answer or a refusal with a place, within a second.
void survive(std::string_view query, const SeriesStore& store) {
  const auto began = std::chrono::steady_clock::now();
  const auto parsed = parse(query);
  if (parsed) {
    const auto value = evaluate(*parsed, store, Instant{2min});
    CHECK((value || !value.error().message.empty()));
  } else {
    INFO(query << ": " << parsed.error().message);
    CHECK(parsed.error().message.find(':') != std::string::npos);
  }
  INFO(query.substr(0, 200));
  CHECK(std::chrono::steady_clock::now() - began < 1s);
}

const std::vector<std::string> good{
    "sum(rate(up{pod=~\"a|b\", le!=\"\"}[1m])) by (pod) / on(pod) group_left(le) up * 100",
    "histogram_quantile(0.99, sum(rate(up_bucket[1m30s])) by (le)) > bool -2 ^ 0x1F",
    "absent(up{pod='\\x61'}) unless ignoring(le) -up offset 5m or vector(time()) # end",
};

}  // namespace

TEST_CASE("INV-41: damaged queries are answered or refused, quickly") {
  const SeriesStore store = small_store();
  std::mt19937_64 random{7};
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int i = 0; i < 20'000; ++i) {
    std::string query = good[below(good.size())];
    for (auto damages = 1 + below(4); damages > 0 && !query.empty(); --damages) {
      const std::size_t at = below(query.size());
      switch (below(4)) {
        case 0: query.erase(at, 1 + below(5)); break;
        case 1: query[at] = static_cast<char>(random()); break;
        case 2: query.insert(at, query.substr(below(query.size()), 1 + below(12))); break;
        default: query.insert(at, 1, "()[]{},\"'`\\+-*/^%:@=~!<>.0"[below(26)]);
      }
    }
    survive(query, store);
  }
  for (int i = 0; i < 5'000; ++i) {
    std::string bytes(below(200), ' ');
    for (char& c : bytes) c = static_cast<char>(random());
    survive(bytes, store);
  }
}

TEST_CASE("INV-41: long, wide and deep queries are refused or answered within a second") {
  const SeriesStore store = small_store();
  const auto repeated = [](std::string_view piece, int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += piece;
    return text;
  };
  survive(repeated("(", 1'000'000), store);
  survive(repeated("-", 1'000'000) + "1", store);
  survive(repeated("1+", 500'000) + "1", store);
  survive(repeated("2^", 500'000) + "1", store);
  survive(repeated("up or ", 200'000) + "up", store);
  survive(repeated("abs(", 100'000) + "up", store);
  survive("up{" + repeated("a!=\"x\",", 200'000) + "}", store);
  survive("sum by (" + repeated("a,", 500'000) + ") (up)", store);
  survive("up{pod=~\"" + repeated("(a|", 10'000) + repeated(")", 10'000) + "\"}", store);
  survive("up{pod=~\"((a{1,100}){1,100}){1,100}\"}", store);
  survive("up{pod=~\"" + repeated("a", 2'000'000) + "\"}", store);
  survive(repeated("9", 1'000'000), store);
  survive("rate(up[" + repeated("9", 100'000) + "y])", store);
  survive("\"" + repeated("\\", 1'000'000), store);
}

TEST_CASE("the deepest query that is understood fits the stack of a simulated controller") {
  struct Job {
    SeriesStore store = small_store();
    std::vector<std::string> queries;
    int answered = 0;
  } job;
  const auto nested = [](std::string_view open, std::string_view inside, std::string_view close,
                         int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += open;
    text += inside;
    for (int i = 0; i < depth; ++i) text += close;
    return text;
  };
  for (int depth = 1; depth < 110; ++depth) {
    job.queries.push_back(nested("(", "up", ")", depth));
    job.queries.push_back(nested("abs(", "up", ")", depth));
    job.queries.push_back(nested("sum without (le) (", "rate(up[1m])", ")", depth));
    job.queries.push_back(nested("-", "up", "", depth));
    job.queries.push_back(nested("up + on(pod) ", "up", "", depth));
    job.queries.push_back(nested("1 + (", "up", ")", depth));
    job.queries.push_back(nested("2 ^ ", "up", "", depth));
  }
  // As the fibers of the simulation have it: 256 KB, some of it in use.
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  pthread_attr_setstacksize(&attributes, 4 * 1024 * 1024);
#else
  pthread_attr_setstacksize(&attributes, 192 * 1024);
#endif
  pthread_t thread{};
  REQUIRE(pthread_create(
              &thread, &attributes,
              [](void* context) -> void* {
                Job& work = *static_cast<Job*>(context);
                for (const std::string& query : work.queries) {
                  const auto parsed = parse(query);
                  if (!parsed) continue;
                  if (evaluate(*parsed, work.store, Instant{2min})) ++work.answered;
                }
                return nullptr;
              },
              &job) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  CHECK(job.answered > 200);                                   // what people write is understood
  CHECK(job.answered < static_cast<int>(job.queries.size()));  // and the deepest is not
}

TEST_CASE("INV-41: damaged query templates render or are refused, quickly") {
  const TemplateValues values{.name = "web",
                              .ns = "shop",
                              .target = "web",
                              .service = "web",
                              .ingress = "web",
                              .route = "web",
                              .interval = "1m",
                              .variables = {{"code", "5.."}}};
  const std::vector<std::string> texts{
      std::string{builtin_query(QueryFamily::Istio, MetricQuery::Kind::BuiltinDuration)},
      "sum(rate(a{ns=\"{{ namespace }}\",x=\"{{- variables.code -}}\"}[{{ interval }}]))",
      "{{/* why */}}{{ index variables \"code\" }}{{ `raw` }}{{ name }}{{ target }}"};
  std::mt19937_64 random{11};
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 20'000; ++i) {
    std::string text = texts[below(texts.size())];
    for (auto damages = 1 + below(4); damages > 0 && !text.empty(); --damages) {
      const std::size_t at = below(text.size());
      switch (below(3)) {
        case 0: text.erase(at, 1 + below(3)); break;
        case 1: text[at] = static_cast<char>(random()); break;
        default: text.insert(at, 1, "{}-\"`. /*|$"[below(11)]);
      }
    }
    const auto rendered = render_query(text, values);
    if (!rendered) CHECK_FALSE(rendered.error().message.empty());
  }
  const std::string open(1'000'000, '{'), pairs = [] {
    std::string all;
    for (int i = 0; i < 200'000; ++i) all += "{{name}}";
    return all;
  }();
  CHECK_FALSE(render_query(open, values));
  CHECK(render_query(pairs, values)->size() == 600'000);
  CHECK(std::chrono::steady_clock::now() - began < 20s);  // seconds with sanitizers
}
