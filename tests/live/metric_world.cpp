#include "tests/live/metric_world.hpp"

#include <cmath>
#include <cstdint>

namespace volary::live::world {
namespace {

/// What is left of `text` without numbers that a measurement was read from would not hold it.
bool stands_in(const std::string& text, double value) {
  const char* at = text.c_str();
  for (std::size_t i = 0; i < text.size(); ++i) {
    char* end = nullptr;
    if (std::strtod(at + i, &end) == value && end != at + i) return true;
  }
  return false;
}

}  // namespace

void damage(MetricWorld& world, const std::string& good, const std::string& query) {
  std::uint64_t state = 20'261'127;
  const auto below = [&state](std::size_t limit) {  // SplitMix64: the same damage every day
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<std::size_t>((z ^ (z >> 31)) % limit);
  };
  const std::vector<std::string> words{"null", "[]",   "{}",     "\"\"",  "\"NaN\"",   "1e999",
                                       "-",    "true", "[[]]",   "\"x\"", "[1,2,3]",   "\"0x1p3\"",
                                       "\xff", "\\",   "\"1 \"", "9e18",  "{\"a\":1}", ","};
  std::size_t passed = 0, tried = 0;
  const auto check = [&](const std::string& text) {
    const auto answer = world.told(text, 200, query);
    ++tried;
    if (!answer) return;
    ++passed;
    INFO(text);
    CHECK(std::isfinite(answer->value));
    CHECK(answer->series == 1);
    CHECK(stands_in(text, answer->value));
  };
  REQUIRE(world.told(good, 200, query));
  for (std::size_t cut = 0; cut < good.size(); ++cut) check(good.substr(0, cut));
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    for (std::size_t times = 1 + below(3); times > 0; --times) {
      const std::size_t at = below(text.size());
      switch (below(4)) {
        case 0: text[at] = static_cast<char>(below(256)); break;
        case 1: text.erase(at, 1 + below(6)); break;
        case 2: text.insert(at, words[below(words.size())]); break;
        default: text.replace(at, 1 + below(4), words[below(words.size())]); break;
      }
      if (text.empty()) text = " ";
    }
    check(text);
  }
  CHECK(passed < tried / 2);  // most damage is seen
}

}  // namespace volary::live::world
