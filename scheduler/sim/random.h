// A seeded source of integers that are the same on every machine.
#pragma once

#include <cstdint>
#include <random>

namespace fairlead::sim {

// From the generator's raw words: the standard's distributions differ between libraries.
class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  // 0 .. n - 1
  std::int64_t Below(std::int64_t n) {
    return static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(n));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace fairlead::sim
