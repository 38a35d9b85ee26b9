#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "engine/contract.hpp"
#include "engine/units.hpp"
#include "sim/event_queue.hpp"
#include "sim/fifo.hpp"

/// The one place where time moves.
namespace volary::sim {

class Kernel {
 public:
  /// Sequence numbers may begin anywhere: tests begin near their end.
  explicit Kernel(std::uint32_t first_sequence = 0) : sequence_{first_sequence} {}

  [[nodiscard]] Instant now() const { return Instant{Duration{static_cast<std::int64_t>(now_)}}; }
  [[nodiscard]] std::uint64_t events() const { return events_; }

  /// Kinds below `call_kind` are the caller's.
  static constexpr std::uint32_t call_kind = 15;
  /// Indices below this fit into an event.
  static constexpr std::uint32_t index_limit = 1U << 28;

  void schedule(Instant at, std::uint32_t kind, std::uint32_t index) {
    const auto ns = static_cast<std::uint64_t>(at.time_since_epoch().count());
    expects(ns >= now_, "no event is scheduled in the past (INV-51)");
    expects(index < index_limit, "an event's index has 28 bits");
    if (sequence_ == std::numeric_limits<std::uint32_t>::max()) [[unlikely]]
      sequence_ = queue_.renumber();  // once in four thousand million events
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
    rings_.push_back({timeout});
    return static_cast<Ring>(rings_.size() - 1);
  }
  void arm(Ring ring, std::uint32_t index, std::uint32_t generation) {
    Timers& timers = rings_[ring];
    const std::uint64_t due = now_ + static_cast<std::uint64_t>(timers.timeout.count());
    if (timers.waiting.empty() && due < next_timer_) {
      next_timer_ = due;
      next_ring_ = ring;
    }
    timers.waiting.push_back({due, index, generation});
  }
  /// Most timers are void long before they are due. True when the ring has doubled since its last
  /// `sweep`, so that sweeping then costs a constant time a timer.
  [[nodiscard]] bool crowded(Ring ring) const {
    return rings_[ring].waiting.size() >= rings_[ring].sweep_at;
  }
  /// Takes out the timers for which `is_void(index, generation)`.
  template <class IsVoid>
  void sweep(Ring ring, IsVoid&& is_void) {
    Timers& timers = rings_[ring];
    timers.waiting.erase_if(
        [&](const Timer& timer) { return is_void(timer.index, timer.generation); });
    timers.sweep_at = std::max<std::size_t>(least_sweep, 2 * timers.waiting.size());
    find_next_timer();
  }
  [[nodiscard]] std::size_t armed(Ring ring) const { return rings_[ring].waiting.size(); }

  /// Handles every event up to and at `end`: `handle(kind, index)` and `expired(index,
  /// generation)`.
  template <class Handle, class Expired>
  void run_until(Instant end, Handle&& handle, Expired&& expired) {
    const auto until = static_cast<std::uint64_t>(end.time_since_epoch().count());
    stop_ = false;
    while (!stop_) {
      const bool event = !queue_.empty();
      const std::uint64_t at = event ? queue_.top().ns : no_timer;
      if (next_timer_ < at) {
        if (next_timer_ > until) break;
        Fifo<Timer>& waiting = rings_[next_ring_].waiting;
        const Timer timer = waiting.front();
        waiting.pop_front();
        find_next_timer();
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
  void find_next_timer() {
    next_timer_ = no_timer;
    for (Ring ring = 0; ring < rings_.size(); ++ring) {
      const Fifo<Timer>& waiting = rings_[ring].waiting;
      if (waiting.empty() || waiting.front().ns >= next_timer_) continue;
      next_timer_ = waiting.front().ns;
      next_ring_ = ring;
    }
  }

  static constexpr std::uint64_t no_timer = ~std::uint64_t{0};
  static constexpr std::size_t least_sweep = 4096;
  struct Timers {
    Duration timeout;
    Fifo<Timer> waiting{};
    std::size_t sweep_at = least_sweep;
  };
  EventQueue queue_;
  std::vector<Timers> rings_;
  std::uint64_t next_timer_ = no_timer;  ///< when the first of all timers is due …
  Ring next_ring_ = 0;                   ///< … and in which ring it waits
  std::vector<std::function<void()>> calls_;
  std::vector<std::uint32_t> free_calls_;
  std::uint64_t now_ = 0;
  std::uint64_t events_ = 0;
  std::uint32_t sequence_ = 0;
  bool stop_ = false;
};

}  // namespace volary::sim
