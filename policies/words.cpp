#include "policies/words.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>

namespace volary {
namespace {

/// Edit distance with neighbours swapped counted once (optimal string alignment), letter case
/// counted half: a wrong case is the commonest slip in manifests.
double distance(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  std::vector<std::vector<double>> d(a.size() + 1, std::vector<double>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = static_cast<double>(i);
  std::iota(d[0].begin(), d[0].end(), 0.0);
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const double swap = a[i - 1] == b[j - 1] ? 0 : lower(a[i - 1]) == lower(b[j - 1]) ? 0.5 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + swap});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view written, const std::vector<std::string>& known) {
  if (written.empty() || written.size() > 64) return {};
  std::string best;
  double least = std::max(1.5, static_cast<double>(written.size()) / 3);
  for (const std::string& name : known) {
    const double d = distance(written, name);
    if (d < least) {
      least = d;
      best = name;
    }
  }
  return best;
}

std::string closest(std::string_view written, const std::vector<std::string>& known) {
  const auto best = std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) {
    return distance(written, a) < distance(written, b);
  });
  return best == known.end() ? std::string{} : *best;
}

}  // namespace volary
