#include "live/net/pause.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

namespace volary::live {

bool pause_for(const std::stop_token& stop, Duration duration) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  return !never.wait_for(lock, stop, duration, [&] { return stop.stop_requested(); }) &&
         !stop.stop_requested();
}

Duration Backoff::next(Duration asked_for) {
  constexpr int most_doublings = 30;
  const double doubled =
      seconds(limits_.first) *
      static_cast<double>(std::int64_t{1} << std::min(failures_, most_doublings));
  failures_ = std::min(failures_ + 1, most_doublings);
  const double full = std::min(doubled, seconds(limits_.longest));
  const double drawn = full * (0.5 + unit() / 2);
  const double asked = std::min(seconds(asked_for), seconds(limits_.longest));
  return from_seconds(std::max(drawn, asked * (1 + unit() / 10)));
}

/// SplitMix64 (Steele, Lea and Flood, 2014): enough for jitter, which no result depends on.
double Backoff::unit() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return static_cast<double>((z ^ (z >> 31U)) >> 11U) * 0x1p-53;
}

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

}  // namespace volary::live
