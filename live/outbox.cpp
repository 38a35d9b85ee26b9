#include "live/outbox.hpp"

#include <utility>

#include "live/retry.hpp"

namespace volary::live {
namespace {

using namespace std::chrono_literals;
constexpr auto grace = 2s;

Instant unix_time() { return Instant{std::chrono::system_clock::now().time_since_epoch()}; }

}  // namespace

Outbox::Outbox(Http& http, std::function<void(const std::string&, const Error&)> failed)
    : http_{http}, failed_{std::move(failed)}, worker_{[this] { work(); }} {}

Outbox::~Outbox() {
  drain(grace);
  {
    const std::lock_guard lock{guard_};
    over_ = true;
  }
  changed_.notify_all();
  worker_.join();
}

void Outbox::post(Message message) {
  {
    const std::lock_guard lock{guard_};
    if (waiting_.size() >= longest) {
      waiting_.pop_front();
      ++dropped_;
    }
    waiting_.push_back(std::move(message));
  }
  changed_.notify_all();
}

std::uint64_t Outbox::dropped() const {
  const std::lock_guard lock{guard_};
  return dropped_;
}

bool Outbox::drain(std::chrono::milliseconds patience) {
  std::unique_lock lock{guard_};
  return changed_.wait_for(lock, patience, [this] { return waiting_.empty() && !busy_; });
}

void Outbox::work() {
  std::unique_lock lock{guard_};
  for (;;) {
    changed_.wait(lock, [this] { return over_ || !waiting_.empty(); });
    if (over_) return;
    const Message message = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    lock.unlock();
    if (const auto sent = deliver(message); !sent) failed_(message.what, sent.error());
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

Result<void> Outbox::deliver(const Message& message) {
  for (int attempt = 0;; ++attempt) {
    const auto answer = http_.send(message.request);
    if (answer && answer->status >= 200 && answer->status < 300) return {};
    if (attempt >= message.retries || !may_retry(answer)) {
      if (!answer) return tl::unexpected(answer.error());
      return fail(ErrorKind::Unavailable, "{} answered {}", masked(message.request.url),
                  answer->status);
    }
    std::unique_lock lock{guard_};
    if (changed_.wait_for(lock, retry_pause(attempt, answer, unix_time()),
                          [this] { return over_; }))
      return fail(ErrorKind::Unavailable, "{} did not answer before the end",
                  masked(message.request.url));
  }
}

}  // namespace volary::live
