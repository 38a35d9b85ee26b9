#include "sim/report/command_line.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace volary::sim::report {

std::string pasted(const std::vector<std::string>& words) {
  std::string line = "volary";
  for (std::size_t i = 1; i < words.size(); ++i) {
    const bool plain = !words[i].empty() && std::ranges::all_of(words[i], [](unsigned char c) {
      return std::isalnum(c) != 0 || std::strchr("-_./=+%,:@", c) != nullptr;
    });
    std::string word = words[i];
    if (!plain) {
      word = "'";
      for (const char c : words[i]) word += c == '\'' ? std::string{"'\\''"} : std::string(1, c);
      word += "'";
    }
    line += " " + word;
  }
  return line;
}

}  // namespace volary::sim::report
