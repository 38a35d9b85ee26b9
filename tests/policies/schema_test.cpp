#include "policies/schema.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "policies/flagger_schemas.hpp"

namespace volary {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

template <class V>
Result<V> value(const Format<V>& format, const std::string& written,
                Dialect dialect = Dialect::Volary) {
  const auto documents = parse_documents("v: " + written + "\n", "f");
  REQUIRE(documents);
  Reader reader{dialect};
  const Reader::Within here{reader, "v"};
  auto read = format.read(*documents->front().find("v"), reader);
  CHECK(read.has_value() == reader.good());
  if (!read) return tl::unexpected(reader.error());
  return *std::move(read);
}

TEST_CASE("durations of our documents: 1 ms to 365 d (INV-41, FLT-123)") {
  CHECK(value(duration(), "90s") == Duration{minutes{1} + std::chrono::seconds{30}});
  CHECK(value(duration(), "2m") == Duration{minutes{2}});
  CHECK(value(duration(), "1h30m") == Duration{minutes{90}});
  CHECK(value(duration(), "800ms") == Duration{milliseconds{800}});
  CHECK(value(duration(), "8760h") == Duration{hours{8760}});
  CHECK(value(duration(Duration{}), "0s") == Duration{});
  for (const char* wrong : {"-5s", "1h-5m", "10S", "NaN", ".nan", "0s", "8761h",
                            "99999999999999999999h", "''", "s", "[1s]", "1e9h"}) {
    INFO(wrong);
    CHECK_FALSE(value(duration(), wrong));
  }
  CHECK(value(duration(), "5").error().hint == "add the unit: 5s");
  CHECK(value(duration(), "0s").error().message.starts_with("'0s' is not between"));
}

TEST_CASE("shares, factors and rates carry their mark") {
  CHECK(*value(percent(), "0.5%") == Approx(0.005));
  CHECK(*value(percent(-1, 1), "+2%") == Approx(0.02));
  CHECK(*value(percent(), "0") == 0);
  CHECK(value(percent(), "0.5").error().message == "'0.5' is not a share such as 0.5%");
  CHECK(value(percent(), "101%").error().message == "'101%' is out of range");
  CHECK_FALSE(value(percent(), "NaN%"));
  CHECK(*value(factor(), "x1.3") == 1.3);
  CHECK_FALSE(value(factor(), "1.3"));
  CHECK_FALSE(value(factor(), "x-1"));
  CHECK_FALSE(value(factor(), "xinf"));
  CHECK(*value(rate(), "200/s") == 200);
  CHECK(*value(rate(), "3000/m") == 50);
  CHECK(value(rate(), "1e12/s").error().hint == "a rate from 0/s to 1e+06/s");
}

TEST_CASE("numbers are finite, decimal and unquoted (VAL-06, FLT-122)") {
  CHECK(*value(integer(), "-3") == -3);
  CHECK(*value(integer(), "5.0") == 5);
  CHECK(value(integer(1, 100), "0").error().message == "'0' is not a whole number from 1 to 100");
  for (const char* wrong : {"5.5", "'5'", "0x1f", "017", "1_000", "2147483648", "-2147483649",
                            "1e999", ".inf", "true", "~x"})
    CHECK_FALSE(value(integer(), wrong));
  CHECK(*value(number(), "1.5e2") == 150);
  for (const char* wrong : {".nan", "nan", "inf", "1e999", "0x1p3", "--1", "'1'", "1.2.3"})
    CHECK_FALSE(value(number(), wrong));
  CHECK(*value(truth(), "yes"));
  CHECK_FALSE(*value(truth(), "False"));
  CHECK_FALSE(value(truth(), "1"));
}

TEST_CASE("a text of an API object is a text in YAML too, ours are not so strict") {
  CHECK(*value(text(), "2") == "2");
  CHECK(*value(text(), "'2'", Dialect::Kubernetes) == "2");
  CHECK(value(text(), "2", Dialect::Kubernetes).error().hint == "put it in quotes: \"2\"");
  CHECK(value(text(), "true", Dialect::Kubernetes).error().message == "'true' is not a text");
  CHECK(*value(int_or_text(), "8080", Dialect::Kubernetes) == "8080");
}

struct Fault {
  enum class Kind { Slow, Down } kind{};
  Duration at{};
  std::optional<int> count;
  double share = 0.25;
};
struct World {
  std::string name;
  std::vector<Fault> faults;
  std::map<std::string, double> weights;
  double a = 0, b = 0;
};

const Schema<World>& world_schema() {
  static const Schema<Fault> fault{
      "Fault",
      {
          field("kind", &Fault::kind,
                choice<Fault::Kind>({{"slow", Fault::Kind::Slow}, {"down", Fault::Kind::Down}}),
                {.required = true}),
          field("at", &Fault::at, {.required = true, .doc = "time of the run"}),
          field("count", &Fault::count, integer(1), {.unset = "all"}),
          field("share", &Fault::share, scalar_or(percent(), number())),
      }};
  static const Schema<World> schema = Schema<World>{
      "World",
      {
          field("name", &World::name, {.required = true, .rule = "W-1"}),
          field("faults", &World::faults, list_of(object(fault))),
          field("weights", &World::weights, map_of(number())),
          field("a", &World::a),
          field("b", &World::b),
      }}.exactly_one_of({"a", "b"});
  return schema;
}

Result<World> world(const std::string& written) {
  const auto documents = parse_documents(written, "w.yaml");
  REQUIRE(documents);
  Reader reader{Dialect::Volary};
  auto read = world_schema().read(documents->front(), reader);
  CHECK(reader.remarks().empty());
  if (!read) return tl::unexpected(reader.error());
  return *std::move(read);
}

TEST_CASE(
    "a table reads its document, fills in what was left out and refuses what it does not know") {
  const auto good = world(
      "name: 1\na: 2\nfaults:\n- {kind: down, at: 3m}\n- {kind: slow, at: 1s, count: 2, share: "
      "1%}\n"
      "weights: {x: 1.5}\n");
  REQUIRE(good);
  CHECK(good->name == "1");
  REQUIRE(good->faults.size() == 2);
  CHECK(good->faults[0].kind == Fault::Kind::Down);
  CHECK(good->faults[0].at == minutes{3});
  CHECK_FALSE(good->faults[0].count);
  CHECK(good->faults[0].share == 0.25);
  CHECK(good->faults[1].count == 2);
  CHECK(good->weights.at("x") == 1.5);

  const Error unknown = world("name: a\na: 1\nfautls: []\nwieghts: {}\n").error();
  CHECK(unknown.where == "w.yaml:3:1");
  CHECK(unknown.message == "unknown key 'fautls'");
  CHECK(unknown.hint ==
        "did you mean 'faults'?; also w.yaml:4:1: unknown key 'wieghts' (did you mean 'weights'?)");
  CHECK(world("name: a\na: 1\nzz: 1\n").error().hint == "known here: name, faults, weights, a, b");
  const Error nested = world("name: a\na: 1\nfaults: [{kind: dwon, at: 1s}]\n").error();
  CHECK(nested.where == "w.yaml:3:17: faults[0].kind");
  CHECK(nested.message == "'dwon' is not one of slow, down");
  CHECK(nested.hint == "did you mean 'down'?");
  CHECK(world("a: 1\n").error().message == "'name' is missing");
  CHECK(world("name: ~\na: 1\n").error().message == "'name' is missing");
  CHECK(world("name: a\n").error().message == "needs one of a, b");
  CHECK(world("name: a\na: 1\nb: 2\n").error().message == "may have only one of a, b");
  CHECK(world("[]\n").error().message == "must be a map, this is a list");
  CHECK(world("name: a\na: 1\nfaults: {}\n").error().message == "must be a list, this is a map");
}

TEST_CASE("a table prints its reference") {
  CHECK(world_schema().reference() ==
        "name: a text; required [W-1]\n"
        "faults: a list, each a map (Fault)\n"
        "  kind: one of slow, down; required\n"
        "  at: a duration such as 90s, 2m or 1h30m; required: time of the run\n"
        "  count: a whole number from 1; unset: all\n"
        "  share: a share such as 0.5%, or a finite number\n"
        "weights: a map, each value a finite number\n"
        "a: a finite number\n"
        "b: a finite number\n");
  CHECK(canary_schema().reference().find("stepWeight: a whole number; unset: 0 [ANA-05]") !=
        std::string::npos);
}

}  // namespace
}  // namespace volary
