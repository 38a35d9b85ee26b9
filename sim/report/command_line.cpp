#include "sim/report/command_line.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <string_view>

namespace volary::sim::report {

std::string pasted(const std::vector<std::string>& words) {
  std::string line = "volary";
  for (std::size_t i = 1; i < words.size(); ++i) {
    const bool plain = !words[i].empty() && std::ranges::all_of(words[i], [](unsigned char c) {
      return std::isalnum(c) != 0 || std::strchr("-_./=+%,:@", c) != nullptr;
    });
    if (plain) {
      line += " " + words[i];
      continue;
    }
    line += " '";
    for (const char c : words[i])
      line += c == '\'' ? std::string_view{"'\\''"} : std::string_view{&c, 1};
    line += '\'';
  }
  return line;
}

}  // namespace volary::sim::report
