#include <algorithm>
#include <fstream>
#include <functional>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/program.hpp"

/// INV-41, FLT-120 … FLT-128: whatever is given as a policy, a scenario or a policy test, the built
/// program answers with exit 2 and one clear line within a second.
namespace volary {
namespace {

using namespace std::chrono_literals;

/// Of one core; the sanitizers' builds are several times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr auto longest = 15s;
#else
constexpr auto longest = 1s;
#endif

const std::string policy = golden::read(VOLARY_SOURCE_DIR "/policies/default-progressive.yaml");
const std::string scenario = golden::read(VOLARY_SOURCE_DIR "/scenarios/low-traffic.yaml");
const std::string policy_test =
    "apiVersion: volary.dev/v1alpha1\n"
    "kind: PolicyTest\n"
    "metadata: {name: a}\n"
    "spec:\n"
    "  policy: " VOLARY_SOURCE_DIR
    "/docs/examples/checkout-canary.yaml\n"
    "  ticks:\n"
    "    - expect: {phase: Initialized}\n";

/// What reads a kind of document, and a document of it that is right.
struct Reader {
  std::string what;
  const std::string& right;
  std::function<std::vector<std::string>(const std::string& file)> words;
};
const std::vector<Reader> readers{
    {"policy", policy,
     [](const std::string& file) {
       return std::vector<std::string>{"run", "scenarios/low-traffic.yaml", file};
     }},
    {"policy of init", policy,
     [](const std::string& file) {
       return std::vector<std::string>{"init", file};
     }},
    {"scenario", scenario,
     [](const std::string& file) {
       return std::vector<std::string>{"run", file, "policies/default-progressive.yaml"};
     }},
    {"policy test", policy_test,
     [](const std::string& file) {
       return std::vector<std::string>{"test", file};
     }},
};

std::string file(const std::string& text) {
  const std::string path = test::scratch("hostile.yaml");
  std::ofstream{path, std::ios::binary} << text;
  return path;
}

std::string with(std::string text, const std::string& piece, const std::string& instead) {
  const auto found = text.find(piece);
  REQUIRE(found != std::string::npos);
  return text.replace(found, piece.size(), instead);
}

void refused(const Reader& reader, const std::string& path, const std::string& words = "",
             const std::string& input = "/dev/null") {
  const auto ended = program::volary(reader.words(path), {}, input);
  INFO(reader.what << ": " << ended.err.substr(0, 1000));
  CHECK(ended.code == 2);
  CHECK(ended.out.empty());
  CHECK(ended.err.starts_with("error: "));
  CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  CHECK(ended.err.size() < 800);
  CHECK(std::none_of(ended.err.begin(), ended.err.end() - 1,
                     [](unsigned char c) { return c < 0x20 || c == 0x7f; }));
  CHECK(ended.err.find(words) != std::string::npos);
  CHECK(ended.cpu < longest);
}

void refused_by_all(const std::string& text, const std::string& words = "") {
  const std::string path = file(text);
  for (const Reader& reader : readers) refused(reader, path, words);
}

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  text.reserve(piece.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

}  // namespace

TEST_CASE("INV-41: empty, binary and endless inputs") {
  refused_by_all("", "empty");
  refused_by_all("# only a remark\n\n---\n");
  refused_by_all(std::string("\x7f"
                             "ELF\x02\x01\x01\x00\x00\xff\xfe\x1b[31m",
                             16),
                 "not text");
  std::string bytes(4096, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>((i * 2654435761U) >> 13);
  refused_by_all(bytes);
  refused_by_all(repeated("# padding\n", 1'800'000), "larger than 16 MiB");
  refused_by_all(
      "\xff\xfe"
      "k\0i\0n\0d\0:\0",
      "UTF-16");
  refused_by_all("kind: \"\xc3\x28\"\n", "UTF-8");
}

TEST_CASE("INV-41, FLT-121: ten megabytes of nesting") {
  refused_by_all(repeated("[", 10'000'000), "nested deeper");
  refused_by_all(repeated("{a: ", 2'500'000), "nested deeper");
  refused_by_all(repeated("- ", 5'000'000), "nested deeper");
  std::string stairs;
  for (std::size_t depth = 0; stairs.size() < 10'000'000; ++depth)
    stairs += std::string(depth, ' ') + "a:\n";
  refused_by_all(stairs, "nested deeper");
}

TEST_CASE("INV-41, FLT-120: alias bombs") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n", wide = "a: &a [x]\nb: [*a";
  for (int i = 1; i < 12; ++i) {
    const std::string from = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + from;
    for (int k = 0; k < 9; ++k) bomb += ", " + from;
    bomb += "]\n";
  }
  refused_by_all(bomb);
  refused_by_all(wide + repeated(", *a", 1'000'000) + "]\n");
  refused_by_all("a: &a {b: *a}\n", "alias");
}

TEST_CASE("INV-41: a very long line") {
  for (const Reader& reader : readers) {
    refused(reader, file(reader.right + "x: " + std::string(9'000'000, 'y') + "\n"));
    refused(reader, file(reader.right + "x: \"" + repeated("y ", 4'000'000) + "\"\n"));
  }
}

TEST_CASE("FLT-126: duplicate keys, tags, too many documents") {
  for (const Reader& reader : readers) {
    refused(reader, file(with(reader.right, "spec:\n", "spec:\n  zz: 1\n  zz: 2\n")), "twice");
    refused(reader, file(reader.right + "kind: Canary\n"), "twice");
    refused(reader, file(with(reader.right, "spec:", "spec: !!python/object:os.system")), "tag");
    refused(reader, file(reader.right + repeated("---\na: 1\n", 12000)));
  }
}

TEST_CASE("FLT-122, FLT-123: numbers and durations that nothing has") {
  const Reader &rules = readers[0], &world = readers[2], &test = readers[3];
  for (const char* time : {"-1m", "NaN", ".nan", ".inf", "5", "10S", "1h-5m", "999999999h", "[]"})
    refused(rules, file(with(policy, "interval: 1m", std::string{"interval: "} + time)),
            "spec.analysis.interval");
  for (const char* number : {".nan", "-.inf", "2.5", "1e30", "99999999999999999999", "five", "{}"})
    refused(rules, file(with(policy, "threshold: 5", std::string{"threshold: "} + number)),
            "spec.analysis.threshold");
  for (const char* bound : {".nan", "ninety", "[99]"})
    refused(rules, file(with(policy, "{min: 99}", "{min: " + std::string{bound} + "}")),
            "thresholdRange");
  for (const char* time : {"-60m", "NaN", "0s", "60", "1e9h", "{}"})
    refused(world, file(with(scenario, "duration: 60m", std::string{"duration: "} + time)),
            "spec.duration");
  for (const char* rate : {"-3/s", "NaN", ".nan", "1e300/s", "inf/s"})
    refused(world, file(with(scenario, "rate: 3/s", std::string{"rate: "} + rate)),
            "spec.traffic[0].arrivals.poisson.rate");
  for (const char* share : {"-1%", "101%", ".nan", "NaN%"})
    refused(world, file(with(scenario, "errors: 0.5%", std::string{"errors: "} + share)),
            "spec.services.checkout.errors");
  refused(test, file(with(policy_test, "- expect", "- repeat: -3\n      expect")), "repeat");
  refused(test, file(with(policy_test, "- expect", "- repeat: 1000000000\n      expect")),
          "repeat");
  for (const char* flag : {"--rps=-5", "--rps=NaN", "--p99=-3ms", "--p99=nan", "--errors=200%",
                           "--errors=-1%", "--bad=errors", "--bad=nonsense=1", "--rps=1e300"}) {
    const auto ended = program::volary({"run", "policies/default-progressive.yaml", flag});
    INFO(ended.err);
    CHECK(ended.code == 2);
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  }
}

TEST_CASE("what is missing or misspelt is named with its place") {
  const Reader &rules = readers[0], &world = readers[2], &test = readers[3];
  refused(rules, file(with(policy, "targetRef:", "targetReff:")), "'targetRef' is missing");
  refused(rules, file(with(policy, "analysis:", "analisys:")), "'analysis' is missing");
  refused(rules, file("kind: Canary\n"));
  refused(rules, file("hello\n"));
  refused(rules, file(scenario));  // two scenarios
  refused(world, file(with(scenario, "  duration: 60m\n", "")), "duration");
  refused(world, file(with(scenario, "to: checkout", "to: chekout")), "did you mean 'checkout'?");
  refused(world, file(with(scenario, "service: checkout", "service: chekout")),
          "did you mean 'checkout'?");
  refused(world, file(with(scenario, "kind: Scenario", "kind: Scenaro")), "kind: Scenario");
  refused(test, file(with(policy_test, "  policy:", "  polcy:")), "policy");
  refused(test, file(with(policy_test, "expect:", "expct:")), "expect");
  refused(test, file(with(policy_test, "docs/examples/checkout-canary", "docs/nowhere")),
          "no such file");
  refused(test, file(policy));
}

TEST_CASE("FLT-128: what is no file to read") {
  const std::string fifo = test::scratch("fifo"), loop = test::scratch("loop");
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  REQUIRE(symlink(loop.c_str(), loop.c_str()) == 0);
  const std::string closed = test::scratch("closed.yaml");
  std::ofstream{closed} << policy;
  chmod(closed.c_str(), 0);
  for (const Reader& reader : readers) {
    for (const std::string& path :
         {fifo, loop, std::string{"/dev/zero"}, std::string{"/dev/null"}, std::string{"/proc"},
          std::string{"/nowhere/at/all.yaml"}, std::string{"/proc/self/mem"}})
      refused(reader, path);
    if (geteuid() != 0) refused(reader, closed);  // root reads everything
  }
  refused(readers[0], "-", "larger than 16 MiB", "/dev/zero");
  refused(readers[0], "-", "empty", "/dev/null");
  refused(readers[1], "-", "larger than 16 MiB", "/dev/zero");
}

TEST_CASE("option --json-errors says the same as one object") {
  auto words = readers[0].words(file(repeated("[", 1000)));
  words.emplace_back("--json-errors");
  const auto ended = program::volary(words);
  const auto error = nlohmann::json::parse(ended.err);
  CHECK(error["code"] == 2);
  CHECK(error["where"].get<std::string>().find("hostile.yaml:1:") != std::string::npos);
}

TEST_CASE("merge keys, CRLF and a byte-order mark are legal, and mean the same") {
  const auto out = [](const Reader& reader, const std::string& text) {
    const auto ended = program::volary(reader.words(file(text)));
    INFO(reader.what << ": " << ended.err);
    CHECK(ended.code == 0);
    CHECK(ended.err.empty());
    return ended.out;
  };
  for (const Reader& reader : readers) {
    const std::string plain = out(reader, reader.right);
    std::string crlf;
    for (const char c : reader.right) crlf += c == '\n' ? std::string{"\r\n"} : std::string(1, c);
    CHECK(out(reader, crlf) == plain);
    CHECK(out(reader, "\xef\xbb\xbf" + reader.right) == plain);
  }
  const std::string merged = with(
      with(policy, "- name: request-success-rate", "- &check\n        name: request-success-rate"),
      "- name: request-duration       # 99th percentile, milliseconds\n        interval: 1m\n",
      "- <<: *check\n        name: request-duration\n");
  CHECK(merged.find("<<") != std::string::npos);
  CHECK(out(readers[0], merged) == out(readers[0], policy));
  CHECK(out(readers[2], with(with(scenario, "    checkout:\n", "    checkout: &one\n"),
                             "  releases:", "    cart: {<<: *one, replicas: 3}\n  releases:"))
            .find("Promoted after") != std::string::npos);
  CHECK_FALSE(out(readers[3], with(policy_test, "- expect: {phase: Initialized}",
                                   "- &row {expect: {phase: Initialized}}\n    - {<<: *row}"))
                  .empty());
}

}  // namespace volary
