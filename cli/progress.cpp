#include "cli/progress.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "engine/units.hpp"

namespace volary::cli {

using namespace std::chrono_literals;

std::string progress_line(const std::string& what, double done,
                          std::chrono::duration<double> elapsed, bool utf8) {
  constexpr int width = 24;
  const double share = std::clamp(done, 0.0, 1.0);
  const int full = static_cast<int>(share * width);
  std::string bar;
  for (int i = 0; i < width; ++i) bar += i < full ? (utf8 ? "▇" : "#") : " ";
  std::string line = fmt::format("{} [{}] {:.0f} %", what, bar, std::floor(share * 100));
  if (share > 0.01) {
    const double left = elapsed.count() * (1 - share) / share;
    line += fmt::format(", {} left", spoken(from_seconds(std::ceil(left))));
  }
  return line;
}

Progress::Progress(const Session& session, std::string what)
    : session_{session}, what_{std::move(what)}, began_{Wall::now()} {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void Progress::at(double done) {
  if (!session_.progress) return;
  const std::scoped_lock lock{mutex_};
  const auto now = Wall::now();
  if (now - began_ < 2s || now - shown_ < 100ms) return;
  shown_ = now;
  drawn_ = true;
  fmt::print(stderr, "\r{}\x1b[K", progress_line(what_, done, now - began_, session_.err.utf8));
  std::fflush(stderr);
}

}  // namespace volary::cli
