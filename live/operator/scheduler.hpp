#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/canary.hpp"
#include "engine/units.hpp"

namespace volary::live {

/// When each object has its turn (SCH-02 … SCH-07): the first at once, then at a fixed rate, never
/// two at a time for one object, and any number at a time for different ones. Whoever blocks in its
/// turn delays nobody else (INV-36): threads are made as they are needed.
class Scheduler {
 public:
  /// One turn; `late` is how long after its time it begins.
  using Turn = std::function<void(const ObjectName& name, Duration late)>;
  explicit Scheduler(Turn turn, std::size_t most_threads = 512);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  /// Begins no more turns, and waits for those that are on.
  ~Scheduler();

  /// Schedules an object. One that is known keeps its rate, unless the interval is another: then it
  /// starts anew (SCH-04), after the turn that may be on.
  void put(const ObjectName& name, Duration interval);
  /// A turn at once, or right after the one that is on; the rate stays.
  void nudge(const ObjectName& name);
  void drop(const ObjectName& name);
  /// Begins no more turns. True when none is on any more within `grace`.
  bool stop(Duration grace);
  [[nodiscard]] std::size_t size() const;

 private:
  using Steady = std::chrono::steady_clock;
  struct Job {
    Duration interval{};
    Steady::time_point began, due;
    bool running = false, nudged = false, restarted = false, dropped = false;
  };
  struct Task {
    ObjectName name;
    std::shared_ptr<Job> job;
    Steady::time_point due;
  };
  void keep_time();
  void work();
  void start(const ObjectName& name, const std::shared_ptr<Job>& job);
  void finish(const Task& task);

  Turn turn_;
  std::size_t most_threads_;
  mutable std::mutex guard_;
  std::condition_variable timer_, work_, idle_;
  std::map<ObjectName, std::shared_ptr<Job>> jobs_;
  std::deque<Task> tasks_;
  std::vector<std::thread> threads_;
  std::size_t waiting_ = 0, running_ = 0;
  bool over_ = false;
  std::thread timekeeper_;
};

}  // namespace volary::live
