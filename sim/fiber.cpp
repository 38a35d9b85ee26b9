#include "sim/fiber.hpp"

#include <utility>

#include <boost/context/fiber.hpp>
#include <boost/context/fixedsize_stack.hpp>

#include "engine/contract.hpp"

// The sanitizers must be told when a thread changes its stack, or they take it for an overflow or a
// race.
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace volary::sim {

namespace context = boost::context;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t stack_bytes = 4 * 1024 * 1024;  // their frames are several times as large
#else
constexpr std::size_t stack_bytes = 256 * 1024;
#endif

struct Fiber::Parts {
  std::function<void()> body;
  context::fixedsize_stack allocator{stack_bytes};
  context::stack_context stack = allocator.allocate();
  context::fiber inside, outside;
  bool begun = false, ended = false;
#if defined(__SANITIZE_ADDRESS__)
  void* fake_stack = nullptr;
  const void* outer_bottom = nullptr;
  std::size_t outer_size = 0;
#endif
#if defined(__SANITIZE_THREAD__)
  void* inner = __tsan_create_fiber(0);
  void* outer = nullptr;
#endif

  void entered() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &outer_bottom, &outer_size);
#endif
  }
  void leaving(bool for_good) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_stack, outer_bottom, outer_size);
#endif
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(outer, 0);
#endif
    (void)for_good;
  }
};

Fiber::Fiber(std::function<void()> body) : parts_(std::make_unique<Parts>()) {
  Parts& p = *parts_;
  p.body = std::move(body);
  p.inside =
      context::fiber(std::allocator_arg, context::preallocated(p.stack.sp, p.stack.size, p.stack),
                     p.allocator, [&p](context::fiber&& caller) {
                       p.outside = std::move(caller);
                       p.entered();
                       p.body();
                       p.ended = true;
                       p.leaving(true);
                       return std::move(p.outside);
                     });
}

Fiber::~Fiber() {
  expects(!parts_->begun || parts_->ended, "a fiber has ended before it is taken down");
#if defined(__SANITIZE_THREAD__)
  __tsan_destroy_fiber(parts_->inner);
#endif
}

void Fiber::resume() {
  Parts& p = *parts_;
  if (p.ended) return;
  p.begun = true;
#if defined(__SANITIZE_ADDRESS__)
  void* own_fake_stack = nullptr;
  const char* bottom = static_cast<const char*>(p.stack.sp) - p.stack.size;
  __sanitizer_start_switch_fiber(&own_fake_stack, bottom, p.stack.size);
#endif
#if defined(__SANITIZE_THREAD__)
  p.outer = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(p.inner, 0);
#endif
  p.inside = std::move(p.inside).resume();
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(own_fake_stack, nullptr, nullptr);
#endif
}

void Fiber::suspend() {
  Parts& p = *parts_;
  p.leaving(false);
  p.outside = std::move(p.outside).resume();
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(p.fake_stack, &p.outer_bottom, &p.outer_size);
#endif
}

bool Fiber::ended() const { return parts_->ended; }

}  // namespace volary::sim
