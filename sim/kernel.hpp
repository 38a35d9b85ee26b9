#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "engine/contract.hpp"
#include "engine/units.hpp"

/// The one place where time moves.
namespace volary::sim {

/// Sixteen bytes, compared as one number: time first, then the order of scheduling, so that ties
/// break by insertion.
struct QueuedEvent {
  std::uint64_t ns = 0;
  std::uint32_t sequence = 0;
  std::uint32_t what = 0;  ///< four bits of kind, 28 of index
  [[nodiscard]] bool before(const QueuedEvent& other) const {
    return ns != other.ns ? ns < other.ns : sequence < other.sequence;
  }
};

/// A 4-ary heap whose root stays a hole after a pop, until the next push fills it: most events
/// schedule one other.
class EventQueue {
 public:
  [[nodiscard]] bool empty() const { return heap_.size() == (hole_ ? 1U : 0U); }
  void push(QueuedEvent event) {
    if (hole_) {
      hole_ = false;
      sift_down(event);
      return;
    }
    heap_.push_back(event);
    std::size_t at = heap_.size() - 1;
    while (at > 0) {
      const std::size_t parent = (at - 1) / 4;
      if (!event.before(heap_[parent])) break;
      heap_[at] = heap_[parent];
      at = parent;
    }
    heap_[at] = event;
  }
  /// Precondition: not empty.
  [[nodiscard]] const QueuedEvent& top() {
    fill_hole();
    return heap_.front();
  }
  QueuedEvent pop() {
    fill_hole();
    hole_ = true;
    return heap_.front();
  }

 private:
  void fill_hole() {
    if (!hole_) return;
    hole_ = false;
    const QueuedEvent last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sift_down(last);
  }
  void sift_down(const QueuedEvent& event) {
    std::size_t at = 0;
    const std::size_t size = heap_.size();
    for (;;) {
      const std::size_t first = 4 * at + 1;
      if (first >= size) break;
      std::size_t least = first;
      for (std::size_t child = first + 1; child < std::min(first + 4, size); ++child)
        if (heap_[child].before(heap_[least])) least = child;
      if (!heap_[least].before(event)) break;
      heap_[at] = heap_[least];
      at = least;
    }
    heap_[at] = event;
  }

  std::vector<QueuedEvent> heap_;
  bool hole_ = false;
};

class Kernel {
 public:
  [[nodiscard]] Instant now() const { return Instant{Duration{static_cast<std::int64_t>(now_)}}; }
  [[nodiscard]] std::uint64_t events() const { return events_; }

  /// Kinds below `call_kind` are the caller's.
  static constexpr std::uint32_t call_kind = 15;

  void schedule(Instant at, std::uint32_t kind, std::uint32_t index) {
    const auto ns = static_cast<std::uint64_t>(at.time_since_epoch().count());
    expects(ns >= now_, "no event is scheduled in the past (INV-51)");
    queue_.push({ns, sequence_++, kind << 28 | index});
  }
  /// For what is rare: scrapes, controllers, faults.
  void call_at(Instant at, std::function<void()> call) {
    std::uint32_t index = 0;
    if (free_calls_.empty()) {
      index = static_cast<std::uint32_t>(calls_.size());
      calls_.push_back(std::move(call));
    } else {
      index = free_calls_.back();
      free_calls_.pop_back();
      calls_[index] = std::move(call);
    }
    schedule(at, call_kind, index);
  }

  /// Constant time-outs expire in the order they were set: one ring a value keeps them out of the
  /// heap.
  using Ring = std::uint32_t;
  Ring add_ring(Duration timeout) {
    rings_.push_back({timeout, {}});
    return static_cast<Ring>(rings_.size() - 1);
  }
  void arm(Ring ring, std::uint32_t index, std::uint32_t generation) {
    const auto after = static_cast<std::uint64_t>(rings_[ring].timeout.count());
    rings_[ring].waiting.push_back({now_ + after, index, generation});
  }

  /// Handles every event up to and at `end`: `handle(kind, index)` and `expired(index,
  /// generation)`.
  template <class Handle, class Expired>
  void run_until(Instant end, Handle&& handle, Expired&& expired) {
    const auto until = static_cast<std::uint64_t>(end.time_since_epoch().count());
    stop_ = false;
    while (!stop_) {
      Timers* first = nullptr;
      for (Timers& ring : rings_)
        if (!ring.waiting.empty() &&
            (first == nullptr || ring.waiting.front().ns < first->waiting.front().ns))
          first = &ring;
      const bool event = !queue_.empty();
      const std::uint64_t at = event ? queue_.top().ns : ~std::uint64_t{0};
      if (first != nullptr && first->waiting.front().ns < at) {
        const Timer timer = first->waiting.front();
        if (timer.ns > until) break;
        first->waiting.pop_front();
        now_ = timer.ns;
        expired(timer.index, timer.generation);
        continue;
      }
      if (!event || at > until) break;
      const QueuedEvent next = queue_.pop();
      expects(next.ns >= now_, "time moves forward (INV-51)");
      now_ = next.ns;
      ++events_;
      const std::uint32_t kind = next.what >> 28, index = next.what & 0x0fffffffU;
      if (kind != call_kind) {
        handle(kind, index);
      } else {
        const auto call = std::move(calls_[index]);
        free_calls_.push_back(index);
        call();
      }
    }
    if (!stop_) now_ = std::max(now_, until);
  }
  /// Ends `run_until` after the event at hand.
  void stop() { stop_ = true; }

 private:
  struct Timer {
    std::uint64_t ns = 0;
    std::uint32_t index = 0, generation = 0;
  };
  struct Timers {
    Duration timeout;
    std::deque<Timer> waiting;
  };
  EventQueue queue_;
  std::vector<Timers> rings_;
  std::vector<std::function<void()>> calls_;
  std::vector<std::uint32_t> free_calls_;
  std::uint64_t now_ = 0;
  std::uint64_t events_ = 0;
  std::uint32_t sequence_ = 0;
  bool stop_ = false;
};

}  // namespace volary::sim
