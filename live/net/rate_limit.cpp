#include "live/net/rate_limit.hpp"

#include <algorithm>

#include "live/net/pause.hpp"

namespace volary::live {

Duration RateLimit::reserve(Clock::time_point now, Duration longest) {
  if (per_second_ <= 0) return {};
  const std::lock_guard lock{mutex_};
  if (filled_ == Clock::time_point{}) filled_ = now;
  if (now > filled_) {
    tokens_ =
        std::min(static_cast<double>(burst_),
                 tokens_ + std::chrono::duration<double>(now - filled_).count() * per_second_);
    filled_ = now;
  }
  const double missing = 1 - tokens_;
  const Duration wait = missing <= 0 ? Duration{} : from_seconds(missing / per_second_);
  if (wait <= longest) tokens_ -= 1;
  return wait;
}

RateLimit::Turn RateLimit::take(const std::stop_token& stop, Duration longest) {
  const Duration wait = reserve(Clock::now(), longest);
  if (wait > longest) return Turn::TooLong;
  if (wait > Duration{} && !pause_for(stop, wait)) return Turn::Stopped;
  return Turn::Now;
}

}  // namespace volary::live
