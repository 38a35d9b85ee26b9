#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "live/http.hpp"

namespace volary::live {

/// One message that is sent while ticks go on: an alert, an event webhook.
struct Message {
  HttpRequest request;
  int retries = 0;   ///< after what `may_retry` allows (live/retry.hpp)
  std::string what;  ///< for logs: "alert to slack", without addresses
};

/// Where messages are left that nobody waits for.
class Postbox {
 public:
  virtual ~Postbox() = default;
  virtual void post(Message message) = 0;
};

/// Sends messages in their order, on a thread of its own, so that no chat service delays or fails a
/// tick (FLT-105). When it cannot follow, the oldest are dropped and counted.
class Outbox : public Postbox {
 public:
  static constexpr std::size_t longest = 1000;

  /// `failed` is told what could not be sent, from the outbox's own thread.
  Outbox(Http& http, std::function<void(const std::string& what, const Error& error)> failed);
  /// Sends what waits for at most `grace`, then drops the rest (INV-70).
  ~Outbox() override;
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  void post(Message message) override;
  [[nodiscard]] std::uint64_t dropped() const;
  /// Waits until everything is sent or `patience` is over; true when everything is.
  bool drain(std::chrono::milliseconds patience);

 private:
  void work();
  [[nodiscard]] Result<void> deliver(const Message& message);

  Http& http_;
  std::function<void(const std::string&, const Error&)> failed_;
  mutable std::mutex guard_;
  std::condition_variable changed_;
  std::deque<Message> waiting_;
  std::uint64_t dropped_ = 0;
  bool busy_ = false, over_ = false;
  std::thread worker_;
};

}  // namespace volary::live
