#include "policies/document.hpp"

#include <ctime>

#include <catch2/catch.hpp>

#include "engine/contract.hpp"

namespace volary {
namespace {

/// A second of one core, as the product promises; the sanitizers' builds are several times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::clock_t longest = 15 * CLOCKS_PER_SEC;
#else
constexpr std::clock_t longest = CLOCKS_PER_SEC;
#endif

std::vector<Node> parsed(std::string_view text) {
  auto documents = parse_documents(text, "t.yaml");
  INFO((documents ? std::string{} : to_string(documents.error())));
  REQUIRE(documents);
  return *documents;
}

Error refused(std::string_view text, const InputLimits& limits = {}) {
  const std::clock_t before = std::clock();
  const auto documents = parse_documents(text, "t.yaml", limits);
  REQUIRE_FALSE(documents);
  CHECK(std::clock() - before < longest);
  CHECK(documents.error().kind == ErrorKind::Invalid);
  CHECK(to_string(documents.error()).find('\n') == std::string::npos);
  return documents.error();
}

/// Accepted or not, it may not take long.
void answered_soon(std::string_view text) {
  const std::clock_t before = std::clock();
  const auto documents = parse_documents(text, "t.yaml");
  CHECK(std::clock() - before < longest);
  if (!documents) CHECK(to_string(documents.error()).find('\n') == std::string::npos);
}

std::string repeated(std::string_view piece, std::size_t bytes) {
  std::string text;
  text.reserve(bytes + piece.size());
  while (text.size() < bytes) text += piece;
  return text;
}

constexpr std::size_t MiB = std::size_t{1} << 20;

TEST_CASE("a document knows where everything stands") {
  const auto documents = parsed("a: 1\nb:\n  - x\n  - {c: 'd'}\n---\n# nothing\n---\n- e\n");
  REQUIRE(documents.size() == 2);
  const Node& first = documents[0];
  REQUIRE(first.entries.size() == 2);
  CHECK(first.entries[1].at == Mark{"t.yaml", 2, 1});
  const Node* b = first.find("b");
  REQUIRE(b);
  CHECK(b->items[0].at == Mark{"t.yaml", 3, 5});
  CHECK_FALSE(b->items[0].quoted);
  CHECK(b->items[1].find("c")->quoted);
  CHECK(b->items[1].find("c")->at == Mark{"t.yaml", 4, 9});
  CHECK(documents[1].at == Mark{"t.yaml", 8, 1});
  CHECK(first.text_at({"a"}) == "1");
  CHECK(first.find({"b", "c"}) == nullptr);
}

TEST_CASE("JSON is read as it is, tabs and all") {
  const auto documents =
      parsed("{\n\t\"a\":1,\t\"b\":[true,null,\"x\\/y\\u00e9\"],\n\t\"c\":{}\n}\n");
  CHECK(to_flow_yaml(documents[0]) == "{a: 1, b: [true, null, x/yé], c: {}}");
  CHECK(documents[0].find("b")->items[2].quoted);
  CHECK(parsed(R"({"a": "\ud83d\ude80 \\ud83d\u00e9"})")[0].text_at({"a"}) == "🚀 \\ud83dé");
  CHECK(refused(R"({"a": "\ud83d"})").message == "an escape that is no character");
  CHECK(parsed("{\"a\":1}\n{\"a\":2}\n").size() == 2);
}

TEST_CASE("merge keys are applied: what is written out stands, the first source wins") {
  const auto documents = parsed(
      "base: &base {a: 1, b: 1}\nmore: &more {b: 2, c: 2}\n"
      "x: {<<: *base, b: 3}\ny: {<<: [*base, *more]}\nz: {'<<': text}\n");
  CHECK(to_flow_yaml(*documents[0].find("x")) == "{b: 3, a: 1}");
  CHECK(to_flow_yaml(*documents[0].find("y")) == "{a: 1, b: 1, c: 2}");
  CHECK(documents[0].find("z")->text_at({"<<"}) == "text");
  CHECK(refused("a: {<<: 1}").message == "'<<' merges maps, this is a text or number");
}

TEST_CASE("a key may not stand twice") {
  const Error error = refused("a: 1\nb: 2\na: 3\n");
  CHECK(error.where == "t.yaml:3:1");
  CHECK(error.message == "the key 'a' stands here twice");
  CHECK(error.hint == "it was first given at line 1");
  CHECK(refused("{\"x\": {\"k\": 1, \"k\": 2}}").where == "t.yaml:1:16");
}

TEST_CASE("FLT-120: aliases are bounded in number, in nodes and in text") {
  std::string laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 10; ++i) {
    laughs += fmt::format("a{}: &a{} [", i, i);
    for (int k = 0; k < 9; ++k) laughs += fmt::format("{}*a{}", k ? "," : "", i - 1);
    laughs += "]\n";
  }
  CHECK(refused(laughs).message.find("100000 nodes") != std::string::npos);
  CHECK(refused("a: &a x\nb: [" + repeated("*a ,", 8000) + "]").message ==
        "more than 1000 uses of aliases");
  CHECK(refused("a: &a '" + repeated("x", 100000) + "'\nb: [" + repeated("*a ,", 3000) + "]")
            .message == "aliases that expand to too much text");
  CHECK(refused("a: &a [*a]").message == "an alias that contains itself");
  CHECK(refused("a: *nobody").where == "t.yaml:1:4");
}

TEST_CASE("FLT-121: nesting is bounded, and refused within a second") {
  std::string deep(64, '[');
  CHECK(parse_documents(deep + std::string(64, ']'), "t.yaml"));
  CHECK(refused('[' + deep + std::string(65, ']')).message == "nested deeper than 64 levels");
  for (const std::string_view piece : {"[", "{", "{\"a\":", "- ", "? ", "[{", "a: ["}) {
    INFO(piece);
    CHECK(refused(repeated(piece, 10 * MiB)).message.find("nested deeper than 64 levels") !=
          std::string::npos);
  }
  std::string block;
  for (int depth = 0; depth < 70; ++depth)
    block += std::string(static_cast<std::size_t>(depth), ' ') + "a:\n";
  CHECK(refused(block).message == "nested deeper than 64 levels");
}

TEST_CASE("what never ends or is far too much is answered within a second") {
  for (const std::string_view piece :
       {",",       "]",     "}",      "*a ",    "&a ",  "a: ",       "[],", "\"a\" ", "'",
        "\"",      "|",     ">",      "!",      "%",    "@",         "`",   ": ",     "-\n",
        "- x\n",   "---\n", "...\n",  "- - [ ", "a:\n", "{} ",       "? [", "&a [",   "!!x ",
        "[\"]\",", "#]\n[", "a: |\n", "\t",     "[a, ", "%TAG ! x\n"}) {
    INFO(piece);
    answered_soon(repeated(piece, 3 * MiB));
    answered_soon("[" + repeated(piece, MiB));
    answered_soon("a: " + repeated(piece, MiB));
  }
  for (const std::string_view piece : {"\"", "a\n", "a ", "- x\n", "\xC3\xA9"}) {
    INFO(piece);
    answered_soon("[" + repeated(piece, 15 * MiB));
  }
  CHECK(refused(repeated("- x\n", 16 * MiB + 4)).message == "input larger than 16 MiB");
  CHECK(refused("a: '" + repeated("x", 2 * MiB) + "'").message == "a text of more than 1024 KiB");
  CHECK(refused(repeated("---\na\n", 7000)).message == "more than 1000 documents");
}

TEST_CASE("what is not text is named so") {
  CHECK(refused("").message == "is empty: no document in it");
  CHECK(refused("# only a comment\n---\n").message == "is empty: no document in it");
  CHECK(refused(std::string_view{"\x7f"
                                 "ELF\0\0",
                                 6})
            .message == "is not text: byte 4 is NUL");
  CHECK(refused("\xFF\xFE"
                "a")
            .message == "is UTF-16, not UTF-8");
  CHECK(refused("a: 1\nb: \xC3(").where == "t.yaml:2:4");
  CHECK(refused("a: \xED\xA0\x80").message == "is not UTF-8 text");
  CHECK(refused("a: \x1b[31m").message == "a control character (0x1b)");
  CHECK(parsed("\xEF\xBB\xBF"
               "a: é\n")[0]
            .text_at({"a"}) == "é");
}

TEST_CASE("syntax errors say where and what to do") {
  const Error tab = refused("a:\n\tb: 1\n");
  CHECK(tab.where.starts_with("t.yaml:2:"));
  CHECK(tab.message == "this line is indented by a tab");
  CHECK(refused("a: b: c\n").message == "a ':' where no value can begin");
  CHECK(refused("a: [1, 2\n").where.starts_with("t.yaml:"));
  CHECK(refused("a: !!python/object:os.system x").message.starts_with("unknown tag"));
  CHECK(refused("? [a]\n: b").message == "a key must be a text, this is a list");
}

TEST_CASE("files that are no files do not hang (FLT-128)") {
  CHECK(read_documents("/nowhere/canary.yaml").error().kind == ErrorKind::NotFound);
  CHECK(read_documents("/tmp").error().message == "is a directory");
  CHECK(read_documents("/dev/zero").error().message == "is not a regular file");
}

TEST_CASE("what is written is read back") {
  for (const std::string_view text :
       {"a: 1\nb: [x, {y: z}]\n", "- - a\n  - b\n- c: {d: [], e: {}}\n  f: null\n",
        "q: |\n  sum(\n    rate(x[1m]))\n",
        "s: ['1', 'true', '', '~', 'a: b', '- x', ' pad ', 'a #b', 'yes', '0x1f', '1:30', "
        "\"t\\tb\", '30s', '90/10']\n",
        "'1': a\n'on': b\n\"k:\": c\n'': d\n'<<': e\n", "x: \"line\\n  more\\n\"\n",
        "- |\n  a\n  b\n- k: |-\n    c\n\n    d\n", "plain\n", "[]\n", "é: ü\n"}) {
    INFO(text);
    const Node node = parsed(text)[0];
    const std::string written = to_yaml(node);
    INFO(written);
    CHECK(same_content(parsed(written)[0], node));
    CHECK(to_yaml(parsed(written)[0]) == written);
    CHECK(same_content(parsed(to_flow_yaml(node) + "\n")[0], node));
  }
  Node made = Node::map();
  made.set("name", Node::string("1"))
      .set("steps", Node::sequence({Node::scalar("5"), Node::scalar("20")}));
  made.set("query", Node::string("sum(x)\n  / sum(y)"));
  CHECK(to_yaml(made) == "name: \"1\"\nsteps:\n- 5\n- 20\nquery: |-\n  sum(x)\n    / sum(y)\n");
}

TEST_CASE("the nearest key is one that may have been meant") {
  const std::vector<std::string> known{"stepWeight", "stepWeights", "maxWeight", "threshold"};
  CHECK(nearest("stepWieght", known) == "stepWeight");
  CHECK(nearest("stepweight", known) == "stepWeight");
  CHECK(nearest("treshold", known) == "threshold");
  CHECK(nearest("colour", known).empty());
}

TEST_CASE("text from outside is shown escaped") {
  CHECK(printable("a\x1b[31m\n") == "a\\x1b[31m\\n");
  CHECK(printable("ééé", 4) == "éé…");
}

}  // namespace
}  // namespace volary
