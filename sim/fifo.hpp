#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace volary::sim {

/// First in, first out, in one block of memory that grows by doubling and is never given back: no
/// allocation once it is as large as its longest queue.
template <class T>
class Fifo {
 public:
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Precondition: not empty.
  [[nodiscard]] const T& front() const { return ring_[first_]; }
  /// The i-th from the front. Precondition: i < size().
  [[nodiscard]] const T& operator[](std::size_t i) const { return ring_[place(i)]; }
  void push_back(const T& value) {
    if (size_ == ring_.size()) grow();
    ring_[place(size_++)] = value;
  }
  void pop_front() {
    first_ = place(1);
    --size_;
  }
  void clear() { first_ = size_ = 0; }
  /// Keeps the order of what stays.
  template <class Predicate>
  void erase_if(Predicate gone) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i)
      if (const T value = ring_[place(i)]; !gone(value)) ring_[place(kept++)] = value;
    size_ = kept;
  }

 private:
  [[nodiscard]] std::size_t place(std::size_t i) const {
    return (first_ + i) & (ring_.size() - 1);  // the size is a power of two
  }
  void grow() {
    std::vector<T> larger(ring_.empty() ? 8 : 2 * ring_.size());
    for (std::size_t i = 0; i < size_; ++i) larger[i] = ring_[place(i)];
    ring_ = std::move(larger);
    first_ = 0;
  }

  std::vector<T> ring_;
  std::size_t first_ = 0, size_ = 0;
};

}  // namespace volary::sim
