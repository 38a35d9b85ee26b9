#include <ctime>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>

#include <catch2/catch.hpp>

#include "policies/document.hpp"
#include "policies/policy.hpp"

namespace volary {
namespace {

/// A second of one core, as the product promises; the sanitizers' builds are several times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::clock_t longest = 15 * CLOCKS_PER_SEC;
#else
constexpr std::clock_t longest = CLOCKS_PER_SEC;
#endif

/// Either a policy or one clear line; never a crash, never long. Returns whether it was accepted.
bool answered(const std::string& text) {
  const std::clock_t before = std::clock();
  const auto policies = read_policies(text, "p.yaml");
  CHECK(std::clock() - before < longest);
  if (policies) return true;
  CHECK_FALSE(policies.error().message.empty());
  CHECK(to_string(policies.error()).find('\n') == std::string::npos);
  CHECK(policies.error().hint.find('\n') == std::string::npos);
  return false;
}

std::string tutorial(const std::string& name) {
  std::ifstream file{VOLARY_SOURCE_DIR "/tests/policies/tutorials/" + name};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// std::mt19937's numbers are the same everywhere; its distributions are not, so none is used.
TEST_CASE("random bytes never do harm") {
  std::mt19937 random{20240611};
  static constexpr std::string_view spice = "[]{}:,-?&*!|>'\"%@`#\n\n\t  <<~ab01\\";
  for (int run = 0; run < 3000; ++run) {
    std::string text(random() % 200, ' ');
    const bool any_byte = run % 4 == 0;
    for (char& c : text)
      c = any_byte ? static_cast<char>(random() % 256) : spice[random() % spice.size()];
    INFO("run " << run << ": " << printable(text, 400));
    CHECK_FALSE(answered(text));
    if (const auto documents = parse_documents(text, "t"))
      for (const Node& node : *documents) {
        const auto again = parse_documents(to_yaml(node), "t");
        INFO(to_yaml(node));
        REQUIRE(again);
        REQUIRE(again->size() == 1);
        CHECK(same_content(again->front(), node));
      }
  }
}

TEST_CASE("manifests with a few bytes changed are read or refused, never worse") {
  std::mt19937 random{7};
  static constexpr std::string_view spice = "[]{}:,-?&*!|>'\"#\n\t <~x0\x80";
  int accepted = 0;
  for (const char* name : {"gates-and-alerts.yaml", "istio-progressive.yaml", "keda.yaml"}) {
    const std::string whole = tutorial(name);
    REQUIRE(answered(whole));
    for (int run = 0; run < 300; ++run) {
      std::string text = whole;
      for (auto changes = 1 + random() % 3; changes > 0; --changes) {
        const std::size_t place = random() % text.size();
        switch (random() % 4) {
          case 0: text.erase(place, 1 + random() % 20); break;
          case 1: text.insert(place, 1, spice[random() % spice.size()]); break;
          case 2: text[place] = spice[random() % spice.size()]; break;
          default: text.resize(place + 1); break;
        }
        if (text.empty()) text = " ";
      }
      INFO(name << " run " << run);
      accepted += answered(text);
    }
  }
  CHECK(accepted > 50);  // the changes are small enough to reach every part of the reader
}

TEST_CASE("a value is read back after it was written, whatever it is") {
  std::mt19937 random{99};
  static constexpr std::string_view spice = "ab 1.:-#'\"\\\n\t[]{},&*!|>%@`?~=<y";
  const auto word = [&] {
    std::string text(random() % 8, ' ');
    for (char& c : text) c = spice[random() % spice.size()];
    return text;
  };
  std::function<Node(int)> any = [&](int depth) {
    switch (random() % (depth > 3 ? 2 : 4)) {
      case 0: return Node::string(word());
      case 1: return random() % 3 ? Node::string(word()) : Node{};
      case 2: {
        Node list = Node::sequence();
        for (auto n = random() % 4; n > 0; --n) list.push(any(depth + 1));
        return list;
      }
      default: {
        Node map = Node::map();
        for (auto n = random() % 4; n > 0; --n) map.set(word(), any(depth + 1));
        return map;
      }
    }
  };
  for (int run = 0; run < 3000; ++run) {
    Node node = Node::map();
    node.set("v", any(0));
    for (const std::string& written : {to_yaml(node), to_flow_yaml(node) + "\n"}) {
      INFO("run " << run << ":\n" << written);
      const auto read = parse_documents(written, "t");
      INFO((read ? std::string{} : to_string(read.error())));
      REQUIRE(read);
      REQUIRE(read->size() == 1);
      REQUIRE(same_content(read->front(), node));
    }
  }
}

}  // namespace
}  // namespace volary
