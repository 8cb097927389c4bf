// SplitMix64: the same numbers for the same seed everywhere, which <random> does not promise.
#pragma once

#include <cstdint>

namespace repo::bench {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }

  // 0..n-1; 0 for n == 0. Slightly uneven for n near 2^64, which nobody asks for.
  std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : next() % n; }

  bool one_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace repo::bench
