#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

#include "sim/real_math.hpp"

/// Named randomness, repeatable draw by draw: drawing more arrivals never shifts service times.
namespace volary::sim {

/// SplitMix64's step, which also serves as a hash.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// FNV-1a of a name.
constexpr std::uint64_t hash_name(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

/// A double in (0, 1) from 32 random bits: never 0 and never 1, so that its logarithm exists.
constexpr double open_unit(std::uint32_t word) {
  return (static_cast<double>(word) + 0.5) * 0x1p-32;
}

/// A sequential stream of its own: xoshiro256++ (Blackman and Vigna 2019), seeded by (seed, name).
class Stream {
 public:
  using result_type = std::uint64_t;  ///< so that Boost.Random's distributions can draw from it
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  constexpr Stream(std::uint64_t seed, std::string_view name) {
    std::uint64_t x = mix(seed) ^ hash_name(name);
    for (std::uint64_t& word : state_) word = x = mix(x);
  }

  constexpr result_type operator()() {
    const auto rotl = [](std::uint64_t v, int k) { return (v << k) | (v >> (64 - k)); };
    const std::uint64_t result = rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotl(state_[3], 45);
    return result;
  }

  /// In (0, 1), 53 bits.
  constexpr double unit() { return (static_cast<double>((*this)() >> 11) + 0.5) * 0x1p-53; }
  /// Exponential with mean 1.
  constexpr double exponential() { return -real_log(unit()); }

 private:
  std::array<std::uint64_t, 4> state_{};
};

/// Four words that belong to one thing and nothing else: Philox4x32-10 (Salmon et al. 2011). What a
/// request draws is keyed by it, so that the same request meets the same fate under two policies
/// that route it differently.
struct Philox {
  std::array<std::uint32_t, 4> words{};

  constexpr Philox(std::uint64_t key, std::uint64_t high, std::uint64_t low) {
    auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
    auto a = static_cast<std::uint32_t>(low), b = static_cast<std::uint32_t>(low >> 32),
         c = static_cast<std::uint32_t>(high), d = static_cast<std::uint32_t>(high >> 32);
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p = std::uint64_t{0xD2511F53U} * a, q = std::uint64_t{0xCD9E8D57U} * c;
      a = static_cast<std::uint32_t>(q >> 32) ^ b ^ k0;
      b = static_cast<std::uint32_t>(q);
      c = static_cast<std::uint32_t>(p >> 32) ^ d ^ k1;
      d = static_cast<std::uint32_t>(p);
      k0 += 0x9E3779B9U;
      k1 += 0xBB67AE85U;
    }
    words = {a, b, c, d};
  }
};

}  // namespace volary::sim
