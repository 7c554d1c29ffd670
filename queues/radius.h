// Radius: an upper bound of an error, as a small floating number of integers that is always rounded
// up: mantissa x 2^exponent, mantissa 0 or in [2^31, 2^32).
#pragma once

#include <bit>
#include <cstdint>
#include <utility>

namespace fairlead::fair {

class Radius {
 public:
  constexpr Radius() = default;
  // At least mantissa x 2^exponent.
  static Radius Of(std::uint64_t mantissa, int exponent) {
    if (mantissa == 0) return {};
    const int spare = std::countl_zero(mantissa) - 32;
    if (spare >= 0) return {mantissa << spare, exponent - spare};
    const std::uint64_t up = (mantissa >> -spare) + 1;
    // 2^32 is one too many: it was exactly that.
    const auto over = static_cast<int>(up >> 32);
    return {up >> over, exponent - spare + over};
  }

  bool IsZero() const { return mantissa_ == 0; }
  std::uint64_t mantissa() const { return mantissa_; }
  int exponent() const { return exponent_; }

  friend Radius operator+(Radius a, Radius b) {
    if (b.IsZero()) return a;
    if (a.IsZero()) return b;
    if (a.exponent_ < b.exponent_) std::swap(a, b);
    const int shift = a.exponent_ - b.exponent_;
    return Of(a.mantissa_ + (shift > 32 ? 0 : b.mantissa_ >> shift) + 1, a.exponent_);
  }
  friend Radius operator*(Radius a, Radius b) {
    return Of(a.mantissa_ * b.mantissa_, a.exponent_ + b.exponent_);
  }

 private:
  constexpr Radius(std::uint64_t mantissa, int exponent)
      : mantissa_(mantissa), exponent_(exponent) {}

  std::uint64_t mantissa_ = 0;
  int exponent_ = 0;
};

}  // namespace fairlead::fair
