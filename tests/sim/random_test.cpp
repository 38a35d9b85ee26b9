#include "sim/random.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

#include <catch2/catch.hpp>

#include "sim/kernel.hpp"

using namespace volary;
using namespace volary::sim;

TEST_CASE("Philox4x32-10 gives the known answers of its authors") {
  // Random123, kat_vectors: counter and key all zero, all ones, and digits of pi.
  const auto words = [](std::uint64_t key, std::uint64_t high, std::uint64_t low) {
    return Philox{key, high, low}.words;
  };
  CHECK(words(0, 0, 0) ==
        std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const std::uint64_t ones = ~std::uint64_t{0};
  CHECK(words(ones, ones, ones) ==
        std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(words(0x299f31d0a4093822U, 0x0370734413198a2eU, 0x85a308d3243f6a88U) ==
        std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("our transcendental functions agree with libm") {
  Stream stream{1, "math"};
  for (int i = 0; i < 20'000; ++i) {
    const double u = stream.unit();
    CHECK(real_log(u) == Approx(std::log(u)).epsilon(1e-15).margin(1e-16));
    const double x = (u - 0.5) * 600;
    CHECK(real_exp(x) == Approx(std::exp(x)).epsilon(1e-14));
    CHECK(real_cos(x) == Approx(std::cos(x)).margin(2e-13));
  }
  CHECK(real_log(1) == 0);
  CHECK(real_exp(0) == 1);
}

TEST_CASE("the normal quantile inverts the normal distribution") {
  for (const double p : {1e-9, 1e-4, 0.01, 0.2, 0.5, 0.77, 0.99, 0.999999}) {
    const double x = real_normal_quantile(p);
    CHECK(0.5 * std::erfc(-x / std::sqrt(2.0)) == Approx(p).epsilon(1e-12));
  }
}

TEST_CASE("exponential draws have mean and variance 1") {
  // 400,000 draws: the mean's standard error is 0.0016, the variance's 0.0045; ± 5 of them is a
  // false alarm of 1e-6.
  Stream stream{42, "moments"};
  double sum = 0, squares = 0;
  constexpr int n = 400'000;
  for (int i = 0; i < n; ++i) {
    const double x = stream.exponential();
    sum += x;
    squares += x * x;
  }
  CHECK(sum / n == Approx(1).margin(0.008));
  CHECK(squares / n - (sum / n) * (sum / n) == Approx(1).margin(0.0225));
}

TEST_CASE("streams of other names are other streams") {
  Stream a{1, "arrivals"}, b{1, "arrivals"}, c{1, "service"}, d{2, "arrivals"};
  const auto first = a();
  CHECK(first == b());
  CHECK(first != c());
  CHECK(first != d());
}

TEST_CASE("events come in the order of time, ties in the order of scheduling") {
  EventQueue queue;
  Stream stream{3, "queue"};
  std::uint32_t sequence = 0;
  std::vector<QueuedEvent> all;
  for (int round = 0; round < 2000; ++round) {
    const QueuedEvent event{stream() % 50 + (all.empty() ? 0 : all.back().ns), sequence++, 0};
    queue.push(event);
    if (stream() % 3 == 0) {
      all.push_back(queue.pop());
    }
  }
  while (!queue.empty()) all.push_back(queue.pop());
  REQUIRE(all.size() == 2000);
  for (std::size_t i = 1; i < all.size(); ++i) CHECK(all[i - 1].before(all[i]));
}

TEST_CASE("constant time-outs expire between events, in order") {
  Kernel kernel;
  using namespace std::chrono_literals;
  const auto ring = kernel.add_ring(10ms);
  std::string seen;
  kernel.arm(ring, 1, 7);
  kernel.schedule(Instant{5ms}, 0, 2);
  kernel.schedule(Instant{20ms}, 0, 3);
  kernel.call_at(Instant{15ms}, [&] { seen += "call "; });
  kernel.run_until(
      Instant{1s}, [&](std::uint32_t, std::uint32_t index) { seen += std::to_string(index) + " "; },
      [&](std::uint32_t index, std::uint32_t generation) {
        seen += "t" + std::to_string(index + generation) + " ";
      });
  CHECK(seen == "2 t8 call 3 ");
  CHECK(kernel.now() == Instant{1s});
}

TEST_CASE("sequence numbers are renewed before they run out, and ties keep their order") {
  Kernel kernel{std::numeric_limits<std::uint32_t>::max() - 100};
  using namespace std::chrono_literals;
  // 300 events at three times, scheduled in turn: the numbers run out after the first hundred.
  for (std::uint32_t i = 0; i < 300; ++i) kernel.schedule(Instant{(i % 3) * 1ms}, 0, i);
  std::vector<std::uint32_t> seen;
  kernel.run_until(
      Instant{1s}, [&](std::uint32_t, std::uint32_t index) { seen.push_back(index); },
      [](std::uint32_t, std::uint32_t) {});
  REQUIRE(seen.size() == 300);
  for (std::size_t i = 0; i < 300; ++i) CHECK(seen[i] == i % 100 * 3 + i / 100);
}

TEST_CASE("void timers are swept away, the others expire when they are due") {
  Kernel kernel;
  using namespace std::chrono_literals;
  const auto ring = kernel.add_ring(1h), other = kernel.add_ring(10ms);
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    if (kernel.crowded(ring))
      kernel.sweep(ring, [](std::uint32_t index, std::uint32_t) { return index % 100 != 0; });
    kernel.arm(ring, i, 0);
  }
  CHECK(kernel.armed(ring) < 10'000);
  kernel.arm(other, 7, 0);
  std::vector<std::uint32_t> expired;
  kernel.run_until(
      Instant{2h}, [](std::uint32_t, std::uint32_t) {},
      [&](std::uint32_t index, std::uint32_t) {
        if (index == 7 || index % 100 == 0) expired.push_back(index);
      });
  REQUIRE(expired.size() == 1001);
  CHECK(expired.front() == 7);  // of the shorter ring, armed last
  CHECK(std::ranges::is_sorted(expired.begin() + 1, expired.end()));
}

TEST_CASE("a Fifo is a queue through growth, wrapping and erasure") {
  Fifo<int> fifo;
  std::deque<int> same;
  Stream stream{5, "fifo"};
  for (int i = 0; i < 20'000; ++i) {
    if (stream() % 5 < 3) {
      fifo.push_back(i);
      same.push_back(i);
    } else if (!same.empty()) {
      REQUIRE(fifo.front() == same.front());
      fifo.pop_front();
      same.pop_front();
    }
    if (i % 1000 == 999) {
      const auto odd = [](int value) { return value % 2 != 0; };
      fifo.erase_if(odd);
      std::erase_if(same, odd);
    }
    REQUIRE(fifo.size() == same.size());
  }
  for (std::size_t i = 0; i < same.size(); ++i) CHECK(fifo[i] == same[i]);
}
