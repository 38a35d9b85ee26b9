#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace volary::sim {

/// Sixteen bytes: time first, then the order of scheduling, so that ties break by insertion.
/// Compared field by field: as one 128-bit number it took twice as long (docs/performance.md).
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
  [[nodiscard]] std::size_t size() const { return heap_.size() - (hole_ ? 1U : 0U); }
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
  /// Precondition: not empty.
  QueuedEvent pop() {
    fill_hole();
    hole_ = true;
    return heap_.front();
  }
  /// Numbers what is pending from 0, in the order in which it would come; gives the next free
  /// number.
  std::uint32_t renumber() {
    fill_hole();
    std::ranges::sort(heap_, [](const auto& a, const auto& b) { return a.before(b); });
    std::uint32_t next = 0;
    for (QueuedEvent& event : heap_) event.sequence = next++;  // sorted, so still a heap
    return next;
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

}  // namespace volary::sim
